"""One Levenberg-Marquardt step on a linear equation, where what it must be is known by hand."""

import re
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.small_run import SMALL_RUN
from tests.test_runs import small_problem

import saddlepath as sp
from saddlepath.models.growth import Growth
from saddlepath.solvers.levenberg_marquardt import MOST_REMEMBERED
from saddlepath.solvers.problem import flat_weights

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


def test_stages_of_another_memory_share_a_program() -> None:
    """What is static in two stages is equal, and memory or none is not the same program."""
    static = lambda solver: eqx.partition(solver.compiled(jnp.float32), eqx.is_array)[1]
    short, long = (sp.LevenbergMarquardt(memory=memory, steps=steps) for memory, steps in ((0.8, 10), (0.97, None)))
    assert eqx.tree_equal(static(short), static(long)) is True
    assert not eqx.tree_equal(static(short), static(sp.LevenbergMarquardt(memory=0.0)))


def test_a_memory_that_never_forgets_is_refused() -> None:
    with pytest.raises(sp.ConfigError, match=r"at least 0 and below 1, got 1\.0"):
        sp.LevenbergMarquardt(memory=1.0)


WIDE = np.random.default_rng(0).normal(size=(16, 3))
"""States of an economy with six equations and eight weights: more residuals than weights in any two states."""


def wide(weights: jax.Array, y: jax.Array) -> jax.Array:
    """Six smooth equations; not defined where the first entry of the state exceeds two."""
    hidden = jnp.tanh(weights[:3] * y + weights[3:6])
    return jnp.stack([hidden[0] * weights[6], hidden[1] + weights[7], *hidden, jnp.sqrt(2.0 - y[0])]) - y.sum()


def one_step(states: np.ndarray, **settings: Any) -> tuple[np.ndarray, Any]:
    """Weights and report after two steps, of which the second remembers the first where it may."""
    solver = sp.LevenbergMarquardt(**{"damping": 0.1} | settings)
    weights = jnp.linspace(-1.0, 1.0, 8)
    state, report = solver.init(small_problem(), weights), None
    for _ in range(2):
        weights, state, report = jax.jit(lambda *now: solver.fit(wide, *now))(weights, state, jnp.asarray(states), KEY)
    return np.asarray(weights), report


@pytest.mark.parametrize(
    ("n_states", "settings"),
    [
        pytest.param(16, {"memory": 0.0}, marks=pytest.mark.slow),
        (16, {"memory": 0.5, "scaling": "equations"}),
        pytest.param(16, {"memory": 0.0, "equations": 2}, marks=pytest.mark.slow),
        # Fewer residuals than weights: chunks of the Jacobian, none summed.
        pytest.param(4, {"memory": 0.0, "equations": 1, "damping": 10.0}, marks=pytest.mark.slow),
    ],
)
def test_chunks_of_states_give_the_same_step(n_states: int, settings: dict[str, Any]) -> None:
    states = WIDE[:n_states].copy()
    states[1, 0] = 3.0  # nothing is defined there
    whole, told = one_step(states, **settings)
    chunked, told_in_chunks = one_step(states, at_once=3, **settings)  # two divide the number of states, three do not
    assert int(told.undefined) == int(told_in_chunks.undefined) == 1 or settings.get("equations")
    assert np.max(np.abs(whole - np.linspace(-1.0, 1.0, 8))) > 1e-2
    np.testing.assert_allclose(chunked, whole, atol=1e-10)  # sums in another order
    np.testing.assert_allclose(told_in_chunks.losses, told.losses, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"scaling": "equations"}])
def test_conjugate_gradients_give_the_step_without_a_matrix(settings: dict[str, Any]) -> None:
    states = WIDE.copy()
    states[0, 0] = 3.0
    whole, told = one_step(states, memory=0.0, **settings)
    found, told_without = one_step(states, iterations=100, tolerance=1e-12, **settings)
    np.testing.assert_allclose(found, whole, atol=1e-9)  # the tolerance times a condition number of about 1e2
    assert int(told.undefined) == int(told_without.undefined) == 1
    rough = one_step(states, iterations=2, tolerance=1e-12, **settings)[0]
    assert np.max(np.abs(rough - whole)) > 1e-3  # two iterations for eight weights are not enough


def test_a_program_without_a_matrix_holds_none() -> None:
    """Six equations at 512 states by 1,024 weights are 25 MB as a matrix."""
    weights, states = jnp.zeros(1024), jnp.ones((512, 3))
    many = lambda w, y: wide(w[:8], y) + jnp.sum(w * jnp.cos(jnp.arange(1024.0) * y[0]))

    def held(**settings: Any) -> float:
        solver = sp.LevenbergMarquardt(**settings)
        state = solver.init(small_problem(), weights)
        program = jax.jit(lambda *now: solver.fit(many, *now)).lower(weights, state, states, KEY).compile()
        return program.memory_analysis().temp_size_in_bytes / 1e6

    assert max(held(memory=0.0, at_once=8), held(iterations=5)) < 25 < held(memory=0.0)


@pytest.mark.slow
def test_chunks_are_chosen_to_fit_and_what_a_step_holds_is_told() -> None:
    problem = small_problem()
    generous, words = sp.LevenbergMarquardt(megabytes=100.0).prepared(problem, 64)
    found = re.fullmatch(r"a step holds (\S+) MB: 64 states of 1 equation by 39 weights", words)
    assert found is not None, words
    assert generous.at_once is None
    tight = 0.5 * float(found[1])
    solver, words = sp.LevenbergMarquardt(megabytes=tight).prepared(problem, 64)
    assert solver.at_once is not None and 64 % solver.at_once == 0
    said = re.fullmatch(rf"a step holds (\S+) MB: .* weights, {solver.at_once} states at a time", words)
    assert said is not None and float(said[1]) <= tight
    with pytest.raises(sp.ConfigError, match="a step holds at least .* give fewer states as batch="):
        sp.LevenbergMarquardt(megabytes=1e-6).prepared(problem, 64)


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"at_once": 0}, "at_once must be positive"), ({"iterations": 5, "memory": 0.5}, "keep no matrix")],
)
def test_settings_that_contradict_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(sp.ConfigError, match=words):
        sp.LevenbergMarquardt(**settings)


@pytest.mark.slow
def test_an_economy_is_solved_without_a_matrix() -> None:
    solution = sp.solve(Growth(), sp.LevenbergMarquardt(iterations=50), tol=1e-5)
    assert solution.outcome.converged


@pytest.mark.slow
def test_a_run_says_what_its_steps_hold_before_it_begins() -> None:
    records: list[dict[str, Any]] = []
    settings: dict[str, Any] = SMALL_RUN["solve"] | {"network": sp.Network(width=4), "test": sp.TestPaths(8, 20, 10, 1)}
    solver = lambda **bound: sp.LevenbergMarquardt(batch=64, memory=0.0, **bound)
    whole = sp.solve(Growth(), solver(), tol=1e-12, **settings)
    bounded = sp.solve(Growth(), solver(megabytes=0.08), tol=1e-12, log=records.append, **settings)
    assert [record["event"] for record in records[:2]] == ["memory", "attempt"]
    assert "states at a time" in records[0]["sentence"]
    distance = flat_weights(whole.rule.network) - flat_weights(bounded.rule.network)
    assert np.max(np.abs(distance)) < 1e-8  # twenty steps of which each multiplies roundoff, from 1e-16
