"""Small linear systems: the solution, pivots, slopes, and what a singular one says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from saddlepath.elimination import eliminated


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_solution_and_slopes_are_those_of_a_factorisation(n: int) -> None:
    random = np.random.default_rng(n)
    a, b = random.standard_normal((20, n, n)), random.standard_normal((20, n, 3))
    a[0] = np.eye(n)[::-1]  # zeros on the diagonal: rows must change places
    np.testing.assert_allclose(jax.vmap(eliminated)(a, b), np.linalg.solve(a, b), rtol=1e-9, atol=1e-9)
    slopes = lambda solve: jax.vmap(jax.grad(lambda a, b: jnp.sum(jnp.sin(solve(a, b))), (0, 1)))(a, b)
    for found, expected in zip(slopes(eliminated), slopes(jnp.linalg.solve), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7)


def test_a_singular_system_has_no_finite_solution() -> None:
    assert not np.any(np.isfinite(eliminated(jnp.ones((2, 2)), jnp.array([[1.0], [2.0]]))))
