"""One line of the benchmark table, and what its checks share."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import saddlepath as sp

REFEREE = Path(__file__).parents[1] / "tests" / "referee"
Check = Callable[[sp.Solution], float]
WIDE = sp.Paths(dispersed=0.5, spread=1.5)
"""Half of every batch from a wider cloud: largest errors fall by more than mean errors rise."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        title: What is solved.
        model: The model.
        settings: Arguments of `solve`.
        seconds: Bar on wall time from process start with an empty compilation cache. [s]
        mean: Bar on the mean Euler error of the worst equation, or None. [-]
        worst: Bar on the largest Euler error, or None. [-]
        checks: Further figures by name, each with its bar.
        seeds: Number of seeds.
        shown: Further figures by name, written beside the others without a bar.
    """

    title: str
    model: sp.Model
    settings: Mapping[str, Any]
    seconds: float
    mean: float | None
    worst: float | None
    checks: Mapping[str, tuple[Check, float]] = dataclasses.field(default_factory=dict)
    seeds: int = 5
    shown: Callable[[sp.Solution], Mapping[str, float]] = lambda solution: {}


def reference(block: str, model: str = "growth") -> dict[str, Any]:
    """A block of the referee's numbers for a model."""
    return json.loads((REFEREE / f"{model}_reference.json").read_text())[block]
