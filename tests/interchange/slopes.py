"""First-order solutions of models that differ in names, in units of states and in what their rule returns."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from saddlepath.economy import economy, policy_coordinates, policy_from_coordinates, state_features, state_from_features
from saddlepath.model import Model
from saddlepath.steady import linearise

Quantities = Mapping[str, Callable[[Any, Any, Any], Any]]
"""Functions of model, state and policy, by name."""


@dataclasses.dataclass(frozen=True)
class FirstOrder:
    """A model to first order around its steady state.

    Attributes:
        values: Quantities at the steady state.
        slopes: Their slopes in the levels of the states under the linear rule `[n_states]`.
        deviation: Unconditional standard deviations of the states' features `[n_states]`.
    """

    values: dict[str, float]
    slopes: dict[str, np.ndarray]
    deviation: np.ndarray


def first_order(model: Model, quantities: Quantities) -> FirstOrder:
    """The first-order solution of a model, for quantities of any name."""
    with jax.enable_x64(True):
        linear, eco = linearise(model), economy(model)
        state, policy = jax.tree.map(jnp.asarray, (linear.steady.state, linear.steady.policy))
        origin, base = state_features(eco.model, state, eco.states), policy_coordinates(eco.model, policy)

        def levels(f: Any) -> Any:
            return eco.states.flatten(state_from_features(eco.model, f, eco.states, {}), "state")

        def at(f: Any) -> dict[str, Any]:
            s = state_from_features(eco.model, f, eco.states, {})
            coordinates = base + linear.slopes @ (f - origin)
            x = eco.model.complete(s, policy_from_coordinates(eco.model, coordinates, eco.coordinates))
            return {name: jnp.asarray(fn(eco.model, s, x)) for name, fn in quantities.items()}

        @jax.jit
        def all_at_once(f: Any) -> Any:
            return jax.jacfwd(levels)(f), at(f), jax.jacfwd(at)(f)

        change, values, slopes = all_at_once(origin)
        in_levels = {name: np.asarray(slope) @ np.linalg.inv(np.asarray(change)) for name, slope in slopes.items()}
        return FirstOrder({name: float(v) for name, v in values.items()}, in_levels, linear.deviation)


def tomorrow(name: str) -> Callable[[Any, Any, Any], Any]:
    """The quantity that a state will be tomorrow, at the mean shock."""
    return lambda m, s, x: getattr(m.transition(s, x, m.shocks().mean(s)), name)


def named(name: str) -> Callable[[Any, Any, Any], Any]:
    """A variable of an imported model: a policy, a state or a definition."""

    def quantity(m: Any, s: Any, x: Any) -> Any:
        return {**s._asdict(), **x._asdict(), **m.definitions(s, x)}[name]

    return quantity
