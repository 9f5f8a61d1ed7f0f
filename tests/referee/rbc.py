"""Reference numbers of the real business cycle with leisure, and how far a solution is from them.

The four cases are the benchmark and the extreme calibration of Aruoba, Fernandez-Villaverde and Rubio-Ramirez (2006, J.
Econ. Dyn. Control) and two in between. Policies are written with six or seven digits, and moments are those of one path
of 19,000 quarters; so the distance of a moment is measured in standard errors of a path of that length.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

CASES: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "rbc_reference.json").read_text(encoding="utf-8")
)
"""By case: `calibration`, `rows` of states and policies, `moments` by variable, and their `source`."""
POLICIES = ("labour", "consumption", "capital")
PERIODS, PATHS = 19_000, 16
"""Length of the path of the reference, and number of our own from which its standard errors come."""
STEADY_CAPITAL = 23.140841
"""Capital in the deterministic steady state, the same in all cases [goods]."""
BOX = {"k": (0.7 * STEADY_CAPITAL, 1.3 * STEADY_CAPITAL), "z": (-0.065, 0.065)}
"""States on which the paper reports Euler errors."""


def column(case: str, name: str) -> Array:
    """A column of the table of a case."""
    return np.array([row[name] for row in CASES[case]["rows"]])


def table_gap(case: str, policy: Any) -> float:
    """Largest relative distance of policies, at the states of the table of a case, from its numbers."""
    return float(max(np.max(np.abs(getattr(policy, name) / column(case, name) - 1)) for name in POLICIES))


def moment_gap(case: str, paths: dict[str, Array]) -> float:
    """Largest distance of a moment of the reference from the mean over paths of the same length.

    Args:
        case: Name of the case.
        paths: Simulated variables `[PATHS, PERIODS]` by name.

    Returns:
        The distance of the worst of nine moments. [standard deviations over paths]
    """
    worst = 0.0
    for name, stated in CASES[case]["moments"].items():
        own = {"mean": np.mean(paths[name], axis=1), "sd": np.std(paths[name], axis=1)}
        worst = max(worst, *(abs(value - own[kind].mean()) / own[kind].std(ddof=1) for kind, value in stated.items()))
    return float(worst)
