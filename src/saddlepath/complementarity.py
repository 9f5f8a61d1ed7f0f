"""Occasionally binding constraints as smooth or almost smooth equations.

The slack of a constraint and its multiplier satisfy a >= 0, b >= 0 and a b = 0: a borrowing limit does
not bind or its multiplier is zero. Three ways to write that without a clip:

- `fischer_burmeister(a, b)`: one equation that is zero exactly where the three statements hold.
- `split(v)`: one unknown for both, so that the statements hold by construction.
- `smooth_maximum(a, b, width)`: a policy that is the larger of two values, with a continuous slope.

Arguments should be free of units (a over consumption, b over marginal utility), so that residuals compare.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

Values = Float[Array, "..."]


@jax.jit  # named in a model's computation, so that kinks can be found there
def fischer_burmeister(a: ArrayLike, b: ArrayLike, smoothing: ArrayLike = 0.0) -> Values:
    """Complementarity of two quantities in one equation.

    phi(a, b) = a + b - sqrt(a^2 + b^2 + smoothing^2). Without smoothing it is zero exactly where a >= 0,
    b >= 0 and a b = 0; with smoothing exactly where a > 0, b > 0 and a b = smoothing^2 / 2. Where
    a + b > 0 it is computed as (2 a b - smoothing^2) / (a + b + sqrt(...)), which keeps all digits when
    one argument is much the larger.

    The unsmoothed function has a kink at the origin. There the derivative returned is (1, 1), the centre
    of the generalised gradient (a disc of radius one): it is finite and treats both arguments alike.

    Args:
        a: Slack of the constraint, any shape. [-]
        b: Its multiplier, a shape that broadcasts with it. [-]
        smoothing: Width of the rounded corner, at least zero. [-]

    Returns:
        The residual; close to the smaller of the two where the other is large. [-]

    References:
        Fischer (1992, Optimization), who credits Burmeister; Kanzow (1996, SIAM J. Matrix Anal. Appl.)
        for the smoothed form.
    """
    a, b, smoothing = jnp.asarray(a), jnp.asarray(b), jnp.asarray(smoothing)
    total, square = a + b, a**2 + b**2 + smoothing**2
    # Where the other formula applies, root and quotient are taken of harmless numbers: derivatives of the
    # branch that is not chosen are multiplied by zero, so they must be finite.
    root = jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1.0)), 0.0)
    positive = total > 0
    quotient = (2 * a * b - smoothing**2) / jnp.where(positive, total + root, 1.0)
    return jnp.where(positive, quotient, total - root)


@jax.jit  # named, as above
def split(v: ArrayLike) -> tuple[Values, Values]:
    """One unknown for a constrained quantity and its multiplier.

    Returns max(v, 0) and max(-v, 0): both are non-negative and their product is zero whatever v is, so that
    complementarity needs no residual. At v = 0 the slopes returned are 1/2 and -1/2.

    Args:
        v: Any real numbers. [-]

    Returns:
        The constrained quantity and its multiplier, shapes as `v`. [-]

    References:
        Garcia and Zangwill (1981), Pathways to Solutions, Fixed Points, and Equilibria.
    """
    return jnp.maximum(v, 0.0), jnp.maximum(-jnp.asarray(v), 0.0)


def smooth_maximum(a: ArrayLike, b: ArrayLike, width: ArrayLike) -> Values:
    """The larger of two values, with a continuous first derivative.

    Equals max(a, b) exactly where |a - b| >= width, and b + (a - b + width)^2 / (4 width) in between,
    which exceeds the maximum by at most width / 4. Unlike a softplus, `smooth_maximum(a, 0.0, width)` can
    reach zero.

    Args:
        a: First values, any shape. [any unit]
        b: Second values, a shape that broadcasts with it. [same unit]
        width: Half the width of the rounded corner; zero gives the plain maximum. [same unit]

    Returns:
        The smoothed maximum, shape of `a + b`. [same unit]

    References:
        Chen and Mangasarian (1996, Comput. Optim. Appl.), the smoothed plus function of a uniform density.
    """
    a, b, width = jnp.asarray(a), jnp.asarray(b), jnp.asarray(width)
    distance = a - b
    rounded = b + (distance + width) ** 2 / (4 * jnp.where(width > 0, width, 1.0))
    return jnp.where(jnp.abs(distance) < width, rounded, jnp.maximum(a, b))
