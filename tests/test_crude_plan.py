"""The crude plan beside the optimum: the same way, nearly."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from saddlepath import climate
from saddlepath.climate.crude_plan import DOUBLINGS, CrudePlan, crude_plan, nothing_foreseen
from saddlepath.climate.long_steps import long_steps
from saddlepath.models.cdice import CDICE


def followed(model: CDICE) -> CrudePlan:
    """From 2015."""

    @jax.jit
    def follow() -> CrudePlan:
        s, problem = model.start(), model.problem()
        begin = climate.Beginning(s.k, s.carbon, s.heat, s.t)
        steps = long_steps(problem, DOUBLINGS)
        return crude_plan(problem, steps, begin, model.abated, nothing_foreseen(problem, begin))

    with jax.enable_x64(True):
        return jax.tree.map(np.asarray, follow())


@pytest.mark.parametrize("theta", [{}, {"abatement": "none", "pi2": 0.005}, {"psi": 0.5, "rho": 0.004}], ids=str)
def test_the_way_is_nearly_the_optimum(theta: dict[str, Any]) -> None:
    """A first plan, where steps are short: output and a step's interest within a hundredth, warming within .3 K."""
    model = CDICE(**theta)
    path, plan = climate.optimum(model.problem(), **model.imposed(np.arange(600))), followed(model)
    years = plan.years[: DOUBLINGS.count(1) + DOUBLINGS.count(3) + 1].astype(int)
    assert years[-1] == 160
    with jax.enable_x64(True):
        every = jnp.asarray(path.year.values - 2015.0)
        labour, growth, beta = (
            np.asarray(of(every))
            for of in (model.problem().effective_labour, model.problem().growth_factor, model.problem().discount_factor)
        )
    weight = path.value_capital.values / growth * np.cumprod(np.append(1.0, beta[:-1]))
    n = len(years)
    np.testing.assert_allclose(plan.output[:n], (path.output.values / labour)[years], rtol=0.01)
    np.testing.assert_allclose(plan.discount[: n - 1], weight[years[1:]] / weight[years[:-1]], rtol=0.01)
    np.testing.assert_allclose(plan.warmth[:n], path.temperature.values[years, 0], atol=0.3)


def test_damages_leave_less_capital() -> None:
    """In the long run."""
    harmless, harmed = followed(CDICE(pi2=1e-6)), followed(CDICE(abatement="none", pi2=0.005))
    assert harmed.output[-1] < 0.95 * harmless.output[-1]
