"""The referee: exact where answers are known in closed form, equal to other solvers where they are not."""

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Annotated, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from tests.economies import TwoTechnologies, exact_solution
from tests.test_files import untrained

import saddlepath as sp
from saddlepath.config import Config
from saddlepath.files import load
from saddlepath.grid import Grid
from saddlepath.models.brock_mirman import BrockMirman
from saddlepath.models.growth import Growth
from saddlepath.models.investment_floor import InvestmentFloor
from saddlepath.models.life_cycle import LifeCycle
from saddlepath.rule import GridRule
from saddlepath.runs import RunFolder, start_run

REFERENCE = json.loads((Path(__file__).parent / "referee" / "growth_reference.json").read_text(encoding="utf-8"))


# Functions on a grid.


def product(at: np.ndarray) -> np.ndarray:
    return np.exp(0.3 * at[..., 0]) * np.sin(at[..., 1] + 0.2)


def fitted(basis: str, sizes: tuple[int, int], function=product):
    grid = Grid(basis, sizes, jnp.asarray([0.5, 0.7]), jnp.asarray([[0.7, -0.2], [0.0, 1.3]]))
    coefficients = eqx.filter_jit(grid.coefficients)(jnp.asarray(function(np.asarray(grid.nodes())))[:, None])
    return grid, lambda points: np.asarray(jax.jit(jax.vmap(lambda p: grid(coefficients, p)[0]))(jnp.asarray(points)))


@pytest.mark.parametrize(
    ("basis", "sizes", "tolerance"),
    [
        ("chebyshev", (14, 13), 1e-12),  # spectral: rounding
        ("spline", (40, 40), 1e-6),  # h^4 / 384 of a fourth derivative of order one, h = 0.08
        ("linear", (40, 40), 1e-2),  # h^2 / 8
    ],
)
def test_a_smooth_function_is_recovered(basis: str, sizes: tuple[int, int], tolerance: float) -> None:
    grid, function = fitted(basis, sizes)
    units = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    inside = np.asarray(grid.centre) + np.linalg.solve(np.asarray(grid.inverse), units.T).T
    assert np.max(np.abs(function(inside) - product(inside))) < tolerance
    nodes = np.asarray(grid.nodes())
    np.testing.assert_allclose(function(nodes), product(nodes), rtol=0, atol=1e-13)
    assert np.max(np.abs(jax.vmap(grid.unit)(jnp.asarray(nodes)))) < 1 + 1e-12


@pytest.mark.parametrize("basis", ["chebyshev", "spline", "linear"])
def test_a_linear_function_goes_on_outside(basis: str) -> None:
    function = fitted(basis, (6, 7), lambda at: 1 + 2 * at[..., 0] - at[..., 1])[1]
    far = np.array([[9.0, -7.0], [0.5, 4.0]])
    np.testing.assert_allclose(function(far), 1 + 2 * far[:, 0] - far[:, 1], rtol=1e-11)


def test_a_cubic_spline_is_exact_for_cubics_up_to_its_ends() -> None:
    grid = Grid("spline", (7,), jnp.zeros(1), jnp.eye(1))
    cubic = lambda x: 1 - x + 2 * x**2 - 3 * x**3
    coefficients = grid.coefficients(jnp.asarray(cubic(np.asarray(grid.nodes())[:, 0])))
    at = jnp.linspace(-1, 1, 41)[:, None]
    np.testing.assert_allclose(jax.vmap(lambda p: grid(coefficients, p))(at), cubic(at[:, 0]), atol=1e-13)


# Smooth growth.


@pytest.fixture(scope="module")
def growth() -> sp.Solution:
    return sp.solve(Growth(), sp.Collocation())


def test_growth_meets_an_euler_error_of_1e_8(growth: sp.Solution) -> None:
    assert growth.outcome.converged
    assert growth.accuracy is not None and growth.accuracy.mean < 1e-8 and growth.accuracy.p99 < 1e-7
    assert growth.how["nodes"] == "10 x 10" and growth.how["residual at the nodes"] < 1e-11
    assert isinstance(growth.rule, GridRule)
    # The linear solution, beside which this one is reported, errs by what its second-order terms are.
    assert 1e-4 < growth.accuracy.linear["mean"] < 1e-2 and not growth.accuracy.judged


@pytest.mark.slow
def test_states_outside_the_region_of_the_grid_are_told(growth: sp.Solution) -> None:
    at_home = sp.simulate(growth, periods=100, paths=4, burn_in=100)
    assert at_home.attrs["outside"] < 0.01
    with pytest.warns(UserWarning, match="of the simulated states are outside the region of the grid"):
        sp.simulate(growth, periods=2, start=Growth.State(k=2.0, z=0.0))


def test_new_parameters_compile_nothing(growth: sp.Solution) -> None:
    compiled: list[str] = []

    def listen(event: str, seconds: float, **about: str) -> None:
        if event.endswith("backend_compile_duration"):
            compiled.append(about.get("fun_name", ""))

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        assert sp.solve(Growth(beta=0.985, sigma=0.03), sp.Collocation()).outcome.converged
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    assert compiled == []


@pytest.mark.slow
def test_growth_on_a_box_equals_an_independent_solver() -> None:
    """Rows at 0.3 to 1.3 times steady capital, far beyond the paths; the referee's own error there is below 3e-10."""
    solution = sp.solve(Growth(), sp.Collocation(nodes=(20, 14), box=sp.Box(k=(1.8, 9.0), z=(-0.3, 0.3))))
    rows = {name: np.array([row[name] for row in REFERENCE["partial_depreciation"]["rows"]]) for name in ("k", "log_z")}
    saving = np.array([row["saving"] for row in REFERENCE["partial_depreciation"]["rows"]])
    # Truncation of the polynomial at the corners of the box, where savings fall towards their bound.
    np.testing.assert_allclose(solution(k=rows["k"], z=rows["log_z"]).saving, saving, rtol=1e-6)


@pytest.mark.slow
def test_full_depreciation_is_the_closed_form() -> None:
    solution = sp.solve(BrockMirman(), sp.Collocation(nodes=6))
    assert solution.outcome.converged
    # The logit of the saving share is a constant, which any polynomial holds to rounding.
    assert sp.compare(solution).frame["largest relative"].max() < 1e-12


@pytest.mark.slow
def test_three_states_and_regimes_in_closed_form() -> None:
    few = sp.TestPaths(paths=8, burn_in=20, dates=10, repeats=1)
    solution = sp.solve(TwoTechnologies(), sp.Collocation(nodes=5), quadrature=sp.GaussHermite(2), test=few)
    assert solution.outcome.converged
    assert sp.compare(solution, exact_solution(TwoTechnologies)).frame["largest relative"].max() < 1e-11


# A Markov chain without a closed form, against endogenous grid points.


class Regimes(sp.Model):
    """Growth with partial depreciation whose productivity is a two-state chain; investment may have a lower bound."""

    alpha: float = 0.36
    beta: float = 0.96
    delta: float = 0.1

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital")]
        regime: Annotated[sp.Scalar, sp.label("regime")]

    class Policy(NamedTuple):
        saving: Annotated[sp.Scalar, sp.label("share of output saved")]

    def state_range(self):
        return self.State(k=sp.Positive(), regime=sp.Real())

    def policy_range(self):
        return self.Policy(saving=sp.Unit())

    def shocks(self):
        return sp.MarkovChain([[0.9, 0.1], [0.2, 0.8]], regime="regime", values=[0.95, 1.05])

    def output(self, s):
        return self.shocks().value(s.regime) * s.k**self.alpha

    def consumption(self, s, x):
        return (1 - x.saving) * self.output(s)

    def transition(self, s, x, shock):
        return self.State(k=(1 - self.delta) * s.k + x.saving * self.output(s), regime=shock)

    def residuals(self, s, x, E):
        def marginal_value(s1, x1):
            return (1 - self.delta + self.alpha * self.output(s1) / s1.k) / self.consumption(s1, x1)

        return {"euler": self.beta * self.consumption(s, x) * E(marginal_value) - 1}


def endogenous_grid(model: Regimes, log_k: np.ndarray) -> list[CubicSpline]:
    """Log consumption by regime over log capital, by time iteration on endogenous grid points (Carroll, 2006)."""
    chances, level, ahead = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0.95, 1.05]), np.exp(log_k)
    gross = 1 - model.delta + model.alpha * level[:, None] * ahead ** (model.alpha - 1)
    c = 0.7 * level[:, None] * ahead**model.alpha
    while True:
        wanted = 1 / (model.beta * chances @ (gross / c))
        new = np.empty_like(c)
        for z in range(2):
            wealth, today = wanted[z] + ahead, log_k.copy()
            for _ in range(60):
                made, kept = level[z] * np.exp(model.alpha * today), (1 - model.delta) * np.exp(today)
                today -= (made + kept - wealth) / (model.alpha * made + kept)
            spline, inside = CubicSpline(today, np.log(wanted[z])), np.clip(log_k, today[0], today[-1])
            new[z] = np.exp(spline(inside) + spline(inside, 1) * (log_k - inside))
        if np.max(np.abs(new / c - 1)) < 1e-11:
            return [CubicSpline(log_k, np.log(row)) for row in new]
        c = new


@pytest.mark.slow
@pytest.mark.parametrize("method", ["newton", "time_iteration"])
def test_a_markov_chain_against_endogenous_grid_points(method: str) -> None:
    solution = sp.solve(Regimes(), sp.Collocation(method=method))
    assert solution.outcome.converged
    rule = endogenous_grid(Regimes(), np.linspace(-0.5, 2.8, 300))
    k = np.linspace(2.9, 4.3, 25)  # inside the long-run range of capital
    for regime in (0, 1):
        found = solution(k=k, regime=np.full(25, regime)).saving
        share = 1 - np.exp(rule[regime](np.log(k))) / (np.array([0.95, 1.05])[regime] * k**0.36)
        # Euler errors up to 1e-8 in the mean move the rule by as much, over one minus a contraction of 0.9.
        np.testing.assert_allclose(found, share, rtol=1e-7)


class IrreversibleRegimes(Regimes):
    """The same with investment of at least 27 % of mean output, by a Fischer-Burmeister condition."""

    class Policy(NamedTuple):
        saving: Annotated[sp.Scalar, sp.label("share of output saved")]
        multiplier: Annotated[sp.Scalar, sp.label("multiplier over marginal utility")]

    def policy_range(self):
        return self.Policy(saving=sp.Unit(), multiplier=sp.Real())

    def slack(self, s, x):
        return x.saving * self.output(s) / 0.41 - 1

    def residuals(self, s, x, E):
        def marginal_value(s1, x1):
            gross = 1 - self.delta + self.alpha * self.output(s1) / s1.k
            return (gross - (1 - self.delta) * x1.multiplier) / self.consumption(s1, x1)

        priced = self.beta * self.consumption(s, x) * E(marginal_value)
        return {
            "euler": priced + x.multiplier - 1,
            "floor": sp.fischer_burmeister(self.slack(s, x), x.multiplier),
        }


@pytest.mark.slow
def test_a_constraint_and_a_chain_together() -> None:
    solution = sp.solve(IrreversibleRegimes(), sp.Collocation())
    assert solution.outcome.converged and solution.how["basis"] == "spline"
    assert solution.accuracy is not None and solution.accuracy.mean < 1e-5
    k = np.linspace(2.8, 4.4, 50)
    for regime in (0, 1):
        x = solution(k=k, regime=np.full(50, regime))
        slack = x.saving * [0.95, 1.05][regime] * k**0.36 / 0.41 - 1
        # A spline of 40 nodes rounds the kink within a cell of 0.03 log points; away from it the residual is 1e-5.
        assert np.min(slack) > -3e-3 and np.max(np.abs(np.minimum(slack, x.multiplier))) < 3e-3
    assert np.max(solution(k=k, regime=np.zeros(50, dtype=int)).multiplier) > 1e-2  # it binds in the bad regime


# The floor under investment.


@pytest.fixture(scope="module")
def floor() -> sp.Solution:
    return sp.solve(InvestmentFloor(), sp.Collocation(nodes=32), tol=3e-5)


@pytest.mark.slow
def test_the_floor_under_investment_has_its_published_table(floor: sp.Solution) -> None:
    """Consumption at eight states and the long-run moments of an independent solver."""
    reference = REFERENCE["investment_floor"]
    assert floor.outcome.converged and floor.how["basis"] == "spline"
    rows = {name: np.array([row[name] for row in reference["rows"]]) for name in ("k", "log_z", "c", "multiplier")}
    x = floor(k=rows["k"], z=rows["log_z"])
    # Mean Euler errors of 1e-5 on 32 nodes move the rule by a few times as much; on 64 nodes it is 2.3e-5.
    np.testing.assert_allclose(x.consumption, rows["c"], rtol=5e-5)
    np.testing.assert_allclose(x.multiplier, rows["multiplier"], atol=2e-4)
    panel = sp.simulate(floor, periods=2000, paths=100, burn_in=300, seed=1)
    bound = float((panel["multiplier"] > 1e-9).mean())
    # 200,000 correlated periods: the Monte-Carlo error of a mean is the s.d. over sqrt(200,000 / 20).
    assert bound == pytest.approx(reference["moments"]["bound"]["mean"], abs=0.015)
    assert float(panel["k"].mean()) == pytest.approx(reference["moments"]["k"]["mean"], abs=3 * 0.1336 / 100)
    assert float(panel["k"].std()) == pytest.approx(reference["moments"]["k"]["sd"], rel=0.03)


# Beside other solutions.


def test_a_solution_comes_back_from_a_file(growth: sp.Solution, tmp_path: Path) -> None:
    growth.save(tmp_path / "growth.saddle")
    again = load(tmp_path / "growth.saddle")
    assert eqx.tree_equal((again.economy, again.rule, again.cloud), (growth.economy, growth.rule, growth.cloud))
    assert again(k=5.0, z=0.1) == growth(k=5.0, z=0.1)
    assert (again.outcome, again.accuracy, again.how) == (growth.outcome, growth.accuracy, growth.how)


@pytest.mark.slow
def test_distance_on_path_and_box(growth: sp.Solution) -> None:
    other = untrained(Growth())
    found = sp.compare(other, growth).frame
    assert found.loc["saving", "box, largest relative"] > found.loc["saving", "largest relative"] > 1e-3
    narrow = sp.compare(other, growth, box=sp.Box(k=(6.3, 6.4), z=(-0.01, 0.01))).frame
    assert narrow.loc["saving", "box, mean relative"] < found.loc["saving", "mean relative"]
    assert "box, largest" not in sp.compare(other, other).frame.columns


@pytest.mark.slow
def test_the_referee_judges_a_rule(growth: sp.Solution) -> None:
    """The first-order rule is wrong by what its second-order terms are; a copy of the referee by nothing."""
    linear = dataclasses.replace(untrained(Growth()), accuracy=sp.certificate(untrained(Growth())))
    verdict = sp.referee(linear)
    assert 1e-3 < verdict.largest < 0.2 and verdict.mean < verdict.largest
    assert "differs from the referee's by" in verdict.sentence and "saving" in str(verdict)
    assert sp.referee(growth, tol=1e-5).sentence.startswith("no verdict: the referee's mean Euler error")


@pytest.mark.slow
def test_a_solution_is_a_start(growth: sp.Solution) -> None:
    again = sp.solve(Growth(), sp.Collocation(nodes=6), start=growth, tol=1e-5)
    assert again.outcome.converged and again.how["steps"] <= 3


# Run files and outcomes.


@pytest.mark.slow
def test_a_run_folder_by_collocation(tmp_path: Path) -> None:
    table = tomllib.loads('model = "growth"\n[solver]\nkind = "Collocation"\nnodes = 6\n[solve]\ntol = 1e-5\n')
    folder = RunFolder(tmp_path / "run")
    records: list[str] = []
    solution = start_run(folder, Config(table), Growth, lambda record: records.append(record["event"]))
    assert solution.outcome.converged and records == ["attempt", "test", "outcome"]
    assert 'kind = "Collocation"' in folder.config.read_text(encoding="utf-8")
    assert eqx.tree_equal(load(folder.solution).rule, solution.rule)
    resolved = Config(tomllib.loads(folder.config.read_text(encoding="utf-8")))
    assert resolved.arguments(Growth)["solver"] == sp.Collocation(nodes=6)


@pytest.mark.slow
def test_too_few_nodes_and_too_few_steps_do_not_look_converged() -> None:
    assert sp.solve(Growth(), sp.Collocation(nodes=6), tol=1e-9).outcome is sp.Outcome.STALLED
    short = sp.solve(Growth(), sp.Collocation(nodes=6), tol=1e-9, steps=1)
    assert short.outcome is sp.Outcome.EXHAUSTED
    with pytest.raises(sp.ConvergenceError, match="stalled"):
        sp.solve(Growth(), sp.Collocation(nodes=6), tol=1e-9, throw=True)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: sp.Collocation(nodes=1), "nodes of a Collocation must be whole numbers of at least 5"),
        (lambda: sp.Collocation(basis="fourier"), "basis of a Collocation must be one of auto, chebyshev"),
        (lambda: sp.Collocation(method="vfi"), "must be one of newton, time_iteration, got 'vfi'"),
        (lambda: sp.solve(LifeCycle(), sp.Collocation()), "up to 3 continuous states, LifeCycle has 6"),
        (lambda: sp.solve(Growth(), sp.Collocation(), over=sp.Box(beta=(0.9, 0.95))), "one calibration, got a family"),
        (lambda: sp.solve(Growth(), sp.Collocation(nodes=(5, 5, 5))), "nodes needs 2 numbers for the states k, z"),
        (lambda: sp.solve(Growth(), sp.Collocation(nodes=200)), "make 40000 unknowns, Newton's method"),
        (lambda: sp.solve(Growth(), sp.Collocation(box=sp.Box(c=(1, 2)))), "names 'c'; .*Valid names are k, z"),
        (lambda: sp.solve(Growth(), sp.Collocation(box=sp.Box(k=(-1, 2)))), "State.k is positive, and the box"),
        (lambda: sp.solve(Growth(), sp.Collocation(box=sp.Box(k=([1, 1], [2, 2])))), "bounds have shape"),
        (lambda: sp.solve(Growth(), sp.Collocation(), network=sp.Network(width=8)), "so network says nothing"),
        (lambda: sp.solve(Growth(), (sp.Collocation(), sp.FirstOrder())), "is no stage of several"),
        (lambda: sp.solve(Growth(), sp.Collocation(), start=untrained(BrockMirman(), over=sp.Box(beta=(0.9, 0.95)))),
         "start must be a solution of Growth"),
        (lambda: sp.referee(untrained(Growth(), over=sp.Box(beta=(0.9, 0.95)))), "this rule is a family"),
    ],
)  # fmt: skip
def test_mistakes_are_answered(build, message: str) -> None:
    with pytest.raises(sp.ConfigError, match=message):
        build()
