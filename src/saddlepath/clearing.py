"""A price that clears a market, solved inside a decision rule and differentiated through.

Where a price follows from the other policies by one monotone equation, the rule need not learn it: `complete` solves
the equation to machine precision, and no residual is left for it. Newton's method is used inside a shrinking bracket,
which a bisection step saves where Newton would leave it. Derivatives follow from the implicit function theorem,
`dp/da = -(d excess/d a) / (d excess/d p)`, whatever number of steps was taken.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

STEPS = 100
"""Most steps; bisection alone needs 53 for all digits of a bracket, Newton's method mostly five."""


def clearing_price(
    excess: Callable[[Float[Array, ""]], Float[Array, ""]], lower: ArrayLike, upper: ArrayLike
) -> Float[Array, ""]:
    """The price at which excess demand is zero.

    Solves `excess(price) = 0` for a function that is monotone, rising or falling, between the bounds. Works for one
    scalar equation, under `vmap` and `jit`, and can be differentiated any number of times, forward and backward, with
    respect to everything that `excess` refers to. The search starts in the middle of the bracket. Take the logarithm
    of a positive price as the unknown.

    Args:
        excess: Excess demand or supply as a function of the price; may refer to states, policies and parameters. [any
            unit]
        lower: A price below the solution. [unit of the price]
        upper: A price above the solution. [unit of the price]

    Returns:
        The price; the nearer bound where `excess` does not change its sign in between, so that a test of `excess` at
        the answer shows it. [unit of the price]

    References:
        Press, Teukolsky, Vetterling and Flannery (2007), Numerical Recipes, section 9.4, for the safeguard.
    """
    kind = jnp.result_type(float)
    bounds = jnp.asarray(lower, dtype=kind), jnp.asarray(upper, dtype=kind)

    def solve(equation: Callable[[Array], Array], _: Array) -> Array:
        return _search(equation, *bounds)

    def tangent_solve(slope: Callable[[Array], Array], right: Array) -> Array:
        return right / slope(jnp.ones_like(right))

    start = jax.lax.stop_gradient((bounds[0] + bounds[1]) / 2)
    return jax.lax.custom_root(excess, start, solve, tangent_solve)


def _search(equation: Callable[[Array], Array], lower: Array, upper: Array) -> Array:
    """Newton steps that stay inside a bracket which every evaluation shrinks."""
    precision = 4 * jnp.finfo(lower.dtype).eps

    def value_and_slope(price: Array) -> tuple[Array, Array]:
        return jax.jvp(equation, (price,), (jnp.ones_like(price),))

    def step(carry: tuple[Array, ...]) -> tuple[Array, ...]:
        i, price, low, high, _ = carry
        value, slope = value_and_slope(price)
        too_high = (value > 0) == (slope > 0)
        low, high = jnp.where(too_high, low, price), jnp.where(too_high, price, high)
        newton = price - value / slope
        inside = (newton >= low) & (newton <= high)  # false where the slope is zero or not finite
        after = jnp.where(inside, newton, (low + high) / 2)
        after = jnp.where(value == 0, price, after)
        return i + 1, after, low, high, jnp.abs(after - price)

    def unfinished(carry: tuple[Array, ...]) -> Array:
        i, price, *_, moved = carry
        return (i < STEPS) & (moved > precision * jnp.maximum(jnp.abs(price), 1.0))

    start = (jnp.zeros((), dtype=int), (lower + upper) / 2, lower, upper, jnp.full_like(lower, jnp.inf))
    return jax.lax.while_loop(unfinished, step, start)[1]
