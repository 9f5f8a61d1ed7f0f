"""A second opinion on a trained rule: the same model solved by collocation, and the distance between the two.

Euler errors say how well a rule satisfies its equations; a referee says how far it is from the answer that another
method finds, one which shares neither the network, nor the sampling, nor the optimiser. It shares the model's
equations, so that it cannot tell whether these are the right ones.
"""

import dataclasses

import jax

from saddlepath.accuracy import TestPaths
from saddlepath.comparison import compare
from saddlepath.economy import economy
from saddlepath.errors import ConfigError
from saddlepath.model import Model
from saddlepath.prior import Box
from saddlepath.solution import Solution
from saddlepath.solvers.collocation import Collocation
from saddlepath.solvers.refinement import require_small
from saddlepath.solvers.solve import solve
from saddlepath.table import Table


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the referee says.

    Attributes:
        solution: The referee's own solution.
        distance: Differences of the judged rule to the referee's, on paths of the judged rule and on the grid's region.
        error: Mean Euler error of the judged rule on its certificate. [-]
    """

    solution: Solution
    distance: Table
    error: float

    @property
    def largest(self) -> float:
        """Largest relative difference of any policy or definition on the paths. [-]"""
        return float(self.distance.frame["largest relative"].max())

    @property
    def mean(self) -> float:
        """Largest mean relative difference of any policy or definition on the paths. [-]"""
        return float(self.distance.frame["mean relative"].max())

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        accuracy = self.solution.accuracy
        own = float("inf") if accuracy is None else accuracy.mean
        if not self.solution.outcome.converged:
            return f"no verdict: the referee {self.solution.outcome.sentence}."
        if own > self.error:
            return f"no verdict: the referee's mean Euler error of {own:.1e} is above the rule's own {self.error:.1e}."
        return (
            f"on its own paths the rule differs from the referee's by {self.mean:.1e} of a variable in the mean and "
            f"{self.largest:.1e} at most; the referee's mean Euler error is {own:.1e}."
        )

    def __str__(self) -> str:
        return f"{self.distance}\n{self.sentence}"


def require_judge(model: Model, solver: Collocation = Collocation(), *, over: Box | None = None) -> None:
    """Refuse a model that the referee cannot solve, before time is spent on it.

    Args:
        model: The model.
        solver: How the referee would solve.
        over: Pseudo-states of the rule to be judged.

    Raises:
        ConfigError: More than three continuous states, or pseudo-states.
    """
    with jax.enable_x64(True):
        require_small(economy(model, over=over), solver)


def referee(
    solution: Solution,
    solver: Collocation = Collocation(),
    *,
    tol: float | None = None,
    test: TestPaths | None = None,
    seed: int = 0,
) -> Verdict:
    """Solve the same model by collocation and report the distance of the two rules.

    Args:
        solution: A solution at one calibration, of up to three continuous states.
        solver: How the referee solves.
        tol: Mean Euler error that the referee must reach; default 1e-8, 1e-5 where a complementarity condition is
            present. [-]
        test: Number and length of the paths on which the two are compared.
        seed: Seed of the paths.

    Returns:
        The distance by variable, and a sentence; there is no verdict where the referee is less exact than the rule.

    Raises:
        ConfigError: More than three continuous states, or the rule still has pseudo-states.
    """
    solution._require_calibration()
    with jax.enable_x64(True):
        require_small(solution.economy, solver)
    if solution.accuracy is None:
        raise ConfigError("the referee judges a rule with a certificate, and this one has none; solve it first.")
    own = solve(solution.model, solver, tol=tol, seed=seed)
    return Verdict(own, compare(solution, own, test=test, seed=seed), solution.accuracy.mean)
