"""Powers and their inverse, and the limit at a zero exponent."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import saddlepath as sp


@pytest.mark.parametrize("a", [-9.0, -0.5, 0.0, 1e-9, 0.3, 2.0])
def test_a_power_and_its_inverse(a: float) -> None:
    with jax.enable_x64(True):
        log_x = jnp.array([-0.4, -1e-9, 0.0, 1e-9, 0.7])
        value = np.asarray(sp.power(log_x, a))
        back = sp.log_of_power(value, a)
    expected = log_x if a == 0 else np.expm1(a * log_x) / a
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(back, log_x, rtol=1e-6, atol=1e-15)  # a = -9 loses digits of small x


def test_slopes_at_a_zero_exponent() -> None:
    with jax.enable_x64(True):
        slope = jax.grad(lambda log_x, a: sp.power(log_x, a), (0, 1))(jnp.asarray(0.5), jnp.asarray(0.0))
    assert float(slope[0]) == 1.0
    assert np.isfinite(float(slope[1]))
