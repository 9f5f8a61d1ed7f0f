"""What every solver minimises: residuals of an economy as a function of a flat vector of network weights."""

import dataclasses
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.cloud import Cloud
from saddlepath.economy import Economy, flat_residuals
from saddlepath.rule import NetworkRule


class Problem(eqx.Module):
    """An economy and the rule whose network is to be trained.

    Attributes:
        economy: Model, law of shocks, quadrature, pseudo-states.
        rule: The rule, with the network it starts from.
    """

    economy: Economy
    rule: NetworkRule

    @property
    def cloud(self) -> Cloud:
        return self.rule.cloud

    @property
    def n_equations(self) -> int:
        """Entries of the residual at one point."""
        return sum(math.prod(shape) for shape in self.economy.equations(self.rule).values())

    def weights(self) -> Float[Array, " n_weights"]:
        """Weights of the rule's network as one vector."""
        return flat_weights(self.rule.network)

    def network(self, weights: Float[Array, " n_weights"]) -> Any:
        """The network with these weights."""
        leaves, structure = jax.tree.flatten(self.rule.network)
        ends = np.cumsum([leaf.size for leaf in leaves])
        parts = [weights[end - leaf.size : end].reshape(leaf.shape) for leaf, end in zip(leaves, ends, strict=True)]
        return jax.tree.unflatten(structure, parts)

    def rule_with(self, weights: Float[Array, " n_weights"]) -> NetworkRule:
        """The rule with these weights."""
        return eqx.tree_at(lambda rule: rule.network, self.rule, self.network(weights))

    def residuals(self, weights: Float[Array, " n_weights"], y: Float[Array, " n_points"]) -> Array:
        """Residuals at one point."""
        return self.economy.residuals(self.rule_with(weights), y)

    def held_residuals(
        self, weights: Float[Array, " n_weights"], tomorrow: Float[Array, " n_weights"], y: Float[Array, " n_points"]
    ) -> Array:
        """Residuals at one point where today's decision follows `weights` and tomorrow's rule is held at `tomorrow`.

        `E.slope` is the slope of tomorrow's rule, hence of the one that is held; `E.here.slope` is that of today's.
        """
        eco, rule = self.economy, self.rule_with(weights)
        model, s = eco.split(y)
        x = rule(eco, model, y)
        _, _, _, expectation = eco.expectation(self.rule_with(tomorrow), y, today=x)
        own = lambda state: rule(eco, model, eco.join(state, y[eco.states.size :]))
        return flat_residuals(model.residuals(s, x, dataclasses.replace(expectation, own=own)))


def flat_weights(network: Any) -> Float[Array, " n_weights"]:
    """All arrays of a network as one vector."""
    return jnp.concatenate([jnp.ravel(leaf) for leaf in jax.tree.leaves(network)])
