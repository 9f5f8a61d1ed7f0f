"""Decision rules: functions from today's point to today's policy.

A trained rule is `centre + first-order part + correction` in the coordinates of the policy's ranges. Centre and
first-order part come from the steady state and the linearised model and are held fixed; the network is trained. Where
parameters are pseudo-states, centre and slopes are low-degree polynomials of them.
"""

import abc
import dataclasses
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.cloud import Cloud, polynomial_terms
from saddlepath.economy import Economy, decided, state_features
from saddlepath.grid import Grid
from saddlepath.layout import Layout
from saddlepath.model import Model
from saddlepath.network import PlainNetwork, SharedNetwork
from saddlepath.prior import Box
from saddlepath.ranges import Completed

SATURATION = 10.0
"""Standardised states enter nearly linearly up to this many scales, and like a logarithm beyond [-]."""


class DecisionRule(eqx.Module):
    """A function from a point `[state, theta]` to a policy."""

    @abc.abstractmethod
    def __call__(self, eco: Economy, model: Model, y: Float[Array, " n_points"]) -> Any:
        """The policy at a point.

        Args:
            eco: The economy, for the order of states and policies.
            model: The model at the point's parameters.
            y: State and pseudo-states.
        """


class ExactRule(DecisionRule):
    """The closed form that a model gives as `exact(s)`."""

    def __call__(self, eco: Economy, model: Model, y: Float[Array, " n_points"]) -> Any:
        return model.exact(eco.states.unflatten(y[: eco.states.size]))


class ConstantRule(DecisionRule):
    """The same decision at every state.

    Attributes:
        coordinates: The policy, in the coordinates of its ranges `[n_coordinates]`.
    """

    coordinates: Float[Array, " n_coordinates"]

    def __call__(self, eco: Economy, model: Model, y: Float[Array, " n_points"]) -> Any:
        s = eco.states.unflatten(y[: eco.states.size])
        return decided(model, model.known(s), self.coordinates, eco.coordinates)


class RuleAt(DecisionRule):
    """One member of a family: a rule over pseudo-states with these held at given values.

    Attributes:
        family: The rule over the box.
        box: The box.
        theta: Values of the pseudo-states `[n_theta]`.
    """

    family: DecisionRule
    box: Box
    theta: Array

    def __call__(self, eco: Economy, model: Model, y: Float[Array, " n_points"]) -> Any:
        eco = dataclasses.replace(eco, box=self.box)
        if isinstance(self.family, NetworkRule):  # what depends on theta alone is then computed once for a batch
            return self.family.policy(eco, model, eco.states.unflatten(y), self.theta)
        return self.family(eco, model, jnp.concatenate([y, self.theta]))


class Frame(eqx.Module):
    """Centre, scale and first-order part of a policy.

    Attributes:
        degree: Highest total degree of the polynomials in the standardised pseudo-states.
        centre: Coefficients of the policy coordinates at the centre `[n_terms, n_policies]`.
        slopes: Coefficients of the slopes `[n_terms, n_policies, n_continuous]`, per unit of the state features.
        scale: Policy coordinates per unit of network output `[n_policies]`.
        feature_centre: Mean of the model's own features, `[n_features]` or by member `[items, n_features]`, or an
            empty array.
        feature_scale: Standard deviation of the model's own features `[n_features]`, or an empty array.
    """

    degree: int = eqx.field(static=True)
    centre: Array
    slopes: Array
    scale: Array
    feature_centre: Array
    feature_scale: Array

    def first_order(self, theta: Float[Array, " n_theta"], gap: Float[Array, " n_continuous"]) -> Array:
        """Policy coordinates of the first-order rule: `gap` is the distance of the state features from the centre."""
        terms = polynomial_terms(theta, self.degree)
        return terms @ self.centre + jnp.tensordot(terms, self.slopes, axes=1) @ gap


class NetworkRule(DecisionRule):
    """First-order part and a trained network; with `network=None` the first-order rule itself.

    Attributes:
        network: The trained part.
        frame: Centre, scale and first-order part of the policy.
        cloud: Centre and scale of the states.
    """

    network: PlainNetwork | SharedNetwork | None
    frame: Frame
    cloud: Cloud

    def __call__(self, eco: Economy, model: Model, y: Float[Array, " n_points"]) -> Any:
        return self.policy(eco, model, eco.states.unflatten(y[: eco.states.size]), y[eco.states.size :])

    def policy(self, eco: Economy, model: Model, s: Any, theta: Float[Array, " n_theta"]) -> Any:
        """The policy at a state and pseudo-states."""
        known = model.known(s)
        return decided(model, known, self._coordinates(eco, model, s, known, theta), eco.coordinates)

    def coordinates(self, eco: Economy, model: Model, s: Any, theta: Array) -> Float[Array, " n_policies"]:
        """Policy coordinates at a state."""
        return self._coordinates(eco, model, s, model.known(s), theta)

    def _coordinates(self, eco: Economy, model: Model, s: Any, known: Any, theta: Array) -> Float[Array, " n_policies"]:
        common = jnp.asarray(eco.box.standardise(theta))
        z, scale = self.cloud.standardise(eco, model, s, theta), self.cloud.scale(eco, theta)
        if self.network is None:
            return self.frame.first_order(common, scale * z)
        z = saturate(z)
        correction = self.network(self.inputs(model, s, known, z, eco.states), common)
        return self.frame.first_order(common, scale * z) + self.frame.scale * correction

    def inputs(self, model: Model, s: Any, known: Any, z: Array, states: Layout) -> Array:
        """What the network sees: the model's own standardised features, or the states and their regimes."""
        own = model.features(known)
        if own is None:
            return state_inputs(model, s, z, states)
        centre, scale = (jnp.broadcast_to(v, own.shape) for v in (self.frame.feature_centre, self.frame.feature_scale))
        return saturate((own - centre) / scale)


class GridRule(DecisionRule):
    """Policy coordinates as a function of the state features on a grid, one function per regime.

    Attributes:
        grid: Basis, nodes and box, in features: logs of positive states, levels of others.
        coefficients: Coefficients `[*n_terms, n_regimes, n_coordinates]`; several chains are counted as one.
    """

    grid: Grid
    coefficients: Array

    def __call__(self, eco: Economy, model: Model, y: Float[Array, " n_points"]) -> Any:
        s = eco.states.unflatten(y[: eco.states.size])
        coordinates = self.coordinates(eco, model, s, y[eco.states.size :])
        return decided(model, model.known(s), coordinates, eco.coordinates)

    def unit(self, features: Float[Array, " n_continuous"]) -> Float[Array, " n_continuous"]:
        """Position of state features, within [-1, 1] where the grid covers them."""
        return self.grid.unit(features)

    def coordinates(self, eco: Economy, model: Model, s: Any, theta: Array) -> Float[Array, " n_coordinates"]:
        """Policy coordinates at a state; `theta` is empty, for a grid serves one calibration."""
        return self.grid(self.coefficients, state_features(model, s, eco.states))[joint_regime(s, eco.states)]


class EndogenousRule(DecisionRule):
    """A policy of one continuous state, held by its values at nodes that lie elsewhere in every regime.

    Between nodes it is linear, or cubic with slopes that keep its monotonicity (Fritsch and Carlson, 1980, SIAM J.
    Numer. Anal.); at the kink the slopes of both sides stay apart. Beyond the nodes it goes on as a straight line.

    Attributes:
        interpolation: `linear` or `cubic`.
        kink: Position among the nodes of the one at which a constraint begins or ceases to bind.
        bounds: Lowest and highest state feature that the rule was solved for `[2]`.
        nodes: State features `[n_regimes, n_nodes]`, ascending; several chains are counted as one.
        values: The policy's own value there `[n_regimes, n_nodes]`, inside its range.
    """

    interpolation: str = eqx.field(static=True)
    kink: int = eqx.field(static=True)
    bounds: Array
    nodes: Array
    values: Array

    def __call__(self, eco: Economy, model: Model, y: Float[Array, " n_points"]) -> Any:
        s = eco.states.unflatten(y[: eco.states.size])
        regime = joint_regime(s, eco.states)
        value = self.at(state_features(model, s, eco.states)[0], self.nodes[regime], self.values[regime])
        raw = eco.coordinates.unflatten(value[None])
        filled = (r.value(v) if isinstance(r, Completed) else v for r, v in zip(model.policy_range(), raw, strict=True))
        return model.complete(model.known(s), eco.coordinates.point(*filled))

    def unit(self, features: Float[Array, "1"]) -> Float[Array, "1"]:
        """Position of state features, within [-1, 1] where the rule was solved."""
        return (2 * features - self.bounds[0] - self.bounds[1]) / (self.bounds[1] - self.bounds[0])

    def at(self, feature: Float[Array, ""], nodes: Float[Array, " n"], values: Float[Array, " n"]) -> Float[Array, ""]:
        """The value at one state feature, from the nodes and values of its regime."""
        n = nodes.shape[0]
        cell = jnp.clip(jnp.searchsorted(nodes, feature, side="right") - 1, 0, n - 2)
        around = [jnp.clip(cell + k, 0, n - 1) for k in (-1, 0, 1, 2)]
        x, y = [nodes[i] for i in around], [values[i] for i in around]
        width, rise = x[2] - x[1], y[2] - y[1]
        slope, share = rise / width, (feature - x[1]) / width
        if self.interpolation == "linear":
            return y[1] + slope * (feature - x[1])
        before, after = (cell > 0) & (cell != self.kink), (cell + 2 < n) & (cell + 1 != self.kink)
        left = _node_slope(x[1] - x[0], y[1] - y[0], width, rise, x[3] - x[2], y[3] - y[2], before)
        right = _node_slope(x[3] - x[2], y[3] - y[2], width, rise, x[1] - x[0], y[1] - y[0], after)
        f = jnp.clip(share, 0.0, 1.0)
        cubic = y[1] + f * width * left + f**2 * (3 * rise - width * (2 * left + right))
        cubic = cubic + f**3 * (width * (left + right) - 2 * rise)
        return cubic + (feature - x[1] - f * width) * jnp.where(share > 0.5, right, left)


def _node_slope(
    near: Array, near_rise: Array, width: Array, rise: Array, far: Array, far_rise: Array, two_sided: Array
) -> Array:
    """Slope at one end of a cell of a monotone cubic: by the parabola through the cell and its neighbour.

    Args:
        near: Width of the neighbouring cell at this end; `near_rise` what the function rises there.
        width: Width of the cell; `rise` what the function rises there.
        far: Width of the neighbouring cell at the other end, used where the near one lies beyond a kink.
        far_rise: What the function rises there.
        two_sided: Whether the near cell belongs to the same smooth piece.
    """
    own = rise / width
    ratio = lambda up, across: jnp.where(across > 0, up / jnp.where(across > 0, across, 1.0), own)
    inner, outer = ratio(near_rise, near), ratio(far_rise, far)
    middle = (width * inner + near * own) / (width + near)
    beside = own + (own - outer) * width / (width + far)
    least = jnp.where(two_sided, jnp.minimum(jnp.abs(inner), jnp.abs(own)), jnp.abs(own))
    rising = jnp.sign(own) * jnp.where(two_sided, jnp.where(inner * own > 0, middle, 0.0), beside)
    return jnp.sign(own) * jnp.clip(rising, 0.0, 3 * least)


def joint_regime(s: Any, states: Layout) -> Array:
    """Number of the combination of all regimes of a state, the last chain fastest; 0 without chains."""
    number = jnp.zeros((), dtype=jnp.int32)
    for name, n in states.regimes:
        number = number * n + getattr(s, name)
    return number


def saturate(z: Array) -> Array:
    """Nearly the identity up to `SATURATION`, growing like a logarithm beyond; smooth, so that rules stay smooth."""
    return SATURATION * jnp.arcsinh(z / SATURATION)


def state_inputs(model: Model, s: Any, z: Float[Array, " n_continuous"], states: Layout) -> Array:
    """Standardised states and indicators of regimes: one vector, or a row for every member of an exchangeable group.

    A row holds the member's own states, followed by those that belong to no member.
    """
    regimes = regime_indicators(s, states)
    if not model.exchangeable:
        return jnp.concatenate([z, *regimes])
    full = jnp.zeros(states.size, dtype=z.dtype).at[states.continuous].set(z)
    items = states.shapes[states.fields.index(model.exchangeable[0])][0]
    own = [full[states.slices[name]].reshape(items, -1) for name in model.exchangeable]
    apart = {*model.exchangeable, *(name for name, _ in states.regimes)}
    common = [*(full[states.slices[name]] for name in states.fields if name not in apart), *regimes]
    return jnp.concatenate([*own, *(jnp.broadcast_to(part, (items, part.size)) for part in common)], axis=1)


def features_shape(eco: Economy) -> tuple[int, ...]:
    """Shape of what a network sees: `(n_features,)`, or `(items, n_features)` where one network serves many."""
    own = own_features_shape(eco)
    if own is not None:
        return own
    state, z = (jnp.asarray(np.zeros(n)) for n in (eco.states.size, eco.states.continuous.size))
    inputs = lambda: state_inputs(eco.model, eco.states.unflatten(state), z, eco.states)
    return eqx.filter_eval_shape(inputs).shape


def own_features_shape(eco: Economy) -> tuple[int, ...] | None:
    """Shape of the features that the model gives itself, or None."""
    state = eco.states.unflatten(jnp.asarray(np.zeros(eco.states.size)))
    own = eqx.filter_eval_shape(lambda s: eco.model.features(eco.model.known(s)), state)
    return None if own is None else own.shape


def regime_indicators(s: Any, states: Layout) -> list[Array]:
    """A vector of zeros and a one for every Markov regime of the state."""
    return [jnp.where(jnp.arange(n, dtype=jnp.int32) == getattr(s, name), 1.0, 0.0) for name, n in states.regimes]
