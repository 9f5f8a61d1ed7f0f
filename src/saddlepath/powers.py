"""Differences of powers without cancellation, for utility and means of any curvature."""

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float


def power(log_x: ArrayLike, a: ArrayLike) -> Float[Array, "..."]:
    """`(x^a - 1)/a`, and `log x` at `a = 0`.

    Args:
        log_x: Logarithm of x. [-]
        a: The exponent. [-]
    """
    log_x, a = jnp.asarray(log_x), jnp.asarray(a)
    safe = jnp.where(a == 0, 1.0, a)
    return jnp.where(a == 0, log_x, jnp.expm1(safe * log_x) / safe)


def log_of_power(value: ArrayLike, a: ArrayLike) -> Float[Array, "..."]:
    """The inverse: `log x` where `(x^a - 1)/a` is known.

    Args:
        value: `(x^a - 1)/a`, or `log x` at `a = 0`. [-]
        a: The exponent. [-]
    """
    value, a = jnp.asarray(value), jnp.asarray(a)
    safe = jnp.where(a == 0, 1.0, a)
    return jnp.where(a == 0, value, jnp.log1p(jnp.where(a == 0, 0.0, a) * value) / safe)
