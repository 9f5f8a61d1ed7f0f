"""How wrong a solution is, asked from outside: at given states, or on fresh never-reset paths.

The residuals are those of the model, with the decision rule under test inside and a quadrature finer than the
one used to solve; see `saddlepath.accuracy` for the words and the statistics.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from saddlepath.accuracy import Accuracy, TestPaths, assess, default_test, split, summarise, tested, walk
from saddlepath.cloud import BOUND, Cloud
from saddlepath.economy import Economy
from saddlepath.errors import ModelError
from saddlepath.quadrature import Quadrature
from saddlepath.rule import DecisionRule
from saddlepath.simulation import points_of

if TYPE_CHECKING:
    from saddlepath.solution import Solution

BATCH = 1024
"""States whose residuals are computed side by side; the last batch is filled up, so that one is compiled."""
FRESH = 104_729
"""Keeps the keys of a certificate apart from those with the same seed elsewhere."""


@dataclasses.dataclass(frozen=True, eq=False)
class EulerErrors(Mapping[str, np.ndarray]):
    """Residuals by equation, and the states they belong to.

    A mapping from the name of an equation to its residuals `[batch, ...]`, signed and unit-free. [-]

    Attributes:
        residuals: The residuals by equation.
        states: The states, every field with a leading axis `batch`. [units of the model]
        accuracy: Statistics of their absolute values.
    """

    residuals: dict[str, np.ndarray]
    states: Any
    accuracy: Accuracy

    def __getitem__(self, name: str) -> np.ndarray:
        return self.residuals[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.residuals)

    def __len__(self) -> int:
        return len(self.residuals)

    def worst(self) -> np.ndarray:
        """Largest absolute residual at every state `[batch]`. [-]"""
        flat = [np.abs(r).reshape(len(r), -1) for r in self.residuals.values()]
        return np.concatenate(flat, axis=1).max(axis=1)

    def __str__(self) -> str:
        return str(self.accuracy)

    def _repr_html_(self) -> str:
        return self.accuracy._repr_html_()


def euler_errors(
    solution: "Solution",
    at: Any = None,
    *,
    quadrature: Quadrature | None = None,
    test: TestPaths | None = None,
    seed: int = 0,
) -> EulerErrors:
    """Unit-free equilibrium residuals of a solution, at given states or on fresh paths.

    Evaluates `model.residuals(s, x, E)` with `x = solution(s)`: conditional expectations, equation by
    equation.

    Args:
        solution: A solution of any solver, or a closed form. A family is tested over its whole box of
            pseudo-states on fresh paths; to test it at given states, choose a calibration first.
        at: States, every field with the same leading axis `batch`; default: the states of fresh never-reset
            paths from dispersed starts. [units of the model]
        quadrature: Rule for the expectation; the default is finer than the one used to solve.
        test: Number and length of the fresh paths; default as in `solve`.
        seed: Seed of the fresh paths; they differ from the ones seen by `solve` for every seed.

    Returns:
        One array `[batch, ...]` per named equation. [-] A value of 1e-3 is a mistake of 0.1 % of consumption
        for an Euler equation. Printed, it is the table of means, quantiles and maxima.

    Raises:
        ModelError: A residual is not finite; names the equation and the first offending state.
        ConfigError: `at` does not fit the model, or the rule still has pseudo-states.

    References:
        Judd (1992, J. Econ. Theory), Euler-equation errors; Azinovic, Gaegauf and Scheidegger (2022, IER),
        relative errors of deep equilibrium nets.
    """
    with jax.enable_x64(True):
        eco = solution.economy
        test = test or default_test(eco)
        judge = tested(eco, test) if quadrature is None else eco.with_quadrature(quadrature)
        if at is None:
            points, where = fresh_points(solution, test, seed)
        else:
            solution._require_calibration()
            points, where = points_of(eco, at, "at"), "given states"
        named, states, extents = _residuals(judge, solution.rule, solution.cloud, jnp.asarray(points))
        names = judge.equations(solution.rule)
        residuals = {name: np.asarray(named[name]) for name in names}
        states = jax.tree.map(np.asarray, states)
    _require_finite(type(solution.model).__name__, residuals, states)
    errors = np.concatenate([np.abs(r).reshape(len(r), -1) for r in residuals.values()], axis=1)
    extents = np.asarray(extents)
    lost = float(np.mean(~(extents < BOUND)))
    return EulerErrors(residuals, states, summarise(errors, names, extent=float(extents.max()), lost=lost, where=where))


def certificate(
    solution: "Solution",
    *,
    quadrature: Quadrature | None = None,
    test: TestPaths | None = None,
    seed: int = 0,
) -> Accuracy:
    """Euler errors on fresh never-reset paths, as `solve` publishes them, on paths of another seed.

    Args:
        solution: A solution, or a family: then pseudo-states are drawn from the box, one per path.
        quadrature: Rule for the expectation; the default is finer than the one used to solve.
        test: Number and length of the paths, and how often they are repeated; default as in `solve`.
        seed: Seed of the paths.

    Returns:
        Mean, quantiles and maximum by equation. A state that is not finite counts as lost, a residual that is
        not finite as infinite.
    """
    with jax.enable_x64(True):
        eco = solution.economy
        test = test or default_test(eco)
        judge = tested(eco) if quadrature is None else eco.with_quadrature(quadrature)
        keys = split(jax.random.key(seed), test.repeats, FRESH)
        return assess(judge, solution.rule, solution.cloud, keys, test, judge.equations(solution.rule))


def fresh_points(solution: "Solution", test: TestPaths, seed: int) -> tuple[np.ndarray, str]:
    """Points `[batch, n_points]` of fresh paths, and in words which these are."""
    judge = tested(solution.economy)  # the paths of `solve`, compiled there already
    keys = split(jax.random.key(seed), test.repeats, FRESH)
    points = [np.asarray(walk(judge, solution.rule, solution.cloud, key, test)) for key in keys]
    return np.concatenate(points), test.describe(test.repeats)


@eqx.filter_jit
def _residuals(eco: Economy, rule: DecisionRule, cloud: Cloud, points: Array) -> tuple[dict[str, Array], Any, Array]:
    """Named residuals, states and extents at points."""

    def one(y: Array) -> tuple[dict[str, Array], Any, Array]:
        named = {name: jnp.asarray(value) for name, value in eco.named_residuals(rule, y).items()}
        return named, eco.split(y)[1], cloud.extent(eco, y)

    n = points.shape[0]
    batch = min(BATCH, n)
    filled = jnp.concatenate([points, jnp.broadcast_to(points[-1], (-n % batch, points.shape[1]))])
    return jax.tree.map(lambda v: v[:n], jax.lax.map(one, filled, batch_size=batch))


def _require_finite(model: str, residuals: dict[str, np.ndarray], states: Any) -> None:
    for name, values in residuals.items():
        bad = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
        if bad.size:
            where = ", ".join(f"{field} = {np.asarray(v)[bad[0]]}" for field, v in states._asdict().items())
            raise ModelError(
                f"{model}: the equation {name} is not finite at {where} (and at {bad.size - 1} more of "
                f"{len(values)} states); check it for divisions by zero, logs or powers of negative numbers "
                "there."
            )
