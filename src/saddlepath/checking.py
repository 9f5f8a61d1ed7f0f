"""Find the mistakes of a model before a solve does, and say them in an economist's words.

`check` evaluates a model at its steady state, in calendar time at its first date, and at points around it. It reports
fields, shapes and counts that do not fit, residuals that are not finite, policies that no equation depends on, states
that do not move, a missing or unstable rest point, and equations that seem to carry a unit. The last is a rule of
thumb: an equation without unit answers to a one percent change of a policy with something between 1e-5 and 10, one in
goods or dollars often does not. What `check` cannot see is economics that is wrong and well posed.
"""

import contextlib
import dataclasses
import html
import inspect
import re
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.derived import as_written
from saddlepath.economy import (
    Economy,
    decided,
    economy,
    flat_residuals,
    policy_coordinates,
    state_features,
    state_from_features,
)
from saddlepath.errors import ConvergenceError, ModelError, SaddlepathError
from saddlepath.expectation import Expectation
from saddlepath.layout import entry_names
from saddlepath.model import Model, nearest_names
from saddlepath.quadrature import Monomial
from saddlepath.ranges import Real
from saddlepath.rule import ConstantRule, DecisionRule, own_features_shape
from saddlepath.steady import first_point, linear_solutions, steady_states

POINTS = 16
"""Points at which a model is evaluated."""
SPREAD = 0.1
"""Their dispersion around the centre: log points of positive states, shares of others [-]."""
ALIKE = 1e-6
"""Difference, relative to the largest value, up to which members of an exchangeable group are alike [-]."""
TILT = 0.01
"""Change of every policy coordinate per unit of a state feature where a model is evaluated [-]."""
SMALLEST_RESPONSE, LARGEST_RESPONSE = 1e-3, 1e3
"""Response to a hundred percent change of a policy beyond which an equation seems to carry a unit [-]."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that `check` found.

    Attributes:
        serious: Whether a solve would fail or mislead; a remark otherwise.
        message: What was expected, what was found, what to do.
    """

    serious: bool
    message: str


@dataclasses.dataclass(frozen=True)
class Report:
    """What `check` found.

    Attributes:
        name: Name of the model.
        findings: Mistakes first, then remarks.
        facts: What was established, one line each.
    """

    name: str
    findings: tuple[Finding, ...]
    facts: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """No mistakes; there may be remarks."""
        return not any(finding.serious for finding in self.findings)

    def lines(self) -> list[str]:
        """The report, line by line."""
        kind = {True: "mistake", False: "remark"}
        verdict = "no mistakes found" if self.passed else "mistakes found"
        findings = [f"{kind[finding.serious]}: {finding.message}" for finding in self.findings]
        return [f"{self.name}: {verdict}", *findings, *self.facts]

    def __str__(self) -> str:
        return "\n  ".join(self.lines())

    def to_html(self) -> str:
        """A heading and a list."""
        first, *rest = (html.escape(line) for line in self.lines())
        return f"<p><b>{first}</b></p><ul>{''.join(f'<li>{line}</li>' for line in rest)}</ul>"

    def _repr_html_(self) -> str:
        return self.to_html()


class TiltedRule(DecisionRule):
    """A decision at one state that changes a little with the state, so that slopes of values (`E.slope`) are not zero.

    Attributes:
        coordinates: The policy at that state, in the coordinates of its ranges `[n_coordinates]`.
        centre: The features of that state `[n_continuous]`.
    """

    coordinates: Float[Array, " n_coordinates"]
    centre: Float[Array, " n_continuous"]

    def __call__(self, eco, model, y):
        s = eco.states.unflatten(y[: eco.states.size])
        tilt = TILT * jnp.sum(state_features(model, s, eco.states) - self.centre)
        return decided(model, model.known(s), self.coordinates + tilt, eco.coordinates)


def check(model: Model) -> Report:
    """Look for mistakes in a model.

    Args:
        model: Any model.

    Returns:
        What was found; `print` it, or ask for `passed`.
    """
    name = type(as_written(model)).__name__
    with jax.enable_x64(True):
        try:
            eco = economy(model)
            require_sound(eco)
        except SaddlepathError as error:
            return Report(name, (Finding(True, str(error)),), ())
        rest, findings, facts = _rest_point(eco)
        findings += _look_around(eco, rest)
        facts = [_counts(eco), *facts]
    ordered = sorted(findings, key=lambda finding: not finding.serious)
    return Report(name, tuple(ordered), tuple(facts))


def require_sound(eco: Economy) -> None:
    """Refuse a model whose methods cannot be evaluated, or whose names, shapes or counts do not fit.

    Nothing is computed: the methods are only traced, so that this costs a fraction of a second.

    Raises:
        ModelError: Names the method, the line and the nearest valid names.
    """
    state, policy = first_point(eco)
    with in_words(eco.model, "policy_range"):
        coordinates = eqx.filter_eval_shape(policy_coordinates, eco.model, policy)
    rule = ConstantRule(jnp.asarray(np.zeros(coordinates.shape)))
    y = eqx.filter_eval_shape(eco.join, state, jnp.asarray(eco.box.centre), "state_range()")
    with in_words(eco.model, "transition"):
        eqx.filter_eval_shape(lambda point: eco.next_point(rule, point, jax.random.key(0)), y)
    with in_words(eco.model, "residuals"):
        equations = eco.equations(rule)
    n_equations = sum(int(np.prod(shape)) for shape in equations.values())
    if n_equations != eco.coordinates.size:
        few = n_equations < eco.coordinates.size
        raise ModelError(
            f"{type(eco.model).__name__} has {n_equations} equations ({', '.join(equations)}) for "
            f"{eco.coordinates.size} policies ({', '.join(eco.coordinates.entries)}); give one equation per "
            "entry of "
            f"Policy: {'add the missing conditions' if few else 'drop the redundant ones'}."
        )


@contextlib.contextmanager
def in_words(model: Model, method: str) -> Iterator[None]:
    """Turn whatever goes wrong inside a method of a model into a sentence with its line."""
    try:
        yield
    except SaddlepathError:
        raise
    except Exception as error:
        author = type(as_written(model))
        raise ModelError(
            f"{author.__name__}.{method} cannot be evaluated{_line(error, author)}: {_cause(error)}"
        ) from error


def _line(error: Exception, cls: type) -> str:
    """Where in the model's own file it happened."""
    try:
        source = Path(inspect.getsourcefile(cls) or "")
    except TypeError:
        return ""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == source]
    return f" ({source.name}, line {frames[-1].lineno}: {frames[-1].line})" if frames else ""


def _cause(error: Exception) -> str:
    """The cause, with the nearest valid names where a name is misspelt."""
    text = str(error).strip().partition("\n")[0].rstrip(".")
    fields: list[str] = list(getattr(error.obj, "_fields", ())) if isinstance(error, AttributeError) else []
    if isinstance(error, AttributeError) and fields:
        kind = type(error.obj).__name__
        return f"{kind} has no field {error.name!r}; {nearest_names(str(error.name), fields)}"
    if isinstance(error, AttributeError) and isinstance(error.obj, Model):
        known = [f.name for f in dataclasses.fields(error.obj)]
        return f"the model has no parameter {error.name!r}; {nearest_names(str(error.name), known)}"
    argument = re.match(r"(\w+)\.__new__\(\) got an unexpected keyword argument '(\w+)'", text)
    if argument is not None:
        return f"{argument[1]} has no field {argument[2]!r}; use the fields that the class {argument[1]} names."
    missing = re.match(r"(\w+)\.__new__\(\) missing \d+ required positional arguments?: (.*)", text)
    if missing is not None:
        return f"{missing[1]}(...) needs a value of {missing[2]}; give every field."
    return f"{type(error).__name__}: {text}; correct this line."


def _counts(eco: Economy) -> str:
    law = eco.model.shocks()
    rule = f"; {eco.quadrature.describe()}" if law.n_shocks else ""
    return f"{eco.states.size} states, {eco.policies.size} policies; shocks: {law.describe()}{rule}"


def _rest_point(eco: Economy) -> tuple[tuple[Any, Any], list[Finding], list[str]]:
    """Steady state, or the first point where there is none, with what was found on the way."""
    if eco.horizon is not None:
        return first_point(eco), [], [f"calendar time: {eco.horizon} periods from the state of start()"]
    thetas = np.asarray(eco.box.centre)[None]
    try:
        steady = steady_states(eco, thetas)[0]
    except ConvergenceError as error:
        return first_point(eco), [Finding(True, str(error))], []
    rest = (steady.state, steady.policy)
    facts = [f"steady state found, largest residual {steady.residual:.0e}"]
    try:
        linear = linear_solutions(eco, thetas)[0][0]
    except ConvergenceError as error:
        return rest, [Finding(False, str(error))], facts
    return rest, [], [*facts, f"{linear.determinacy}; spectral radius {linear.spectral_radius:.4f}"]


def _look_around(eco: Economy, rest: tuple[Any, Any]) -> list[Finding]:
    """Findings at the rest point and at points around it."""
    points, policies = _points(eco, rest)
    residuals, slopes = _evaluate(eco, points, policies)
    moved = np.asarray(_moved(eco, points, policies))
    names = entry_names(eco.equations(ConstantRule(policies[0])).items())
    return [
        *_undefined(eco, names, np.asarray(residuals), np.asarray(points)),
        *_unused(eco, np.asarray(slopes)),
        *_still(eco, np.asarray(points), moved),
        *_with_units(eco, rest, names, np.asarray(slopes)),
        *_unlike(eco, points, policies),
        *_static(eco, rest),
    ]


def _points(eco: Economy, rest: tuple[Any, Any]) -> tuple[Array, Array]:
    """Points `[n, n_points]` and policy coordinates `[n, n_coordinates]` around the rest point, it first."""
    random, model = np.random.default_rng(0), eco.model
    features = np.asarray(state_features(model, jax.tree.map(jnp.asarray, rest[0]), eco.states))
    coordinates = np.asarray(policy_coordinates(model, jax.tree.map(jnp.asarray, rest[1])))
    points, policies = [], []
    for i in range(POINTS):
        spread = SPREAD if i else 0.0
        noise = spread * np.maximum(np.abs(features), 1.0) * random.normal(size=features.size)
        regimes = {name: jnp.asarray(random.integers(n)) for name, n in eco.states.regimes}
        state = state_from_features(model, jnp.asarray(features + noise), eco.states, regimes)
        points.append(eco.join(state, jnp.asarray(eco.box.centre), "state_range()"))
        policies.append(jnp.asarray(coordinates + spread * random.normal(size=coordinates.size)))
    return jnp.stack(points), jnp.stack(policies)


@eqx.filter_jit
def _evaluate(eco: Economy, points: Array, policies: Array) -> tuple[Array, Array]:
    """Residuals `[n, n_equations]` and their slopes in the policy `[n, n_equations, n_coordinates]`."""

    def residuals(y: Array, u: Array) -> Array:
        return eco.residuals(TiltedRule(u, state_features(*eco.split(y), eco.states)), y)

    return jax.vmap(residuals)(points, policies), jax.vmap(jax.jacfwd(residuals, 1))(points, policies)


@eqx.filter_jit
def _moved(eco: Economy, points: Array, policies: Array) -> Array:
    """The points one period later `[n, n_points]`."""
    keys = jax.random.split(jax.random.key(0), points.shape[0])
    return jax.vmap(lambda y, u, key: eco.next_point(ConstantRule(u), y, key))(points, policies, keys)


def _undefined(eco: Economy, names: list[str], residuals: np.ndarray, points: np.ndarray) -> list[Finding]:
    """Equations that are not finite somewhere, each with the first such state."""
    findings = []
    for j, name in enumerate(names):
        bad = np.flatnonzero(~np.isfinite(residuals[:, j]))
        if bad.size:
            values = zip(eco.states.entries, points[bad[0]], strict=False)
            where = ", ".join(f"{entry} = {value:.4g}" for entry, value in values)
            findings.append(
                Finding(
                    True,
                    f"the equation {name} is not finite at {bad.size} of {len(points)} points around the "
                    f"{_where_from(eco)}, first at {where}; look for divisions by zero, logs or powers of negative "
                    "numbers.",
                )
            )
    return findings


def _where_from(eco: Economy) -> str:
    """Around which state the points lie."""
    return "steady state" if eco.horizon is None else "first date"


def _unused(eco: Economy, slopes: np.ndarray) -> list[Finding]:
    """Policies that no equation depends on."""
    used = np.any(~(np.abs(slopes) == 0.0), axis=(0, 1))
    return [
        Finding(
            True,
            f"no equation depends on the policy {entry}, so nothing determines it; add its condition to "
            "residuals(), or compute it in complete() or definitions() instead.",
        )
        for entry, found in zip(eco.coordinates.entries, used, strict=True)
        if not found
    ]


def _still(eco: Economy, points: np.ndarray, moved: np.ndarray) -> list[Finding]:
    """States that the transition returns unchanged, or always sets to the same value."""
    findings = []
    for i, entry in enumerate(eco.states.entries):
        before, after = points[:, i], moved[:, i]
        if np.array_equal(before, after) and np.ptp(before) > 0:
            found = "returns it unchanged; make it a parameter, and a pseudo-state if it should vary"
        elif np.all(np.isfinite(after)) and np.ptp(after) == 0 and np.ptp(before) > 0:
            found = f"always sets it to {after[0]:.6g}; let it depend on today, or drop it"
        else:
            continue
        findings.append(Finding(False, f"the state {entry} does not move: transition() {found}."))
    return findings


def _with_units(eco: Economy, rest: tuple[Any, Any], names: list[str], slopes: np.ndarray) -> list[Finding]:
    """Equations whose response to a policy is so large or small that they seem to carry a unit."""
    with np.errstate(invalid="ignore"):
        response = np.max(np.median(np.abs(slopes), axis=0) * _scales(eco, rest), axis=1)
    findings = []
    for name, size in zip(names, response, strict=True):
        if size > LARGEST_RESPONSE or 0 < size < SMALLEST_RESPONSE:
            findings.append(
                Finding(
                    False,
                    f"the equation {name} changes by about {size / 100:.0e} when a policy changes by one "
                    "percent; it "
                    "seems to carry a unit: divide it by consumption, output or a price, so that 1e-3 means "
                    "a mistake "
                    "of 0.1 percent.",
                )
            )
    return findings


def _scales(eco: Economy, rest: tuple[Any, Any]) -> np.ndarray:
    """What a hundred percent is in every coordinate: one for logs and logits, the size of real policies."""
    coordinates = np.asarray(policy_coordinates(eco.model, jax.tree.map(jnp.asarray, rest[1])))
    real = [np.full(int(np.prod(r.shape)), isinstance(r, Real)) for r in eco.model.policy_range()]
    levels = np.concatenate(real) if sum(map(len, real)) == coordinates.size else np.zeros(coordinates.size, bool)
    return np.where(levels & (coordinates != 0), np.abs(coordinates), 1.0)


def _unlike(eco: Economy, points: Array, policies: Array) -> list[Finding]:
    """What does not follow when the members of a declared exchangeable group are relabelled.

    Two permutations are tried that generate all others: of the first two members, and of all in turn. Expectations are
    over nodes that are symmetric themselves. Features of the model's own may tell members apart.
    """
    group = eco.model.exchangeable
    if not group or own_features_shape(eco) is not None:
        return []
    members = eco.states.shapes[eco.states.fields.index(group[0])][0]
    orders = [np.r_[1, 0, 2:members], np.roll(np.arange(members), 1)] if members > 1 else []
    judge = eco.with_quadrature(Monomial(3)) if eco.model.shocks().n_shocks else eco
    before = _conditions(judge, points, policies)
    own = lambda shapes: [shape[:1] == (members,) for shape in shapes]
    fields = dict(zip(eco.states.fields, eco.states.shapes, strict=True))
    equations = eco.equations(ConstantRule(policies[0]))
    found: list[str] = []
    for order in orders:
        states = _relabelled(eco.states.shapes, [name in group for name in fields], order)
        coordinates = _relabelled(eco.coordinates.shapes, own(eco.coordinates.shapes), order)
        rows = _relabelled(tuple(equations.values()), own(equations.values()), order)
        entries = np.concatenate([states, np.arange(eco.states.size, eco.n_points)])
        residuals, after = _conditions(judge, points[:, entries], policies[:, coordinates])
        if _differing(np.sort(residuals, axis=1), np.sort(before[0], axis=1), {"any": rows.shape}):
            found += [f"the equation {name}" for name in _differing(residuals, before[0][:, rows], equations)]
        found += [f"the transition of {name}" for name in _differing(after, before[1][:, states], fields)]
    return [Finding(True, _not_alike(what, group)) for what in dict.fromkeys(found)]


def _not_alike(what: str, group: tuple[str, ...]) -> str:
    return (
        f"{what} is not the same for every member of the exchangeable group ({', '.join(group)}): it changes when "
        "members trade places, so that one shared rule cannot serve all; make the members alike there, give what tells "
        "them apart in features(s), or drop the declaration."
    )


def _relabelled(shapes: tuple[tuple[int, ...], ...], own: Iterable[bool], order: np.ndarray) -> np.ndarray:
    """Positions of the entries of fields when the members, along the first axis of some fields, stand in `order`."""
    parts, start = [], 0
    for shape, moves in zip(shapes, own, strict=True):
        positions = start + np.arange(int(np.prod(shape))).reshape(shape)
        parts.append(np.ravel(positions[order] if moves else positions))
        start += positions.size
    return np.concatenate(parts)


def _conditions(eco: Economy, points: Array, policies: Array) -> tuple[np.ndarray, np.ndarray]:
    """Residuals `[n, n_equations]` and mean square of tomorrow's states `[n, n_states]`, both under constant rules."""
    residuals, squares = _at_points(eco, points, policies)
    return np.asarray(residuals), np.asarray(squares)


@eqx.filter_jit
def _at_points(eco: Economy, points: Array, policies: Array) -> tuple[Array, Array]:
    def one(y: Array, u: Array) -> tuple[Array, Array]:
        model, s, x, expectation = eco.expectation(ConstantRule(u), y)
        square = lambda s1, x1: (1.0 + eco.states.flatten(s1, "transition()")) ** 2  # shocks of mean zero show here
        return flat_residuals(model.residuals(s, x, expectation)), expectation(square)

    return jax.vmap(one)(points, policies)


def _differing(found: np.ndarray, expected: np.ndarray, shapes: dict[str, tuple[int, ...]]) -> list[str]:
    """Names of the columns that differ by more than a small share of their size; the undefined is told elsewhere."""
    names, start = [], 0
    for name, shape in shapes.items():
        part = slice(start, start + int(np.prod(shape)))
        start = part.stop
        gap, size = np.abs(found[:, part] - expected[:, part]), np.abs(expected[:, part])
        known = np.isfinite(gap)
        if np.any(gap[known] > ALIKE * np.max(size[known], initial=1e-12)):
            names.append(name)
    return names


class _Watched:
    """An expectation that remembers whether it was asked."""

    def __init__(self, inner: Expectation):
        self.inner, self.asked = inner, False

    def __call__(self, fn: Any) -> Any:
        self.asked = True
        return self.inner(fn)

    def __getattr__(self, name: str) -> Any:
        self.asked = True
        return getattr(self.inner, name)


def _static(eco: Economy, rest: tuple[Any, Any]) -> list[Finding]:
    """A remark if no equation looks ahead."""
    rule = ConstantRule(policy_coordinates(eco.model, jax.tree.map(jnp.asarray, first_point(eco)[1])))
    y = eco.join(first_point(eco)[0], jnp.asarray(eco.box.centre), "state_range()")
    asked = []

    def residuals(point: Array) -> Any:
        model, s, x, expectation = eco.expectation(rule, point)
        watched = _Watched(expectation)
        named = model.residuals(s, x, watched)
        asked.append(watched.asked)
        return named

    jax.eval_shape(residuals, y)
    if asked[0]:
        return []
    return [
        Finding(
            False,
            "no equation calls E, so today's decisions do not look ahead; next period's state and policy "
            "are reached "
            "through E(lambda s1, x1: ...).",
        )
    ]
