"""Radiative forcing: of CO2, and of everything else.

References:
    Nordhaus (2017, PNAS), the linear path; Folini, Friedl, Kuebler and Scheidegger (2024, Review of Economic Studies),
    online appendix, other forcing as a share of that of CO2.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from saddlepath.climate.numbers import Number, Numbers


def co2_forcing(mass: Numbers, equilibrium: Number, f2x: Number) -> Float[Array, "..."]:
    """F2x log(M_AT / Meq_AT) / log 2.

    Args:
        mass: Carbon in the atmosphere. [1000 GtC]
        equilibrium: Its pre-industrial equilibrium. [1000 GtC]
        f2x: Forcing of a doubling. [W/m2]

    Returns:
        Forcing, of the shape of `mass`. [W/m2]
    """
    return jnp.asarray(f2x) * jnp.log2(jnp.asarray(mass) / equilibrium)


class LinearForcing(eqx.Module):
    """Other forcing rises linearly from 2015 and then stays.

    Attributes:
        first: In 2015. [W/m2]
        last: In the end. [W/m2]
        years: Until then. [yr]
    """

    first: Number = 0.5
    last: Number = 1.0
    years: Number = 85.0

    def other(self, t: Numbers, co2: Numbers) -> Float[Array, "..."]:
        """Forcing of everything but CO2.

        Args:
            t: Years since 2015. [yr]
            co2: Forcing of CO2 in the same year; not used here. [W/m2]

        Returns:
            Forcing, of the shape of `t`. [W/m2]
        """
        passed = jnp.minimum(jnp.asarray(t, dtype=jnp.result_type(float)) / self.years, 1.0)
        return self.first + jnp.asarray(self.last - self.first) * passed


class ProportionalForcing(eqx.Module):
    """Other forcing is a share of that of CO2.

    Attributes:
        share: Other forcing per unit of the forcing of CO2. [-]
        internalised: Whether the planner counts it among the consequences of emissions. The published solutions take it
            as given: it moves with CO2, but no derivative passes through it.
    """

    share: Number = 0.3
    internalised: bool = eqx.field(static=True, default=True)

    def other(self, t: Numbers, co2: Numbers) -> Float[Array, "..."]:
        """Forcing of everything but CO2.

        Args:
            t: Years since 2015; not used here. [yr]
            co2: Forcing of CO2. [W/m2]

        Returns:
            Forcing, of the shape of `co2`; without a derivative where it is taken as given. [W/m2]
        """
        co2 = jnp.asarray(co2)
        return self.share * (co2 if self.internalised else jax.lax.stop_gradient(co2))


Forcing = LinearForcing | ProportionalForcing
"""What the laws of motion accept as the forcing of everything but CO2."""
