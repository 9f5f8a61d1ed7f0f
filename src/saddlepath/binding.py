"""At which states the constraints of an economy bind, read off its own equations.

A constraint is a complementarity, written with `fischer_burmeister(slack, multiplier)` or `split(v)` in the residuals
or in `complete`; the constraints of a planner are written so, too. It binds where its slack is smaller than its
multiplier: one of the two is zero up to the accuracy of the rule, so that no threshold is needed to tell which.

Clips, and constraints inside loops or inside functions that the author compiled, are not seen.
"""

from typing import Any

import jax
import jax.extend.core as jex
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from saddlepath.economy import Economy, flat_residuals
from saddlepath.expectation import TOMORROW
from saddlepath.rule import DecisionRule

COMPLEMENTARITY, SPLIT = "fischer_burmeister", "split"
"""Names of the two in a computation."""


def watched_residuals(
    eco: Economy, rule: DecisionRule, y: Float[Array, " n_points"]
) -> tuple[Float[Array, " n_equations"], Any, dict[str, Bool[Array, "..."]]]:
    """Residuals and policy at a point, and which constraints bind there.

    Args:
        eco: The economy.
        rule: The decision rule.
        y: State and pseudo-states.

    Returns:
        Residuals as those of `Economy.residuals` [-]; the policy; and for every constraint whether it binds, entry by
        entry. A constraint bears the names of the policies that depend on it, or else of its equations.
    """
    equations: list[str] = []

    def conditions(point: Array) -> tuple[Any, list[Array]]:
        model, s, x, expectation = eco.expectation(rule, point)
        named = model.residuals(s, x, expectation)
        equations.extend(named)
        return jax.tree.map(jnp.asarray, x), [flat_residuals({name: value}) for name, value in named.items()]

    traced, shapes = jax.make_jaxpr(conditions, return_shape=True)(y)
    jaxpr = traced.jaxpr
    kinks = [eqn for eqn in jaxpr.eqns if _is_kink(eqn)]
    read = [v for eqn in kinks for v in eqn.invars[: _n_arguments(eqn)]]
    program = jex.ClosedJaxpr(jaxpr.replace(outvars=[*jaxpr.outvars, *read]), traced.consts)
    values = [jnp.asarray(value) for value in jex.jaxpr_as_fun(program)(y)]  # constants come back as they are
    n = len(jaxpr.outvars)
    x, residuals = jax.tree.unflatten(jax.tree.structure(shapes), values[:n])
    names = _names(jaxpr, kinks, [*x._fields, *equations], len(x._fields))
    return jnp.concatenate(residuals), x, dict(zip(names, _bind(kinks, values[n:]), strict=True))


def _is_kink(eqn: jex.JaxprEqn) -> bool:
    """A complementarity of today; those inside an expectation belong to tomorrow's states."""
    return eqn.params.get("name") in (COMPLEMENTARITY, SPLIT) and TOMORROW not in str(eqn.source_info.name_stack)


def _n_arguments(eqn: jex.JaxprEqn) -> int:
    return 2 if eqn.params["name"] == COMPLEMENTARITY else 1


def _bind(kinks: list[jex.JaxprEqn], arguments: list[Array]) -> list[Array]:
    """Whether each binds: slack below multiplier, or the one unknown for both below zero."""
    left = iter(arguments)
    return [next(left) < (next(left) if _n_arguments(eqn) == 2 else 0.0) for eqn in kinks]


def _names(jaxpr: jex.Jaxpr, kinks: list[jex.JaxprEqn], outputs: list[str], n_policies: int) -> list[str]:
    """The outputs that depend on each kink, policies before equations; a name in use gets a number."""
    reached: dict[Any, frozenset[int]] = {}
    for eqn in jaxpr.eqns:
        marks = frozenset().union(*(reached.get(v, frozenset()) for v in eqn.invars if isinstance(v, jex.Var)))
        own = {i for i, kink in enumerate(kinks) if kink is eqn}
        reached |= dict.fromkeys(eqn.outvars, marks | own)
    found: list[str] = []
    for i in range(len(kinks)):
        hit = [i in reached.get(v, frozenset()) if isinstance(v, jex.Var) else False for v in jaxpr.outvars]
        named = [name for name, yes in zip(outputs, hit, strict=True) if yes]
        policies = [name for name in outputs[:n_policies] if name in named]
        name = ", ".join(policies or named) or "constraint"
        repeated = sum(other == name or other.startswith(f"{name} (") for other in found)
        found.append(f"{name} ({repeated + 1})" if repeated else name)
    return found
