"""Small linear systems as plain arithmetic, for those that many states solve at once.

A batch of them is then one fused loop, where a library of linear algebra is called for each matrix; and two batches
never wait for each other, as they can in jaxlib 0.10.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def eliminated(a: Float[Array, "n n"], b: Float[Array, "n m"]) -> Float[Array, "n m"]:
    """Solution `x` of `a x = b`, not finite where `a` is singular; slopes solve the transposed system once more."""
    return jax.lax.custom_linear_solve(
        lambda x: a @ x, b, lambda _, right: _gauss_jordan(a, right), lambda _, right: _gauss_jordan(a.T, right)
    )


def _gauss_jordan(a: Float[Array, "n n"], b: Float[Array, "n m"]) -> Float[Array, "n m"]:
    n = a.shape[0]
    rows = jnp.arange(n)

    def cleared(j: Array, whole: Array) -> Array:
        best = jnp.argmax(jnp.where(rows >= j, jnp.abs(whole[:, j]), -1.0))
        whole = whole[jnp.where(rows == j, best, jnp.where(rows == best, j, rows))]
        pivot = whole[j] / whole[j, j]
        others = jnp.where(rows == j, 0.0, whole[:, j])
        return jnp.where((rows == j)[:, None], pivot[None, :], whole - others[:, None] * pivot[None, :])

    return jax.lax.fori_loop(0, n, cleared, jnp.concatenate([a, b], axis=1))[:, n:]
