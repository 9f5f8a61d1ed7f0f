"""Growth and climate when productivity grows at an uncertain rate."""

from typing import Annotated, Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

import saddlepath as sp
from saddlepath.models.cdice import CDICE

PATH: Any = np.zeros(())
"""Deviation of a productivity that is as expected in 2015."""


class RiskyCDICE(CDICE):
    """CDICE with persistent shocks to the growth of productivity, a teaching case of climate policy under risk.

    Growth of labour-augmenting productivity deviates from its path by `g' = persistence g + sigma eps`, and its level
    by the factor `exp(a)`, `a' = a + g'`: a shock is never undone. Quantities are per unit of the effective labour
    that there is, `exp(a) A L`. So a shock dilutes capital, `k' = ... / (G exp(g'))`, and prices of carbon and heat,
    in units of effective output, are worth `exp(g')` more tomorrow. Damages and abatement costs are shares of output;
    how much a tonne warms is not. Risk thus enters the social cost of carbon through incomes, emissions and
    discounting (Jensen and Traeger, 2014, European Economic Review). `sigma = 0` is CDICE.

    Calibration: least squares on the annual growth of real GDP per head in the United States, 1960 to 2008, as in
    `statsmodels.datasets.macrodata`.
    """

    persistence: float = sp.parameter(0.23, "persistence of the growth of productivity", within=sp.Interval(-1.0, 0.99))
    sigma: float = sp.parameter(0.019, "s.d. of its innovation", unit="1/yr", within=sp.NonNegative())

    class State(NamedTuple):  # pyright: ignore[reportIncompatibleVariableOverride]  # two more fields
        k: Annotated[sp.Scalar, sp.label("capital", "effective labour")]
        carbon: Annotated[Float[Array, "3"], sp.label("carbon in atmosphere, upper and lower ocean", "1000 GtC")]
        heat: Annotated[Float[Array, "2"], sp.label("temperature, air and deep ocean", "K")]
        t: Annotated[sp.Scalar, sp.label("years since 2015", "yr")]
        level: Annotated[sp.Scalar, sp.label("log productivity over its path")] = PATH
        growth: Annotated[sp.Scalar, sp.label("growth of productivity over that of its path", "1/yr")] = PATH

    def state_range(self):
        return super().state_range()._replace(level=sp.Real(), growth=sp.Real())

    def shocks(self):
        return sp.Normal(1)

    def features(self, s):
        return jnp.concatenate([super().features(s), jnp.stack([s.level, s.growth])])

    def effective_labour(self, s):
        return jnp.exp(s.level) * super().effective_labour(s)

    def surprise(self, s1):
        return jnp.exp(s1.growth)

    def transition(self, s, x, shock):
        growth = self.persistence * s.growth + self.sigma * shock[0]
        certain = super().transition(s, x, shock)
        return certain._replace(k=certain.k / jnp.exp(growth), level=s.level + growth, growth=growth)
