"""The carbon cycle: three reservoirs of carbon that exchange linearly (atmosphere, upper ocean, lower ocean).

    M_AT' = M_AT + h (E - b12 M_AT + b21 M_UO)
    M_UO' = M_UO + h (b12 M_AT - (b21 + b23) M_UO + b32 M_LO)
    M_LO' = M_LO + h (b23 M_UO - b32 M_LO)

with b21 = b12 Meq_AT / Meq_UO and b32 = b23 Meq_UO / Meq_LO, so that the equilibrium masses stand still. The scheme is
Euler's, with coefficients per year and any step h; calibrations are fitted with h = 1.

References:
    Folini, Friedl, Kuebler and Scheidegger (2024, Review of Economic Studies), section on the carbon cycle; Nordhaus
    (2017, PNAS), the same structure in steps of five years.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.climate.numbers import AnyArray, Number
from saddlepath.errors import ConfigError

RESERVOIRS = ("AT", "UO", "LO")
"""Atmosphere, upper ocean, lower ocean: the order of every vector of carbon masses."""
CO2_PER_CARBON = 3.666
"""Mass of CO2 with one unit of carbon, as DICE rounds it. [GtCO2/GtC]"""


class CarbonCycle(eqx.Module):
    """Three reservoirs of carbon.

    Attributes:
        b12: Rate at which carbon leaves the atmosphere for the upper ocean. [1/yr]
        b23: Rate at which carbon leaves the upper ocean for the lower one. [1/yr]
        equilibrium: Masses without emissions `[3]`, in the order of `RESERVOIRS`. [1000 GtC]
        initial: Masses at the start of 2015 `[3]`. [1000 GtC]
    """

    b12: Number
    b23: Number
    equilibrium: AnyArray
    initial: AnyArray

    def __check_init__(self) -> None:
        for name in ("equilibrium", "initial"):
            if np.shape(getattr(self, name)) != (3,):
                raise ConfigError(
                    f"{name} must hold the masses of {', '.join(RESERVOIRS)}, shape (3,), got shape "
                    f"{np.shape(getattr(self, name))}; give an array of three floats in 1000 GtC."
                )

    @property
    def exchange(self) -> Float[Array, "3 3"]:
        """Matrix B of M' = M + h (B M + (E, 0, 0)); its columns sum to zero, since carbon is only moved. [1/yr]"""
        atmosphere, upper, lower = (self.equilibrium[i] for i in range(3))
        b12, b23 = jnp.asarray(self.b12), jnp.asarray(self.b23)
        b21, b32, none = b12 * atmosphere / upper, b23 * upper / lower, jnp.zeros_like(b12)
        return jnp.stack(
            [jnp.stack([-b12, b21, none]), jnp.stack([b12, -b21 - b23, b32]), jnp.stack([none, b23, -b32])]
        )

    @property
    def law(self) -> Float[Array, "3 3"]:
        """Matrix I + B of a year: masses at its end from those at its start, without emissions."""
        return jnp.eye(3) + self.exchange

    def step(self, masses: Float[AnyArray, "3"], emissions: Number, years: Number = 1.0) -> Float[Array, "3"]:
        """Masses after one step.

        Args:
            masses: Masses at its start, atmosphere, upper ocean, lower ocean. [1000 GtC]
            emissions: Into the atmosphere, constant over the step. [1000 GtC/yr]
            years: Length of the step. [yr]

        Returns:
            Masses at its end `[3]`. [1000 GtC]
        """
        inflow = jnp.asarray(emissions) * jnp.asarray((1.0, 0.0, 0.0))
        return jnp.asarray(masses) + years * (self.exchange @ jnp.asarray(masses) + inflow)
