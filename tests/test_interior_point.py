"""The maximiser of dynamic programming on problems whose solutions are known by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from saddlepath.dynamic_programming.interior_point import maximise


def solved(value, slacks, x):
    with jax.enable_x64(True):

        def second_order(v):
            return value(v), jax.grad(value)(v), jax.hessian(value)(v)

        return jax.tree.map(np.asarray, maximise(value, second_order, slacks, jnp.asarray(x)))


@pytest.mark.slow
def test_a_bound_that_binds_has_its_multiplier() -> None:
    """max -(x - 2)^2 - (y + 1)^2 with x <= 1, y >= -3: x = 1 with multiplier 2, y = -1 with none."""
    value = lambda v: -((v[0] - 2) ** 2) - (v[1] + 1) ** 2
    found = solved(value, lambda v: jnp.stack([1 - v[0], v[1] + 3]), [0.0, 0.0])
    assert found.solved
    np.testing.assert_allclose(found.x, [1.0, -1.0], atol=1e-9)
    np.testing.assert_allclose(found.multipliers, [2.0, 0.0], atol=1e-8)
    np.testing.assert_allclose(found.value, -1.0, atol=1e-9)


def test_without_constraints_it_is_newton() -> None:
    """max log x - x + log y - 2y: x = 1, y = 1/2."""
    value = lambda v: jnp.log(v[0]) - v[0] + jnp.log(v[1]) - 2 * v[1]
    found = solved(value, lambda v: jnp.zeros(0), [3.0, 0.01])
    assert found.solved
    np.testing.assert_allclose(found.x, [1.0, 0.5], rtol=1e-9)


def test_a_curved_constraint() -> None:
    """max x + y in the unit disc: both 1/sqrt 2, multiplier 1/sqrt 2."""
    found = solved(lambda v: v[0] + v[1], lambda v: jnp.atleast_1d(1 - v @ v), [0.1, -0.3])
    np.testing.assert_allclose(found.x, np.full(2, 0.5**0.5), atol=1e-9)
    np.testing.assert_allclose(found.multipliers, [0.5**0.5], atol=1e-8)


def test_curvature_of_the_wrong_sign_is_left_uphill() -> None:
    """x^2 - x^4 is convex at 0.1; its maximum to the right is 1/sqrt 2."""
    found = solved(lambda v: v[0] ** 2 - v[0] ** 4, lambda v: jnp.zeros(0), [0.1])
    assert found.solved
    np.testing.assert_allclose(np.abs(found.x), [0.5**0.5], rtol=1e-8)


def test_without_a_maximum_it_says_so() -> None:
    assert not solved(lambda v: v[0], lambda v: jnp.zeros(0), [0.0]).solved


@pytest.mark.parametrize("start", [0.2, 5.0])
def test_rounding_of_a_large_sum_does_not_stop_it(start: float) -> None:
    """Values that carry noise of 1e-11, as sums that cancel do, near the maximum of -(log x)^2 at 1."""
    value = lambda v: -(jnp.log(v[0]) ** 2) + 1e-11 * jnp.sin(1e13 * v[0])
    smooth = lambda v: -(jnp.log(v[0]) ** 2)
    with jax.enable_x64(True):
        order = lambda v: (value(v), jax.grad(smooth)(v), jax.hessian(smooth)(v))
        found = maximise(value, order, lambda v: jnp.zeros(0), jnp.asarray([start]))
    assert found.solved
    np.testing.assert_allclose(found.x, [1.0], atol=1e-8)
