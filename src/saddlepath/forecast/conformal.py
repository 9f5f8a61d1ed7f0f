"""Conformal intervals: widths from the errors that a model has already made, whatever the model.

Split intervals hold their coverage where errors are exchangeable. Adaptive ones move the level after every miss, so
that the coverage over a long time is right even where the errors drift.

References:
    Vovk, Gammerman and Shafer (2005); Gibbs and Candes (2021, NeurIPS).
"""

import math

import numpy as np
from jaxtyping import Float

from saddlepath.errors import ConfigError

FEWEST_ERRORS = 20
"""Errors before which no interval is stated [-]."""
RATE = 0.05
"""How far adaptive intervals move their level after a miss, and back without one [-]."""


def conformal_width(errors: Float[np.ndarray, " n"], level: float = 0.9) -> float:
    """Half the width of a split conformal interval: the ceil((n + 1) level)-th smallest absolute error.

    Args:
        errors: Errors that were not used to fit. [units of the data]
        level: Coverage. [-]

    Returns:
        The half width, infinite where the errors are too few for the level. [units of the data]

    Raises:
        ConfigError: A level outside of (0, 1).
    """
    if not 0 < level < 1:
        raise ConfigError(f"the level of an interval lies between 0 and 1, got {level}.")
    sizes = np.sort(np.abs(errors))
    rank = math.ceil((len(sizes) + 1) * level - 1e-12)
    return float(sizes[rank - 1]) if rank <= len(sizes) else float("inf")


def adaptive_widths(
    errors: Float[np.ndarray, " n"], level: float = 0.9, *, delay: int = 1, rate: float = RATE
) -> Float[np.ndarray, " n"]:
    """Half widths along a walk, each from the errors that were known at its origin.

    Args:
        errors: Errors in order of time. [units of the data]
        level: Coverage that is aimed at. [-]
        delay: Entries until an error is known: the number of steps ahead.
        rate: Step of the level after a miss. [-]

    Returns:
        Half widths, not a number before `FEWEST_ERRORS` errors are known. [units of the data]
    """
    missed, widths = 1 - level, np.full(len(errors), np.nan)
    for i in range(len(errors)):
        known = i - delay + 1
        if known < FEWEST_ERRORS:
            continue
        seen = known - 1
        if np.isfinite(widths[seen]):
            missed += rate * ((1 - level) - float(abs(errors[seen]) > widths[seen]))
        sizes = np.abs(errors[:known])
        share = float(np.clip(1 - missed, 0.0, 1.0))
        width = conformal_width(sizes, share) if 0 < share < 1 else float("inf") if share else 0.0
        widths[i] = width if np.isfinite(width) else sizes.max()
    return widths
