"""A model together with its quadrature and pseudo-states, as functions of one flat point.

A point is the vector `[state, theta]`: the entries of today's state and of the parameters that the rule takes as
inputs. Steady state, training, tests and simulation all call the methods of this one class, so that the residual
that is trained is the residual that is reported.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.derived import derive, is_problem
from saddlepath.errors import ModelError
from saddlepath.expectation import TOMORROW, Expectation
from saddlepath.layout import Layout, layout_of
from saddlepath.model import Model, nearest_names, with_array_leaves
from saddlepath.prior import Box
from saddlepath.quadrature import Quadrature, default_quadrature
from saddlepath.shocks import MarkovChain, Shocks


class Economy(eqx.Module):
    """What a solver needs to know of a model.

    Attributes:
        model: The model, parameters as array leaves; its conditions are derived where it gives a period return.
        box: Parameters that are pseudo-states; an empty box for a single calibration.
        quadrature: Rule for the expectation over normal shocks.
        states: Order of the entries of the state.
        policies: Order of the entries of the policy.
        coordinates: Order of the coordinates that a rule returns; fields that `complete` fills have none.
    """

    model: Model
    box: Box
    quadrature: Quadrature = eqx.field(static=True)
    states: Layout
    policies: Layout
    coordinates: Layout

    @property
    def n_points(self) -> int:
        """Entries of a point: states and pseudo-states."""
        return self.states.size + self.box.size

    @property
    def horizon(self) -> int | None:
        """Periods over which a model in calendar time is solved; None for one that comes to rest.

        Raises:
            ModelError: The model gives `start()` and no horizon.
        """
        if self.model.start() is None:
            return None
        horizon = getattr(self.model, "horizon", None)
        if horizon is None:
            raise ModelError(
                f"{type(self.model).__name__} gives start() and no horizon; add a field horizon, the number of periods "
                "over which paths are to be right."
            )
        return horizon

    def split(self, y: Float[Array, " n_points"]) -> tuple[Model, Any]:
        """The model at the point's parameters, and the point's state."""
        state, theta = y[: self.states.size], y[self.states.size :]
        return self.at(theta), self.states.unflatten(state)

    def at(self, theta: Float[Array, " n_theta"]) -> Model:
        """The model with its pseudo-states set to `theta`."""
        if not self.box.names:
            return self.model
        values = self.box.split(theta)
        where = lambda model: [getattr(model, name) for name in values]
        return eqx.tree_at(where, self.model, list(values.values()))

    def join(self, state: Any, theta: Array, origin: str = "transition()") -> Float[Array, " n_points"]:
        """A point from a state and pseudo-states."""
        return jnp.concatenate([self.states.flatten(state, origin), theta])

    def next_point(self, rule: Any, y: Float[Array, " n_points"], key: PRNGKeyArray) -> Float[Array, " n_points"]:
        """Next period's point under a decision rule and a shock drawn from the model's law."""
        model, s = self.split(y)
        shock = model.shocks().draw(key, s)
        return self.join(model.transition(s, rule(self, model, y), shock), y[self.states.size :])

    def expected_point(self, rule: Any, y: Float[Array, " n_points"]) -> Float[Array, " n_points"]:
        """Next period's point when the shock takes its mean; a regime goes to its most likely successor."""
        model, s = self.split(y)
        law = model.shocks()
        shock = _most_likely(law, s) if self.states.regimes else law.mean(s)
        return self.join(model.transition(s, rule(self, model, y), shock), y[self.states.size :])

    def expectation(
        self, rule: Any, y: Float[Array, " n_points"], key: PRNGKeyArray | None = None, today: Any = None
    ) -> Any:
        """The model, state, policy and expectation at a point.

        Args:
            rule: The decision rule, today's and tomorrow's.
            y: The point.
            key: With a key, the expectation is over one draw instead of the quadrature.
            today: Today's policy where it is not the rule's, as in time iteration.
        """
        model, s = self.split(y)
        theta = y[self.states.size :]
        x = rule(self, model, y) if today is None else today
        shocks, weights = self._outcomes(model.shocks(), s, key)
        with jax.named_scope(TOMORROW):
            y1 = jax.vmap(lambda shock: self.join(model.transition(s, x, shock), theta))(shocks)
            s1 = jax.vmap(lambda point: self.split(point)[1])(y1)
            x1 = jax.vmap(lambda point: rule(self, model, point))(y1)
        policy = lambda state: rule(self, model, self.join(state, theta))
        return model, s, x, Expectation(s1, x1, weights, policy, s, shocks)

    def _outcomes(self, law: Shocks, s: Any, key: PRNGKeyArray | None) -> tuple[Any, Array]:
        if key is None:
            return law.nodes(s, self.quadrature)
        return jax.tree.map(lambda v: v[None], law.draw(key, s)), jnp.ones(1)

    def drawn_residuals(self, rule: Any, y: Float[Array, " n_points"], key: PRNGKeyArray) -> Array:
        """Residuals with the expectation replaced by one draw of the shocks."""
        model, s, x, expectation = self.expectation(rule, y, key)
        return flat_residuals(model.residuals(s, x, expectation))

    def named_residuals(self, rule: Any, y: Float[Array, " n_points"]) -> dict[str, Array]:
        """Residuals by equation at a point, under a decision rule."""
        model, s, x, expectation = self.expectation(rule, y)
        return model.residuals(s, x, expectation)

    def residuals(self, rule: Any, y: Float[Array, " n_points"]) -> Float[Array, " n_equations"]:
        """All residuals at a point as one vector, in the order of `equations`."""
        return flat_residuals(self.named_residuals(rule, y))

    def equations(self, rule: Any) -> dict[str, tuple[int, ...]]:
        """Name and shape of every equation, in the order of `residuals`."""
        return eqx.filter_eval_shape(_at_zero, self, rule).shapes

    def with_quadrature(self, quadrature: Quadrature) -> "Economy":
        """The same economy with another rule for the expectation."""
        return dataclasses.replace(self, quadrature=quadrature)


class _Named(eqx.Module):
    """Named arrays in the order in which they are given; JAX sorts the names of a dict."""

    names: tuple[str, ...] = eqx.field(static=True)
    values: list[Array]

    def __init__(self, found: dict[str, Array]):
        self.names = tuple(found)
        self.values = [jnp.asarray(value) for value in found.values()]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each, also where only shapes are known."""
        return {name: value.shape for name, value in zip(self.names, self.values, strict=True)}


@eqx.filter_jit
def _at_zero(eco: Economy, rule: Any) -> _Named:
    """Residuals at the point zero: never computed, and traced once for all rules of the same shapes."""
    return _Named(eco.named_residuals(rule, jnp.zeros(eco.n_points)))


def shapes_in_order(named: Callable[[], dict[str, Array]]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of named arrays without computing them, in the order given."""
    return eqx.filter_eval_shape(lambda: _Named(named())).shapes


def flat_residuals(named: dict[str, Array]) -> Float[Array, " n_equations"]:
    """Named residuals as one vector, equation by equation in the order in which the model gives them."""
    if not isinstance(named, dict) or not named:
        raise ModelError(f"residuals() must return named residuals such as {{'euler': ...}}, got {named!r}.")
    return jnp.concatenate([jnp.ravel(jnp.asarray(value, dtype=jnp.result_type(float))) for value in named.values()])


def _most_likely(law: Shocks, s: Any) -> Any:
    """The mean innovation together with the most likely discrete outcome."""
    return law.realise(jnp.zeros(law.n_shocks), jnp.argmax(law.probabilities(s)))


def chains(law: Shocks) -> list[MarkovChain]:
    """All Markov chains inside a law of shocks."""
    leaves = jax.tree.leaves(law, is_leaf=lambda node: isinstance(node, MarkovChain))
    return [leaf for leaf in leaves if isinstance(leaf, MarkovChain)]


def economy(model: Model, *, over: Box | None = None, quadrature: Quadrature | None = None) -> Economy:
    """Build the economy of a model.

    Args:
        model: The model.
        over: Parameters that become pseudo-states.
        quadrature: Rule for the expectation; default by number and kind of shocks.

    Raises:
        ModelError: `State`, `Policy` or their ranges do not fit together.
        ConfigError: The box names a field that is not a real-valued parameter.
    """
    box = Box() if over is None else over
    box.check_parameters(model)
    model = with_array_leaves(model)
    law = model.shocks()
    regimes = tuple((chain.regime, chain.n_outcomes) for chain in chains(law))
    states = layout_of(model.State, _ranges(model, "State"), regimes)
    policies = layout_of(model.Policy, _ranges(model, "Policy"))
    _check_members(model, states)
    if is_problem(model):
        model = derive(model, states, policies)
        policies = layout_of(model.Policy, model.policy_range())
    shapes = tuple(tuple(r.coordinate_shape) for r in model.policy_range())
    coordinates = Layout(model.Policy, shapes)
    return Economy(model, box, quadrature or default_quadrature(law.n_shocks), states, policies, coordinates)


def _check_members(model: Model, states: Layout) -> None:
    """Refuse an exchangeable group whose fields do not exist or have different numbers of members."""
    shapes = dict(zip(states.fields, states.shapes, strict=True))
    for name in model.exchangeable:
        if name not in shapes:
            raise ModelError(
                f"{type(model).__name__}.exchangeable names {name!r}, which is no field of State; "
                f"{nearest_names(name, list(states.fields))}"
            )
    members = {name: shapes[name][:1] for name in model.exchangeable}
    if () in members.values() or len(set(members.values())) > 1:
        found = ", ".join(f"{name} of shape {shapes[name]}" for name in members)
        raise ModelError(
            f"{type(model).__name__}.exchangeable needs fields with one entry per member, the same number in each, "
            f"got {found}; declare their shapes in state_range()."
        )


def _ranges(model: Model, kind: str) -> Any:
    method = f"{kind.lower()}_range"
    point, ranges = getattr(model, kind), getattr(model, method)()
    if not isinstance(ranges, point):
        raise ModelError(
            f"{type(model).__name__}.{method}() must return a {kind}({', '.join(point._fields)}) of ranges, "
            f"got {type(ranges).__name__}; write return self.{kind}(...)."
        )
    return ranges


def stationary_regimes(model: Model) -> dict[str, Array] | None:
    """Stationary probabilities of every regime field, which stand for the regime in the steady state."""
    laws = chains(model.shocks())
    return {chain.regime: chain.stationary() for chain in laws} if laws else None


def feature_ranges(model: Model, states: Layout) -> list:
    """Ranges of the fields of `State` that are not regimes, in order."""
    regimes = [name for name, _ in states.regimes]
    ranges = model.state_range()
    return [r for name, r in zip(states.fields, ranges, strict=True) if name not in regimes]


def state_features(model: Model, s: Any, states: Layout) -> Float[Array, " n_continuous"]:
    """States on the scale on which they are standardised: logs of positive states, levels of others."""
    regimes = [name for name, _ in states.regimes]
    values = [value for name, value in zip(states.fields, s, strict=True) if name not in regimes]
    parts = [jnp.ravel(r.feature(v)) for r, v in zip(feature_ranges(model, states), values, strict=True)]
    return jnp.concatenate(parts) if parts else jnp.zeros(0)


def state_from_features(
    model: Model, features: Float[Array, " n_continuous"], states: Layout, regimes: dict[str, Array] | None
) -> Any:
    """Inverse of `state_features`; regimes are filled in from `regimes`."""
    values, start = [], 0
    for name, shape, r in zip(states.fields, states.shapes, model.state_range(), strict=True):
        if regimes is not None and name in regimes:
            values.append(regimes[name])
            continue
        size = int(np.prod(shape))
        values.append(r.from_feature(features[start : start + size].reshape(shape)))
        start += size
    return states.point(*values)


def policy_coordinates(model: Model, x: Any) -> Float[Array, " n_coordinates"]:
    """A policy in the coordinates of its ranges."""
    return jnp.concatenate([jnp.ravel(r.coordinate(v)) for r, v in zip(model.policy_range(), x, strict=True)])


def decided(model: Model, known: Any, coordinates: Float[Array, " n_coordinates"], layout: Layout) -> Any:
    """The full policy of a vector of coordinates, completed by what is `known` at the state."""
    return model.complete(known, policy_from_coordinates(model, coordinates, layout))


def policy_from_coordinates(model: Model, coordinates: Float[Array, " n_coordinates"], layout: Layout) -> Any:
    """The policy of a vector of coordinates; inside its ranges whatever the vector."""
    raw = layout.unflatten(coordinates)
    return layout.point(*(r.value(u) for r, u in zip(model.policy_range(), raw, strict=True)))
