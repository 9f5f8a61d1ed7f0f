"""Grid after grid until the Euler errors meet the tolerance: what the solvers on grids have in common."""

import abc
import dataclasses
import time
from collections.abc import Callable
from typing import Any

from jaxtyping import PRNGKeyArray

from saddlepath.accuracy import Accuracy, TestPaths, assess, split, tested
from saddlepath.cloud import Cloud
from saddlepath.economy import Economy
from saddlepath.outcome import Outcome
from saddlepath.rule import DecisionRule
from saddlepath.solution import Solution
from saddlepath.solvers.training import test_keys

NODE_SHARE = 1e-3
"""Conditions at the nodes hold to this share of the tolerance, so that errors between the nodes decide [-]."""


@dataclasses.dataclass(frozen=True)
class Request:
    """What a solver on grids is asked for.

    Attributes:
        economy: The economy, at one calibration.
        own_quadrature: Whether the caller chose the economy's quadrature.
        tol: Mean Euler error to reach; None: the solver's own default. [-]
        start: A way to start by name, or a solution of the same model.
        steps: Most steps of the method, over all grids.
        seconds: Most wall time. [s]
        test: Size of the tests.
        seed: Seed of the test paths.
        log: Called with a record for every grid.
        facts: Versions and device, for `Solution.how`.
    """

    economy: Economy
    own_quadrature: bool
    tol: float | None
    start: str | Solution
    steps: int
    seconds: float | None
    test: TestPaths
    seed: int
    log: Callable[[dict[str, Any]], None]
    facts: dict[str, Any]


@dataclasses.dataclass
class Candidate:
    """The rule of one grid and what its tests say.

    Attributes:
        rule: The decision rule.
        node_residual: Largest residual at the nodes, which says whether the grid is solved. [-]
        accuracy: Euler errors on the selection paths.
    """

    rule: DecisionRule
    node_residual: float
    accuracy: Accuracy


class Ladder(abc.ABC):
    """Grid after grid; a kind of grid says how it climbs and what it found.

    Attributes:
        begins: What the first grid starts from, for the log.
        best: The best grid so far: solved at its nodes, then fewest lost paths, then least error.
        target: Residual at the nodes that counts as solved. [-]
    """

    begins: str

    def __init__(self, request: Request, economy: Economy, tol: float, smallest_target: float):
        self.request, self.economy, self.tol = request, economy, tol
        self.target = max(NODE_SHARE * tol, smallest_target)
        self.begun, self.steps = time.perf_counter(), 0
        self.keys, self.judge = test_keys(request.seed), tested(economy)
        self.tests: list[dict[str, Any]] = []
        self.best: Any = None

    @abc.abstractmethod
    def climb(self) -> Outcome:
        """All grids in turn, until one meets the tolerance or nothing is left to try."""

    @abc.abstractmethod
    def solution(self, outcome: Outcome) -> Solution:
        """The best grid as a solution."""

    def run(self) -> Solution:
        """Climb; an interruption keeps the best grid, if there is one."""
        log, outcome = self.request.log, Outcome.INTERRUPTED
        log({"event": "attempt", "attempt": 0, "start": self.begins, "seed": self.request.seed})
        try:
            outcome = self.climb()
        except KeyboardInterrupt:
            if self.best is None:
                raise
        log({"event": "outcome", "attempt": 0, "outcome": outcome.name.lower()})
        return self.solution(outcome)

    def unsolved(self, found: Candidate) -> bool:
        """Whether not even the conditions at the nodes hold."""
        return not found.node_residual <= max(self.target, self.tol)

    def spent(self) -> bool:
        """Whether the budget of steps or time is used up."""
        late = self.request.seconds is not None and time.perf_counter() - self.begun >= self.request.seconds
        return self.steps >= self.request.steps or late

    def keep(self, found: Candidate, nodes: str) -> None:
        """Record a grid that was tested on the selection paths, and keep it if it is the best."""
        rank = lambda one: (self.unsolved(one), one.accuracy.lost, one.accuracy.mean)
        if self.best is None or rank(found) < rank(self.best):
            self.best = found
        accuracy = found.accuracy
        record = {
            "mean": accuracy.mean, "p99": accuracy.p99, "max": accuracy.max, "lost": accuracy.lost, "tested": nodes,
            "attempt": 0, "step": self.steps, "loss": found.node_residual**2, "rate": 1.0, "accepted": 1.0,
            "undefined": 0, "restarted": 0, "best": self.best.accuracy.mean,
            "seconds": time.perf_counter() - self.begun,
        }  # fmt: skip
        self.tests.append(record)
        self.request.log({"event": "test", **record})

    def on_paths(
        self, rule: DecisionRule, cloud: Cloud, *keys: PRNGKeyArray, linear: DecisionRule | None = None
    ) -> Accuracy:
        """Euler errors on never-reset paths."""
        return assess(self.judge, rule, cloud, keys, self.request.test, self.judge.equations(rule), linear=linear)

    def certificate(self, rule: DecisionRule, cloud: Cloud, linear: DecisionRule | None = None) -> Accuracy:
        """Euler errors on the paths that nothing else has used."""
        return self.on_paths(rule, cloud, *split(self.keys.certify, self.request.test.repeats), linear=linear)

    def how(self, found: Candidate) -> dict[str, Any]:
        """How it was solved, in words and numbers."""
        return {
            "residual at the nodes": found.node_residual,
            "quadrature": self.economy.quadrature.describe(),
            "test quadrature": self.judge.quadrature.describe(),
            "tol": self.tol,
            "seed": self.request.seed,
            "steps": self.steps,
            "seconds": time.perf_counter() - self.begun,
            "precision": "float64",
        } | self.request.facts
