"""How unequally something is held: the Gini coefficient and what the richest hold, of values and shares of people."""

import numpy as np
from jaxtyping import Float

from saddlepath.errors import ConfigError


def gini(values: Float[np.ndarray, " n"], shares: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Gini coefficient: half the mean absolute difference of two people, over the mean.

    Args:
        values: What people have, in any order. [any unit]
        shares: How many have it `[..., n]`, in any unit; leading axes are dates, each with a distribution. [-]

    Returns:
        One number per distribution. [-]

    Raises:
        ConfigError: Shapes do not fit, or shares are negative.
    """
    people, owned = _sorted(values, shares)
    held = np.cumsum(owned, axis=-1)
    return np.asarray(1 - np.sum(people * (2 * held - owned), axis=-1) / held[..., -1])


def top_share(values: Float[np.ndarray, " n"], shares: Float[np.ndarray, "..."], p: float) -> Float[np.ndarray, "..."]:
    """What the richest share `p` of the people hold of the total; those of one value are divided where `p` falls.

    Args:
        values: What people have, in any order. [any unit]
        shares: How many have it `[..., n]`, in any unit; leading axes are dates, each with a distribution. [-]
        p: Share of the people, between 0 and 1. [-]

    Returns:
        One number per distribution. [-]

    Raises:
        ConfigError: Shapes do not fit, shares are negative, or `p` is no share.
    """
    if not 0 <= p <= 1:
        raise ConfigError(f"top_share needs a share of the people between 0 and 1, got {p}.")
    people, owned = _sorted(values, shares)
    richer, held = (np.cumsum(part[..., ::-1], axis=-1) for part in (people, owned))
    before = richer - people[..., ::-1]
    counted = np.clip(p - before, 0.0, people[..., ::-1])
    levels = np.sort(np.asarray(values, dtype=float))[::-1]
    return np.asarray(np.sum(counted * levels, axis=-1) / held[..., -1])


def _sorted(values: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of people that add to one, poorest first, and what each group owns per person of the whole."""
    values, shares = np.asarray(values, dtype=float), np.asarray(shares, dtype=float)
    if values.ndim != 1 or shares.shape[-1:] != values.shape or np.any(shares < 0):
        raise ConfigError(
            f"inequality needs values [n] and shares [..., n] that are not negative, got shapes {values.shape} and "
            f"{shares.shape}" + (" with negative shares." if np.any(shares < 0) else ".")
        )
    order = np.argsort(values, kind="stable")
    people = shares[..., order] / np.sum(shares, axis=-1, keepdims=True)
    return people, people * values[order]
