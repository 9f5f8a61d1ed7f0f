"""Replayed states, and the counters of what had to be guarded against."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.economies import FullDepreciation, exact_solution

import saddlepath as sp
from saddlepath.accuracy import TestPaths
from saddlepath.economy import economy
from saddlepath.network import Network
from saddlepath.solvers.problem import Problem
from saddlepath.solvers.start import initial_rule

KEY = jax.random.key(0)


@pytest.fixture(scope="module")
def problem() -> Problem:
    eco = economy(FullDepreciation())
    return Problem(eco, initial_rule(eco, Network(width=4), "steady", 0)[0])


@pytest.mark.slow
def test_a_path_remembers_its_last_states(problem: Problem) -> None:
    sampler = sp.Replay(memory=3, paths=sp.Paths(restart=0.0))
    points = sampler.start(problem, 5, KEY)
    assert points.shape == (5, 6)
    advance = eqx.filter_jit(sampler.advance)
    for seed in range(3):
        moved, lost = advance(problem, problem.rule, points, jax.random.key(seed), jnp.asarray(False))
        np.testing.assert_array_equal(moved[:, 2:], points[:, :4])
        assert int(lost) == 0
        points = moved


@pytest.mark.slow
def test_a_batch_takes_one_remembered_state_of_every_path(problem: Problem) -> None:
    sampler = sp.Replay(memory=4)
    points = sampler.start(problem, 64, KEY)
    batch = sampler.batch(problem, points, KEY, jnp.asarray(False))
    same = np.all(np.asarray(points).reshape(64, 4, 2) == np.asarray(batch)[:, None], axis=2)
    np.testing.assert_array_equal(same.sum(axis=1), 1)
    # 64 draws of four ages: each is missing with probability 4 (3/4)^64, one in twenty million.
    assert np.all(same.any(axis=0))


def test_a_memory_of_nothing_is_refused() -> None:
    with pytest.raises(sp.ConfigError, match="one state per path or more, got memory=0"):
        sp.Replay(memory=0)


@pytest.mark.slow
def test_lost_paths_are_counted_between_tests() -> None:
    records: list[dict[str, Any]] = []
    # Beyond every reasonable region from the first period on: every path is lost in every step.
    far = FullDepreciation.State(k=np.full(4, 1e30), z=np.zeros(4))
    solution = sp.solve(
        FullDepreciation(), sp.LevenbergMarquardt(batch=8), sampling=sp.FromStates(far), network=Network(width=4),
        test=TestPaths(paths=8, burn_in=20, dates=10, repeats=1), steps=6, every=3, attempts=1, log=records.append,
        tol=1e-12,
    )  # fmt: skip
    tests = [record for record in records if record["event"] == "test" and record["step"] > 0]
    assert [record["restarted"] for record in tests] == [24, 24]
    assert solution.guards["paths restarted"] == 48


@pytest.mark.slow
def test_a_box_of_training_is_remembered_by_the_solution() -> None:
    solution = sp.solve(
        FullDepreciation(), sp.LevenbergMarquardt(batch=8), sampling=sp.Region(sp.Box(k=(0.19, 0.2))),
        network=Network(width=4), test=TestPaths(paths=8, burn_in=20, dates=10, repeats=1), steps=3, every=3,
        attempts=1, tol=1e-12,
    )  # fmt: skip
    assert solution.how["sampling box"] == {"k": [0.19, 0.2]}
    with pytest.warns(UserWarning, match="of the simulated states are outside the sampling box"):
        data = sp.simulate(solution, periods=50, paths=4)
    outside = (data["k"].values < 0.19) | (data["k"].values > 0.2)
    assert data.attrs["outside"] == pytest.approx(outside.mean()) and outside.mean() > 0.1


def test_a_closed_form_needed_no_guards() -> None:
    solution = exact_solution(FullDepreciation)
    assert solution.guards == {"paths restarted": 0, "states undefined": 0}
    tests = ({"restarted": 2, "undefined": 0}, {"restarted": 1, "undefined": 5})
    counted = dataclasses.replace(solution, tests=tests)
    assert counted.guards == {"paths restarted": 3, "states undefined": 5}


@pytest.mark.slow
def test_replayed_states_teach_as_well_as_the_present_ones() -> None:
    solution = sp.solve(FullDepreciation(), sampling=sp.Replay(), tol=1e-6, start="random", seed=1)
    assert solution.outcome.converged
    # The closed form; an Euler error of 1e-6 moves the share by as much, ten times that off the paths.
    assert float(solution(k=0.2, z=0.05).saving) == pytest.approx(0.36 * 0.96, abs=1e-5)
