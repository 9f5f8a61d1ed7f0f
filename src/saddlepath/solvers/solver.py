"""The protocol of a solver: one step on one batch of states."""

import abc
from typing import Any

import equinox as eqx
from jaxtyping import Array, DTypeLike, Float, PRNGKeyArray

from saddlepath.solvers.problem import Problem


class StepReport(eqx.Module):
    """What a step says of itself.

    Attributes:
        loss: Mean squared residual of the batch before the step. [-]
        accepted: Whether the weights moved.
        rate: Damping or learning rate used.
        undefined: States of the batch whose residuals are not finite.
        losses: The loss by equation `[n_equations]`, in the order of `Economy.residuals`; NaN where none was drawn. [-]
    """

    loss: Array
    accepted: Array
    rate: Array
    undefined: Array
    losses: Array


class Solver(eqx.Module):
    """A way to improve weights on a batch of states. A solver is a value; its state travels beside it.

    Attributes:
        batch: States per step, or None for a default by the number of equations.
        steps: Steps of this solver when it is one stage of several, or None for all that remain.
    """

    batch: eqx.AbstractVar[int | None]
    steps: eqx.AbstractVar[int | None]

    @property
    def patience(self) -> int:
        """Tests without a fall of the best error after which a run has stalled."""
        return 20

    @property
    def bounded(self) -> bool:
        """Whether its steps must fit into a stated memory, for which `prepared` sees to it."""
        return False

    @abc.abstractmethod
    def init(self, problem: Problem, weights: Float[Array, " n_weights"]) -> Any:
        """State before the first step."""

    @abc.abstractmethod
    def step(
        self, problem: Problem, weights: Array, state: Any, batch: Float[Array, "batch n_points"], key: PRNGKeyArray
    ) -> tuple[Array, Any, StepReport]:
        """One step: new weights, new state, report."""

    def compiled(self, dtype: DTypeLike) -> "Solver":
        """This solver as compiled steps take it: those that agree in it share a program."""
        return self

    def prepared(self, problem: Problem, n_states: int) -> tuple["Solver", str]:
        """This solver, fitted to the memory that it may take, and what a step then holds, in words or nothing.

        Args:
            problem: A problem of the structure and shapes of the one to be solved.
            n_states: States per step.

        Raises:
            ConfigError: No step fits.
        """
        return self, ""

    @abc.abstractmethod
    def describe(self) -> str:
        """A phrase for reports."""


def default_batch(n_equations: int) -> int:
    """States per step such that the number of residuals stays between about 128 and 700."""
    if n_equations <= 3:
        return 256
    return 64 if n_equations <= 11 else 32
