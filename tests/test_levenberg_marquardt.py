"""One Levenberg-Marquardt step on a linear equation, where what it must be is known by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.test_runs import small_problem

import saddlepath as sp
from saddlepath.solvers.levenberg_marquardt import MOST_REMEMBERED

KEY = jax.random.key(0)
DAMPING = 1e-3
ROUNDOFF = 1e-12
"""Numbers of order one after the solution of two equations [-]."""
BATCHES = np.array([[[1.0, 0.0, 1.0], [2.0, 0.0, 2.0]], [[1.0, 1.0, 0.0], [0.5, 0.5, 0.0]]])
"""Two batches of two states `(a, b, c)` each, at which `a u + b v = c` is asked of the weights `u, v`."""


def equation(weights: jax.Array, y: jax.Array) -> jax.Array:
    return (y[:2] @ weights - y[2])[None]


def walk(memory: float | None) -> list[np.ndarray]:
    """Weights after each batch, from zero."""
    solver = sp.LevenbergMarquardt(damping=DAMPING, floor=DAMPING, memory=memory)
    weights, found = jnp.zeros(2), []
    state = solver.init(small_problem(), weights)
    for batch in BATCHES:
        weights, state, report = jax.jit(lambda *now: solver.fit(equation, *now))(weights, state, batch, KEY)
        assert bool(report.accepted)
        found.append(np.asarray(weights))
    return found


@pytest.mark.parametrize(("memory", "share"), [(0.0, 0.0), (0.5, 0.5), (None, 0.8)])
def test_steps_are_those_of_the_formula(memory: float | None, share: float) -> None:
    weights, past = np.zeros(2), np.zeros((2, 2))
    for batch, found in zip(BATCHES, walk(memory), strict=True):
        slopes, residuals = batch[:, :2], batch[:, :2] @ weights - batch[:, 2]
        past = share * past + slopes.T @ slopes / 2
        weights = weights - np.linalg.solve(past + DAMPING * np.eye(2), slopes.T @ residuals / 2)
        np.testing.assert_allclose(found, weights, atol=ROUNDOFF)


def test_what_an_earlier_batch_said_is_kept() -> None:
    """The first batch says that u is one and nothing about v; the second, that their sum is zero."""
    assert walk(0.0)[1][0] == pytest.approx(0.5, abs=0.01)  # the shortest way to a sum of zero
    assert walk(None)[1] == pytest.approx([1.0, -1.0], abs=0.01)


def test_large_rules_remember_on_request() -> None:
    weights = jnp.zeros(MOST_REMEMBERED + 1)
    start = lambda memory: sp.LevenbergMarquardt(memory=memory).init(small_problem(), weights)
    sizes = [start(memory)[2].size for memory in (None, 0.8)]
    assert sizes == [0, weights.size**2]


def test_a_memory_that_never_forgets_is_refused() -> None:
    with pytest.raises(sp.ConfigError, match=r"at least 0 and below 1, got 1\.0"):
        sp.LevenbergMarquardt(memory=1.0)
