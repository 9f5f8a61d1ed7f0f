"""How a decision rule moves households over a histogram of one continuous state and Markov regimes.

A household whose next state lies between two nodes is divided between them so that the mean is kept (Young, 2010, J.
Econ. Dyn. Control). The stationary distribution solves one sparse linear system; nothing is simulated.
"""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from saddlepath.economy import Economy
from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.ranges import Positive, Range
from saddlepath.rule import DecisionRule, joint_regime

UNSOLVED = 1e-9
"""Largest change of the stationary distribution within a period that is rounding [-]."""


def own_field(eco: Economy) -> str:
    """Name of the one continuous state.

    Raises:
        ConfigError: There is none, or more than one.
    """
    names = [name for name in eco.states.fields if name not in dict(eco.states.regimes)]
    if len(names) != 1 or eco.states.continuous.size != 1 or eco.box.names:
        raise ConfigError(
            f"this is for one calibration of a model with one continuous state and Markov regimes, and "
            f"{type(eco.model).__name__} has the states {', '.join(eco.states.entries)}"
            + (f" and is a family over {', '.join(eco.box.names)}." if eco.box.names else ".")
        )
    return names[0]


def own_range(eco: Economy) -> Range:
    """Range of the one continuous state."""
    return getattr(eco.model.state_range(), own_field(eco))


def n_regimes(eco: Economy) -> int:
    """Number of combinations of regimes."""
    return math.prod(n for _, n in eco.states.regimes)


def state_of(eco: Economy, level: Float[Array, "*shape"], regime: Array) -> Any:
    """The state of a level and a combination of regimes, as `joint_regime` counts them."""
    fields: dict[str, Array] = {own_field(eco): level}
    for name, n in reversed(eco.states.regimes):
        fields[name], regime = regime % n, regime // n
    return eco.states.point(**fields)


def level_of(eco: Economy, feature: Array) -> Array:
    """The level of a state feature, beyond the range too."""
    own = own_range(eco)
    return own.from_feature(feature) if isinstance(own, Positive) else feature


@eqx.filter_jit
def moves(eco: Economy, rule: DecisionRule, levels: Float[Array, " n"]) -> tuple[Array, Array, Array]:
    """Next level, next regime and probability `[n_regimes, n, n_outcomes]` from every node and regime."""
    model, law = eco.model, eco.model.shocks()

    def one(level: Array, regime: Array) -> tuple[Array, Array, Array]:
        s = state_of(eco, level, regime)
        x = rule(eco, model, eco.join(s, jnp.zeros(0)))
        shocks, weights = law.nodes(s, eco.quadrature)
        s1 = jax.vmap(lambda shock: model.transition(s, x, shock))(shocks)
        numbers = jax.vmap(lambda s: joint_regime(s, eco.states))(s1)
        return jnp.broadcast_to(getattr(s1, own_field(eco)), weights.shape), numbers, weights

    regimes = jnp.arange(n_regimes(eco), dtype=jnp.int32)
    return jax.vmap(lambda regime: jax.vmap(lambda level: one(level, regime))(levels))(regimes)


def stationary(
    eco: Economy, rule: DecisionRule, levels: Float[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, "n_regimes n"], float, float]:
    """Stationary distribution of a rule over nodes and regimes.

    Args:
        eco: The economy.
        rule: The decision rule.
        levels: Nodes, ascending. [unit of the state]

    Returns:
        Probabilities, and the share of households that would go below the lowest or above the highest node in a
        period, where they are held back.

    Raises:
        ConvergenceError: There is no single stationary distribution.
    """
    after, regimes, weights = (np.asarray(v) for v in moves(eco, rule, jnp.asarray(levels)))
    if not np.all(np.isfinite(after)):
        raise ConvergenceError("the rule is undefined at some nodes of the histogram; narrow it with box=sp.Box(...).")
    n, count = levels.size, after.shape[0]
    cell = np.clip(np.searchsorted(levels, after, side="right") - 1, 0, n - 2)
    share = np.clip((after - levels[cell]) / (levels[cell + 1] - levels[cell]), 0.0, 1.0)
    origin = np.broadcast_to((np.arange(count)[:, None] * n + np.arange(n))[..., None], after.shape).ravel()
    target = (regimes * n + cell).ravel()
    low, high = (weights * (1 - share)).ravel(), (weights * share).ravel()
    moved = (np.concatenate([low, high]), np.concatenate([target, target + 1]), np.tile(origin, 2))
    mass = _fixed_point(*moved, count * n).reshape(count, n)
    flow = mass[..., None] * weights
    return mass, float(flow[after < levels[0]].sum()), float(flow[after > levels[-1]].sum())


def _fixed_point(
    chance: Float[np.ndarray, " moves"], to: Int[np.ndarray, " moves"], origin: Int[np.ndarray, " moves"], n: int
) -> Float[np.ndarray, " n"]:
    """The probabilities of `n` nodes that moves between them, with a chance each, leave unchanged.

    One equation follows from the others, for every column adds to one: it is dropped and one probability set to one.
    Where that state is not visited the system is singular, so it is chosen by a few periods from everywhere.
    """
    from scipy import sparse
    from scipy.sparse.linalg import spsolve

    forward = sparse.csc_array((chance, (to, origin)), shape=(n, n))
    guess = np.full(n, 1 / n)
    for _ in range(200):
        guess = np.asarray(forward @ guess)
    anchor = int(np.argmax(guess))
    others = np.delete(np.arange(n), anchor)
    system = sparse.csc_array(sparse.eye_array(n, format="csc") - forward)[:, others][others]
    mass = np.empty(n)
    inflow = np.asarray(forward[:, [anchor]].todense()).ravel()[others]
    mass[anchor], mass[others] = 1.0, np.asarray(spsolve(system, inflow))
    mass /= mass.sum()
    if not np.all(np.isfinite(mass)) or np.abs(forward @ mass - mass).sum() > UNSOLVED or mass.min() < -UNSOLVED:
        raise ConvergenceError(
            "households have no single stationary distribution: they go on for ever, or do not mix; check the rule "
            "and the Markov chain."
        )
    return np.maximum(mass, 0.0) / np.maximum(mass, 0.0).sum()
