"""Models that begin at a date and come to rest nowhere, against a closed form for any path of productivity."""

from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import saddlepath as sp
from saddlepath.accuracy import TestPaths, default_test
from saddlepath.economy import economy
from saddlepath.report.content import content
from saddlepath.solvers.passages import guessed_passages
from saddlepath.solvers.problem import Problem
from saddlepath.solvers.start import initial_rule

HORIZON = 40
FAST: dict[str, Any] = {"network": sp.Network(width=4), "steps": 100, "every": 25, "attempts": 1}


class CatchUp(sp.Model):
    """Growth with log utility, full depreciation and productivity that catches up: `k' = alpha beta A(t) k^alpha`."""

    alpha: float = 0.3
    beta: float = 0.9
    curve: str = sp.parameter("slow", "how productivity catches up", within=sp.OneOf("slow", "fast"))

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital", "goods")]
        t: Annotated[sp.Scalar, sp.label("date", "periods")]

    class Policy(NamedTuple):
        saving: Annotated[sp.Scalar, sp.label("share saved")]

    def state_range(self):
        return self.State(k=sp.Positive(), t=sp.Real())

    def policy_range(self):
        return self.Policy(saving=sp.Unit())

    def start(self):
        return self.State(k=jnp.asarray(0.05), t=jnp.zeros(()))

    def output(self, s):
        speed = 0.1 if self.curve == "slow" else 0.3
        return (2.0 - jnp.exp(-speed * s.t)) * s.k**self.alpha

    def transition(self, s, x, shock):
        return self.State(k=x.saving * self.output(s), t=s.t + 1)

    def exact(self, s):
        return self.Policy(saving=jnp.asarray(self.alpha * self.beta) + 0.0 * s.t)


class Endless(CatchUp):
    """Its condition, and no word on how long its calendar is."""

    def residuals(self, s, x, E):
        c = (1 - x.saving) * self.output(s)
        worth = lambda s1, x1: self.alpha * self.output(s1) / s1.k / ((1 - x1.saving) * self.output(s1))
        return {"euler": self.beta * c * E(worth) - 1}


class Catching(Endless):
    """The whole model."""

    horizon: int = HORIZON


class Planned(CatchUp):
    """The same as a planner's problem."""

    horizon: int = HORIZON

    def period_return(self, s, x):
        return jnp.log((1 - x.saving) * self.output(s))

    @property
    def discount(self):
        return self.beta


@pytest.fixture(scope="module")
def solution() -> sp.Solution:
    return sp.solve(Catching(), tol=1e-5, **FAST)


def test_the_path_is_that_of_the_closed_form(solution: sp.Solution) -> None:
    assert solution.outcome.converged
    data = sp.simulate(solution, periods=HORIZON)
    np.testing.assert_allclose(data.saving, 0.27, rtol=1e-4)  # errors of 1e-5 accumulate over few periods
    assert float(data.k[0, 0]) == 0.05
    np.testing.assert_array_equal(data.t[0], np.arange(HORIZON))
    exact = sp.closed_form(Catching()).accuracy
    assert exact is not None and exact.max < 1e-12


def test_tests_are_whole_passages_from_the_first_date(solution: sp.Solution) -> None:
    errors = sp.euler_errors(solution)
    np.testing.assert_array_equal(errors.states.t, np.arange(HORIZON))
    assert solution.accuracy is not None and solution.accuracy.n_states == HORIZON
    assert solution.accuracy.where == f"1 never-reset path, periods 0 to {HORIZON}"
    with jax.enable_x64(True):
        family = default_test(economy(Catching(), over=sp.Box(beta=(0.8, 0.9))))
    assert (family.paths, family.burn_in, family.dates) == (32, 0, HORIZON)


@pytest.mark.slow
def test_a_family_knows_its_parameters() -> None:
    family = sp.solve(Catching(), over=sp.Box(beta=(0.8, 0.95)), tol=1e-4, **FAST)
    assert family.outcome.converged
    for beta in (0.8, 0.95):
        data = sp.simulate(family.at(beta=beta), periods=HORIZON)
        np.testing.assert_allclose(data.saving, 0.3 * beta, rtol=1e-3)


def test_a_planner_lives_in_the_same_calendar() -> None:
    with jax.enable_x64(True):
        assert economy(Planned()).horizon == HORIZON


@pytest.mark.slow
def test_derived_conditions_in_calendar_time() -> None:
    planned = sp.solve(Planned(), tol=1e-4, **FAST)
    np.testing.assert_allclose(sp.simulate(planned, periods=HORIZON).saving, 0.27, rtol=1e-3)


@pytest.mark.slow
def test_training_covers_a_tube_around_all_dates() -> None:
    with jax.enable_x64(True):
        eco = economy(Catching())
        rule, linear = initial_rule(eco, sp.Network(width=4), "auto", 0)
        problem, sampler = Problem(eco, rule), sp.Passages(restart=0.0, tube=0.1, settled_tube=0.1, reserve=1)
        carried = sampler.start(problem, 400, jax.random.key(0))
        dates = np.asarray(carried[:, 1])
        assert linear is None
        assert dates.min() == 0 and dates.max() == HORIZON - 1
        np.testing.assert_array_equal(carried[:, -1], dates)
        after, lost = sampler.advance(problem, rule, carried, jax.random.key(1), jnp.asarray(True))
        points = np.asarray(sampler.batch(problem, after, jax.random.key(2), jnp.asarray(True)))
        tomorrow = np.where(dates == HORIZON - 1, 0, dates + 1)  # never displaced
        np.testing.assert_allclose(points[:, 1], tomorrow, rtol=0, atol=1e-12)
        again = points[tomorrow == 0, 0]
        spread = np.std(np.log(again / 0.05)) / (0.1 * float(rule.cloud.scale(eco, jnp.zeros(0))[0]))
    assert int(lost) == 0
    assert 0.4 < spread < 1.8  # about ten restarts with displacements of s.d. one


@pytest.mark.slow
def test_a_step_takes_one_path_of_the_reserve() -> None:
    with jax.enable_x64(True):
        eco = economy(Catching())
        problem = Problem(eco, initial_rule(eco, sp.Network(width=4), "auto", 0)[0])
        sampler = sp.Passages(reserve=5)
        carried = np.asarray(sampler.start(problem, 30, jax.random.key(0))).reshape(30, 5, 3)
        batch = np.asarray(sampler.batch(problem, jnp.asarray(carried.reshape(30, -1)), jax.random.key(1), True))
    chosen = np.all(carried[:, :, :2] == batch[:, None], axis=2)
    assert np.all(chosen.any(axis=1))
    assert len(set(np.argmax(chosen, axis=1))) > 1
    with pytest.raises(sp.ConfigError, match="one path or more for every state of a batch, got reserve=0"):
        sp.Passages(reserve=0)


def test_the_cloud_is_the_way_under_the_first_guess() -> None:
    with jax.enable_x64(True):
        eco = economy(Catching())
        points = np.asarray(guessed_passages(eco, jnp.zeros((1, 1)), jnp.zeros((1, 0))))[0]
        cloud = initial_rule(eco, sp.Network(width=4), "auto", 0)[0].cloud
    np.testing.assert_array_equal(points[:HORIZON, 1], np.arange(HORIZON))
    np.testing.assert_allclose(cloud.centre[0], [np.log(points[:, 0]).mean(), points[:, 1].mean()], rtol=1e-12)
    np.testing.assert_array_equal(cloud.exogenous, [0.0, 1.0])


def test_the_report_tells_the_way_by_date(solution: sp.Solution) -> None:
    sections = {section.anchor: section for section in content(solution).sections}
    assert "steady-state" not in sections and "responses" not in sections
    assert set(sections["passage"].figures) == {"passage", "error_by_date"}
    assert sections["passage"].tables["passage"].columns[-1] == str(HORIZON - 1)


@pytest.mark.parametrize("ask", [sp.steady_state, sp.linearise], ids=["steady state", "linear"])
def test_there_is_no_rest_point(ask: Any) -> None:
    with pytest.raises(sp.ConvergenceError, match="lives in calendar time.* simulate its path"):
        ask(Catching())


def test_check_knows_the_calendar() -> None:
    assert f"calendar time: {HORIZON} periods" in str(sp.check(Catching()))


WRONG = {
    "paths": (Catching(), {"sampling": sp.Paths()}, "no rest point to which paths return; train on Passages"),
    "grid": (
        Catching(),
        {"solver": sp.Collocation(), "network": sp.Network()},
        "collocation is for models that come to rest",
    ),
    "linear start": (Catching(), {"start": "linear"}, "no first-order solution to start from"),
    "endless": (Endless(), {}, "gives start.. and no horizon; add a field horizon"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_told(case: str) -> None:
    model, arguments, message = WRONG[case]
    with pytest.raises(sp.SaddlepathError, match=message):
        sp.solve(model, **(FAST | arguments))


def test_passages_need_a_calendar() -> None:
    from saddlepath.models.brock_mirman import BrockMirman

    with pytest.raises(sp.ConfigError, match="no calendar time, so it has no passages"):
        sp.solve(BrockMirman(), sampling=sp.Passages())


def test_a_guess_that_leads_nowhere_is_told() -> None:
    class Explosive(Catching):
        def transition(self, s, x, shock):
            return self.State(k=s.k * jnp.exp(1e3 * (s.t + 1)), t=s.t + 1)

    with pytest.raises(sp.ModelError, match="from start.. under the policy of steady_guess.. is not finite"):
        sp.solve(Explosive(), **FAST)


def test_words_of_a_parameter() -> None:
    with pytest.raises(sp.ModelError, match="Catching.curve must be 'slow' or 'fast', got steep"):
        Catching(curve="steep")


def test_without_a_burn_in_the_start_counts() -> None:
    assert TestPaths(paths=2, burn_in=0, dates=3).describe(1) == "2 never-reset paths, periods 0 to 3"
