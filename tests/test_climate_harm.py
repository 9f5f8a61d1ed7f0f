"""Prices as sums of the harm along a path: those of an optimum, and not those of a bubble."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.economies import FullDepreciation, exact_solution

import saddlepath as sp
from saddlepath import climate
from saddlepath.climate.numbers import as_arrays
from saddlepath.models.cdice import CDICE


@pytest.mark.parametrize("theta", [{}, {"abatement": "none"}, {"beyond": 0.3}, {"other_forcing": "given"}], ids=str)
def test_multipliers_of_the_optimum_are_sums_of_harm(theta: dict[str, Any]) -> None:
    """Over 120 years of a path of 600; what comes after them is a ten thousandth of those prices."""
    model = CDICE(**theta)
    n, path = 600, climate.optimum(model.problem(), **model.imposed(np.arange(1000)))
    path = path.isel(year=slice(0, n))
    with jax.enable_x64(True):
        years = jnp.arange(float(n))
        labour, growth = (of(years) for of in (model.problem().effective_labour, model.problem().growth_factor))
        flows = (jnp.asarray(path[name].values) / labour for name in ("output", "consumption"))
        stocks = jnp.asarray(path.carbon.values) / 1000, jnp.asarray(path.temperature.values)
        found = climate.prices_of_harm(as_arrays(model.problem()), years, *flows, *stocks)
        lam = path.value_capital.values[:, None] / np.asarray(growth)[:, None]
    for prices, name in zip(found, ("value_carbon", "value_temperature"), strict=True):
        np.testing.assert_allclose(prices[:120], -path[name].values[:120] / lam[:120], rtol=1e-4)


@pytest.fixture(scope="module")
def early() -> sp.Solution:
    """After a hundred steps: near, and no more."""
    solver = sp.LevenbergMarquardt(batch=64, memory=0.8)
    return sp.solve(CDICE(horizon=200), solver, network=sp.Network(width=12), steps=100, attempts=1)


def test_a_solution_beside_the_harm_along_its_path(early: sp.Solution) -> None:
    gap = sp.compare_with_damages(early)
    costs = sp.social_cost_of_carbon(early, years=101)
    assert gap.years.frame.loc["2015", "price"] == pytest.approx(float(costs.scc_emitted.isel(path=0)[0]), rel=1e-10)
    assert 0 < gap.scc < 0.2
    assert "2015 to 2115, against the harm along its own path over 200 years and after" in str(gap)


def test_other_models_are_refused() -> None:
    with pytest.raises(sp.ConfigError, match="FullDepreciation has no climate"):
        sp.compare_with_damages(exact_solution(FullDepreciation))
