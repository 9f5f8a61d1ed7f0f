"""The conditional expectation that a model's equations call: `E(lambda s1, x1: ...)`."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

TOMORROW = "tomorrow"
"""Marks what a computation evaluates at other states than today's, so that today's constraints can be told apart."""


class Expectation(eqx.Module):
    """Weighted sum over next period's states; these and the decisions there are computed once per node.

    Nonlinearities of an expectation belong outside it: `log(E(...))`, never `E(log(...))` where the first is meant.

    Attributes:
        s1: Next states, every field with a leading axis `n_nodes`.
        x1: Policies at the next states, same axis.
        weights: Probabilities of the nodes, they add to one. [-]
        policy: The decision rule as a function of a state, for `slope`.
        today: Today's state.
        shocks: The shocks that lead to the next states, same axis.
        own: Today's rule as a function of a state where it is not tomorrow's, as in time iteration, for `here.slope`.
    """

    s1: Any
    x1: Any
    weights: Float[Array, " n_nodes"]
    policy: Callable[[Any], Any]
    today: Any
    shocks: Any = None
    own: Callable[[Any], Any] | None = None

    def __call__(self, fn: Callable[[Any, Any], Any]) -> Any:
        """Expected value of `fn(s1, x1)`, of any shape or tree of shapes."""
        with jax.named_scope(TOMORROW):
            return self._average(jax.vmap(fn)(self.s1, self.x1))

    def with_shock(self, fn: Callable[[Any, Any, Any], Any]) -> Any:
        """Expected value of `fn(shock, s1, x1)`, where the shock matters beyond the state that it leads to."""
        with jax.named_scope(TOMORROW):
            return self._average(jax.vmap(fn)(self.shocks, self.s1, self.x1))

    def slope(self, fn: Callable[[Any, Any], Array]) -> Any:
        """Expected gradient of `fn(s1, x1(s1))` with respect to `s1`, the rule's own slope included."""
        with jax.named_scope(TOMORROW):
            return self._average(jax.vmap(_slope(fn, self.policy))(self.s1))

    @property
    def here(self) -> "Here":
        """The same gradient at today's state: `E.here.slope(fn)`."""
        return Here(self)

    def _average(self, values: Any) -> Any:
        return jax.tree.map(lambda v: jnp.tensordot(self.weights, v, axes=1), values)


class Here(eqx.Module):
    """Derivatives at today's state instead of averages over tomorrow's."""

    expectation: Expectation

    def slope(self, fn: Callable[[Any, Any], Array]) -> Any:
        """Gradient of `fn(s, x(s))` with respect to today's state, the rule's own slope included."""
        with jax.named_scope(TOMORROW):
            return _slope(fn, self.expectation.own or self.expectation.policy)(self.expectation.today)


def _slope(fn: Callable[[Any, Any], Array], policy: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Gradient of `fn(s, policy(s))` with respect to the state, as a function of it."""
    return jax.grad(lambda s: fn(s, policy(s)), allow_int=True)
