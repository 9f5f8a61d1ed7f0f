"""Weights of equations in the loss, so that none is neglected because its residuals are small.

A step minimises the mean over equations of `weight x loss`, where the loss of an equation is its mean squared residual
(or other kernel) on the batch. Weights are constants of a step: no derivative is taken through them. Every entry of a
named equation, such as the Euler equation of one age, counts as one equation here.
"""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.errors import ConfigError
from saddlepath.model import nearest_names
from saddlepath.solvers.problem import Problem

LEAST_LOSS = 1e-6
"""A loss below this share of the mean loss counts as this share, so that no solved equation takes all weight [-]."""


class Balancing(eqx.Module):
    """A way to weigh equations by their losses. Its state, if it has one, travels beside it."""

    def init(self, problem: Problem, weights: Float[Array, " n_weights"]) -> Any:
        """State before the first step, in the precision of the network's weights."""
        return None

    @abc.abstractmethod
    def weigh(self, losses: Float[Array, " n_equations"], state: Any, key: PRNGKeyArray) -> tuple[Array, Any]:
        """Weights of the equations `[n_equations]`, and the new state."""


class Equal(Balancing):
    """Every equation has weight one."""

    def weigh(self, losses, state, key):
        return jnp.ones_like(losses), None


class RootMeanSquare(Balancing):
    """Every equation is divided by its root mean square, relative to their mean."""

    def weigh(self, losses, state, key):
        size = jnp.sqrt(_above_zero(losses))
        return (jnp.mean(size) / size) ** 2, None


class InverseLoss(Balancing):
    """Weights proportional to one over the loss, with mean one: ratios as in `RootMeanSquare`, another sum.

    Where losses lie far apart, most of the weight goes to equations that are nearly solved.
    """

    def weigh(self, losses, state, key):
        return losses.size * shares(losses), None


class Relobralo(Balancing):
    """Relative loss balancing with random lookback (Bischof and Kraus, 2022): equations that fall slowly weigh more.

    With `bal(t, t')` the softmax over equations of `loss(t) / (temperature x loss(t'))`, times their number,

        weights(t) = memory (rho weights(t-1) + (1 - rho) bal(t, 0)) + (1 - memory) bal(t, t-1),

    where `rho` is one with probability `lookback` and else zero, so that progress is now and then measured from the
    first step. Weights have mean one. The scheme was made for losses on fixed points; on a new batch every step the
    losses also differ by chance, which a long memory averages out.

    Attributes:
        temperature: Small: nearly all weight to the equation that fell least; large: nearly equal weights. [-]
        memory: Share of the weights that is carried on from step to step. [-]
        lookback: Probability that what is carried on are the last weights, not those since the first step. [-]
    """

    temperature: float = 0.1
    memory: float = 0.999
    lookback: float = 0.999

    def __check_init__(self) -> None:
        shares_given = {"memory": self.memory, "lookback": self.lookback}
        if not self.temperature > 0 or not all(0 <= share <= 1 for share in shares_given.values()):
            raise ConfigError(
                "Relobralo needs a positive temperature, and memory and lookback between 0 and 1, got "
                f"temperature={self.temperature}, {', '.join(f'{k}={v}' for k, v in shares_given.items())}."
            )

    def init(self, problem, weights):
        unknown = jnp.full(problem.n_equations, jnp.nan, dtype=weights.dtype)
        return unknown, unknown, jnp.ones_like(unknown)

    def weigh(self, losses, state, key):
        first, last, before = state
        begun = jnp.all(jnp.isfinite(last))
        first, last = jnp.where(begun, first, losses), jnp.where(begun, last, losses)
        carried = jnp.where(jax.random.bernoulli(key, self.lookback), before, self._balance(losses, first))
        weights = self.memory * carried + (1 - self.memory) * self._balance(losses, last)
        return weights, (first, losses, weights)

    def _balance(self, losses: Array, earlier: Array) -> Array:
        """Weights by how little each loss has fallen since an earlier one."""
        return losses.size * jax.nn.softmax(_above_zero(losses) / (self.temperature * _above_zero(earlier)))


def shares(losses: Float[Array, " n_equations"]) -> Float[Array, " n_equations"]:
    """Weights proportional to one over the loss, which sum to one."""
    inverse = 1 / _above_zero(losses)
    return inverse / jnp.sum(inverse)


def _above_zero(losses: Array) -> Array:
    """Losses, none of them below a small share of their mean."""
    return jnp.maximum(losses, jnp.maximum(LEAST_LOSS * jnp.mean(losses), jnp.finfo(losses.dtype).tiny))


SCHEMES: dict[str, Balancing] = {
    "none": Equal(),
    "equations": RootMeanSquare(),
    "inverse loss": InverseLoss(),
    "relobralo": Relobralo(),
}
"""Ways to weigh equations by name."""


def balancing(scaling: str | Balancing) -> Balancing:
    """The scheme of this name, or the scheme itself.

    Raises:
        ConfigError: There is no scheme of this name.
    """
    if isinstance(scaling, Balancing):
        return scaling
    if scaling not in SCHEMES:
        raise ConfigError(f"no scaling {scaling!r}; {nearest_names(scaling, list(SCHEMES))}")
    return SCHEMES[scaling]
