"""The planner's optimum: published solutions, first-order conditions, welfare differences, conservation, refusals."""

import dataclasses
import sys
from typing import Any

import numpy as np
import pytest
import xarray as xr

from saddlepath.climate import (
    CO2_PER_CARBON,
    OtherForcing,
    PlannerProblem,
    carbon_cycle,
    five_year_optimum,
    optimum,
    temperature_boxes,
)
from saddlepath.climate.published import published
from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.report.climate_figures import optimal_paths

CDICE = PlannerProblem()
DICE = PlannerProblem(carbon_cycle("dice2016"), temperature_boxes("dice2016"))


def slow(*values: Any) -> Any:
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.fixture(scope="module")
def cdice() -> xr.Dataset:
    return optimum(CDICE)


# Another nonlinear programme of the same equations, written and solved apart from this one: as it was printed.
REFERENCE = {
    2015: "24.757 25.433 .1464 34.05 851.0 1.1 223.0 .0029",
    2020: "28.438 29.281 .1624 35.92 878.2 1.3169 254.1 .0041",
    2050: "65.532 67.190 .2998 40.90 1044.8 2.0420 571.8 .0098",
    2100: "186.03 189.31 .6697 21.68 1224.3 2.9234 1512.6 .0202",
    2150: "404.22 280.04 1.0000 .117 1174.9 3.0841 3062.4 .0224",
    2200: "741.02 218.09 1.0000 .037 1113.0 3.1004 5268 .0227",
}


@pytest.mark.parametrize("year", REFERENCE)
def test_a_second_programme_of_the_same_equations(cdice: xr.Dataset, year: int) -> None:
    at = cdice.sel(year=year)
    names = ("scc", "tax", "abatement", "emissions", "carbon", "temperature", "capital", "damages")
    for name, printed in zip(names, REFERENCE[year].split(), strict=True):
        found = float(at[name] if at[name].ndim == 0 else at[name][0])
        unit = 10.0 ** -len(printed.partition(".")[2])
        assert abs(found - float(printed)) <= 0.6 * unit, name  # half a unit, and a tenth for the accuracy of both


def test_abatement_reaches_one_and_warming_its_peak(cdice: xr.Dataset) -> None:
    assert int(cdice.year[cdice.abatement > 1 - 1e-6][0]) == 2131
    air = cdice.temperature.sel(box="AT")
    assert float(air.max()) == pytest.approx(3.107, abs=5e-4) and int(air.idxmax("year")) == 2270


def climate_of(carbon: str, temperature: str, **values: float) -> PlannerProblem:
    return PlannerProblem(carbon_cycle(carbon), temperature_boxes(temperature), **values)


# Published networks (Folini et al., 2024, replication files): social cost 2020, 2050, 2100 and temperature 2100. Their
# largest distances from an optimum are known: 0.8 % and 0.0075 K with the standard preferences, 6.1 % and 0.053 K else.
STANDARD = (0.008, 0.0075)
PUBLISHED = {
    "DICE-2016": (DICE, "34.31 79.30 228.7", 3.326, *STANDARD),
    "HadGEM2-ES": (climate_of("cdice", "hadgem"), "47.46 109.2 310.0", 3.547, *STANDARD),
    "GISS-E2-R": (climate_of("cdice", "giss"), "14.07 32.57 92.08", 2.199, *STANDARD),
    "MESMO": (climate_of("mesmo", "cdice"), "33.35 76.13 214.8", 3.082, *STANDARD),
    "LOVECLIM": (climate_of("loveclim", "cdice"), "25.16 58.29 166.4", 2.817, *STANDARD),
    "MESMO, HadGEM2-ES": (climate_of("mesmo", "hadgem"), "55.78 127.2 357.1", 3.695, *STANDARD),
    "LOVECLIM, GISS-E2-R": (climate_of("loveclim", "giss"), "12.50 29.12 82.88", 2.104, *STANDARD),
    "psi 0.5": (PlannerProblem(psi=0.5, rho=0.004), "32.65 81.08 263.9", 2.825, 0.061, 0.053),
    "psi 2": (PlannerProblem(psi=2.0, rho=0.034), "24.77 52.33 131.0", 3.024, 0.061, 0.053),
}


QUICK = ("DICE-2016", "HadGEM2-ES", "psi 2")


@pytest.mark.parametrize("name", [n if n in QUICK else slow(n) for n in PUBLISHED])
def test_published_networks(name: str) -> None:
    problem, costs, warm, relative, kelvin = PUBLISHED[name]
    found = optimum(problem)
    np.testing.assert_allclose(found.scc.sel(year=[2020, 2050, 2100]), [float(c) for c in costs.split()], rtol=relative)
    assert float(found.temperature.sel(year=2100, box="AT")) == pytest.approx(warm, abs=kelvin)


def recursive_residuals(found: xr.Dataset, problem: PlannerProblem) -> dict[str, np.ndarray]:
    """First-order conditions of the recursive problem, unit-free, written from the paper: all that is read are values.

    Everything is per effective labour; a prime is next year.
    """
    n = 250
    t = np.arange(n + 1)
    paths, temperature = problem.paths, problem.temperature
    growth, discount = np.asarray(problem.growth_factor(t))[:-1], np.asarray(problem.discount_factor(t))[:-1]
    effective = np.asarray(paths.productivity(t) * paths.population(t))
    sigma, theta1, theta2 = np.asarray(paths.intensity(t)), np.asarray(paths.abatement_cost(t)), paths.theta2
    of = lambda name: found[name].values[: n + 1]
    k, c, mu = of("capital") / effective, of("consumption") / effective, of("abatement")
    warm, mass = of("temperature")[:, 0], of("carbon")[:, 0] / 1000
    nu, eta = of("value_carbon"), of("value_temperature")
    lam = c ** (-1 / problem.psi)
    gross = k**problem.alpha
    marginal = problem.alpha * gross / k
    share = 1 - theta1 * mu**theta2 - problem.pi2 * warm**2
    b12, b23, (m1, m2, m3) = problem.carbon.b12, problem.carbon.b23, problem.carbon.equilibrium
    b21, b32 = b12 * m1 / m2, b23 * m2 / m3
    c1, c3, c4 = temperature.c1, temperature.c3, temperature.c4
    pull = temperature.f2x / temperature.ecs
    forcing = eta[:, 0] * c1 * temperature.f2x / (np.log(2) * mass)
    dirty = (1 - mu) * sigma * effective
    rights = {
        "capital": (growth * lam[:-1], lam * (share * marginal + 1 - problem.delta) + nu[:, 0] * dirty * marginal),
        "air": (nu[:-1, 0], nu[:, 0] * (1 - b12) + nu[:, 1] * b12 + forcing),
        "upper ocean": (nu[:-1, 1], nu[:, 0] * b21 + nu[:, 1] * (1 - b21 - b23) + nu[:, 2] * b23),
        "lower ocean": (nu[:-1, 2], nu[:, 1] * b32 + nu[:, 2] * (1 - b32)),
        "warmth": (
            eta[:-1, 0],
            -lam * 2 * problem.pi2 * warm * gross + eta[:, 0] * (1 - c1 * (c3 + pull)) + eta[:, 1] * c4,
        ),
        "deep warmth": (eta[:-1, 1], eta[:, 0] * c1 * c3 + eta[:, 1] * (1 - c4)),
    }
    residuals = {name: 1 - discount * right[1:] / left for name, (left, right) in rights.items()}
    budget = share * gross - c + (1 - problem.delta) * k
    residuals["budget"] = 1 - growth * k[1:] / budget[:-1]
    benefit, cost = -nu[:, 0] * sigma * effective, lam * theta1 * theta2 * mu ** (theta2 - 1)
    slack = 1 - mu
    # Complementarity of mu <= 1 with a benefit above the cost, by the function of Fischer and Burmeister.
    gain = 1 - cost / benefit
    residuals["abatement"] = gain + slack - np.hypot(gain, slack)
    return residuals


def test_first_order_conditions(cdice: xr.Dataset) -> None:
    residuals = recursive_residuals(cdice, CDICE)
    # Where mu reaches one, slack and gain both vanish, and their product, 1e-12 over the year's weight, leaves a root.
    assert np.abs(residuals.pop("abatement")).max() < 1e-6
    for name, values in residuals.items():
        assert np.abs(values).max() < 1e-9, name  # IPOPT stops at 1e-12 of welfare


@pytest.mark.parametrize("exact", [False, slow(True)])
def test_social_cost_is_a_difference_of_welfare(exact: bool) -> None:
    """More carbon and more capital in 2015, by little: their effects on welfare, one over the other."""
    problem = dataclasses.replace(CDICE, exact_growth=exact)
    step, welfare = 1e-4, {}
    for sign in (-1, 1):
        carbon = dataclasses.replace(problem.carbon, initial=problem.carbon.initial + np.array([sign * step, 0, 0]))
        dirtier = dataclasses.replace(problem, carbon=carbon)
        richer = dataclasses.replace(problem, capital=problem.capital + sign / 10)
        welfare[sign] = [optimum(changed, horizon=200).attrs["welfare"] for changed in (dirtier, richer)]
    by_carbon, by_capital = np.subtract(welfare[1], welfare[-1]) / np.array([2 * step, 0.2])
    found = optimum(problem, horizon=200)
    # Central differences in capital err by the square of the step, 0.1 of 223, times a curvature of about one third.
    assert -by_carbon / by_capital / CO2_PER_CARBON == pytest.approx(float(found.scc[0]), rel=1e-7)


@pytest.mark.slow
def test_with_exact_growth_the_social_cost_next_year_is_the_tax() -> None:
    start = 2.926 * float(CDICE.paths.productivity(0) * CDICE.paths.population(0))
    found = optimum(dataclasses.replace(CDICE, exact_growth=True, capital=start))
    # Another programme, with this capital and a longer horizon: eight digits were printed.
    assert float(found.tax[0]) == pytest.approx(25.340111, abs=3e-6)
    free = found.abatement.values[:80] < 0.9  # where the corner is far, 1e-8 of it does not matter
    np.testing.assert_allclose(found.scc[1:81][free], found.tax[:80][free], rtol=1e-7)
    np.testing.assert_allclose(found.scc_emitted[:80][free], found.tax[:80][free], rtol=1e-7)


def test_carbon_is_only_moved(cdice: xr.Dataset) -> None:
    total = cdice.carbon.sum("reservoir").values
    emitted = cdice.emissions.cumsum().values / CO2_PER_CARBON
    np.testing.assert_allclose(total[1:] - total[0], emitted[:-1], rtol=1e-9)


def test_business_as_usual() -> None:
    """Folini et al. (2024), replication files: social cost and temperature, with the distances of their networks."""
    found = optimum(CDICE, abatement=0.0)
    at = found.sel(year=[2020, 2050, 2100])
    np.testing.assert_allclose(at.scc, [29.04, 66.24, 180.8], rtol=0.0095)
    np.testing.assert_allclose(at.temperature.sel(box="AT")[1:], [2.196, 3.527], atol=0.0075)
    np.testing.assert_allclose(at.emissions, [42.40, 57.79, 64.44], rtol=1e-3)
    assert float(np.abs(found.abatement).max()) == 0


@pytest.mark.slow
def test_a_given_tax_is_paid(cdice: xr.Dataset) -> None:
    """The optimal tax brings the optimal path about; a higher one than the backstop's price abates everything."""
    found = optimum(CDICE, tax=cdice.tax.values)
    for name in ("capital", "abatement", "scc"):
        np.testing.assert_allclose(found[name][:300], cdice[name][:300], rtol=1e-6)
    assert float(optimum(CDICE, tax=600.0, horizon=50).abatement.min()) == 1


def test_a_cap_on_temperature() -> None:
    free, capped = optimum(CDICE, horizon=400), optimum(CDICE, cap=2.0, horizon=400)
    assert float(capped.temperature.sel(box="AT").max()) < 2.0 + 1e-7 < float(free.temperature.sel(box="AT").max())
    assert float(capped.scc[0]) > float(free.scc[0]) and capped.attrs["welfare"] < free.attrs["welfare"]
    with pytest.raises(ConvergenceError, match="no path stays within the bounds"):
        optimum(CDICE, cap=0.5, horizon=50)


def test_damages_beyond_a_limit_are_a_softer_cap() -> None:
    """The more they are, the nearer is the warmest year to the limit, from above; below it they are none."""
    dear = [dataclasses.replace(CDICE, limit=2.0, beyond=beyond) for beyond in (0.0, 0.1, 1.0)]
    warmest = [float(optimum(problem, horizon=400).temperature.sel(box="AT").max()) for problem in dear]
    assert warmest[0] > warmest[1] > warmest[2] > 2.0
    assert warmest[2] < 2.2
    warm = np.array([1.0, 2.0, 2.5])
    extra = [problem.damages(warm) - CDICE.damages(warm) for problem in dear]
    np.testing.assert_allclose(extra, [[0, 0, 0], [0, 0, 0.025], [0, 0, 0.25]], atol=1e-7)


@pytest.mark.parametrize(
    ("problem", "internalised", "printed"),
    [(CDICE, True, 37.11), slow(CDICE, False, 28.93), slow(DICE, True, 46.48), slow(DICE, False, 36.26)],
)
def test_other_forcing_as_a_share(problem: PlannerProblem, internalised: bool, printed: float) -> None:
    """The social cost of 2020 of another programme; the published networks, 29.07 and 36.20, take forcing as given."""
    changed = dataclasses.replace(problem, forcing=OtherForcing.proportional(internalised=internalised))
    assert float(optimum(changed, horizon=600).scc.sel(year=2020)) == pytest.approx(printed, abs=6e-3)


def test_forcing_that_is_taken_as_given_is_caused() -> None:
    found = optimum(dataclasses.replace(CDICE, forcing=OtherForcing.proportional(internalised=False)), horizon=60)
    co2 = CDICE.temperature.f2x * np.log2(found.carbon.sel(reservoir="AT") / 1000 / CDICE.carbon.equilibrium[0])
    np.testing.assert_allclose(found.forcing, 1.3 * co2, atol=1e-7)


def test_a_path_and_a_share_add_up() -> None:
    """Half the path and half the share, as one may want them between two published assumptions."""
    problem = dataclasses.replace(CDICE, forcing=OtherForcing(0.25, 0.5, share=0.15))
    found = optimum(problem, horizon=60)
    co2 = CDICE.temperature.f2x * np.log2(found.carbon.sel(reservoir="AT") / 1000 / CDICE.carbon.equilibrium[0])
    np.testing.assert_allclose(
        found.forcing, 1.15 * co2 + OtherForcing(0.25, 0.5).other(np.arange(60.0), 0.0), atol=1e-6
    )


@pytest.mark.slow
def test_horizons() -> None:
    """What comes after the horizon that is chosen does not matter, for patient planners neither."""
    for problem, chosen in ((CDICE, 1000), (PlannerProblem(psi=0.5, rho=0.004), 2800)):
        found, longer = optimum(problem), optimum(problem, horizon=chosen + 400)
        assert found.sizes["year"] == chosen
        early = slice(2015, 2115)
        np.testing.assert_allclose(found.scc.sel(year=early), longer.scc.sel(year=early), rtol=1e-5)


def test_log_utility() -> None:
    near = optimum(PlannerProblem(psi=1 + 1e-6), horizon=200).scc[0]
    assert float(optimum(PlannerProblem(psi=1.0), horizon=200).scc[0]) == pytest.approx(float(near), rel=1e-5)


@pytest.mark.usefixtures("plain_interpreter")
def test_double_precision_without_a_flag(cdice: xr.Dataset) -> None:
    found = optimum()
    np.testing.assert_allclose(found.scc[:100], cdice.scc[:100], rtol=1e-9)


def test_figure(cdice: xr.Dataset) -> None:
    both = {"CDICE": cdice, "DICE-2016R, five years": five_year_optimum()}
    figure = optimal_paths(both, published={"CDICE": published("cdice")})
    counts = {panel.get_title(loc="left") or panel.get_title(): len(panel.lines) for panel in figure.axes}
    assert sorted(counts.values()) == [2, *[3] * 8]  # no tax is published
    assert counts["Carbon tax [USD/tCO2]"] == 2


def test_the_published_network_is_near_the_optimum(cdice: xr.Dataset) -> None:
    theirs = published("cdice")
    ours = cdice.sel(year=theirs.year)
    np.testing.assert_allclose(theirs.scc, ours.scc, rtol=0.011)
    np.testing.assert_allclose(theirs.temperature, ours.temperature, atol=0.01)
    np.testing.assert_allclose(theirs.carbon, ours.carbon, rtol=2e-3)
    np.testing.assert_allclose(theirs.capital, ours.capital, rtol=3e-3)
    with pytest.raises(ConfigError, match="no solution 'cdice_hadgm' with abatement='optimal'.*cdice_hadgem"):
        published("cdice_hadgm")
    with pytest.raises(ConfigError, match="abatement is optimal or none"):
        published("cdice", abatement="some")


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        ConfigError, match="abatement must be one number or a path of 50 years, between 0 and 1, got 1.2"
    ):
        optimum(abatement=1.2, horizon=50)
    with pytest.raises(ConfigError, match=r"tax must be .*, got shape \(3,\)"):
        optimum(tax=np.ones(3), horizon=50)
    with pytest.raises(ConfigError, match="either a rate of abatement or a tax"):
        optimum(abatement=0.1, tax=10.0)
    with pytest.raises(ConfigError, match="horizon must be at least 10 years, got 5"):
        optimum(horizon=5)
    with pytest.raises(ConfigError, match="still cares about what comes after 5000 years"):
        optimum(PlannerProblem(rho=0.0))
    with pytest.raises(ConfigError, match="psi must be .*, got -1; choose a value inside"):
        optimum(PlannerProblem(psi=-1.0))
    monkeypatch.setitem(sys.modules, "casadi", None)
    with pytest.raises(ConfigError, match="casadi, which is not installed"):
        optimum(horizon=50)
