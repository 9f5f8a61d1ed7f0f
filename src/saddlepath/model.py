"""What a user writes: a dynamic economic model as its equations, for one point in time and state.

A model is an immutable value. Its fields are its parameters; `State` and `Policy` are nested named tuples; its
methods are pure functions of one point, in the order in which a paper gives them. Everything numerical (batches,
quadrature, networks, devices) lives elsewhere.
"""

import dataclasses
import difflib
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, TypeVar, get_args, get_origin, get_type_hints

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.errors import ModelError
from saddlepath.ranges import OneOf, Range, Real
from saddlepath.shocks import NoShocks, Shocks

Scalar = Float[Array, ""]
"""One real number: the annotation of a field of `State` or `Policy` that is not an array."""


M = TypeVar("M", bound="Model")


@dataclasses.dataclass(frozen=True)
class Label:
    """Name and unit of a variable or parameter, as tables and figures show them."""

    name: str
    unit: str = "-"


@dataclasses.dataclass(frozen=True)
class ParameterInfo:
    """What `parameter` attaches to a field: description, unit and domain."""

    label: Label
    within: Range | OneOf | None


def label(name: str, unit: str = "-") -> Label:
    """Describe a field of `State` or `Policy`: `k: Annotated[Scalar, label("capital", "goods")]`.

    Args:
        name: Name in words.
        unit: Unit, `-` for pure numbers.
    """
    return Label(name, unit)


def parameter(default: Any, description: str, *, unit: str = "-", within: Range | OneOf | None = None) -> Any:
    """A parameter that carries its description, unit and domain: `beta: float = parameter(0.96, "discount factor")`.

    Args:
        default: Value of the published calibration, a number or an array.
        description: What the parameter is, in words.
        unit: Unit, `-` for pure numbers.
        within: Domain; a value outside is refused when the model is built.
    """
    info = ParameterInfo(Label(description, unit), within)
    if isinstance(default, np.ndarray):  # of which every model has its own
        return eqx.field(default_factory=default.copy, metadata={"saddlepath": info})
    return eqx.field(default=default, metadata={"saddlepath": info})


def nearest_names(name: str, valid: list[str]) -> str:
    """The end of a message about an unknown name: the closest valid ones first, then all of them."""
    close = difflib.get_close_matches(name, valid, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    return f"{hint}Valid names are {', '.join(valid) or 'none'}."


class Known:
    """A state with more that follows from it: `Known(s, plan=...)` has the fields of `s`, and `plan`.

    Args:
        state: The state.
        more: What else is known, by name.
    """

    def __init__(self, state: Any, **more: Any):
        self._state, self._more = state, more

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._more[name] if name in self._more else getattr(self._state, name)


class _ModelType(type(eqx.Module)):
    """Answers a misspelt parameter with the valid ones."""

    def __call__(cls, *args: Any, **values: Any) -> Any:
        names = [f.name for f in dataclasses.fields(cls) if f.init]
        for name in values:
            if name not in names:
                raise ModelError(f"{cls.__name__} has no parameter {name!r}; {nearest_names(name, names)}")
        return super().__call__(*args, **values)


class Model(eqx.Module, metaclass=_ModelType):
    """Base of every model.

    A model gives `State`, `Policy`, `policy_range`, `shocks`, `transition` and `residuals`; or, instead of
    `residuals`, `period_return`, `discount` and `constraints`, from which the equilibrium conditions are derived. The
    rest is optional. All methods are functions of one point: `s` today's state, `x` today's policy, `shock` one
    realisation of the innovations, `E(fn)` the conditional expectation of `fn(s1, x1)`.
    """

    State: ClassVar[type]
    Policy: ClassVar[type]
    exchangeable: ClassVar[tuple[str, ...]] = ()
    """Fields of `State` with one entry for each member of a group (countries, firms) that may be relabelled: the
    policies are then relabelled in the same way, and one decision rule serves every member."""

    def __check_init__(self) -> None:
        for name, info in parameters(self).items():
            if info.within is not None:
                _check_domain(self, name, info.within)

    def state_range(self) -> Any:
        """Ranges of the states; positive states are standardised in logs."""
        return self.State(*(Real() for _ in self.State._fields))

    def policy_range(self) -> Any:
        """Ranges of everything the decision rule returns."""
        return self.Policy(*(Real() for _ in self.Policy._fields))

    def shocks(self) -> Shocks:
        """The law of the innovations."""
        return NoShocks()

    def transition(self, s: Any, x: Any, shock: Any) -> Any:
        """Next period's state."""
        raise ModelError(f"{type(self).__name__} gives no transition(s, x, shock); write how the state moves.")

    def residuals(self, s: Any, x: Any, E: Any) -> dict[str, Array]:
        """Equilibrium conditions as named, unit-free residuals."""
        raise ModelError(
            f"{type(self).__name__} gives neither residuals(s, x, E) nor period_return(s, x); write the "
            "equilibrium conditions, or the planner's problem from which they are derived."
        )

    def known(self, s: Any) -> Any:
        """What `features` and `complete` are given of a state: `s` itself, or `Known(s, name=...)` with what both need.

        It is found once at every state, which pays where it is long to compute.
        """
        return s

    def complete(self, s: Any, x: Any) -> Any:
        """Algebra that turns the rule's outputs into the full policy (market clearing, a static condition).

        Its `s` is what `known` returns.
        """
        return x

    def definitions(self, s: Any, x: Any) -> Mapping[str, Array]:
        """Further variables of interest, added to every simulation."""
        return {}

    def features(self, s: Any) -> Array | None:
        """Inputs of the network, `[n_features]` or, for one shared network, `[items, n_features]`; None: the states.

        Its `s` is what `known` returns.
        """
        return None

    def steady_guess(self) -> Any | None:
        """A first guess `(State, Policy)` of the deterministic steady state, or None."""
        return None

    def start(self) -> Any | None:
        """The state at the first date of a model in calendar time; None: the model comes to rest.

        Paths then run from this state over `horizon` periods, a field of this name (or a property) that such a model
        has, and no steady state is looked for. The policy of `steady_guess` is where training begins.
        """
        return None

    def initial(self, key: PRNGKeyArray) -> Any | None:
        """A random state from which paths start, or None for a cloud around the steady state."""
        return None

    def exact(self, s: Any) -> Any | None:
        """The exact policy where a closed form exists, or None."""
        return None

    def period_return(self, s: Any, x: Any) -> Array | None:
        """The planner's period return, where conditions are to be derived; None: `residuals` is given."""
        return None

    @property
    def discount(self) -> Any:
        """The planner's discount factor, where conditions are to be derived: a property, or a field of this name."""
        raise ModelError(
            f"{type(self).__name__} gives period_return(s, x) and no discount factor; add a field discount, or a "
            "property discount that returns it, such as self.beta."
        )

    def constraints(self, s: Any, x: Any) -> Mapping[str, Array]:
        """Named slacks `>= 0` of the planner's problem."""
        return {}

    def value_growth(self, s: Any, x: Any, shock: Any) -> Any:
        """What a unit of tomorrow's value counts, besides the discount factor, where values are per unit of a size.

        With the value `w^(1-gamma) v(s)` at wealth `w`, for example, it is the growth of wealth to the power 1-gamma.
        """
        return 1.0

    def terminal_value(self, s: Any) -> Array | None:
        """The value of a state when the last of `horizon` periods is over; None: life does not end."""
        return None

    def replace(self: "M", **values: Any) -> "M":
        """The same model with other parameter values.

        Raises:
            ModelError: A name is not a parameter, or a value lies outside its domain.
        """
        names = [f.name for f in dataclasses.fields(self)]
        for name in values:
            if name not in names:
                raise ModelError(f"{type(self).__name__} has no parameter {name!r}; {nearest_names(name, names)}")
        return dataclasses.replace(self, **values)

    def _repr_html_(self) -> str:
        from saddlepath.description import describe

        return describe(self).to_html()


def _check_domain(model: Model, name: str, within: Range | OneOf) -> None:
    value = getattr(model, name)
    if isinstance(within, OneOf):
        inside = within.contains(value)
    elif isinstance(value, jax.core.Tracer) or not isinstance(value, float | int | np.ndarray | Array):
        return
    else:
        inside = np.all(np.asarray(within.contains(np.asarray(value))))
    if not inside:
        raise ModelError(
            f"{type(model).__name__}.{name} must be {within.describe()}, got {np.asarray(value)}; "
            "choose a value inside this domain."
        )


def parameters(model: Model) -> dict[str, ParameterInfo]:
    """Every field of a model with its label and domain, in the order of the class."""
    plain = {f.name: ParameterInfo(Label(f.name), None) for f in dataclasses.fields(model)}
    given = {f.name: f.metadata["saddlepath"] for f in dataclasses.fields(model) if "saddlepath" in f.metadata}
    return plain | given


def labels(point: type) -> dict[str, Label]:
    """Name and unit of every field of a `State` or `Policy` class."""
    hints = get_type_hints(point, include_extras=True)
    return {name: _label_of(name, hints[name]) for name in point._fields}


def _label_of(name: str, hint: Any) -> Label:
    marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((mark for mark in marks if isinstance(mark, Label)), Label(name))


def with_array_leaves(model: Model) -> Model:
    """The model with every real-valued parameter as an array leaf, so that a new value never recompiles.

    Whole numbers, truth values and strings are structure and stay what they are.
    """
    return jax.tree.map(_as_leaf, model)


def _as_leaf(leaf: Any) -> Any:
    if isinstance(leaf, float | np.floating) or (isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"):
        return jnp.asarray(leaf, dtype=jnp.result_type(float))
    if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jnp.floating):
        return leaf.astype(jnp.result_type(float))
    return leaf


PointFunction = Callable[[Any, Any], Array]
"""A function of next period's state and policy, the argument of `E`."""
