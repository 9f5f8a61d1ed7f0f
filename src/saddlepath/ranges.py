"""Domains of states and policies.

A range says which values a field may take and thereby how a decision rule produces it: every range is a smooth
bijection between its interior and the real line, `value(coordinate)` and `coordinate(value)`. A rule works in
coordinates, so that coordinate zero plus the centre's coordinate is the centre and no bound can be violated.
`feature` is the transformation under which a state is standardised: logs for positive states, levels otherwise.
"""

import abc
import dataclasses

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from saddlepath.errors import ConfigError

CENTRE_MARGIN = 0.02
"""A centre on a bound is moved this far inside, relative to the width of the range, where the map has slope [-]."""
MULTIPLIER_MARGIN = 0.1
"""The same for a multiplier that is zero, relative to its scale; closer to zero training cannot raise it again [-]."""
EDGE = 1e-4
"""A policy closer to a bound than this has reached it, relative to the width of the range [-]."""
SMALLEST = 1e-12
"""Positive centres are at least this large [unit of the field]."""


class Range(eqx.Module):
    """Domain of one field of `State` or `Policy`; every entry of the field has the same kind of domain."""

    shape: eqx.AbstractVar[tuple[int, ...]]

    @abc.abstractmethod
    def value(self, coordinate: Float[Array, "..."]) -> Float[Array, "..."]:
        """Map coordinates on the real line into the range. Shape and unit as the field."""

    @abc.abstractmethod
    def coordinate(self, value: Float[Array, "..."]) -> Float[Array, "..."]:
        """Inverse of `value`; values on or outside a bound are first moved inside by `CENTRE_MARGIN`."""

    @abc.abstractmethod
    def contains(self, value: Float[Array | np.ndarray, "..."]) -> Array | np.ndarray:
        """Entry-wise: is the value inside the closed range?"""

    @abc.abstractmethod
    def default(self) -> Float[np.ndarray, "..."]:
        """A plain interior value, the first guess where a model gives none."""

    @property
    def coordinate_shape(self) -> tuple[int, ...]:
        """Shape of the coordinates; that of the field, unless the model fills the field itself."""
        return self.shape

    def at_bound(self, value: Float[Array, "..."]) -> Array | None:
        """Entry-wise: has a policy reached a bound of its range; None where no bound is ever in the way.

        A policy between two bounds that reaches one wants to leave its range: the range decides, not an equation.
        That a multiplier is zero only says that its constraint is slack, and a positive policy never is zero.
        """
        return None

    def feature(self, value: Float[Array, "..."]) -> Float[Array, "..."]:
        """Transformation under which a state of this range is standardised."""
        return value

    def from_feature(self, feature: Float[Array, "..."]) -> Float[Array, "..."]:
        """Inverse of `feature`, brought back inside the range."""
        return feature

    @abc.abstractmethod
    def describe(self) -> str:
        """A phrase such as `positive` or `between 0 and 1`."""


@dataclasses.dataclass(frozen=True)
class OneOf:
    """Domain of a parameter that is a word: `OneOf("linear", "given")`.

    Attributes:
        words: The words it may be.
    """

    words: tuple[str, ...]

    def __init__(self, *words: str):
        object.__setattr__(self, "words", words)

    def contains(self, value: object) -> bool:
        """Is the value one of the words?"""
        return isinstance(value, str) and value in self.words

    def describe(self) -> str:
        """The words, as a phrase."""
        return " or ".join(repr(word) for word in self.words)


class Real(Range):
    """Any real number."""

    shape: tuple[int, ...] = eqx.field(static=True, default=())

    def value(self, coordinate):
        return coordinate

    def coordinate(self, value):
        return value

    def contains(self, value):
        return jnp.isfinite(value)

    def default(self):
        return np.ones(self.shape)

    def describe(self):
        return "any real number"


class Positive(Range):
    """Numbers above zero; the coordinate is `log(value) / scale`, the feature the log.

    `scale` is the size of a typical deviation of a policy [log points]; rules work in coordinates of size one. A state
    that never moves far, such as a gross interest rate, has a small one: training starts from fewer far-fetched states.
    """

    shape: tuple[int, ...] = eqx.field(static=True, default=())
    scale: ArrayLike = 1.0

    def value(self, coordinate):
        return jnp.exp(self.scale * coordinate)

    def coordinate(self, value):
        return jnp.log(jnp.maximum(value, SMALLEST)) / self.scale

    def contains(self, value):
        return value > 0

    def default(self):
        return np.ones(self.shape)

    @property
    def coordinate_shape(self) -> tuple[int, ...]:
        """Shape of the coordinates; that of the field, unless the model fills the field itself."""
        return self.shape

    def feature(self, value):
        return jnp.log(value)

    def from_feature(self, feature):
        return jnp.exp(feature)

    def describe(self):
        return "positive"


class NonNegative(Range):
    """Numbers from zero upwards, for multipliers: `scale * softplus(coordinate)`.

    The map falls like an exponential, so that a slack multiplier reaches zero to machine precision.
    `scale` is the size of a typical binding value [unit of the field]. Of a state it multiplies the dispersion that
    counts as near [-]: larger where states move far.
    """

    shape: tuple[int, ...] = eqx.field(static=True, default=())
    scale: ArrayLike = 1.0

    def value(self, coordinate):
        return jnp.asarray(self.scale) * jax.nn.softplus(coordinate)

    def coordinate(self, value):
        inside = jnp.maximum(value / self.scale, MULTIPLIER_MARGIN)
        return inside + jnp.log(-jnp.expm1(-inside))

    def contains(self, value):
        return value >= 0

    def default(self):
        return np.full(self.shape, 0.1)

    def from_feature(self, feature):
        return jnp.abs(feature)

    def describe(self):
        return "zero or positive"


class Interval(Range):
    """Numbers between `lower` and `upper`, which may be arrays with one entry per element of the field."""

    lower: ArrayLike
    upper: ArrayLike

    def __init__(self, lower: ArrayLike, upper: ArrayLike):
        self.lower, self.upper = lower, upper

    def __check_init__(self):
        bounds = (self.lower, self.upper)
        if any(isinstance(b, jax.core.Tracer) for b in bounds):
            return
        if not np.all(np.asarray(self.lower) < np.asarray(self.upper)):
            raise ConfigError(
                f"Interval needs lower < upper in every entry, got lower = {self.lower}, upper = {self.upper}; "
                "exchange or separate the bounds."
            )

    @property
    def shape(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleVariableOverride] # bounds know it
        return np.broadcast_shapes(np.shape(self.lower), np.shape(self.upper))

    def value(self, coordinate):
        return jnp.asarray(self.lower) + jnp.subtract(self.upper, self.lower) * jax.nn.sigmoid(coordinate)

    def coordinate(self, value):
        share = (value - self.lower) / (jnp.asarray(self.upper) - self.lower)
        return jax.scipy.special.logit(jnp.clip(share, CENTRE_MARGIN, 1 - CENTRE_MARGIN))

    def contains(self, value):
        return (value >= self.lower) & (value <= self.upper)

    def at_bound(self, value):
        share = (value - self.lower) / (jnp.asarray(self.upper) - self.lower)
        return (share < EDGE) | (share > 1 - EDGE)

    def from_feature(self, feature):
        return jnp.clip(feature, self.lower, self.upper)

    def default(self):
        return np.broadcast_to((np.asarray(self.lower) + np.asarray(self.upper)) / 2, self.shape)

    def describe(self):
        return f"between {np.min(self.lower):g} and {np.max(self.upper):g}"


class Unit(Range):
    """Shares: numbers between zero and one."""

    shape: tuple[int, ...] = eqx.field(static=True, default=())

    def value(self, coordinate):
        return jax.nn.sigmoid(coordinate)

    def coordinate(self, value):
        return jax.scipy.special.logit(jnp.clip(value, CENTRE_MARGIN, 1 - CENTRE_MARGIN))

    def contains(self, value):
        return (value >= 0) & (value <= 1)

    def at_bound(self, value):
        return (value < EDGE) | (value > 1 - EDGE)

    def from_feature(self, feature):
        return jnp.clip(feature, 0.0, 1.0)

    def default(self):
        return np.full(self.shape, 0.5)

    def describe(self):
        return "between 0 and 1"


class Simplex(Range):
    """Vectors of `n` positive shares that add to one; the coordinate is the centred log share."""

    n: int = eqx.field(static=True)

    def __init__(self, n: int):
        self.n = n

    @property
    def shape(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleVariableOverride] # n is the shape
        return (self.n,)

    def value(self, coordinate):
        return jax.nn.softmax(coordinate)

    def coordinate(self, value):
        logs = jnp.log(jnp.maximum(value, CENTRE_MARGIN / self.n))
        return logs - logs.mean()

    def contains(self, value):
        return (value >= 0) & (jnp.abs(jnp.sum(value) - 1) < 1e-6)

    def at_bound(self, value):
        return value < EDGE

    def default(self):
        return np.full(self.shape, 1 / self.n)

    def describe(self):
        return f"{self.n} shares that add to one"


class Shares(Range):
    """Vectors of `n` positive shares of a whole, of which a rest is left; the coordinate is the log share over it."""

    n: int = eqx.field(static=True)

    def __init__(self, n: int):
        self.n = n

    @property
    def shape(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleVariableOverride] # n is the shape
        return (self.n,)

    def value(self, coordinate):
        return jax.nn.softmax(jnp.append(coordinate, 0.0))[:-1]

    def coordinate(self, value):
        whole = jnp.append(value, 1 - jnp.sum(value))
        logs = jnp.log(jnp.maximum(whole, CENTRE_MARGIN / (self.n + 1)))
        return logs[:-1] - logs[-1]

    def contains(self, value):
        return (value >= 0) & (jnp.sum(value) <= 1 + 1e-9)  # decimal shares that add to one may exceed it by rounding

    def at_bound(self, value):
        return (value < EDGE) | (jnp.sum(value) > 1 - EDGE)

    def default(self):
        return np.full(self.shape, 1 / (self.n + 1))

    def describe(self):
        return f"{self.n} shares that add to at most one"


class Completed(Range):
    """A policy that the model's `complete` fills from the others; the rule returns nothing for it."""

    shape: tuple[int, ...] = eqx.field(static=True, default=())

    @property
    def coordinate_shape(self) -> tuple[int, ...]:
        return (0,)

    def value(self, coordinate):
        return jnp.zeros(self.shape)

    def coordinate(self, value):
        return jnp.zeros(0)

    def contains(self, value):
        return jnp.isfinite(value)

    def default(self):
        return np.ones(self.shape)

    def describe(self):
        return "completed by the model"
