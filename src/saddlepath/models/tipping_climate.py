"""Growth, climate and learning where nobody knows at which warming damages will tip."""

from typing import Annotated, Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

import saddlepath as sp
from saddlepath import climate
from saddlepath.models.learning_climate import TIPPING, LearningClimate

POINT: Any = np.asarray(TIPPING)


class TippingClimate(LearningClimate):
    """`LearningClimate` with a tipping point that drifts (Friedl, Kuebler, Scheidegger and Usui, 2023).

    Damages have Weitzman's form, `1/Omega = 1 + (T/20.46)^2 + (T/(2 TP))^6.754`, and the tipping point moves by a
    truncated normal shock every year, `TP' = TP + eps`: today's is known, tomorrow's is not. Nothing that is decided
    changes it, so that it enters no condition but through damages and the value. The source gives the variance, .01 K2,
    and prints neither where `TP` begins nor how its shock is cut off; here it begins where the constant case has it and
    stays between two bounds.
    """

    damages: str = sp.parameter("weitzman", "form of the damages", within=sp.OneOf("weitzman"))
    tipping: float = sp.parameter(TIPPING, "tipping point in 2015", unit="K", within=sp.Positive())
    drift: float = sp.parameter(0.1, "s.d. of its change in a year", unit="K", within=sp.Positive())
    least: float = sp.parameter(2.0, "least tipping point", unit="K", within=sp.Positive())
    most: float = sp.parameter(5.0, "largest tipping point", unit="K", within=sp.Positive())

    class State(NamedTuple):  # pyright: ignore[reportIncompatibleVariableOverride]  # one more field
        k: Annotated[sp.Scalar, sp.label("capital", "effective labour")]
        carbon: Annotated[Float[Array, "3"], sp.label("carbon in atmosphere, upper and lower ocean", "1000 GtC")]
        heat: Annotated[Float[Array, "2"], sp.label("temperature, air and deep ocean", "K")]
        m: Annotated[sp.Scalar, sp.label("mean of the belief about the feedback")]
        log_v: Annotated[sp.Scalar, sp.label("log of the variance of the belief")]
        t: Annotated[sp.Scalar, sp.label("years since 2015", "yr")]
        point: Annotated[sp.Scalar, sp.label("tipping point", "K")] = POINT

    def state_range(self):
        return super().state_range()._replace(point=sp.Interval(self.least, self.most))

    def shocks(self):
        return sp.Independent(feedback=sp.Normal(1), weather=sp.Normal(1), tipping=sp.Normal(1))

    def start(self):
        return super().start()._replace(point=jnp.asarray(self.tipping))

    def features(self, s):
        return jnp.append(super().features(s), s.point)

    def tipping_point(self, s):
        return s.point

    def transition(self, s, x, shock):
        point = climate.truncated_normal(shock["tipping"][0], s.point, self.drift, self.least, self.most)
        return super().transition(s, x, shock)._replace(point=point)
