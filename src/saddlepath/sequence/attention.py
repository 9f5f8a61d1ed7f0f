"""Scaled dot-product attention in several heads, over a whole sequence or one entry at a time.

    attention(Q, K, V) = softmax(Q K' / sqrt(width of a head)) V

Decoding one entry at a time keeps keys and values of the entries before it in a cache and gives what the whole sequence
gives.

References:
    Vaswani et al. (2017, NeurIPS), section 3.2.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from saddlepath.errors import ConfigError


class Cache(NamedTuple):
    """Keys and values of the entries that have been decoded, filled up with zeros.

    Attributes:
        keys: `[longest, heads, size]`.
        values: `[longest, heads, size]`.
    """

    keys: Float[Array, "longest heads size"]
    values: Float[Array, "longest heads size"]


def attend(
    queries: Float[Array, "time heads size"],
    keys: Float[Array, "others heads size"],
    values: Float[Array, "others heads size"],
    visible: Bool[Array, "time others"],
) -> Float[Array, "time heads size"]:
    """Means of values, weighted by how well keys answer queries.

    Args:
        queries: What every entry asks, by head.
        keys: What the others answer to.
        values: What they say.
        visible: Whom an entry may see; an entry that sees nobody gets the plain mean.
    """
    logits = jnp.einsum("thd,ohd->hto", queries, keys) / queries.shape[-1] ** 0.5
    logits = jnp.where(visible[None, :, :], logits, jnp.finfo(logits.dtype).min)
    return jnp.einsum("hto,ohd->thd", jax.nn.softmax(logits, axis=-1), values)


class Attention(eqx.Module):
    """Self-attention in several heads, without biases.

    Attributes:
        query: `[width, width]`, heads one below the other; as are `key` and `value`.
        key: `[width, width]`.
        value: `[width, width]`.
        output: `[width, width]`.
        heads: Number of heads.
    """

    query: Float[Array, "width width"]
    key: Float[Array, "width width"]
    value: Float[Array, "width width"]
    output: Float[Array, "width width"]
    heads: int = eqx.field(static=True)

    def __init__(self, width: int, heads: int, *, key: PRNGKeyArray):
        """First weights are uniform with variance 1 / width (Glorot).

        Args:
            width: Columns of an entry.
            heads: Heads that share them.
            key: Of the draws.

        Raises:
            ConfigError: A width that is no multiple of the heads.
        """
        if heads < 1 or width % heads:
            raise ConfigError(f"width must be a multiple of heads, got {width} and {heads}; 64 and 4 are usual.")
        bound = (3 / width) ** 0.5
        drawn = jax.random.uniform(key, (4, width, width), minval=-bound, maxval=bound)
        self.query, self.key, self.value, self.output = drawn
        self.heads = heads

    def _by_head(self, weights: Array, x: Float[Array, "time width"]) -> Float[Array, "time heads size"]:
        return (x @ weights.T).reshape(len(x), self.heads, -1)

    def __call__(self, x: Float[Array, "time width"], visible: Bool[Array, "time time"]) -> Float[Array, "time width"]:
        """All entries at once.

        Args:
            x: Entries.
            visible: Whom an entry (row) may see (column).
        """
        queries, keys, values = (self._by_head(weights, x) for weights in (self.query, self.key, self.value))
        return attend(queries, keys, values, visible).reshape(x.shape) @ self.output.T

    def start(self, longest: int) -> Cache:
        """An empty cache for so many entries."""
        nothing = jnp.zeros((longest, self.heads, self.query.shape[0] // self.heads), self.query.dtype)
        return Cache(nothing, nothing)

    def step(
        self, x: Float[Array, " width"], place: Int[Array, ""], cache: Cache
    ) -> tuple[Float[Array, " width"], Cache]:
        """One more entry, which sees itself and those in the cache before it.

        Args:
            x: The entry.
            place: Its number, from zero.
            cache: Keys and values of the entries before it.
        """
        at = lambda weights: self._by_head(weights, x[None])
        cache = Cache(
            jax.lax.dynamic_update_slice_in_dim(cache.keys, at(self.key), place, axis=0),
            jax.lax.dynamic_update_slice_in_dim(cache.values, at(self.value), place, axis=0),
        )
        visible = jnp.arange(len(cache.keys)) <= place
        seen = attend(at(self.query), cache.keys, cache.values, visible[None, :])
        return self.output @ seen.reshape(-1), cache


def visibility(time: int, causal: bool, mask: Bool[Array, " time"] | None = None) -> Bool[Array, "time time"]:
    """Whom an entry (row) may see (column).

    Args:
        time: Entries.
        causal: Nobody sees later entries.
        mask: True for entries that count; nobody sees the others.
    """
    everyone = jnp.ones((time, time), bool)
    allowed = jnp.tril(everyone) if causal else everyone
    return allowed if mask is None else allowed & mask[None, :]
