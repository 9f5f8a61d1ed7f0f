"""Climate policy under uncertain growth: conditions where growth is known in advance, and what risk does."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float
from tests.test_cdice import ON_PATH, YEARS, point

import saddlepath as sp
from saddlepath import climate
from saddlepath.climate.numbers import Numbers
from saddlepath.models.cdice_risk import RiskyCDICE

FIRST, KEPT = 0.02, 0.9
"""Growth over its path in 2015, and what is left of it a year later."""


class Boom(climate.ExogenousPaths):
    """Productivity of which growth is high at first, `a = FIRST KEPT (1 - KEPT^t) / (1 - KEPT)` over the usual path."""

    def gain(self, t: Numbers) -> Float[Array, "..."]:
        return FIRST * KEPT * (1 - KEPT ** jnp.asarray(t, dtype=float)) / (1 - KEPT)

    def productivity(self, t: Numbers) -> Float[Array, "..."]:
        return super().productivity(t) * jnp.exp(self.gain(t))

    def productivity_rate(self, t: Numbers) -> Float[Array, "..."]:
        return super().productivity_rate(t) + FIRST * KEPT ** (jnp.asarray(t, dtype=float) + 1)


def test_conditions_hold_on_the_optimum_of_a_boom_that_is_known() -> None:
    """Without risk, growth that fades is one more exogenous path, whose optimum nonlinear programming finds."""
    model = RiskyCDICE(sigma=0.0, persistence=KEPT)
    problem = eqx.tree_at(lambda p: p.paths, model.problem(), Boom(theta2=model.theta2))
    with jax.enable_x64(True):
        path = climate.optimum(problem)

        def at(t: int):
            s, x = point(model, path, t)
            gain = Boom().gain(jnp.asarray(float(t)))
            s = s._replace(k=s.k / jnp.exp(gain), level=gain, growth=jnp.asarray(FIRST * KEPT**t))
            growth = model.problem().growth_factor(float(t)), problem.growth_factor(float(t))
            scale = growth[0] / growth[1]  # `point` takes the usual growth out of the value of capital
            x = x._replace(carbon_ratio=x.carbon_ratio / scale, heat_ratio=x.heat_ratio / scale)
            return s, model.complete(s, x)

        for t in YEARS:
            (s, x), (s1, x1) = at(int(t)), at(int(t) + 1)
            for name, value in model.residuals(s, x, lambda fn, s1=s1, x1=x1: fn(s1, x1)).items():
                np.testing.assert_allclose(value, 0.0, atol=ON_PATH, err_msg=f"{name} in year {t}")
            for name, mine, theirs in zip(s._fields, model.transition(s, x, jnp.zeros(1)), s1, strict=True):
                np.testing.assert_allclose(mine, theirs, rtol=1e-7, atol=1e-9, err_msg=f"{name} in year {t}")
            scc = float(model.definitions(s, x)["scc"])
            assert scc == pytest.approx(float(path.scc[t]), rel=1e-6)


def test_calibration_is_that_of_the_data() -> None:
    """Annual growth of real GDP per head, 1960 to 2008, regressed on itself a year before."""
    pd, macrodata = pytest.importorskip("pandas"), pytest.importorskip("statsmodels.datasets.macrodata")
    raw = pd.DataFrame(macrodata.load_pandas().data)
    yearly = (raw["realgdp"] / raw["pop"]).groupby(raw["year"]).mean().loc[:2008]
    growth = np.diff(np.log(yearly.to_numpy()))
    deviation = growth - growth.mean()
    persistence = deviation[1:] @ deviation[:-1] / (deviation[:-1] @ deviation[:-1])
    model = RiskyCDICE()
    assert model.persistence == pytest.approx(persistence, abs=0.005)
    assert model.sigma == pytest.approx(np.std(deviation[1:] - persistence * deviation[:-1], ddof=1), abs=5e-4)


def test_the_level_is_a_random_walk_with_persistent_steps() -> None:
    model = RiskyCDICE()
    with jax.enable_x64(True):
        s, x = model.start(), model.complete(model.start(), model.steady_guess()[1])
        once = model.transition(s, x, jnp.ones(1))
        twice = model.transition(once, x, jnp.zeros(1))
        calm = model.transition(s, x, jnp.zeros(1))
    assert float(once.level) == pytest.approx(model.sigma)
    assert float(twice.level) == pytest.approx(model.sigma * (1 + model.persistence))
    assert float(calm.k / once.k) == pytest.approx(np.exp(model.sigma), rel=1e-12)  # the same goods, more to equip


@pytest.mark.slow
def test_risk_of_growth_is_solved() -> None:
    """Residuals of fresh paths with finer quadrature, and a dispersion of incomes that is known in closed form."""
    model = RiskyCDICE()
    solver = sp.LevenbergMarquardt(batch=128, memory=0.8)
    solution = sp.solve(model, solver, sampling=sp.Passages(), tol=1e-3, seconds=240.0)
    assert solution.outcome is sp.Outcome.CONVERGED
    panel = sp.simulate(solution, periods=100, paths=2000, seed=1)
    shares = np.array([model.sigma * (1 - model.persistence**n) / (1 - model.persistence) for n in range(1, 86)])
    spread = np.sqrt(np.sum(shares**2))
    assert float(panel["level"].values[:, 85].std()) == pytest.approx(spread, rel=0.05)  # 2,000 paths: 1.6 % a s.d.
    with pytest.raises(sp.ConfigError, match="differ by their shocks"):
        sp.compare_with_optimum(solution)
