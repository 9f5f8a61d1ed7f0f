"""Two answers to the same question, side by side: a solution against another, or against the closed form.

A small residual does not by itself say how far a decision rule is from the true one; where a closed form
exists, or a second solution from another seed or method, the distance can be measured.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from saddlepath.accuracy import TestPaths, assess, default_test, tested
from saddlepath.economy import Economy, economy
from saddlepath.errors import ConfigError, ModelError
from saddlepath.model import Model
from saddlepath.network import Network
from saddlepath.outcome import Outcome
from saddlepath.prior import Box
from saddlepath.rule import DecisionRule, ExactRule, GridRule
from saddlepath.simulation import named, points_of
from saddlepath.solution import Solution
from saddlepath.solvers.collocation import System, uniform_points
from saddlepath.solvers.sampling import Region
from saddlepath.solvers.start import initial_rule
from saddlepath.table import Table, log10, table
from saddlepath.verification import fresh_points

EXACT = 1e-9
"""A closed form must satisfy the model's equations this well, in the mean over its paths [-]."""
BOX_COLUMNS = ("largest", "mean", "largest relative", "mean relative")
"""Columns of a comparison that are repeated for the box."""
SMALL = 1e-3
"""Relative differences are to the variable, or to this share of its mean size where it is smaller [-]."""


def closed_form(model: Model, *, over: Box | None = None) -> Solution:
    """The closed form that a model gives as `exact(s)`, as a solution like any other.

    Args:
        model: A model with `exact(s)`.
        over: Parameters to keep as pseudo-states.

    Returns:
        A solution whose rule is the closed form, with its certificate.

    Raises:
        ModelError: The model gives no closed form, or its closed form does not satisfy its equations.
    """
    with jax.enable_x64(True):
        eco = economy(model, over=over)
        if not has_closed_form(eco):
            raise ModelError(f"{type(model).__name__} gives no closed form; write exact(s), or compare two solutions.")
        guess, linear = initial_rule(eco, Network(), "auto", 0)
        rule, judge = ExactRule(), tested(eco)
        keys = [jax.random.key(0)]
        accuracy = assess(judge, rule, guess.cloud, keys, default_test(eco), judge.equations(rule))
    if not accuracy.mean <= EXACT:
        raise ModelError(
            f"exact(s) of {type(model).__name__} leaves a mean residual of {accuracy.mean:.1e}, expected "
            f"below {EXACT:.0e}; check it against residuals(s, x, E)."
        )
    how = {"solver": "closed form", "quadrature": eco.quadrature.describe()}
    return Solution(eco, rule, guess.cloud, Outcome.CONVERGED, accuracy, linear=linear, how=how)


def has_closed_form(eco: Economy) -> bool:
    """Whether the model gives `exact(s)`."""

    def policy(y: Array) -> Any:
        member, state = eco.split(y)
        return member.exact(state)

    with jax.enable_x64(True):
        return eqx.filter_eval_shape(policy, jnp.ones(eco.n_points)) is not None


def compare(
    solution: Solution,
    other: Solution | None = None,
    *,
    at: Any = None,
    box: Box | None = None,
    test: TestPaths | None = None,
    seed: int = 0,
) -> Table:
    """How far two decision rules differ on the same states: on a path and, where there is one, on a box.

    Args:
        solution: A solution at one calibration.
        other: Another solution of a model with the same states; default: the closed form of the model.
        at: States, every field with the same leading axis; default: states of fresh paths under `solution`.
            [units of the model]
        box: Bounds by name of the state, in levels, for a second look at uniform draws; states that it leaves out are
            those of the paths. Default: the region of the grid, where one of the two is a collocation. [units of the
            model]
        test: Number and length of the fresh paths.
        seed: Seed of the fresh paths.

    Returns:
        One row per policy and definition, of its worst entry: largest and mean absolute difference [unit of the
        variable], and both relative to the size of the variable in `other` [-]; columns that begin with `box` are those
        on the box.

    Raises:
        ConfigError: The two do not have the same states and policies, a rule still has pseudo-states, or the box does
            not fit the states.
        ModelError: No `other`, and the model gives no closed form.
    """
    other = closed_form(solution.model) if other is None else other
    _check_twins(solution, other)
    with jax.enable_x64(True):
        if at is None:
            points, where = fresh_points(solution, test or default_test(solution.economy, 1), seed)
        else:
            points, where = points_of(solution.economy, at, "at"), "given states"
        rows = _rows(solution, other, jnp.asarray(points))
        wide, region = _on_box(solution, other, box, jnp.asarray(points), seed)
        if wide is not None:
            beside = _rows(solution, other, wide)
            rows = {name: row | {f"box, {key}": beside[name][key] for key in BOX_COLUMNS} for name, row in rows.items()}
    first = [name for name in solution.economy.policies.fields if name in rows]
    ordered = {name: rows[name] for name in [*first, *(name for name in rows if name not in first)]}
    note = f"{len(points):,} states: {where}. Relative to the variable in the second solution."
    if wide is not None:
        note += f" Box: {len(wide):,} uniform draws from {region}."
    formats = dict.fromkeys(next(iter(ordered.values())), ".1e") | {"log10 largest relative": ".2f"}
    return table(ordered, "variable", title="Difference of two decision rules", note=note, formats=formats)


def _rows(solution: Solution, other: Solution, points: Array) -> dict[str, dict[str, float]]:
    """Differences of every variable at points."""
    mine, theirs = (_values(s.economy, s.rule, points) for s in (solution, other))
    return {name: _row(np.asarray(mine[name]), np.asarray(theirs[name])) for name in mine if name in theirs}


def _on_box(solution: Solution, other: Solution, box: Box | None, points: Array, seed: int) -> tuple[Array | None, str]:
    """Uniform draws, and in words from where; none without a box or grid."""
    if box is not None:
        region = Region(box)
        region.check(solution.economy)
        fresh = points.at[:, region.positions(solution.economy)]
        return fresh.set(box.draw(jax.random.key(seed), len(points))), "the box"
    grids = [s.rule.grid for s in (other, solution) if isinstance(s.rule, GridRule)]
    if not grids:
        return None, ""
    return uniform_points(System(solution.economy, grids[0])), "the region of the grid"


def _check_twins(solution: Solution, other: Solution) -> None:
    solution._require_calibration()
    other._require_calibration()
    for kind in ("states", "policies"):
        mine, theirs = (getattr(s.economy, kind) for s in (solution, other))
        if (mine.fields, mine.shapes) != (theirs.fields, theirs.shapes):
            raise ConfigError(
                f"the two solutions need the same {kind}, got {', '.join(mine.entries)} and "
                f"{', '.join(theirs.entries)}; compare solutions of one model."
            )


@eqx.filter_jit
def _values(eco: Economy, rule: DecisionRule, points: Array) -> dict[str, Array]:
    """Policies and definitions at points."""

    def one(y: Array) -> dict[str, Array]:
        model, s = eco.split(y)
        values = named(model, s, rule(eco, model, y))
        return {name: value for name, value in values.items() if name not in model.State._fields}

    return jax.vmap(one)(points)


def _row(mine: np.ndarray, theirs: np.ndarray) -> dict[str, float]:
    """Differences of one variable `[batch, ...]`, of its worst entry."""
    gap = np.abs(mine - theirs).reshape(len(mine), -1)
    size = np.abs(theirs).reshape(len(mine), -1)
    floor = np.maximum(SMALL * size.mean(axis=0), np.finfo(float).tiny)
    relative = gap / np.maximum(size, floor)
    return {
        "largest": float(gap.max()),
        "mean": float(gap.mean(axis=0).max()),
        "largest relative": float(relative.max()),
        "mean relative": float(relative.mean(axis=0).max()),
        "log10 largest relative": float(log10(relative.max())) if relative.max() > 0 else np.nan,
    }
