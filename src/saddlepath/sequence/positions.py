"""Where in a sequence an entry stands: fixed waves, or a learned vector per place.

References:
    Vaswani et al. (2017, NeurIPS), section 3.5; Gehring et al. (2017, ICML), learned positions.
"""

from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from saddlepath.errors import ConfigError

Positions = Literal["sinusoidal", "learned"] | None
POSITIONS = ("sinusoidal", "learned", None)
LONGEST_WAVE = 10_000.0
"""Ratio of the longest to the shortest period of the waves, about [-]."""
SPREAD = 0.02
"""Standard deviation of learned positions before training [-]."""


def sinusoidal(places: Int[Array, " time"], width: int, dtype: jnp.dtype) -> Float[Array, "time width"]:
    """sin(p / 10000^(2j / width)) in even and the cosine in odd columns, j counting pairs of columns.

    Args:
        places: Numbers of the entries, from zero. [periods]
        width: Columns.
        dtype: Of the answer.
    """
    column = jnp.arange(width)
    exponent = (2 * (column // 2)).astype(dtype) / width
    angle = places.astype(dtype)[:, None] * (LONGEST_WAVE**-exponent)[None, :]
    return jnp.where((column % 2 == 0)[None, :], jnp.sin(angle), jnp.cos(angle))


def learned(kind: str | None, longest: int, width: int, key: PRNGKeyArray) -> Float[Array, "longest width"] | None:
    """A vector per place, where positions are learned.

    Raises:
        ConfigError: No such kind of positions.
    """
    if kind not in POSITIONS:
        raise ConfigError(f"positions must be 'sinusoidal', 'learned' or None, got {kind!r}.")
    return SPREAD * jax.random.normal(key, (longest, width)) if kind == "learned" else None


def positioned(
    x: Float[Array, "time width"],
    kind: str | None,
    table: Float[Array, "longest width"] | None,
    first: int | Int[Array, ""] = 0,
) -> Float[Array, "time width"]:
    """Entries with their positions added.

    Args:
        x: Entries.
        kind: `sinusoidal`, `learned` or None.
        table: The learned vectors.
        first: Place of the first entry.

    Raises:
        ConfigError: More entries than learned places.
    """
    if kind is None:
        return x
    places = first + jnp.arange(len(x))
    if table is None:
        return x + sinusoidal(places, x.shape[1], x.dtype)
    if len(x) > len(table):
        raise ConfigError(
            f"the network has learned {len(table)} places, got a sequence of {len(x)}; build it with longest={len(x)}, "
            f"or use positions='sinusoidal'."
        )
    return x + table[places]
