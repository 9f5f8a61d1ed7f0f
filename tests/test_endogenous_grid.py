"""Endogenous grid points and the histogram, against closed forms, another method and an independent program.

The models of this file have one asset; two of them write the borrowing limit in other ways than the shipped one.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.referee import household as referee

import saddlepath as sp
from saddlepath.economy import economy
from saddlepath.histogram import stationary
from saddlepath.models.aiyagari_household import AiyagariHousehold
from saddlepath.models.brock_mirman import BrockMirman
from saddlepath.models.brock_mirman_deterministic import BrockMirmanDeterministic
from saddlepath.rule import EndogenousRule

PATHS = sp.TestPaths(paths=32, burn_in=100, dates=20)
STEADY = 1e-9


class ShareHousehold(AiyagariHousehold):
    """The same household, its decision a share of cash and its limit a complementarity condition."""

    class Policy(NamedTuple):
        share: sp.Scalar
        consumption: sp.Scalar

    def policy_range(self):
        return self.Policy(share=sp.Unit(), consumption=sp.Completed())

    def complete(self, s, x):
        return x._replace(consumption=x.share * self.cash(s))

    def transition(self, s, x, shock):
        return self.State(k=self.cash(s) - x.consumption, z=shock)

    def residuals(self, s, x, E):
        marginal_utility = E(lambda s1, x1: x1.consumption**-self.gamma)
        wanted = (self.beta * (1 + self.r) * marginal_utility) ** (-1 / self.gamma)
        return {"euler": sp.fischer_burmeister(1 - x.share, wanted / x.consumption - 1)}

    def steady_guess(self):
        state = self.State(k=jnp.zeros(()), z=jnp.asarray(self.n_levels // 2))
        return state, self.Policy(share=jnp.asarray(0.98), consumption=self.wage())


@pytest.fixture(scope="module")
def published():
    """The published household, patient: the default grid of 200 nodes goes far out."""
    return sp.solve(AiyagariHousehold(), sp.EndogenousGrid(), test=PATHS)


@pytest.fixture(scope="module")
def published_distribution(published):
    return sp.stationary_distribution(published)


@pytest.fixture(scope="module")
def solution():
    """An impatient one, whose rule settles in a seventh of the sweeps."""
    return sp.solve(AiyagariHousehold(beta=0.9), sp.EndogenousGrid(), test=PATHS)


@pytest.fixture(scope="module")
def distribution(solution):
    return sp.stationary_distribution(solution)


# The rule.


@pytest.mark.slow
def test_it_converges_and_says_how(solution):
    assert solution.outcome is sp.Outcome.CONVERGED
    assert solution.accuracy is not None
    assert solution.accuracy.meets(1e-5)
    assert solution.region.mean < 1e-6
    assert solution.how["residual at the nodes"] <= 1e-8
    assert solution.how["solver"] == "endogenous grid points"
    assert isinstance(solution.rule, EndogenousRule)


def gaps_from_the_independent_program(solution):
    """Relative distance in consumption `[n_levels, n_assets]`, at its nodes below 40.

    That program interpolates linearly: with 1,500 nodes on [0, 150] it is within 1e-5 of itself with 3,000, on average,
    and within 5e-5 where the plan of a poor household meets the limit in a later period and the rule bends.
    """
    found = referee.solve(0.0388, 3.0, 0.6, 0.2)
    assets = found.assets[found.assets < 40.0]
    mine = [solution(k=assets, z=np.full(assets.shape, z)).consumption for z in range(7)]
    return np.abs(np.stack(mine) / found.consumption[:, : assets.size] - 1)


@pytest.mark.slow
def test_the_rule_is_the_independent_programs(published):
    """200 nodes cannot hold every bend of later periods: ten times the tolerance on average, 1e-3 at the worst one."""
    gaps = gaps_from_the_independent_program(published)
    assert gaps.mean() < 2e-5
    assert gaps.max() < 1e-3


@pytest.mark.slow
def test_more_nodes_hold_the_bends():
    """Four times the nodes, a seventh of the gap."""
    gaps = gaps_from_the_independent_program(sp.solve(AiyagariHousehold(), sp.EndogenousGrid(nodes=800), test=PATHS))
    assert gaps.mean() < 4e-6
    assert gaps.max() < 1.5e-4


@pytest.mark.slow
def test_the_limit_binds_exactly_up_to_a_node(solution):
    """Below the node consumption is cash to rounding, at once above it is not."""
    model, rule = solution.model, solution.rule
    kinks = np.asarray(rule.nodes[:, rule.kink])
    assert np.all(np.diff(kinks) < 0)  # the higher income, the less wealth is needed to save
    for z in np.flatnonzero(kinks > 0):
        for share, binds in ((0.0, True), (0.5, True), (1 - 1e-6, True), (1 + 1e-3, False)):
            state = model.State(k=np.asarray(share * kinks[z]), z=np.asarray(z))
            with jax.enable_x64(True):
                cash = float(model.cash(state))
            saved = cash - float(solution(state).consumption)
            assert (abs(saved) < 1e-12) == binds, (z, share, saved)


@pytest.mark.slow
def test_consumption_rises_and_saves_less_of_every_unit(solution):
    """Carroll and Kimball (1996, Econometrica): consumption is increasing and concave in wealth."""
    k = np.linspace(0.0, 30.0, 400)
    c = np.stack([solution(k=k, z=np.full(400, z)).consumption for z in range(7)])
    slopes = np.diff(c, axis=1) / np.diff(k)
    assert np.all(slopes > 0)
    assert np.all(np.diff(slopes, axis=1) < 1e-4)  # interpolation errors of 1e-6 over steps of 0.075


@pytest.mark.slow
def test_another_form_of_the_limit_has_the_same_rule(published):
    share = sp.solve(ShareHousehold(), sp.EndogenousGrid(nodes=200), test=PATHS)
    assert share.outcome is sp.Outcome.CONVERGED
    k, z = (v.ravel() for v in np.meshgrid(np.linspace(0.0, 30.0, 200), np.arange(7)))
    gap = np.abs(share(k=k, z=z).consumption / published(k=k, z=z).consumption - 1)
    assert gap.mean() < 1e-5
    assert gap.max() < 1e-3  # at bends between the nodes, which lie elsewhere for the other decision


@pytest.mark.slow
def test_collocation_finds_the_same_rule():
    """A piecewise linear collocation is an approximation of second order: twice the nodes, a quarter of the gap."""
    model, box = AiyagariHousehold(beta=0.94), sp.Box(k=(0.0, 25.0))
    mine = sp.solve(model, sp.EndogenousGrid(nodes=200), test=PATHS)
    k, z = (v.ravel() for v in np.meshgrid(np.linspace(0.0, 12.0, 200), np.arange(7)))
    gaps = []
    for nodes in (100, 200, 400):
        grid = sp.Collocation(nodes=nodes, basis="linear", method="time_iteration", box=box)
        other = sp.solve(model, grid, test=PATHS, steps=400)
        assert other.how["residual at the nodes"] < 1e-8
        gaps.append(np.mean(np.abs(other(k=k, z=z).consumption / mine(k=k, z=z).consumption - 1)))
    assert gaps[-1] < 1e-4
    assert 8 < gaps[0] / gaps[2] < 32


def without_shocks(interpolation="cubic"):
    """Growth with log utility and full depreciation: the saving rate is alpha beta, whatever the interpolation."""
    solver = sp.EndogenousGrid(nodes=20, interpolation=interpolation, box=sp.Box(k=(0.05, 1.0)))
    return sp.solve(BrockMirmanDeterministic(), solver, tol=1e-8, test=PATHS)


@pytest.fixture(scope="module")
def growth():
    return without_shocks()


def saves_a_constant_share(found):
    assert found.outcome is sp.Outcome.CONVERGED
    saving = found(k=np.linspace(0.05, 1.0, 100)).saving
    np.testing.assert_allclose(saving, found.model.alpha * found.model.beta, rtol=1e-8)


@pytest.mark.slow
def test_it_solves_growth_without_shocks(growth):
    saves_a_constant_share(growth)


@pytest.mark.slow
def test_it_solves_growth_without_shocks_by_lines():
    saves_a_constant_share(without_shocks("linear"))


@pytest.mark.slow
def test_euler_errors_fall_with_the_nodes():
    """Linear interpolation has errors of second order: four times the nodes, a sixteenth of the error."""
    means = []
    for nodes in (50, 200):
        found = sp.solve(AiyagariHousehold(), sp.EndogenousGrid(nodes=nodes, interpolation="linear"), test=PATHS)
        assert found.accuracy is not None
        means.append(found.accuracy.mean)
    assert 8 < means[0] / means[1] < 32


@pytest.mark.slow
def test_a_patient_household_is_refused():
    patient = AiyagariHousehold(beta=0.97, r=0.05)
    with pytest.raises(sp.ConvergenceError, match="goes on saving"):
        sp.solve(patient, sp.EndogenousGrid(nodes=50), test=PATHS)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: sp.solve(BrockMirman(), sp.EndogenousGrid()), "one continuous state"),
        (lambda: sp.solve(BrockMirmanDeterministic(), sp.EndogenousGrid()), "no lower bound"),
        (lambda: sp.solve(AiyagariHousehold(), sp.EndogenousGrid(), network=sp.Network(width=8)), "network says"),
        (lambda: sp.solve(AiyagariHousehold(), (sp.EndogenousGrid(), sp.LevenbergMarquardt())), "solves by itself"),
        (lambda: sp.solve(AiyagariHousehold(), sp.EndogenousGrid(box=sp.Box(a=(0.0, 1.0)))), "names 'a'"),
        (lambda: sp.EndogenousGrid(nodes=3), "at least 10"),
        (lambda: sp.EndogenousGrid(interpolation="quintic"), "cubic, linear"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(make, words):
    with pytest.raises(sp.ConfigError, match=words):
        make()


@pytest.mark.slow
def test_a_solution_from_a_file_is_the_same(solution, tmp_path):
    solution.save(tmp_path / "household.sol")
    again = sp.load(tmp_path / "household.sol")
    k = np.linspace(0.0, 20.0, 50)
    for z in range(7):
        np.testing.assert_array_equal(
            again(k=k, z=np.full(50, z)).consumption, solution(k=k, z=np.full(50, z)).consumption
        )
    assert again.how == solution.how


# The histogram.


@pytest.mark.slow
def test_mean_assets_are_the_independent_programs(published_distribution):
    """Errors of both histograms are of second order; that of 3,000 nodes has 5.68095, that of 1,500 has 5.68257."""
    assert published_distribution.mean("assets") == pytest.approx(5.6804, rel=2e-3)
    assert published_distribution.error["assets"] < 5e-3


@pytest.mark.slow
def test_what_is_saved_is_zero_in_the_long_run(published_distribution):
    """Assets are stationary, so that saving adds to nothing; the lottery keeps every mean."""
    assert abs(published_distribution.mean("saving")) < STEADY
    assert published_distribution.probabilities.sum() == pytest.approx(1.0, abs=STEADY)
    regimes = published_distribution.probabilities.sum(axis=0)
    _, matrix = referee.tauchen(0.6, 0.2)
    np.testing.assert_allclose(regimes @ matrix, regimes, atol=STEADY)


@pytest.mark.slow
def test_a_long_simulation_has_the_same_mean(published, published_distribution):
    """Mean over 2,000 households; a household's own standard deviation gives the Monte-Carlo error.

    Wealth mixes slowly: after 400 years households still hold more than in the long run, having begun with much.
    """
    panel = sp.simulate(published, periods=1, paths=2000, burn_in=2000, seed=1)
    k = np.asarray(panel["k"].values).reshape(2000, -1)[:, -1]
    assert abs(k.mean() - published_distribution.mean()) < 4 * published_distribution.deviation() / np.sqrt(2000)


@pytest.mark.slow
def test_quantiles_and_inequality(distribution):
    """Half the mean absolute difference of two households over the mean, summed over all pairs of nodes."""
    own = distribution.probabilities.sum(axis=1)
    pairs = np.abs(distribution.levels[:, None] - distribution.levels)
    assert distribution.gini() == pytest.approx(own @ pairs @ own / 2 / distribution.mean(), rel=1e-9)
    median = float(distribution.quantile(0.5))
    assert distribution.share(median) >= 0.5 > distribution.share(median - 1e-9)
    assert distribution.quantile(0.0) == 0.0
    assert distribution.share(float(distribution.quantile(1.0))) == pytest.approx(1.0)
    assert distribution.top_share(1.0) == pytest.approx(1.0)
    assert 0.1 < distribution.top_share(0.1) < 1.0


def test_two_states_by_hand():
    """A deterministic rule k' = 0.5 + z / 2 puts all mass on two nodes, with the chain's own probabilities."""

    class Jumps(NamedTuple):
        k: sp.Scalar
        z: sp.Scalar

    class Decision(NamedTuple):
        saved: sp.Scalar

    class Jumping(sp.Model):
        State, Policy = Jumps, Decision

        def state_range(self):
            return Jumps(k=sp.NonNegative(), z=sp.Interval(0, 1))

        def policy_range(self):
            return Decision(saved=sp.Real())

        def shocks(self):
            return sp.MarkovChain([[0.9, 0.1], [0.3, 0.7]], "z")

        def transition(self, s, x, shock):
            return Jumps(k=jnp.where(s.z > 0, 1.0, 0.5), z=shock)

    eco = economy(Jumping())
    rule = EndogenousRule("linear", 0, jnp.array([0.0, 2.0]), jnp.array([[0.0, 2.0]] * 2), jnp.zeros((2, 2)))
    mass, below, above = stationary(eco, rule, np.linspace(0.0, 2.0, 5))
    expected = np.zeros((2, 5))
    expected[:, 1], expected[:, 2] = 0.75 * np.array([0.9, 0.1]), 0.25 * np.array([0.3, 0.7])
    np.testing.assert_allclose(mass, expected, atol=1e-12)
    assert (below, above) == (0.0, 0.0)


@pytest.mark.slow
def test_without_shocks_all_households_end_at_the_steady_state(growth):
    rest = sp.stationary_distribution(growth)
    assert rest.mean() == pytest.approx(float(sp.steady_state(growth.model).state.k), rel=1e-3)
    with pytest.raises(sp.ConfigError, match="no variable 'asset'"):
        rest.mean("asset")


@pytest.mark.slow
def test_a_histogram_of_three_nodes_is_refused(solution):
    with pytest.raises(sp.ConfigError, match="at least 20"):
        sp.stationary_distribution(solution, nodes=3)


@pytest.mark.slow
def test_interest_rate_of_the_economy():
    """Aiyagari's case gamma 3, rho 0.6, sigma 0.2: 3.8784 % by the independent program, bisected to 1e-8."""

    def excess(r: float) -> float:
        model = AiyagariHousehold(r=r)
        found = sp.solve(model, sp.EndogenousGrid(), test=PATHS)
        return sp.stationary_distribution(found, nodes=2000).mean("assets") - float(model.capital_demand())

    low, high = 0.038, 0.0395
    for _ in range(14):
        r = (low + high) / 2
        low, high = (low, r) if excess(r) > 0 else (r, high)
    assert r == pytest.approx(referee.interest_rate(3.0, 0.6, 0.2), abs=2e-6)
