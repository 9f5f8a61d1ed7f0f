"""Where Bellman problems are solved, and the policies from which their solution begins."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.dynamic_programming.bellman import Bellman, are_states
from saddlepath.economy import policy_coordinates
from saddlepath.errors import ConfigError
from saddlepath.model import Model
from saddlepath.prior import Box, unit_design

FRESH_POINTS = 200
"""Points at which a Bellman equation is solved again to measure its error."""
FRESH_SEED = 2
"""Their seed; those of a solution have another."""
MOST_DRAWN = 2**22
"""Points of a box that are drawn in search of those that are wanted."""


def spread_points(
    problem: Bellman, box: Box, n: int, seed: int, wanted: Callable[[np.ndarray], np.ndarray] | None = None
) -> Float[np.ndarray, "n n_states"]:
    """States that fill a box, the centre first, without points outside the states' range.

    Args:
        problem: The Bellman problem.
        box: Bounds of the states.
        n: Number of points.
        seed: Of the points.
        wanted: Of points `[k, n_states]`, which of them to keep.

    Raises:
        ConfigError: Too few points of the box are wanted.
    """
    drawn = n
    while True:
        s = _in_box(problem.problem, box, drawn, seed)
        s = s[are_states(problem, jnp.asarray(s))]
        s = s if wanted is None else s[wanted(s)]
        if len(s) >= n:
            return s[:n]
        if drawn >= MOST_DRAWN:
            raise ConfigError(
                f"of {drawn:,} points of the box only {len(s)} are states that can be used, and {n} are needed; give "
                "a box of possible states."
            )
        drawn *= 4


def _in_box(model: Model, box: Box, n: int, seed: int) -> Float[np.ndarray, "n n_states"]:
    """At half of the points members of an exchangeable group are drawn towards a level that all share.

    The mean of many independent members would be the same everywhere, and it is what a value depends on most.
    """
    fields = model.exchangeable
    unit = unit_design(box.size + len(fields) + 1, n, seed)
    position, own, share = unit[:, : box.size], unit[:, box.size : -1], np.maximum(0.0, 2 * unit[:, -1:] - 1)
    common = position.copy()
    for i, name in enumerate(fields):
        common[:, box.slices[name]] = own[:, i, None]
    return np.asarray(box.place((1 - share) * position + share * common))


def first_policies(
    problem: Bellman, s: Float[Array, "n n_states"], start: Callable[[Any], Any] | None
) -> Float[Array, "n n_controls"]:
    """Coordinates of a policy to begin with, at every state.

    Raises:
        ConfigError: It is not allowed at some state.
    """
    model = problem.problem
    guess = model.steady_guess()
    policy = model.Policy(*(r.default() for r in model.policy_range())) if guess is None else guess[1]
    begin = start or (lambda state: policy)
    v = jax.vmap(lambda one: policy_coordinates(model, begin(problem.states.unflatten(one))))(s)
    returns = np.asarray(jax.vmap(problem.period_return)(s, v))
    slacks = np.asarray(jax.vmap(problem.slacks)(s, v))
    bad = ~np.isfinite(returns) | np.any(slacks <= 0, axis=1)
    if bad.any():
        where = ", ".join(f"{v:.4g}" for v in np.asarray(s)[np.argmax(bad)][:6])
        raise ConfigError(
            f"the first policy is not strictly inside the constraints at {bad.sum()} of {len(bad)} points, the first "
            f"at ({where}); give start=, a function from a state to a policy that is, and leads to a state in the box."
        )
    return v
