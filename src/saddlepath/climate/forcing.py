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


class OtherForcing(eqx.Module):
    """Forcing of everything but CO2: a path that rises linearly from 2015 and then stays, and a share of that of CO2.

    Attributes:
        first: The path in 2015. [W/m2]
        last: In the end. [W/m2]
        years: Until then. [yr]
        share: Other forcing per unit of the forcing of CO2. [-]
        internalised: Whether the planner counts the share among the consequences of emissions. The published solutions
            take it as given: it moves with CO2, but no derivative passes through it.
    """

    first: Number = 0.5
    last: Number = 1.0
    years: Number = 85.0
    share: Number = 0.0
    internalised: bool = eqx.field(static=True, default=False)

    @classmethod
    def proportional(cls, internalised: bool = True, share: Number = 0.3) -> "OtherForcing":
        """A share of that of CO2, and no path."""
        return cls(0.0, 0.0, share=share, internalised=internalised)

    def other(self, t: Numbers, co2: Numbers) -> Float[Array, "..."]:
        """Forcing of everything but CO2.

        Args:
            t: Years since 2015. [yr]
            co2: Forcing of CO2, of the shape of `t`. [W/m2]

        Returns:
            Forcing, of their shape; without a derivative in that of CO2 where it is taken as given. [W/m2]
        """
        passed = jnp.minimum(jnp.asarray(t, dtype=jnp.result_type(float)) / self.years, 1.0)
        co2 = jnp.asarray(co2) if self.internalised else jax.lax.stop_gradient(jnp.asarray(co2))
        return self.first + jnp.asarray(self.last - self.first) * passed + self.share * co2
