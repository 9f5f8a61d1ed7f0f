"""What moves what in a planner's problem: the facts on which the form of its conditions depends.

They are found from derivatives at random points and random parameters near the first point, so that no
calibration (a shock of size zero, say) hides a dependence; what is zero by construction is zero everywhere.
"""

import dataclasses
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from saddlepath.errors import ModelError
from saddlepath.layout import Layout
from saddlepath.model import Model
from saddlepath.shocks import Shocks

Slacks = tuple[tuple[str, tuple[int, ...]], ...]
"""Name and shape of every constraint."""

N_PROBES = 4
N_DRAWS = 8
PERTURBATION = 0.1
"""Relative size of the random changes of parameters, and size of those of coordinates [-]."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """The structure of a planner's problem, the same for all parameter values.

    Attributes:
        endogenous: Fields of `State` that policies move.
        euler: Entries of the flat policy whose conditions price tomorrow's states; None in the costate form.
        numeraire: Entries of the flat policy, of one field, whose mean defines marginal utility in the costate form.
        slacks: Name and shape of every constraint.
    """

    endogenous: tuple[str, ...]
    euler: tuple[int, ...] | None
    numeraire: tuple[int, ...]
    slacks: Slacks


def first_point(problem: Model) -> tuple[Array, Array]:
    """The author's guess of the steady state, else interior values of the ranges, as flat vectors."""
    guess = problem.steady_guess()
    if guess is None:
        values = [[r.default() for r in ranges] for ranges in (problem.state_range(), problem.policy_range())]
        guess = (problem.State(*values[0]), problem.Policy(*values[1]))
    return _flat(guess[0]), _flat(guess[1])


def _flat(point: Any) -> Array:
    return jnp.concatenate([jnp.ravel(jnp.asarray(v, dtype=jnp.result_type(float))) for v in point])


def find_plan(problem: Model, states: Layout, controls: Layout, slacks: Slacks) -> Plan:
    """The structure of a problem.

    Args:
        problem: A model with a period return, parameters as array leaves.
        states: Order of the entries of its state.
        controls: Order of the entries of its policy.
        slacks: Name and shape of its constraints.

    Raises:
        ModelError: No policy moves a state, none of those that do enters the return, or the transition is not
            finite.
    """
    probes = _finite_probes(problem, states, controls)
    fields = _entry_fields(states)
    moved = [probe.h_x != 0 for probe in probes]
    carried = [probe.h_s != 0 for probe in probes]
    endogenous = _endogenous(states.fields, fields, np.any(moved, axis=0), np.any(carried, axis=0))
    if not endogenous:
        raise ModelError(
            f"{type(problem).__name__}: no policy moves any state, so there is nothing to derive; let "
            "transition() depend on the policy, or write residuals(s, x, E)."
        )
    rows = np.asarray([name in endogenous for name in fields])
    euler = _pricing_controls(probes, rows)
    return Plan(endogenous, euler, () if euler else _numeraire(problem, probes, rows, controls), slacks)


class _Probe(NamedTuple):
    """Derivatives of transition and return at one random point; `spread [n_states]`: range over shocks."""

    h_s: np.ndarray
    h_x: np.ndarray
    u_x: np.ndarray
    spread: np.ndarray


@eqx.filter_jit
def _probe(
    problem: Model, law: Shocks, states: Layout, controls: Layout, y: Array, v: Array, key: PRNGKeyArray
) -> tuple[Array, ...]:
    """Entries of a `_Probe`, as JAX computes them."""
    s0 = states.unflatten(y)
    shocks = jax.vmap(lambda k: law.draw(k, s0))(jax.random.split(key, N_DRAWS))

    def move(y: Array, v: Array, shock: Any) -> Array:
        s1 = problem.transition(states.unflatten(y), controls.unflatten(v), shock)
        return states.flatten(s1, "transition()")

    h_s, h_x = jax.jacfwd(move, (0, 1))(y, v, jax.tree.map(lambda draws: draws[0], shocks))
    u_x = jax.grad(lambda v: problem.period_return(s0, controls.unflatten(v)))(v)
    after = jax.vmap(lambda shock: move(y, v, shock))(shocks)
    return h_s, h_x, u_x, jnp.ptp(after, axis=0)


def _finite_probes(problem: Model, states: Layout, controls: Layout) -> list[_Probe]:
    rng = np.random.default_rng(0)
    first, found = first_point(problem), []
    for number in range(N_PROBES + 1):
        size = PERTURBATION if number < N_PROBES else 0.0  # the last probe is the first point itself
        y = _nearby(problem.state_range(), first[0], size, rng)
        v = _nearby(problem.policy_range(), first[1], size, rng)
        moved = jax.tree.map(lambda leaf, size=size: _perturbed(leaf, size, rng), problem)
        parts = _probe(moved, problem.shocks(), states, controls, y, v, jax.random.key(number))
        probe = _Probe(*map(np.asarray, parts))
        if all(np.all(np.isfinite(part)) for part in (probe.h_s, probe.h_x, probe.spread)):
            found.append(probe)
    if not found:
        raise ModelError(
            f"{type(problem).__name__}.transition() is not finite near the first point; give steady_guess(), "
            "or ranges that keep states and policies inside their domains."
        )
    return found


def _nearby(ranges: Any, point: Array, size: float, rng: np.random.Generator) -> Array:
    parts, start = [], 0
    for r in ranges:
        entries = int(np.prod(r.shape))
        coordinate = r.coordinate(point[start : start + entries].reshape(r.shape))
        parts.append(jnp.ravel(r.value(coordinate + size * rng.normal(size=r.shape))))
        start += entries
    return jnp.concatenate(parts)


def _perturbed(leaf: Any, size: float, rng: np.random.Generator) -> Any:
    if not eqx.is_inexact_array(leaf):
        return leaf
    return leaf * (1 + size * rng.uniform(size=leaf.shape)) + size**2 * rng.uniform(size=leaf.shape)


def _entry_fields(states: Layout) -> list[str]:
    return [name for name, n in zip(states.fields, states.sizes, strict=True) for _ in range(n)]


def _endogenous(names: tuple[str, ...], fields: list[str], moved: np.ndarray, carried: np.ndarray) -> tuple[str, ...]:
    """Fields with an entry that a policy moves, or an entry of another such field."""
    found = {name for name, row in zip(fields, moved, strict=True) if row.any()}
    for _ in names:
        inside = np.asarray([name in found for name in fields])
        found |= {name for name, row in zip(fields, carried, strict=True) if (row & inside).any()}
    return tuple(name for name in names if name in found)


def _pricing_controls(probes: list[_Probe], rows: np.ndarray) -> tuple[int, ...] | None:
    """First controls that move the endogenous states one for one, at a price that is not zero."""
    if any(np.any(probe.spread[rows] > 0) for probe in probes):
        return None
    moves = [probe.h_x[rows] for probe in probes]
    rank = lambda columns: max(np.linalg.matrix_rank(move[:, columns]) for move in moves)
    chosen: list[int] = []
    for control in range(probes[0].h_x.shape[1]):
        if len(chosen) < rows.sum() and rank([*chosen, control]) > len(chosen):
            chosen.append(control)
    if len(chosen) < rows.sum():
        return None
    pairs = zip(moves, probes, strict=True)
    prices = [np.linalg.lstsq(move[:, chosen].T, probe.u_x[chosen])[0] for move, probe in pairs]
    return tuple(chosen) if np.all(np.any(np.asarray(prices) != 0, axis=0)) else None


def _numeraire(problem: Model, probes: list[_Probe], rows: np.ndarray, controls: Layout) -> tuple[int, ...]:
    moves = np.any([np.any(probe.h_x[rows] != 0, axis=0) for probe in probes], axis=0)
    pays = np.any([probe.u_x != 0 for probe in probes], axis=0)
    if not np.any(moves & pays):
        raise ModelError(
            f"{type(problem).__name__}: no policy both moves a state and enters period_return(), so there is "
            "no marginal utility to divide by; write residuals(s, x, E)."
        )
    found = np.flatnonzero(moves & pays)
    field = next(where for where in controls.slices.values() if where.start <= found[0] < where.stop)
    return tuple(i for i in found.tolist() if i < field.stop)
