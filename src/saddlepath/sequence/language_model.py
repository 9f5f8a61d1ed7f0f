"""A decoder-only language model: what comes next, from what came before; sampling one symbol at a time.

References:
    Vaswani et al. (2017, NeurIPS); Radford et al. (2018), language models of decoder blocks; Press and Wolf (2017,
    EACL), one matrix for reading and writing symbols; Fan, Lewis and Dauphin (2018, ACL), top-k sampling.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from saddlepath.errors import ConfigError
from saddlepath.sequence.attention import Cache, visibility
from saddlepath.sequence.positions import Positions, learned, positioned
from saddlepath.sequence.recurrent import check_dropout, check_sizes
from saddlepath.sequence.transformer import Block


class LanguageModel(eqx.Module):
    """Causal blocks between an embedding of symbols and its transpose.

    Attributes:
        embedding: A vector per symbol.
        places: Learned positions, or None.
        blocks: One per layer, normalising before each part.
        norm: Of the outputs.
        positions: `sinusoidal`, `learned` or None.
        context: Symbols that a model sees at most.
        dropout: Share switched off in training. [-]
    """

    embedding: Float[Array, "symbols width"]
    places: Float[Array, "context width"] | None
    blocks: tuple[Block, ...]
    norm: eqx.nn.LayerNorm
    positions: Positions = eqx.field(static=True)
    context: int = eqx.field(static=True)
    dropout: float = eqx.field(static=True)

    def __init__(
        self,
        symbols: int,
        width: int = 64,
        heads: int = 4,
        layers: int = 2,
        context: int = 64,
        expansion: int = 4,
        dropout: float = 0.0,
        positions: Positions = "learned",
        *,
        key: PRNGKeyArray,
    ):
        """A model with random weights.

        Args:
            symbols: Size of the vocabulary.
            width: Columns of an entry.
            heads: Heads; the width is a multiple.
            layers: Blocks.
            context: Symbols that the model sees at most.
            expansion: Hidden units per column in the network of a block.
            dropout: Share switched off in training. [-]
            positions: `sinusoidal`, `learned` or None.
            key: Of the draws.

        Raises:
            ConfigError: A size below one, a width that is no multiple of the heads, a dropout outside [0, 1).
        """
        check_sizes(symbols=symbols, width=width, heads=heads, layers=layers, context=context, expansion=expansion)
        check_dropout(dropout)
        first, second, *others = jax.random.split(key, layers + 2)
        self.embedding = jax.random.normal(first, (symbols, width)) / width**0.5
        self.places = learned(positions, context, width, second)
        self.blocks = tuple(Block(width, heads, expansion, dropout, True, key=k) for k in others)
        self.norm = eqx.nn.LayerNorm(width)
        self.positions, self.context, self.dropout = positions, context, dropout

    def __call__(self, tokens: Int[Array, " time"], key: PRNGKeyArray | None = None) -> Float[Array, "time symbols"]:
        """Logits of the symbol after each one.

        Args:
            tokens: Numbers of the symbols, `context` at most.
            key: Of dropout; None: nothing is switched off.

        Raises:
            ConfigError: More symbols than the context.
        """
        if len(tokens) > self.context:
            raise ConfigError(
                f"the model sees {self.context} symbols at most, got {len(tokens)}; pass the last {self.context}, or "
                f"build it with a longer context."
            )
        x = positioned(self.embedding[tokens], self.positions, self.places)
        visible = visibility(len(tokens), causal=True)
        keys = [None] * (len(self.blocks) + 1) if key is None else list(jax.random.split(key, len(self.blocks) + 1))
        x = eqx.nn.Dropout(self.dropout)(x, key=keys[0], inference=key is None)
        for block, one in zip(self.blocks, keys[1:], strict=True):
            x = block(x, visible, one)
        return jax.vmap(self.norm)(x) @ self.embedding.T

    def start(self) -> tuple[Cache, ...]:
        """Empty caches, one per block."""
        return tuple(block.attention.start(self.context) for block in self.blocks)

    def step(
        self, token: Int[Array, ""], place: Int[Array, ""], caches: tuple[Cache, ...]
    ) -> tuple[Float[Array, " symbols"], tuple[Cache, ...]]:
        """Logits after one more symbol: those of the whole sequence, without computing it again.

        Args:
            token: Number of the symbol.
            place: Its number in the sequence, from zero and below `context`.
            caches: Of the symbols before it.
        """
        x = positioned(self.embedding[token][None], self.positions, self.places, place)[0]
        kept = []
        for block, cache in zip(self.blocks, caches, strict=True):
            x, cache = block.step(x, place, cache)
            kept.append(cache)
        return self.embedding @ self.norm(x), tuple(kept)


class NextSymbol(eqx.Module):
    """The trainer's loss of a language model at one window: the mean of -log p of the next symbols. [nats]"""

    def __call__(self, network: LanguageModel, x: Array, y: Array, key: PRNGKeyArray | None) -> Array:
        return next_symbol_loss(network(x, key), y)


def next_symbol_loss(logits: Float[Array, "time symbols"], following: Int[Array, " time"]) -> Float[Array, ""]:
    """Mean of -log p of the symbols that followed. [nats per symbol]"""
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), following[:, None], axis=1))


def sample(
    model: LanguageModel,
    prompt: Int[np.ndarray, " given"],
    length: int,
    *,
    temperature: int | float = 1.0,
    top_k: int | None = None,
    seed: int = 0,
) -> Int[np.ndarray, " length"]:
    """Draw what follows a prompt.

    Args:
        model: A language model.
        prompt: Numbers of the symbols before, at least one.
        length: Symbols to draw.
        temperature: Logits are divided by it: below one, likely symbols become likelier; 0: the likeliest always. [-]
        top_k: Draw among the k likeliest only; None: among all.
        seed: Of the draws.

    Raises:
        ConfigError: An empty prompt, more symbols than the context holds, a negative temperature, or no such k.
    """
    if not 1 <= len(prompt) <= model.context - length or length < 1:
        raise ConfigError(
            f"prompt and drawn symbols must fit into the context of {model.context}, and both need one symbol or more, "
            f"got {len(prompt)} and {length}; shorten one of them."
        )
    symbols = len(model.embedding)
    if temperature < 0 or not 1 <= (symbols if top_k is None else top_k) <= symbols:
        raise ConfigError(
            f"temperature must be at least 0 and top_k a number from 1 to {symbols}, got {temperature} and {top_k}."
        )
    with jax.enable_x64(model.embedding.dtype == np.float64):
        given = np.concatenate([prompt, np.zeros(length, dtype=int)])
        warmth = jnp.asarray(temperature, model.embedding.dtype)
        drawn = _drawn(model, jnp.asarray(given), len(prompt), warmth, top_k, jax.random.key(seed))
        return np.asarray(drawn)[len(prompt) :]


@eqx.filter_jit
def _drawn(
    model: LanguageModel, given: Array, known: int, temperature: Array, top_k: int | None, key: PRNGKeyArray
) -> Array:
    """The prompt and what follows, one symbol after the other."""

    def one(carry: tuple, here: tuple) -> tuple:
        token, caches = carry
        place, key = here
        logits, caches = model.step(token, place, caches)
        following = jnp.where(place + 1 < known, given[place + 1], _draw(key, logits, temperature, top_k))
        return (following, caches), following

    places = jnp.arange(len(given) - 1)
    keys = jax.random.split(key, len(places))
    _, rest = jax.lax.scan(one, (given[0], model.start()), (places, keys))
    return jnp.concatenate([given[:1], rest])


def _draw(key: Array, logits: Array, temperature: Array, top_k: int | None) -> Array:
    """One symbol."""
    if top_k is not None:
        logits = jnp.where(logits >= jax.lax.top_k(logits, top_k)[0][-1], logits, -jnp.inf)
    likeliest = jnp.argmax(logits)
    warm = jax.random.categorical(key, logits / jnp.where(temperature > 0, temperature, 1))
    return jnp.where(temperature > 0, warm, likeliest)
