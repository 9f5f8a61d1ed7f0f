"""Prices that clear a market: value, derivatives of first and second order, both precisions, kinks, no solution."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import saddlepath as sp

EXACT = 1e-13
"""A few roundings of numbers of order one [-]."""


def price(wealth: jax.Array) -> jax.Array:
    """Demand `wealth / p` meets supply `2 p`: `p = sqrt(wealth / 2)`."""
    return sp.clearing_price(lambda p: wealth / p - 2 * p, 1e-3, 1e3)


def test_value_is_exact() -> None:
    assert float(price(jnp.asarray(8.0))) == pytest.approx(2.0, rel=EXACT)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_excess_demand_and_excess_supply_give_the_same_price(sign: float) -> None:
    assert float(sp.clearing_price(lambda p: sign * (p**3 - 8.0), -5.0, 50.0)) == pytest.approx(2.0, rel=EXACT)


def test_derivatives_forward_backward_and_second() -> None:
    wealth = jnp.asarray(8.0)
    assert float(jax.jacfwd(price)(wealth)) == pytest.approx(1 / 8, rel=EXACT)
    assert float(jax.grad(price)(wealth)) == pytest.approx(1 / 8, rel=EXACT)
    assert float(jax.hessian(price)(wealth)) == pytest.approx(-1 / 128, rel=EXACT)
    assert float(jax.grad(jax.grad(price))(wealth)) == pytest.approx(-1 / 128, rel=EXACT)


def test_compiled_batch_is_the_loop() -> None:
    wealth = jnp.linspace(0.1, 50.0, 7)
    batch = jax.jit(jax.vmap(price))(wealth)
    np.testing.assert_allclose(batch, [float(price(w)) for w in wealth], rtol=EXACT)
    slopes = jax.jit(jax.vmap(jax.grad(price)))(wealth)
    np.testing.assert_allclose(slopes, 1 / (4 * batch), rtol=EXACT)


def test_single_precision() -> None:
    with jax.enable_x64(False):
        wealth = jnp.asarray(8.0)
        found, slope = price(wealth), jax.grad(price)(wealth)
    assert found.dtype == jnp.float32
    assert float(found) == pytest.approx(2.0, rel=1e-6)  # a few roundings of single precision
    assert float(slope) == pytest.approx(1 / 8, rel=1e-6)


def test_kinked_excess_demand() -> None:
    """Slopes differ by a factor of a thousand on the two sides of the kink, where Newton's method alone cycles."""
    excess = lambda p: jnp.where(p < 1.0, 1000.0 * (1.0 - p), 1.0 - p) + 0.5
    assert float(sp.clearing_price(excess, -10.0, 10.0)) == pytest.approx(1.5, rel=EXACT)


def test_flat_parts_are_bisected() -> None:
    found = sp.clearing_price(lambda p: jnp.maximum(p - 3.0, 0.0) - jnp.maximum(2.0 - p, 0.0) + 1e-3 * p - 0.004, -8, 9)
    # Between two and three the slope is one thousandth; outside it is one.
    value = max(float(found) - 3.0, 0.0) - max(2.0 - float(found), 0.0) + 1e-3 * float(found) - 0.004
    assert abs(value) < EXACT


def test_without_a_solution_the_nearer_bound_is_returned() -> None:
    assert float(sp.clearing_price(lambda p: p + 10.0, 0.0, 1.0)) == pytest.approx(0.0, abs=1e-12)
    assert float(sp.clearing_price(lambda p: p - 10.0, 0.0, 1.0)) == pytest.approx(1.0, rel=1e-12)
