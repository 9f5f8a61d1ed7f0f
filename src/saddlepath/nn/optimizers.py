"""Directions and rates of first-order training: any optimizer of `OPTIMIZERS`, any of the schedules.

An optimizer is built with a rate of one and its direction multiplied by the rate of the step, which is what Optax
itself does last; so one compiled step serves all schedules. What the textbook formulas of these optimizers correspond
to in Optax, and where they differ from it, is in `saddlepath.nn.update_rules`.
"""

from collections.abc import Callable

import jax
import numpy as np
import optax
from jaxtyping import Array, Float

from saddlepath.solvers.first_order import OPTIMIZERS

LAST_RATE = 1e-3
"""Learning rate at the end of a falling schedule, relative to the first [-]."""
WARM = 0.02
"""Share of the training in which the rate rises, with `cosine` [-]."""
DROPS = (0.5, 0.75)
"""Shares of the training after which `piecewise` divides the rate by ten [-]."""
LINE_SEARCH = frozenset({"lbfgs"})
"""Optimizers that choose the length of a step themselves; they need all labels at once."""

Shares = Float[np.ndarray, " n"]


def _cosine(share: Shares) -> Shares:
    fall = LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + np.cos(np.pi * share))
    return np.minimum(share / WARM, 1.0) * fall


SCHEDULES: dict[str, Callable[[Shares], Shares]] = {
    "constant": np.ones_like,
    "cosine": _cosine,
    "exponential": lambda share: LAST_RATE**share,
    "inverse_time": lambda share: 1 / (1 + (1 / LAST_RATE - 1) * share),
    "piecewise": lambda share: 0.1 ** np.searchsorted(np.asarray(DROPS), share, side="right").astype(float),
    "plateau": np.ones_like,  # and the direction is halved whenever the loss has stopped to fall, see below
}
"""Learning rate relative to the first one, as a function of the share of the training that is done."""

_PLATEAU = {"factor": 0.5, "patience": 100, "min_scale": LAST_RATE, "accumulation_size": 10}


def rates(schedule: str, start: float, end: float, n: int) -> Float[np.ndarray, " n"]:
    """Relative learning rates of `n` steps, from one share of the training to another. [-]"""
    share = np.minimum(start + (end - start) * (np.arange(n) + 0.5) / n, 1.0)
    return SCHEDULES[schedule](share)


def direction_of(
    optimizer: str, schedule: str, decay: float, clip: float | None
) -> optax.GradientTransformationExtraArgs:
    """The optimizer at a rate of one.

    Args:
        optimizer: One of `OPTIMIZERS`.
        schedule: One of `SCHEDULES`; `plateau` is part of the direction.
        decay: Share of every weight, biases excepted, that is taken off at a rate of one: decoupled weight decay. [-]
        clip: Largest norm of the whole gradient, or None. [-]
    """
    parts = [] if clip is None else [optax.clip_by_global_norm(clip)]
    parts.append(OPTIMIZERS[optimizer](1.0))
    if decay > 0:
        parts.append(optax.add_decayed_weights(-decay, mask=lambda tree: jax.tree.map(_is_matrix, tree)))
    if schedule == "plateau":
        parts.append(optax.contrib.reduce_on_plateau(**_PLATEAU))
    return optax.with_extra_args_support(optax.chain(*parts))


def _is_matrix(leaf: Array) -> bool:
    return leaf.ndim > 1
