"""What the economy does under a decision rule: simulated paths, and the point where it rests.

Paths are drawn from the law of shocks that belongs to the model, in one compiled scan over time. The stochastic
steady state is where the economy rests when agents expect shocks and none arrive (Coeurdacier, Rey and Winant,
2011, AER P&P). Moments are in `saddlepath.summary`.
"""

import dataclasses
import warnings
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.accuracy import MATERIAL, beyond
from saddlepath.cloud import BOUND, Cloud
from saddlepath.economy import Economy, economy, stationary_regimes
from saddlepath.errors import ConfigError, ModelError
from saddlepath.layout import Layout
from saddlepath.model import Label, Model, labels
from saddlepath.prior import Box
from saddlepath.rule import DecisionRule, ExactRule
from saddlepath.shocks import Independent, MarkovChain, Shocks

if TYPE_CHECKING:
    import xarray as xr

    from saddlepath.solution import Solution

DRAWN, CALM, GIVEN = "drawn", "calm", "given"


def simulate(
    solution: "Solution",
    *,
    periods: int,
    paths: int = 1,
    burn_in: int = 0,
    start: Any = None,
    seed: int = 0,
    shocks: Any = True,
    world: Any = None,
) -> "xr.Dataset":
    """Simulate the economy under the decision rule.

    Args:
        solution: A solution at one calibration.
        periods: Periods that are recorded; the first is the start itself when `burn_in` is zero. [periods]
        paths: Number of paths.
        burn_in: Periods before the first that is recorded. [periods]
        start: A `State` from which all paths start, or one with a leading axis `paths`; default: dispersed
            states around the steady state. [units of the model]
        seed: Seed of starts and shocks.
        shocks: True: drawn from the model's law. False: none arrive, though agents expect them; a Markov
            chain stays in its regime. Or the shocks themselves, as `transition` takes them, with a leading
            axis `periods`: the shock in row t leads from period t to t + 1, on every path. [units of the
            model]
        world: A model with the same states and policies whose shocks and transition move the paths, while agents
            decide by the rule and so believe in the model of the solution; default: the world is as believed.

    Returns:
        A dataset with dimensions `path`, `time` and one per axis of an array field, `k_entry`: every field of
        `State` and `Policy` and the model's `definitions`, each with its name and unit. Its attribute
        `extent` is the largest state met, in scales around their centre; `lost` is the share of states
        that are not finite or so far that no rule is trained there; `outside` is the share outside the sampled
        region: beyond ten scales, the sampling box, or the region of a grid. Much of either raises a warning.

    Raises:
        ConfigError: Whole numbers, the start, the shocks or the world do not fit, or the rule still has pseudo-states.
        ModelError: Two variables have the same name.
    """
    solution._require_calibration()
    for name, value, least in (("periods", periods, 1), ("paths", paths, 1), ("burn_in", burn_in, 0)):
        require_whole(name, value, least)
    with jax.enable_x64(True):
        eco, rule = solution.economy, solution.rule
        law = None if world is None else _world(eco, world)
        start_key, key = jax.random.split(jax.random.key(seed))
        points = _starts(eco, solution.cloud, start, paths, start_key)
        mode, given = _shocks(shocks, periods, burn_in)
        points = paths_from(eco, rule, points, key, jnp.asarray(burn_in), given, law, periods=periods, mode=mode)
        extents = np.asarray(_extents(eco, solution.cloud, points))
        outside = _outside(solution, np.asarray(points), extents)
        values = in_order(eco.model, variables_along(eco, rule, points))
    data = dataset(eco.model, values, ("path", "time"))
    data.attrs |= {"model": type(eco.model).__name__, "seed": seed, "burn_in": burn_in, **_bounds(extents, outside)}
    return data


def _world(eco: Economy, world: Any) -> Model:
    """The model that moves the paths, refused where its states or policies are not those of the economy."""
    if not isinstance(world, Model):
        raise ConfigError(
            f"world must be a model, got {world!r}; give the model of the solution with other parameters."
        )
    other = economy(world)
    for kind, own, its in (("states", eco.states, other.states), ("policies", eco.policies, other.policies)):
        if (own.fields, own.shapes) != (its.fields, its.shapes):
            raise ConfigError(
                f"a world needs the {kind} of {type(eco.model).__name__}, {_fields(own)}, but {type(world).__name__} "
                f"has {_fields(its)}; give the solution's model with other parameters, or one with the same fields."
            )
    return other.model


def _fields(layout: Layout) -> str:
    """Fields with their shapes, such as `k, heat (2,)`."""
    return ", ".join(
        f"{name} {shape}" if shape else name for name, shape in zip(layout.fields, layout.shapes, strict=True)
    )


def _outside(solution: "Solution", points: np.ndarray, extents: np.ndarray) -> dict[str, float]:
    """Share of points outside each boundary of the sampled region, by its description; a closed form has none."""
    if isinstance(solution.rule, ExactRule):
        return {}
    box = solution.how.get("sampling box")
    flat = points.reshape(-1, points.shape[-1])
    return beyond(solution.economy, solution.rule, flat, extents.ravel(), None if box is None else Box(**box))


def _bounds(extents: np.ndarray, outside: dict[str, float]) -> dict[str, Any]:
    """How far the states went, and a warning where the rule was never trained."""
    where, share = max(outside.items(), key=lambda pair: pair[1], default=("", 0.0))
    lost = float(np.mean(~(extents < BOUND)))
    if lost > 0:
        warnings.warn(
            f"{100 * lost:.2g} % of the simulated states lie beyond {BOUND:g} scales around the steady "
            "state, where the rule was never trained; start closer, or solve again with sampling that "
            "includes these states.",
            stacklevel=3,
        )
    elif share > MATERIAL:
        warnings.warn(
            f"{100 * share:.2g} % of the simulated states are {where}, where the rule was hardly trained; start "
            "closer, or solve again with sampling that includes these states.",
            stacklevel=3,
        )
    return {"extent": float(extents.max()), "lost": lost, "outside": share}


def require_whole(name: str, value: Any, least: int) -> None:
    """Refuse what is not a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ConfigError(f"{name} must be a whole number of at least {least}, got {value!r}.")


def _starts(eco: Economy, cloud: Cloud, start: Any, paths: int, key: PRNGKeyArray) -> Array:
    """Starting points `[paths, n_points]`."""
    if start is None:
        return dispersed(eco, cloud, jax.random.split(key, paths))
    points = points_of(eco, start, "start")
    if len(points) not in (1, paths):
        raise ConfigError(f"start holds {len(points)} states for {paths} paths; give one, or one per path.")
    return jnp.broadcast_to(points, (paths, eco.n_points))


def points_of(eco: Economy, states: Any, origin: str) -> Float[Array, "batch n_points"]:
    """Points of a `State` whose fields may have one leading axis, the same for all that have one.

    Args:
        eco: The economy, at one calibration.
        states: The states; a single one becomes a batch of one.
        origin: Name of the argument, for the message.

    Raises:
        ConfigError: Not a `State` of this model, or shapes do not fit.
    """
    layout = eco.states
    if getattr(states, "_fields", None) != layout.fields:
        raise ConfigError(f"{origin} must be a State with the fields {', '.join(layout.fields)}, got {states!r}.")
    fields = list(zip(layout.fields, layout.shapes, states, strict=True))
    sizes = {np.shape(value)[0] for _, shape, value in fields if np.ndim(value) == len(shape) + 1}
    batch = sizes.pop() if sizes else 1
    for name, shape, value in fields:
        if np.shape(value) not in (shape, (batch, *shape)):
            raise ConfigError(
                f"{origin}.{name} has shape {np.shape(value)}, expected {shape} for one state or "
                f"{(batch, *shape)} for a batch of {batch}; give all fields the same leading axis."
            )
    full = layout.point(*(jnp.broadcast_to(jnp.asarray(v), (batch, *shape)) for _, shape, v in fields))
    return jax.vmap(lambda s: eco.join(s, jnp.zeros(0), origin))(full)


@eqx.filter_jit
def dispersed(eco: Economy, cloud: Cloud, keys: Array) -> Float[Array, "paths n_points"]:
    """Starts dispersed around the steady state, one per key."""
    return jax.vmap(cloud.start, (None, 0))(eco, keys)


def _shocks(shocks: Any, periods: int, burn_in: int) -> tuple[str, Any]:
    """How shocks arise, and the given ones, one per transition."""
    if isinstance(shocks, bool | np.bool_):
        return (DRAWN if shocks else CALM), None
    given = jax.tree.map(jnp.asarray, shocks)
    lengths = {np.shape(leaf)[:1] for leaf in jax.tree.leaves(given)}
    if burn_in or lengths != {(periods,)}:
        raise ConfigError(
            f"given shocks need a leading axis of length periods = {periods} and burn_in = 0, got "
            f"{', '.join(map(str, lengths))} and burn_in = {burn_in}; give one shock per period."
        )
    return GIVEN, given


@eqx.filter_jit
def paths_from(
    eco: Economy,
    rule: DecisionRule,
    points: Float[Array, "paths n_points"],
    key: PRNGKeyArray,
    burn_in: Array,
    given: Any,
    world: Model | None = None,
    *,
    periods: int,
    mode: str,
) -> Array:
    """All points `[paths, periods, n_points]`, the first of them after `burn_in` transitions."""

    def move(points: Array, t: Array, shock: Any) -> Array:
        keys = jax.random.split(jax.random.fold_in(key, t), points.shape[0])
        return jax.vmap(lambda y, k: next_point(eco, rule, y, k, shock, mode, world))(points, keys)

    def record(points: Array, inputs: tuple[Array, Any]) -> tuple[Array, Array]:
        return move(points, *inputs), points

    if mode != GIVEN:
        points = jax.lax.fori_loop(0, burn_in, lambda t, y: move(y, t, None), points)
    _, path = jax.lax.scan(record, points, (burn_in + jnp.arange(periods), given))
    return jnp.swapaxes(path, 0, 1)


def next_point(
    eco: Economy,
    rule: DecisionRule,
    y: Float[Array, " n_points"],
    key: PRNGKeyArray,
    shock: Any,
    mode: str,
    world: Model | None = None,
) -> Float[Array, " n_points"]:
    """The next point under a shock that is drawn, absent or given, and the laws of the world."""
    model, s = eco.split(y)
    world = model if world is None else world
    if mode == DRAWN:
        shock = world.shocks().draw(key, s)
    elif mode == CALM:
        shock = calm_shock(world.shocks(), s)
    return eco.join(world.transition(s, rule(eco, model, y), shock), y[eco.states.size :])


def calm_shock(law: Shocks, s: Any) -> Any:
    """The shock when nothing happens: laws at their mean, a Markov chain in its regime."""
    if isinstance(law, MarkovChain):
        return getattr(s, law.regime)
    if isinstance(law, Independent):
        return {name: calm_shock(member, s) for name, member in law.laws.items()}
    return law.mean(s)


@eqx.filter_jit
def _extents(eco: Economy, cloud: Cloud, points: Float[Array, "paths time n_points"]) -> Array:
    return jax.vmap(jax.vmap(cloud.extent, (None, 0)), (None, 0))(eco, points)


@eqx.filter_jit
def variables_along(eco: Economy, rule: DecisionRule, points: Float[Array, "paths time n_points"]) -> dict[str, Array]:
    """States, policies and definitions along paths, `[paths, time, ...]` by name."""
    return jax.vmap(jax.vmap(lambda y: variables(eco, rule, y)))(points)


def variables(eco: Economy, rule: DecisionRule, y: Float[Array, " n_points"]) -> dict[str, Array]:
    """States, policies and definitions at a point, by name."""
    model, s = eco.split(y)
    return named(model, s, rule(eco, model, y))


def named(model: Model, s: Any, x: Any) -> dict[str, Array]:
    """States, policies and definitions by name.

    Raises:
        ModelError: Two of them have the same name.
    """
    parts = [dict(s._asdict()), dict(x._asdict()), dict(model.definitions(s, x))]
    values: dict[str, Array] = {}
    for part in parts:
        twice = [name for name in part if name in values]
        if twice:
            raise ModelError(
                f"{type(model).__name__} has two variables called {twice[0]!r} among State, Policy and "
                "definitions(); rename one of them."
            )
        values |= {name: jnp.asarray(value) for name, value in part.items()}
    return values


def in_order(model: Model, values: dict[str, Any]) -> dict[str, Any]:
    """States, policies, definitions: compiled functions return dictionaries in alphabetical order."""
    first = [*model.State._fields, *model.Policy._fields]
    return {name: values[name] for name in [*first, *(name for name in values if name not in first)]}


def variable_labels(model: Model, names: Any) -> dict[str, Label]:
    """Name and unit of every variable; definitions are called what they are called."""
    known = labels(model.State) | labels(model.Policy)
    return {name: known.get(name, Label(str(name).replace("_", " "), "")) for name in names}


def dataset(model: Model, values: dict[str, Any], leading: tuple[str, ...], coords: Any = None) -> "xr.Dataset":
    """A labelled dataset of variables whose first axes are `leading`; every further axis is called `k_entry`.

    Args:
        model: The model, for names and units.
        values: Arrays by name.
        leading: Names of the first axes.
        coords: Coordinates of the first axes.
    """
    import xarray as xr

    about = variable_labels(model, values)
    data = {}
    for name, value in values.items():
        attrs = {"long_name": about[name].name, "units": about[name].unit}
        data[name] = ((*leading, *entry_axes(name, np.ndim(value) - len(leading))), np.asarray(value), attrs)
    return xr.Dataset(data, coords=coords)


def entry_axes(name: str, n: int) -> tuple[str, ...]:
    """Names of the axes of an array field: `k_entry`, or `k_entry_1` and `k_entry_2` of a matrix."""
    return (f"{name}_entry",) if n == 1 else tuple(f"{name}_entry_{i + 1}" for i in range(n))


@dataclasses.dataclass(frozen=True)
class RestPoint:
    """The stochastic steady state: where the economy rests when shocks are expected and none arrive.

    Attributes:
        state: Mean of the rest points over all starts. [units of the model]
        policy: Policy there.
        dispersion: Largest distance between two rest points, in scales of the states; near zero if every
            start ends in the same point. [-]
        drift: Largest movement in the last period, in the same scales; near zero if the paths have come to
            rest. [-]
        starts: Number of dispersed starts.
        periods: Length of the paths. [periods]
    """

    state: Any
    policy: Any
    dispersion: float
    drift: float
    starts: int
    periods: int


def stochastic_steady_state(solution: "Solution", *, starts: int = 32, periods: int = 2000, seed: int = 0) -> RestPoint:
    """The stochastic steady state, from dispersed starts.

    A Markov chain stays in its most likely regime throughout.

    Args:
        solution: A solution at one calibration.
        starts: Number of dispersed starts.
        periods: Length of every path. [periods]
        seed: Seed of the starts.

    Returns:
        The rest point, with the dispersion over starts that is left at the end.

    Raises:
        ConfigError: Not whole numbers, or the rule still has pseudo-states.
    """
    solution._require_calibration()
    require_whole("starts", starts, 1)
    require_whole("periods", periods, 1)
    with jax.enable_x64(True):
        eco, cloud = solution.economy, solution.cloud
        points = dispersed(eco, cloud, jax.random.split(jax.random.key(seed), starts))
        points = _in_likely_regime(eco, points)
        rest = _rest(eco, solution.rule, cloud, points, jnp.asarray(periods), tuple(_regime_entries(eco).tolist()))
        state, policy, dispersion, drift = jax.tree.map(np.asarray, rest)
    return RestPoint(state, policy, float(dispersion), float(drift), starts, periods)


@eqx.filter_jit
def _rest(
    eco: Economy, rule: DecisionRule, cloud: Cloud, points: Array, periods: Array, regimes: tuple[bool, ...]
) -> tuple[Any, Any, Array, Array]:
    """State and policy after `periods` transitions without shocks, dispersion over starts, last movement."""
    key = jax.random.key(0)
    move = lambda points: jax.vmap(lambda y: next_point(eco, rule, y, key, None, CALM))(points)
    before = jax.lax.fori_loop(0, periods - 1, lambda _, y: move(y), points)
    after = move(before)
    ends, starts = _standardised(eco, cloud, after), _standardised(eco, cloud, before)
    centre = jnp.where(np.asarray(regimes), after[0], after.mean(axis=0))
    model, s = eco.split(centre)
    dispersion = jnp.max(jnp.ptp(ends, axis=0), initial=0.0)
    return s, rule(eco, model, centre), dispersion, jnp.max(jnp.abs(ends - starts), initial=0.0)


def _standardised(eco: Economy, cloud: Cloud, points: Array) -> Array:
    def one(y: Array) -> Array:
        model, s = eco.split(y)
        return cloud.standardise(eco, model, s, y[eco.states.size :])

    return jax.vmap(one)(jnp.asarray(points))


def _regime_entries(eco: Economy) -> np.ndarray:
    entries = np.ones(eco.n_points, dtype=bool)
    entries[eco.states.continuous] = False
    return entries


def _in_likely_regime(eco: Economy, points: Array) -> Array:
    """The points with every regime at the mode of its chain's stationary distribution."""
    for name, probabilities in (stationary_regimes(eco.model) or {}).items():
        position = eco.states.slices[name].start
        points = points.at[:, position].set(jnp.argmax(probabilities).astype(points.dtype))
    return points
