"""Simulated paths against their known distribution, rest points by hand.

With full depreciation `ln k' = ln(alpha beta) + alpha ln k + z` and `z' = rho z + sigma e`: ln k follows an
AR(2) with the roots alpha and rho, so that

    Var ln k = sigma^2 (1 + alpha rho) / ((1 - alpha rho) (1 - alpha^2) (1 - rho^2)),
    Corr(ln k', ln k) = (alpha + rho) / (1 + alpha rho).
"""

import dataclasses
from typing import ClassVar

import numpy as np
import pytest
from tests.economies import FullDepreciation, TwoTechnologies, exact_family, exact_solution
from tests.test_verification import Wrong

import saddlepath as sp
from saddlepath.model import with_array_leaves

PATHS, PERIODS = 400, 300


@pytest.fixture(scope="module")
def exact() -> sp.Solution:
    return exact_solution(FullDepreciation)


@pytest.fixture(scope="module")
def regimes() -> sp.Solution:
    return exact_solution(TwoTechnologies)


def variance_of_log_capital(model: FullDepreciation) -> float:
    a, r = model.alpha, model.rho
    return model.sigma**2 * (1 + a * r) / ((1 - a * r) * (1 - a**2) * (1 - r**2))


def simulated_variance(solution: sp.Solution, mean: float) -> tuple[float, float]:
    """Variance of ln k around a known mean, and its standard error over independent paths."""
    data = sp.simulate(solution, periods=PERIODS, paths=PATHS, burn_in=200, seed=3)
    by_path = ((np.log(data["k"].values) - mean) ** 2).mean(axis=1)
    return by_path.mean(), by_path.std() / PATHS**0.5


def with_model(solution: sp.Solution, model: sp.Model) -> sp.Solution:
    """The same rule in another economy with the same states."""
    economy = dataclasses.replace(solution.economy, model=with_array_leaves(model))
    return dataclasses.replace(solution, economy=economy)


def test_variance_of_log_capital(exact: sp.Solution) -> None:
    model = FullDepreciation()
    mean = np.log(model.alpha * model.beta) / (1 - model.alpha)
    variance, error = simulated_variance(exact, mean)
    assert error < 0.03 * variance  # else the test would have no power
    assert abs(variance - variance_of_log_capital(model)) < 4 * error


def test_halved_shock_variance_is_found_out(exact: sp.Solution) -> None:
    """A known mistake: shocks drawn with half their variance; the test above must not pass then."""
    model = FullDepreciation()
    mean = np.log(model.alpha * model.beta) / (1 - model.alpha)
    variance, error = simulated_variance(with_model(exact, model.replace(sigma=model.sigma / 2**0.5)), mean)
    assert abs(variance - variance_of_log_capital(model)) > 15 * error


def test_every_period_obeys_the_model(exact: sp.Solution) -> None:
    data = sp.simulate(exact, periods=40, paths=5)
    model, k, z = FullDepreciation(), data["k"].values, data["z"].values
    after = model.alpha * model.beta * np.exp(z) * k**model.alpha
    np.testing.assert_allclose(k[:, 1:], after[:, :-1], rtol=1e-14)  # a few roundings
    np.testing.assert_allclose(data["consumption"] + after, data["output"], rtol=1e-14)


def test_names_dimensions_and_units(regimes: sp.Solution) -> None:
    data = sp.simulate(regimes, periods=7, paths=3, seed=1)
    assert list(data.data_vars) == ["k", "z", "regime", "saving", "consumption", "output"]
    assert data["z"].dims == ("path", "time", "z_entry")
    assert data["k"].attrs == {"long_name": "capital", "units": "goods"}
    assert data["regime"].dtype.kind == "i"
    assert data.attrs["lost"] == 0 and 0 < data.attrs["extent"] < 20


@pytest.mark.slow
def test_regimes_visit_their_stationary_shares(regimes: sp.Solution) -> None:
    data = sp.simulate(regimes, periods=400, paths=200, burn_in=50)
    by_path = data["regime"].values.mean(axis=1)
    assert abs(by_path.mean() - 0.25) < 4 * by_path.std() / 200**0.5  # 0.1 / (0.1 + 0.3)


@pytest.mark.slow
def test_burn_in_only_drops_the_first_periods(exact: sp.Solution) -> None:
    whole = sp.simulate(exact, periods=30, paths=2, seed=8)
    rest = sp.simulate(exact, periods=20, burn_in=10, paths=2, seed=8)
    np.testing.assert_array_equal(whole["k"].values[:, 10:], rest["k"].values)


def test_without_shocks(exact: sp.Solution) -> None:
    model = FullDepreciation()
    data = sp.simulate(exact, periods=10, start=model.State(k=0.2, z=0.1), shocks=False)
    np.testing.assert_allclose(data["z"].values[0], 0.1 * model.rho ** np.arange(10), rtol=1e-13)


def test_given_shocks(exact: sp.Solution) -> None:
    model, shocks = FullDepreciation(), np.array([[1.0], [-2.0], [0.5]])
    data = sp.simulate(exact, periods=3, paths=2, start=model.State(k=0.2, z=0.0), shocks=shocks)
    z1 = model.sigma
    np.testing.assert_allclose(data["z"].values[1], [0, z1, model.rho * z1 - 2 * model.sigma], rtol=1e-14)


def test_paths_of_another_world(exact: sp.Solution) -> None:
    """The believed model decides, `saving = alpha beta`, and the world's alpha, rho and sigma move the states."""
    world, believed = FullDepreciation(alpha=0.3, rho=0.5, sigma=0.1), FullDepreciation()
    data = sp.simulate(exact, periods=3, start=world.State(k=0.2, z=0.1), shocks=np.ones((3, 1)), world=world)
    z, k, saved = data["z"].values[0], data["k"].values[0], believed.alpha * believed.beta
    np.testing.assert_allclose(z, [0.1, 0.15, 0.175], rtol=1e-14)
    np.testing.assert_allclose(k[1:], saved * np.exp(z[:2]) * k[:2] ** 0.3, rtol=1e-14)
    same = sp.simulate(exact, periods=5, paths=2, seed=4, world=believed)
    np.testing.assert_array_equal(same["k"], sp.simulate(exact, periods=5, paths=2, seed=4)["k"])


def test_a_world_of_another_structure_is_refused(exact: sp.Solution) -> None:
    with pytest.raises(
        sp.ConfigError, match="needs the states of FullDepreciation, k, z, but TwoTechnologies has k, z"
    ):
        sp.simulate(exact, periods=2, world=TwoTechnologies())
    with pytest.raises(sp.ConfigError, match="world must be a model, got 3.5"):
        sp.simulate(exact, periods=2, world=3.5)


def test_one_start_per_path(exact: sp.Solution) -> None:
    start = FullDepreciation.State(k=np.array([0.1, 0.2]), z=0.0)
    data = sp.simulate(exact, periods=2, paths=2, start=start)
    np.testing.assert_array_equal(data["k"].values[:, 0], [0.1, 0.2])


def test_states_far_away_are_told(exact: sp.Solution) -> None:
    start = FullDepreciation.State(k=3e3, z=0.0)
    with pytest.warns(UserWarning, match="never trained"):
        data = sp.simulate(exact, periods=2, start=start)
    assert data.attrs["lost"] == 0.5  # the decision rule brings capital back within one period


@pytest.mark.parametrize(
    ("k", "how", "where"),
    [
        (0.3, {"sampling box": {"k": [0.1, 0.25], "z": [-1.0, 1.0]}}, "outside the sampling box"),
        (5.0, {}, "further than 10 scales from the centre of the states"),
    ],
)
def test_states_outside_the_sampled_region_are_told(exact: sp.Solution, k: float, how: dict, where: str) -> None:
    rule = dataclasses.replace(exact, rule=Wrong(1.0), how=how)  # as exact, but for all that is known a trained one
    start = FullDepreciation.State(k=k, z=0.0)
    with pytest.warns(UserWarning, match=f"33 % of the simulated states are {where}, where the rule was hardly"):
        data = sp.simulate(rule, periods=3, start=start, shocks=False)
    assert data.attrs["outside"] == pytest.approx(1 / 3) and data.attrs["lost"] == 0
    assert sp.simulate(rule, periods=3, shocks=False).attrs["outside"] == 0
    assert sp.simulate(exact, periods=3, start=start, shocks=False).attrs["outside"] == 0  # a closed form holds there


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"periods": 0}, "periods must be a whole number of at least 1"),
        ({"periods": 5, "start": (1.0, 2.0)}, "fields k, z"),
        ({"periods": 5, "start": FullDepreciation.State(k=np.ones(3), z=0.0)}, "3 states for 1 paths"),
        ({"periods": 5, "start": FullDepreciation.State(k=np.ones((2, 2)), z=0.0)}, "start.k has shape"),
        ({"periods": 5, "shocks": np.zeros((4, 1))}, "leading axis of length periods = 5"),
    ],
)
def test_what_does_not_fit_is_refused(exact: sp.Solution, arguments: dict, message: str) -> None:
    with pytest.raises(sp.ConfigError, match=message):
        sp.simulate(exact, **arguments)


@pytest.mark.slow
def test_a_family_needs_a_calibration() -> None:
    family = exact_family()
    with pytest.raises(sp.ConfigError, match="choose a calibration first"):
        sp.simulate(family, periods=5)
    data = sp.simulate(family.at(alpha=0.36, beta=0.95), periods=5)
    np.testing.assert_allclose(data["saving"], 0.36 * 0.95, rtol=1e-14)


class TwiceNamed(FullDepreciation):
    def definitions(self, s, x):
        return {"k": s.k}


def test_two_variables_of_one_name(exact: sp.Solution) -> None:
    with pytest.raises(sp.ModelError, match="two variables called 'k'"):
        sp.simulate(with_model(exact, TwiceNamed()), periods=2)


class Counted(FullDepreciation):
    """Counts how often its transition is traced."""

    calls: ClassVar[list[int]] = []

    def transition(self, s, x, shock):
        self.calls.append(1)
        return super().transition(s, x, shock)


def test_new_seeds_and_parameters_do_not_compile_again(exact: sp.Solution) -> None:
    sp.simulate(with_model(exact, Counted()), periods=6, paths=2)
    before = len(Counted.calls)
    assert before
    sp.simulate(with_model(exact, Counted(sigma=0.07)), periods=6, paths=2, seed=9, burn_in=3)
    assert len(Counted.calls) == before


def test_rest_point_by_hand(exact: sp.Solution) -> None:
    model = FullDepreciation()
    rest = sp.stochastic_steady_state(exact)
    # the rule does not react to risk here, so that the rest point is the deterministic steady state
    assert float(rest.state.k) == pytest.approx((model.alpha * model.beta) ** (1 / (1 - model.alpha)), rel=1e-12)
    assert abs(rest.state.z) < 1e-12
    assert rest.dispersion < 1e-10 and rest.drift < 1e-10


def test_rest_point_in_the_likely_regime(regimes: sp.Solution) -> None:
    model = TwoTechnologies()
    rest = sp.stochastic_steady_state(regimes, starts=8)
    log_k = (np.log(model.alpha * model.beta) - model.spread) / (1 - model.alpha)
    assert int(rest.state.regime) == 0
    assert float(rest.state.k) == pytest.approx(np.exp(log_k), rel=1e-12)


def test_short_paths_have_not_come_to_rest(exact: sp.Solution) -> None:
    rest = sp.stochastic_steady_state(exact, starts=8, periods=3)
    assert rest.dispersion > 0.1 and rest.drift > 0.01
