"""How wrong a decision rule is: unit-free residuals on fresh, never-reset simulated paths.

Every figure is a conditional expectation with a quadrature finer than the one used to solve. The mean Euler error is
the mean absolute residual of the worst entry of the worst named equation; beside the maximum stands the 99.99 %
quantile (Judd, 1992, J. Econ. Theory; Azinovic, Gaegauf and Scheidegger, 2022, Int. Econ. Rev.).
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.binding import watched_residuals
from saddlepath.cloud import BOUND, Cloud
from saddlepath.economy import Economy, state_features
from saddlepath.layout import entry_name
from saddlepath.prior import Box
from saddlepath.quadrature import Quadrature, finer
from saddlepath.ranges import NonNegative
from saddlepath.rule import SATURATION, DecisionRule, EndogenousRule, GridRule

REST_STARTS, REST_PERIODS = 16, 500
"""Starts and length of the paths without shocks that must come to rest [-], [periods]."""
REST_BOUND = 5.0
"""A rule whose paths without shocks end further from the steady state than this has left it [scales of the cloud].

The stochastic rest point lies within one or two scales of the deterministic one; an explosive rule can have small
residuals and rest nowhere, or far away.
"""

PASSAGES = 32
"""Paths over the whole horizon on which a rule in calendar time is tested, where shocks or parameters vary."""
MATERIAL = 0.01
"""Share of states beyond a boundary above which a certificate warns; `tol` speaks of 99 % of the states [-]."""
COVERED = 1.02
"""Paths may leave the region of a grid by this before they count as outside [half widths]."""
AT_ONCE = 128
"""States whose residuals are computed side by side [-]."""
SECOND_OPINION = "sp.referee(solution), or saddlepath errors RUN --referee"
"""How to ask for the verdict of the referee."""
QUANTILES = {"50 %": 0.5, "90 %": 0.9, "99 %": 0.99, "99.9 %": 0.999, "99.99 %": 0.9999}


@eqx.filter_jit
def split(key: PRNGKeyArray, n: int, purpose: int = 0) -> tuple[PRNGKeyArray, ...]:
    """`n` keys in one compiled call; those of different purposes differ."""
    return tuple(jax.random.split(jax.random.fold_in(key, purpose), n))


class TestPaths(eqx.Module):
    """Size of a test: `paths` start in the cloud, run `burn_in` periods and are read on the `dates` that follow.

    Without a burn-in the start itself is the first date.

    Attributes:
        paths: Number of paths.
        burn_in: Periods before the first date that counts. [periods]
        dates: Dates that count. [periods]
        repeats: Independent repetitions for the published certificate; paths x dates x repeats states in all.
        quadrature: Rule for the expectation; None: a finer one than that used to solve.
    """

    paths: int = eqx.field(static=True, default=64)
    burn_in: int = eqx.field(static=True, default=200)
    dates: int = eqx.field(static=True, default=40)
    repeats: int = eqx.field(static=True, default=4)
    quadrature: Quadrature | None = eqx.field(static=True, default=None)

    def describe(self, repeats: int) -> str:
        """Which states these are, in words."""
        n = self.paths * repeats
        return f"{n} never-reset path{'s'[: n - 1]}, periods {self.burn_in} to {self.burn_in + self.dates}"


def default_test(eco: Economy, repeats: int = 4) -> TestPaths:
    """The size of a test where none is asked for; in calendar time whole passages from the first date.

    Args:
        eco: The economy.
        repeats: Independent repetitions; passages are long and need none.
    """
    if eco.horizon is None:
        return TestPaths(repeats=repeats)
    law = eco.model.shocks()
    alone = law.n_shocks == 0 and law.n_outcomes == 1 and not eco.box.names
    return TestPaths(paths=1 if alone else PASSAGES, burn_in=0, dates=eco.horizon, repeats=1)


@dataclasses.dataclass(frozen=True)
class Accuracy:
    """Absolute residuals of every equation, summarised over states.

    Attributes:
        equations: For every named equation its statistics (`mean`, quantiles, `max`), of its worst entry. [-]
        n_states: Number of states.
        extent: Largest state met, in scales around the steady state. [-]
        lost: Share of states that are not finite or beyond the bounds. [-]
        where: Which states these are, in words.
        binding: Share of states at which each entry of each constraint binds; see `saddlepath.binding` for their
            names. [-]
        boundary: Share of states beyond each boundary of what the rule was trained for, by its description. [-]
        drift: How far the last tests of training still moved the rule (`rule_distance`), or None where a rule was not
            trained or tested once. [-]
        linear: `mean` and `max` of the first-order solution on the same states; empty where there is none. [-]
        judged: Whether `saddlepath.referee` can give a second opinion: a trained rule of few states.
    """

    equations: dict[str, dict[str, float]]
    n_states: int
    extent: float
    lost: float
    where: str
    binding: dict[str, float] = dataclasses.field(default_factory=dict)
    boundary: dict[str, float] = dataclasses.field(default_factory=dict)
    drift: float | None = None
    linear: dict[str, float] = dataclasses.field(default_factory=dict)
    judged: bool = False

    @property
    def mean(self) -> float:
        """Mean absolute residual of the worst equation. [-]"""
        return self._worst("mean")

    @property
    def max(self) -> float:
        """Largest absolute residual. [-]"""
        return self._worst("max")

    @property
    def p99(self) -> float:
        """99 % quantile of the worst equation. [-]"""
        return self._worst("99 %")

    def meets(self, tol: float) -> bool:
        """Whether mean <= tol and 99 % <= 10 tol for every equation, and no path was lost."""
        return self.lost == 0 and self.mean <= tol and self.p99 <= 10 * tol

    @property
    def warnings(self) -> list[str]:
        """Sentences on why these figures, however small, do not speak for the whole economy."""
        found = [f"{_percent(self.lost)} of the states left the economy: do not trust this rule."] if self.lost else []
        return found + [
            f"{_percent(share)} of the states are {where}: the rule was hardly trained there; widen that, or look for "
            "what drives the economy so far."
            for where, share in self.boundary.items()
            if share > MATERIAL
        ]

    @property
    def remarks(self) -> list[str]:
        """Sentences that set these figures beside other answers: the first-order solution, the referee."""
        found = []
        if self.linear and np.all(np.isfinite(list(self.linear.values()))):
            found.append(
                f"The linear solution has mean {self.linear['mean']:.1e}, max {self.linear['max']:.1e} on the same "
                "states."
            )
        elif self.linear:
            found.append("The linear solution is undefined at some of these states.")
        if self.judged:
            found.append(f"For a second opinion by collocation: {SECOND_OPINION}.")
        return found

    def _worst(self, statistic: str) -> float:
        values = [row[statistic] for row in self.equations.values()]
        return float("inf") if not np.all(np.isfinite(values)) else float(max(values))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for `accuracy.json`."""
        return dataclasses.asdict(self) | {"mean": self.mean, "p99": self.p99, "max": self.max}

    def __str__(self) -> str:
        from saddlepath.report.tables import accuracy_table

        return str(accuracy_table(self))

    def _repr_html_(self) -> str:
        from saddlepath.report.tables import accuracy_table

        return accuracy_table(self).to_html()


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def summarise(
    errors: Float[np.ndarray, "n_states n_equations"],
    equations: dict[str, tuple[int, ...]],
    *,
    extent: float = 0.0,
    lost: float = 0.0,
    where: str = "given states",
) -> Accuracy:
    """Statistics of absolute residuals by named equation.

    Args:
        errors: Absolute residuals.
        equations: Name and shape of each equation, in the order of the columns.
        extent: Largest state in scales.
        lost: Share of states lost.
        where: Which states these are.
    """
    rows, start = {}, 0
    for name, shape in equations.items():
        size = int(np.prod(shape))
        rows[name] = _statistics(errors[:, start : start + size])
        start += size
    return Accuracy(rows, len(errors), extent, lost, where)


def _statistics(errors: np.ndarray) -> dict[str, float]:
    """Each statistic of the worst entry of an equation; infinite where a residual is not finite."""
    errors = np.where(np.isfinite(errors), errors, np.inf)
    with np.errstate(invalid="ignore"):
        quantiles = np.quantile(errors, list(QUANTILES.values()), axis=0, method="lower")
    worst = dict(zip(QUANTILES, quantiles.max(axis=1).tolist(), strict=True))
    return {"mean": float(errors.mean(axis=0).max()), **worst, "max": float(errors.max())}


class Visits(eqx.Module):
    """What never-reset paths met, one row per date and path.

    Attributes:
        errors: Absolute residuals `[n_states, n_equations]`. [-]
        points: The points `[n_states, n_points]`.
        extents: Distance of each from the steady state `[n_states]`. [scales of the cloud]
        binding: Share of states at which each entry of each constraint binds. [-]
        at_bound: Share of states at which each entry of a policy is at a bound of its range. [-]
    """

    errors: Array
    points: Array
    extents: Array
    binding: dict[str, Array]
    at_bound: dict[str, Array]


def visit(eco: Economy, rule: DecisionRule, cloud: Cloud, key: PRNGKeyArray, size: TestPaths) -> Visits:
    """Absolute residuals, and what else there is to know, on never-reset paths."""
    return _look(eco, rule, cloud, walk(eco, rule, cloud, key, size))


@eqx.filter_jit
def walk(eco: Economy, rule: DecisionRule, cloud: Cloud, key: PRNGKeyArray, size: TestPaths) -> Array:
    """Points `[n_states, n_points]` of never-reset paths."""
    start_key, move_key = jax.random.split(key)
    points = jax.vmap(cloud.start, (None, 0))(eco, jax.random.split(start_key, size.paths))

    def move(points: Array, key: PRNGKeyArray) -> tuple[Array, Array]:
        after = jax.vmap(eco.next_point, (None, 0, 0))(rule, points, jax.random.split(key, size.paths))
        return after, after

    _, path = jax.lax.scan(move, points, jax.random.split(move_key, size.burn_in + size.dates))
    if size.burn_in == 0:
        path = jnp.concatenate([points[None], path[:-1]])
    return path[size.burn_in :].reshape(-1, eco.n_points)


@eqx.filter_jit
def _look(eco: Economy, rule: DecisionRule, cloud: Cloud, points: Float[Array, "n n_points"]) -> Visits:
    """Residuals, distances and binding constraints at points."""

    def look(y: Array) -> tuple[Array, Array, dict[str, Array], dict[str, Array]]:
        residuals, x, binding = watched_residuals(eco, rule, y)
        ranges = zip(x._fields, eco.split(y)[0].policy_range(), x, strict=True)
        at_bound = {name: hit for name, r, value in ranges if (hit := r.at_bound(value)) is not None}
        return jnp.abs(residuals), cloud.extent(eco, y), binding, at_bound

    errors, extents, *marks = jax.lax.map(look, points, batch_size=AT_ONCE)
    return Visits(errors, points, extents, *jax.tree.map(lambda v: jnp.mean(v, axis=0), marks))


@eqx.filter_jit
def policies(eco: Economy, rule: DecisionRule, points: Float[Array, "n n_points"]) -> Any:
    """The policy at points, every field with a leading axis `n`."""
    return jax.vmap(lambda y: rule(eco, eco.split(y)[0], y))(points)


def rule_distance(eco: Economy, rule: DecisionRule, other: DecisionRule, points: Float[Array, "n n_points"]) -> float:
    """Mean absolute difference of two rules over states, relative to the mean size of the policy, of the worst field.

    A multiplier is compared with the scale of its range where that is larger: one that never binds has no size.

    Args:
        eco: The economy.
        rule: A decision rule.
        other: Another one.
        points: Where to compare them.

    Returns:
        The distance. [-]
    """
    worst = 0.0
    decisions = (jax.tree.map(np.asarray, policies(eco, r, points)) for r in (rule, other))
    for r, mine, theirs in zip(eco.model.policy_range(), *decisions, strict=True):
        least = np.mean(np.asarray(r.scale)) if isinstance(r, NonNegative) else 0.0
        gap = np.mean(np.abs(mine - theirs))
        worst = max(worst, float(gap / max(np.mean(np.abs(mine)), least))) if gap > 0 else worst
    return worst


def _absolute_residuals(eco: Economy, rule: DecisionRule, points: Float[Array, "n n_points"]) -> Array:
    """Absolute residuals `[n, n_equations]`, so many states at a time that the nodes of large models fit in memory."""
    return jnp.abs(jax.lax.map(lambda y: eco.residuals(rule, y), points, batch_size=AT_ONCE))


@eqx.filter_jit
def point_errors(eco: Economy, rule: DecisionRule, points: Float[Array, "n n_points"]) -> Array:
    """Absolute residuals at given points `[n, n_equations]`."""
    return _absolute_residuals(eco, rule, points)


@eqx.filter_jit
def rest_extents(eco: Economy, rule: DecisionRule, cloud: Cloud, key: PRNGKeyArray) -> Float[Array, " starts"]:
    """How far from the steady state paths without shocks end, from dispersed starts. [scales of the cloud]"""
    points = jax.vmap(cloud.start, (None, 0))(eco, jax.random.split(key, REST_STARTS))
    move = jax.vmap(eco.expected_point, (None, 0))
    points, _ = jax.lax.scan(lambda p, _: (move(rule, p), None), points, None, length=REST_PERIODS)
    return jax.vmap(cloud.extent, (None, 0))(eco, points)


@eqx.filter_jit
def point_extents(eco: Economy, cloud: Cloud, points: Float[Array, "n n_points"]) -> Float[Array, " n"]:
    """How far points lie from the middle of the cloud. [scales of the cloud]"""
    return jax.vmap(cloud.extent, (None, 0))(eco, points)


def tested(eco: Economy, size: TestPaths = TestPaths()) -> Economy:
    """The economy with the quadrature under which rules are tested."""
    return eco.with_quadrature(size.quadrature or finer(eco.quadrature, eco.model.shocks().n_shocks))


def assess(
    eco: Economy,
    rule: DecisionRule,
    cloud: Cloud,
    keys: Sequence[PRNGKeyArray],
    size: TestPaths,
    equations: dict[str, tuple[int, ...]],
    box: Box | None = None,
    linear: DecisionRule | None = None,
) -> Accuracy:
    """Euler errors on fresh paths, one batch of paths per key.

    Args:
        eco: The economy with the quadrature of the test.
        rule: The rule.
        cloud: Where paths start.
        keys: Random keys.
        size: Paths, burn-in and dates per key.
        equations: Name and shape of every equation, `eco.equations(rule)`.
        box: States outside which training drew none, where it drew from a box alone.
        linear: The first-order rule, whose errors at the same states are reported beside; no code is compiled for a
            rule of the same structure.
    """
    visits = [visit(eco, rule, cloud, key, size) for key in keys]
    extents = np.concatenate([np.asarray(v.extents) for v in visits])
    boundary = beyond(eco, rule, np.concatenate([np.asarray(v.points) for v in visits]), extents, box)
    at_bound = _shares([v.at_bound for v in visits])
    found = summarise(
        np.concatenate([np.asarray(v.errors) for v in visits]),
        equations,
        extent=float(extents.max()),
        lost=float(np.mean(~(extents < BOUND))),
        where=size.describe(len(keys)),
    )
    boundary |= {f"at a bound of the range of {name}": share for name, share in at_bound.items()}
    beside = {} if linear is None else _linear_errors(eco, linear, cloud, visits, equations)
    binding = _shares_by_entry([v.binding for v in visits])
    return dataclasses.replace(found, binding=binding, boundary=boundary, linear=beside)


def _linear_errors(
    eco: Economy, linear: DecisionRule, cloud: Cloud, visits: list[Visits], equations: dict[str, tuple[int, ...]]
) -> dict[str, float]:
    """Mean and maximum of the worst equation under another rule, at the states that were visited."""
    errors = np.concatenate([np.asarray(_look(eco, linear, cloud, v.points).errors) for v in visits])
    found = summarise(errors, equations)
    return {"mean": found.mean, "max": found.max}


def _shares(found: list[dict[str, Array]]) -> dict[str, float]:
    """Mean share over batches of states, of the worst entry."""
    return {name: float(np.max(np.mean([f[name] for f in found], axis=0))) for name in found[0]}


def _shares_by_entry(found: list[dict[str, Array]]) -> dict[str, float]:
    """Mean share over batches of states, by entry."""
    shares = {name: np.mean([f[name] for f in found], axis=0) for name in found[0]}
    return {entry_name(name, i): float(share[i]) for name, share in shares.items() for i in np.ndindex(share.shape)}


def beyond(
    eco: Economy, rule: DecisionRule, points: Float[np.ndarray, "n n_points"], extents: np.ndarray, box: Box | None
) -> dict[str, float]:
    """Share of points beyond each boundary of what a rule was trained for, by its description.

    Args:
        eco: The economy.
        rule: The rule.
        points: The points.
        extents: Their distance from the steady state `[n]`. [scales of the cloud]
        box: States outside which training drew none, where it drew from a box alone.
    """
    far = float(np.mean(~(extents <= SATURATION)))
    found = {f"further than {SATURATION:g} scales from the centre of the states": far}
    if box is not None:
        found["outside the sampling box"] = _outside(eco, box, points)
    if isinstance(rule, GridRule | EndogenousRule):
        units = np.asarray(_grid_units(eco, rule, jnp.asarray(points)))
        found["outside the region of the grid"] = float(np.mean(~np.all(np.abs(units) <= COVERED, axis=1)))
    return found


def _outside(eco: Economy, box: Box, points: np.ndarray) -> float:
    """Share of points with a state outside a box."""
    states = np.concatenate([points[:, eco.states.slices[name]] for name in box.names], axis=1)
    return float(np.mean(np.any((states < box.low) | (states > box.high), axis=1)))


@eqx.filter_jit
def _grid_units(
    eco: Economy, rule: GridRule | EndogenousRule, points: Float[Array, "n n_points"]
) -> Float[Array, "n n_continuous"]:
    """Positions of points in the unit cube [-1, 1] of a grid."""

    def one(y: Array) -> Array:
        model, s = eco.split(y)
        return rule.unit(state_features(model, s, eco.states))

    return jax.vmap(one)(points)
