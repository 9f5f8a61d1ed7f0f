"""Known numbers of the two demonstrations, and how a solution is compared with them.

Growth: consumption at log productivity zero, from a dense grid solution of the Euler equation. Life cycle:
    the deterministic steady state, a root of one scalar equation.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from saddlepath.derived import as_written
from saddlepath.solution import Solution
from saddlepath.steady import steady_state

Rows = list[tuple[str, Any, float]]

GROWTH = {2.0: 0.69791418, 4.0: 1.00862260, 6.36683721: 1.31012955, 8.0: 1.49594968}
"""Consumption by capital at z = 0. [goods]"""
LIFE_CYCLE_CAPITAL = 1.6362605
"""Capital in the deterministic steady state. [goods]"""
LIFE_CYCLE_SHARES = (0.2285895, 0.3959217, 0.4685282, 0.3623496)
"""Share of cash at hand saved there at ages two to five; the first age is at its limit. [-]"""


def _growth(solution: Solution) -> Rows:
    from saddlepath.models.growth import Growth

    capital, model = np.array(list(GROWTH)), solution.model
    assert isinstance(model, Growth)
    with jax.enable_x64(True):
        state = model.State(k=jnp.asarray(capital), z=jnp.zeros(capital.size))
        values = np.asarray(model.consumption(state, solution(state)))
    return [(f"consumption at k = {k:g}", c, known) for (k, known), c in zip(GROWTH.items(), values, strict=True)]


def _life_cycle(solution: Solution) -> Rows:
    rest = steady_state(as_written(solution.model))
    shares = zip(LIFE_CYCLE_SHARES, rest.policy.saving[1:], strict=False)
    rows = [(f"steady saving share at age {age}", share, known) for age, (known, share) in enumerate(shares, 2)]
    return [("steady capital", np.sum(rest.state.k), LIFE_CYCLE_CAPITAL), *rows]


WIDE = {"kind": "Mixture", "region": {"box": {"k": [1.8, 8.5]}}}
"""Train on a box of capital too: the reference numbers reach further than the economy's own paths."""

DEMONSTRATIONS: dict[str, tuple[dict[str, Any], Callable[[Solution], Rows]]] = {
    "growth": ({"solve": {"tol": 1e-6}, "sampling": WIDE}, _growth),
    "life_cycle": ({"solve": {"tol": 1e-4}}, _life_cycle),
}
"""By name of the model: its run file, and how its solution is compared."""
