"""CDICE as a recursive model: its conditions on the path of an independent optimum, and its solution against it."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.cases import mostly_slow
from tests.economies import FullDepreciation, exact_solution

import saddlepath as sp
from saddlepath import climate
from saddlepath.models.cdice import CDICE

ON_PATH = 1e-6
"""The optimum is found to about eight digits; conditions are relative to their prices [-]."""
CASES: dict[str, tuple[CDICE, dict[str, Any]]] = {
    "optimal": (CDICE(), {}),
    "exact growth": (CDICE(growth="exact"), {}),
    "dice2016": (CDICE.published("dice2016", "dice2016"), {}),
    "mesmo hadgem": (CDICE.published("mesmo", "hadgem"), {}),
    "forcing given": (CDICE(other_forcing="given"), {}),
    "forcing internalised": (CDICE(other_forcing="internalised"), {}),
    "business as usual": (CDICE(abatement="none"), {"abatement": 0.0}),
    "a limit": (CDICE(beyond=0.3), {}),
    "taxed": (CDICE(abatement="taxed"), {"tax": 30 * np.exp(0.02 * np.arange(1000.0)), "horizon": 1000}),
}
EVERY_CASE = pytest.mark.parametrize("case", mostly_slow(CASES, ["optimal"]))
YEARS = np.array([0, 1, 35, 85, 114, 150, 250])
"""Around the change of the forcing in 2100 and the year when everything is abated, 2131."""


@functools.cache
def best(case: str) -> Any:
    model, given = CASES[case]
    return climate.optimum(model.problem(), **given)


def point(model: CDICE, path: Any, t: int) -> tuple[Any, Any]:
    """State and policy of a year of the optimum."""
    year = path.isel(year=t)
    labour = model.problem().effective_labour(float(t))
    s = model.State(
        k=jnp.asarray(year.capital.values) / labour,
        carbon=jnp.asarray(year.carbon.values) / 1000,
        heat=jnp.asarray(year.temperature.values),
        t=jnp.asarray(float(t)),
    )
    lam = year.value_capital.values / float(model.problem().growth_factor(float(t)))
    net = (1 - year.damages.values) * year.output.values
    prices = jnp.asarray(-year.value_carbon.values / lam), jnp.asarray(-year.value_temperature.values / lam)
    decided = jnp.asarray(year.consumption.values / net), *prices
    x = model.Policy(*decided, *decided, mu=jnp.zeros(()))
    return s, model.complete(s, x)


@EVERY_CASE
def test_conditions_and_laws_hold_on_the_optimum(case: str) -> None:
    model, path = CASES[case][0], best(case)
    with jax.enable_x64(True):
        for t in YEARS:
            (s, x), (s1, x1) = point(model, path, int(t)), point(model, path, int(t) + 1)
            residuals = model.residuals(s, x, lambda fn, s1=s1, x1=x1: fn(s1, x1))
            for name, value in residuals.items():
                np.testing.assert_allclose(value, 0.0, atol=ON_PATH, err_msg=f"{name} in year {t}")
            for name, mine, theirs in zip(s._fields, model.transition(s, x, jnp.zeros(0)), s1, strict=True):
                np.testing.assert_allclose(mine, theirs, rtol=1e-7, err_msg=f"{name} in year {t}")
            assert float(x.mu) == pytest.approx(float(path.abatement[t]), abs=1e-6)


@EVERY_CASE
def test_definitions_are_those_of_the_optimum(case: str) -> None:
    model, path = CASES[case][0], best(case)
    names = {"scc": "scc", "scc_emitted": "scc_emitted", "tax": "tax", "emissions": "emissions", "stock": "capital"}
    with jax.enable_x64(True):
        for t in YEARS:
            found = model.definitions(*point(model, path, int(t)))
            for mine, theirs in names.items():
                expected = float(path[theirs][t])
                assert float(found[mine]) == pytest.approx(expected, rel=1e-6, abs=1e-5), (mine, t)


def test_the_first_year_is_that_of_the_source() -> None:
    """Folini et al. (2024), replication files: effective labour 76.214, output 105.2, 39.45 GtCO2 of emissions."""
    model = CDICE(abatement="none")
    with jax.enable_x64(True):
        s = model.start()
        x = model.complete(s, model.steady_guess()[1])
        found = model.definitions(s, x)
        labour = float(model.problem().effective_labour(s.t))
    assert labour == pytest.approx(76.214, abs=5e-4)
    assert float(s.k) == pytest.approx(2.926, abs=5e-4)
    assert float(found["output"]) == pytest.approx(105.2, abs=0.05)
    assert float(found["emissions"]) == pytest.approx(39.45, abs=0.01)


def test_published_calibrations_by_name() -> None:
    hot = CDICE.published("mesmo", "hadgem", psi=0.5)
    assert (hot.b12, hot.ecs, hot.psi) == (0.059, 4.55, 0.5)
    np.testing.assert_allclose(hot.start().carbon, [0.851, 0.403, 0.894], rtol=1e-7)
    with pytest.raises(sp.ConfigError, match="no carbon cycle calibration is called 'mesmoo'; did you mean mesmo"):
        CDICE.published("mesmoo")


def test_an_index_leads_from_one_carbon_cycle_to_another() -> None:
    """At -1, 0 and 1 it gives published cycles; in between more carbon stays in the air the higher it is."""
    with jax.enable_x64(True):
        for index, name in ((-1.0, "loveclim"), (0.0, "cdice"), (1.0, "mesmo")):
            found, known = CDICE(carbon_index=index), CDICE.published(name)
            np.testing.assert_allclose(found.problem().carbon.exchange, known.problem().carbon.exchange, rtol=1e-12)
            np.testing.assert_allclose(found.start().carbon, known.start().carbon, rtol=1e-12)
        cycles = {str(i): CDICE(carbon_index=i).problem().carbon for i in np.linspace(-1.0, 1.0, 9)}
    left = climate.pulse(cycles).sel(year=100).values
    assert np.all(np.diff(left) > 0)


def test_only_a_climate_has_a_social_cost_of_carbon() -> None:
    growth = exact_solution(FullDepreciation)
    for ask in (sp.social_cost_of_carbon, sp.compare_with_optimum):
        with pytest.raises(sp.ConfigError, match="FullDepreciation has no climate, so carbon costs nothing"):
            ask(growth)
