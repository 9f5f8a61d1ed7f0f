"""The planner's problem of DICE and CDICE in steps of one year, as a value: who wants what, with which means.

    max sum_t exp(-rho t) L_t ((C_t / L_t)^(1 - 1/psi) - 1) / (1 - 1/psi)
    K'  = (1 - Theta(mu) - Omega(T_AT)) K^alpha (A L)^(1 - alpha) + (1 - delta) K - C
    Omega = pi1 T_AT + pi2 T_AT^2 + beyond max(T_AT - limit, 0)^2,  Theta = theta1 mu^theta2,  0 <= mu <= 1
    E   = sigma (1 - mu) K^alpha (A L)^(1 - alpha) + E_land

In units of effective labour, k = K / (A L), one year ahead of k stands a growth factor and in front of utility a
discount factor, both made of the growth of productivity and population. The published annual models take instantaneous
growth rates at the start of the year there; exact ratios of two years change capital by 0.08 % and the social cost of
carbon by 0.23 %.

References:
    Folini, Friedl, Kuebler and Scheidegger (2024, Review of Economic Studies), section on the planner's problem and
    online appendix.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from saddlepath.climate.calibrations import CARBON_CYCLES, TEMPERATURES
from saddlepath.climate.carbon import CarbonCycle
from saddlepath.climate.exogenous import ExogenousPaths
from saddlepath.climate.forcing import OtherForcing, co2_forcing
from saddlepath.climate.numbers import AnyArray, Number, Numbers
from saddlepath.climate.temperature import Temperature


class PlannerProblem(eqx.Module):
    """Preferences, technology, damages and climate.

    Attributes:
        carbon: The carbon cycle.
        temperature: The boxes of heat.
        forcing: Forcing of everything but CO2.
        paths: What the planner cannot choose.
        alpha: Capital share. [-]
        delta: Depreciation of capital in a year. [-]
        pi1: Damage per degree, as a share of gross output. [1/K]
        pi2: Damage per squared degree. [1/K2]
        limit: Warming that is to be kept. [K]
        beyond: Damage per squared degree beyond it; a large one keeps the limit, nearly. [1/K2]
        psi: Elasticity of intertemporal substitution. [-]
        rho: Rate of time preference. [1/yr]
        capital: In 2015. [trn 2010 USD]
        exact_growth: Whether growth over a year is the ratio of two years, or the instantaneous rate at its start.
    """

    carbon: CarbonCycle = CARBON_CYCLES["cdice"]
    temperature: Temperature = TEMPERATURES["cdice"]
    forcing: OtherForcing = OtherForcing()
    paths: ExogenousPaths = ExogenousPaths()
    alpha: Number = 0.3
    delta: Number = 0.1
    pi1: Number = 0.0
    pi2: Number = 0.00236
    limit: Number = 2.0
    beyond: Number = 0.0
    psi: Number = 1 / 1.45
    rho: Number = 0.015
    capital: Number = 223.0
    exact_growth: bool = eqx.field(static=True, default=False)

    def growth(self, t: Numbers) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
        """Growth of productivity and of population in the year from `t`, as logarithms of factors. [-]"""
        if self.exact_growth:
            return jnp.log(self.paths.productivity_ratio(t)), jnp.log(self.paths.population_ratio(t))
        return self.paths.productivity_rate(t), self.paths.population_rate(t)

    def growth_factor(self, t: Numbers) -> Float[Array, "..."]:
        """G, the growth of effective labour in the year from `t`. [-]"""
        productivity, population = self.growth(t)
        return jnp.exp(productivity + population)

    def discount_factor(self, t: Numbers) -> Float[Array, "..."]:
        """Of utility of consumption per effective labour, from the year after `t` to `t`. [-]"""
        productivity, population = self.growth(t)
        return jnp.exp(-jnp.asarray(self.rho) + (1 - 1 / self.psi) * productivity + population)

    def effective_labour(self, t: Numbers) -> Float[Array, "..."]:
        """A L, per unit of which quantities of goods are of order one. [trn 2010 USD]"""
        return self.paths.productivity(t) * self.paths.population(t)

    def damages(self, temperature: Numbers) -> Float[Array, "..."]:
        """Omega(T_AT), as a share of gross output. [-]"""
        temperature = jnp.asarray(temperature)
        too_warm = jnp.maximum(temperature - self.limit, 0.0)
        return self.pi1 * temperature + self.pi2 * temperature**2 + self.beyond * too_warm**2

    def abated(self, price: Numbers, t: Numbers) -> Float[Array, "..."]:
        """The rate of abatement mu at which the last tonne abated costs what it is worth, at most one. [-]

        Args:
            price: Worth of a tonne less. [2010 USD/tCO2]
            t: Years since 2015. [yr]
        """
        relative = jnp.asarray(price) / self.paths.backstop(t)
        return jnp.minimum(relative ** (1 / (self.paths.theta2 - 1)), 1.0)

    def abatement_cost(self, mu: Numbers, t: Numbers) -> Float[Array, "..."]:
        """Theta(mu) = theta1 mu^theta2, as a share of gross output. [-]"""
        return self.paths.abatement_cost(t) * jnp.asarray(mu) ** self.paths.theta2

    def marginal_cost(self, mu: Numbers, t: Numbers) -> Float[Array, "..."]:
        """Cost of the last tonne abated; the tax that makes it pay. [2010 USD/tCO2]"""
        return self.paths.backstop(t) * jnp.asarray(mu) ** (self.paths.theta2 - 1)

    def emissions(self, output: Numbers, mu: Numbers, t: Numbers) -> Float[Array, "..."]:
        """Of industry and land. [1000 GtC/yr]

        Args:
            output: Gross output. [trn 2010 USD/yr]
            mu: Rate of abatement. [-]
            t: Years since 2015. [yr]
        """
        return self.paths.intensity(t) * (1 - jnp.asarray(mu)) * output + self.paths.land_emissions(t)

    def radiation(self, carbon: Float[AnyArray, "3"], t: Numbers) -> Float[Array, ""]:
        """Radiative forcing, of CO2 and of everything else. [W/m2]

        Args:
            carbon: Masses of carbon, the atmosphere first. [1000 GtC]
            t: Years since 2015. [yr]
        """
        co2 = co2_forcing(carbon[0], self.carbon.equilibrium[0], self.temperature.f2x)
        return co2 + self.forcing.other(t, co2)
