"""What the planner cannot choose: population, productivity, carbon intensity, cost of abatement, land emissions.

All are functions of t, years since 2015, in closed form, for any t. Growth comes twice: as the instantaneous rate at t,
which the published annual models use, and as the exact ratio of two dates.

References:
    Folini, Friedl, Kuebler and Scheidegger (2024, Review of Economic Studies), online appendix: the paths of DICE-2016
    in continuous time. Nordhaus (2017, PNAS), the original in steps of five years.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from saddlepath.climate.carbon import CO2_PER_CARBON
from saddlepath.climate.numbers import Number, Numbers


def _years(t: Numbers) -> Float[Array, "..."]:
    return jnp.asarray(t, dtype=jnp.result_type(float))


class ExogenousPaths(eqx.Module):
    """Exogenous paths of DICE-2016 and CDICE; every method takes `t`, years since 2015, of any shape, and keeps it.

    Attributes:
        population_start: Population in 2015. [million]
        population_limit: Population in the end. [million]
        population_speed: Rate at which the gap between the two closes. [1/yr]
        productivity_start: Labour-augmenting productivity in 2015. [so that K^alpha (A L)^(1-alpha) is trn 2010 USD/yr]
        productivity_growth: Its growth rate in 2015. [1/yr]
        productivity_decline: Rate at which that growth declines. [1/yr]
        intensity_start: Industrial emissions per gross output in 2015, without abatement. [1000 GtC/trn 2010 USD]
        intensity_growth: Its growth rate in 2015. [1/yr]
        intensity_change: Relative change of that growth rate per year; not zero. [1/yr]
        backstop_price: Price of the backstop technology in 2015. [1000 2010 USD/tCO2]
        backstop_decline: Rate at which it falls. [1/yr]
        theta2: Exponent of the cost of abatement. [-]
        land_start: Emissions from land use in 2015. [1000 GtC/yr]
        land_decline: Rate at which they fall. [1/yr]
    """

    population_start: Number = 7403.0
    population_limit: Number = 11500.0
    population_speed: Number = 0.0268
    productivity_start: Number = 0.010295
    productivity_growth: Number = 0.0217
    productivity_decline: Number = 0.005
    intensity_start: Number = 9.55592e-5
    intensity_growth: Number = -0.0152
    intensity_change: Number = 0.001
    backstop_price: Number = 0.55
    backstop_decline: Number = 0.005
    theta2: Number = 2.6
    land_start: Number = 7.0922e-4
    land_decline: Number = 0.023

    def population(self, t: Numbers) -> Float[Array, "..."]:
        """L = L0 + (Linf - L0) (1 - exp(-dL t)). [million]"""
        gap = self.population_limit - self.population_start
        return self.population_start - gap * jnp.expm1(-self.population_speed * _years(t))

    def population_rate(self, t: Numbers) -> Float[Array, "..."]:
        """d log L / dt. [1/yr]"""
        limit = self.population_limit / (self.population_limit - self.population_start)
        return self.population_speed / (limit * jnp.exp(self.population_speed * _years(t)) - 1)

    def population_ratio(self, t: Numbers, years: Number = 1.0) -> Float[Array, "..."]:
        """L(t + years) / L(t). [-]"""
        return self.population(_years(t) + years) / self.population(t)

    def productivity(self, t: Numbers) -> Float[Array, "..."]:
        """A = A0 exp(gA0 (1 - exp(-dA t)) / dA). [as A0]"""
        return self.productivity_start * jnp.exp(self._productivity_gain(_years(t)))

    def _productivity_gain(self, t: Float[Array, "..."]) -> Float[Array, "..."]:
        """log A(t) / A(0)."""
        return -self.productivity_growth / self.productivity_decline * jnp.expm1(-self.productivity_decline * t)

    def productivity_rate(self, t: Numbers) -> Float[Array, "..."]:
        """d log A / dt = gA0 exp(-dA t). [1/yr]"""
        return self.productivity_growth * jnp.exp(-self.productivity_decline * _years(t))

    def productivity_ratio(self, t: Numbers, years: Number = 1.0) -> Float[Array, "..."]:
        """A(t + years) / A(t). [-]"""
        return jnp.exp(self._productivity_gain(_years(t) + years) - self._productivity_gain(_years(t)))

    def intensity(self, t: Numbers) -> Float[Array, "..."]:
        """sigma = sigma0 exp(gs0 / log(1 + ds) ((1 + ds)^t - 1)). [1000 GtC/trn 2010 USD]"""
        change = jnp.log1p(self.intensity_change)
        return self.intensity_start * jnp.exp(self.intensity_growth / change * jnp.expm1(change * _years(t)))

    def backstop(self, t: Numbers) -> Float[Array, "..."]:
        """Price at which the last tonne is abated. [2010 USD/tCO2]"""
        return 1000 * self.backstop_price * jnp.exp(-self.backstop_decline * _years(t))

    def abatement_cost(self, t: Numbers) -> Float[Array, "..."]:
        """theta1, the cost of abating everything as a share of gross output. [-]"""
        return self.backstop(t) * CO2_PER_CARBON * self.intensity(t) / self.theta2

    def land_emissions(self, t: Numbers) -> Float[Array, "..."]:
        """E_land = E0 exp(-dl t). [1000 GtC/yr]"""
        return self.land_start * jnp.exp(-self.land_decline * _years(t))
