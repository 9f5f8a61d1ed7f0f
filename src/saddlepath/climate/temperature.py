"""Warming: two boxes of heat (atmosphere with upper ocean, lower ocean), driven by radiative forcing.

    T_AT' = T_AT + h c1 (F - (F2x / ECS) T_AT - c3 (T_AT - T_OC))
    T_OC' = T_OC + h c4 (T_AT - T_OC)

Which forcing belongs to a step is the caller's choice: that of its start in the annual models of Folini, Friedl,
Kuebler and Scheidegger (2024, Review of Economic Studies), that of its end in DICE-2016 with steps of five years.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.climate.numbers import AnyArray, Number
from saddlepath.errors import ConfigError

BOXES = ("AT", "OC")
"""Atmosphere (with the upper ocean) and deep ocean: the order of every vector of temperatures."""


class Temperature(eqx.Module):
    """Two boxes of heat.

    Attributes:
        c1: Warming of the atmosphere per unit of forcing. [K m2/(W yr)]
        c3: Exchange of heat between the boxes. [W/(m2 K)]
        c4: Speed at which the deep ocean follows. [1/yr]
        f2x: Forcing of twice the CO2 of equilibrium. [W/m2]
        ecs: Equilibrium climate sensitivity, the warming after such a doubling. [K]
        initial: Temperatures at the start of 2015 `[2]`. [K above pre-industrial]
    """

    c1: Number
    c3: Number
    c4: Number
    f2x: Number
    ecs: Number
    initial: AnyArray

    def __check_init__(self) -> None:
        if np.shape(self.initial) != (2,):
            raise ConfigError(
                f"initial must hold the temperatures of {', '.join(BOXES)}, shape (2,), got shape "
                f"{np.shape(self.initial)}; give an array of two floats in K."
            )

    @property
    def exchange(self) -> Float[Array, "2 2"]:
        """Matrix D of T' = T + h (D T + (c1 F, 0)). [1/yr]"""
        c1, c3, c4 = jnp.asarray(self.c1), jnp.asarray(self.c3), jnp.asarray(self.c4)
        feedback = jnp.asarray(self.f2x) / self.ecs
        return jnp.stack([jnp.stack([-c1 * (feedback + c3), c1 * c3]), jnp.stack([c4, -c4])])

    @property
    def law(self) -> Float[Array, "2 2"]:
        """Matrix I + D of a year: temperatures at its end from those at its start, without forcing."""
        return jnp.eye(2) + self.exchange

    def step(self, temperatures: Float[AnyArray, "2"], forcing: Number, years: Number = 1.0) -> Float[Array, "2"]:
        """Temperatures after one step.

        Args:
            temperatures: At its start, atmosphere and deep ocean. [K above pre-industrial]
            forcing: Radiative forcing, constant over the step. [W/m2]
            years: Length of the step. [yr]

        Returns:
            Temperatures at its end `[2]`. [K above pre-industrial]
        """
        heat = self.c1 * jnp.asarray(forcing) * jnp.asarray((1.0, 0.0))
        return jnp.asarray(temperatures) + years * (self.exchange @ jnp.asarray(temperatures) + heat)
