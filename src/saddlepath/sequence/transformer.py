"""Transformers over numbers: blocks of attention and a network per entry, behind positions and optional patches.

Normalising before each part, inside its bypass, lets deep stacks train without care; normalising after it is the
original form.

References:
    Vaswani et al. (2017, NeurIPS); Xiong et al. (2020, ICML), where to normalise; Nie et al. (2023, ICLR), patches of a
    series as entries.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from saddlepath.errors import ConfigError
from saddlepath.sequence.attention import Attention, Cache, visibility
from saddlepath.sequence.positions import Positions, learned, positioned
from saddlepath.sequence.recurrent import check_dropout, check_inputs, check_sizes


class Block(eqx.Module):
    """Attention, then a network with one hidden layer of rectified units per entry; both with a bypass and a norm.

    Attributes:
        attention: Over the entries.
        widen: Into the hidden layer.
        narrow: Out of it.
        norms: Of the attention and of the network.
        dropout: Share of outputs of both parts switched off in training. [-]
        prenorm: Normalise what enters a part, not what leaves it.
    """

    attention: Attention
    widen: eqx.nn.Linear
    narrow: eqx.nn.Linear
    norms: tuple[eqx.nn.LayerNorm, eqx.nn.LayerNorm]
    dropout: float = eqx.field(static=True)
    prenorm: bool = eqx.field(static=True)

    def __init__(self, width: int, heads: int, expansion: int, dropout: float, prenorm: bool, *, key: PRNGKeyArray):
        """A block with random weights.

        Args:
            width: Columns of an entry.
            heads: Heads of the attention.
            expansion: Hidden units per column.
            dropout: Share switched off in training. [-]
            prenorm: Normalise before each part.
            key: Of the draws.
        """
        one, two, three = jax.random.split(key, 3)
        self.attention = Attention(width, heads, key=one)
        self.widen = eqx.nn.Linear(width, expansion * width, key=two)
        self.narrow = eqx.nn.Linear(expansion * width, width, key=three)
        self.norms = (eqx.nn.LayerNorm(width), eqx.nn.LayerNorm(width))
        self.dropout, self.prenorm = dropout, prenorm

    def think(self, x: Float[Array, " width"]) -> Float[Array, " width"]:
        """The network of one entry."""
        return self.narrow(jax.nn.relu(self.widen(x)))

    def __call__(
        self, x: Float[Array, "time width"], visible: Bool[Array, "time time"], key: PRNGKeyArray | None = None
    ) -> Float[Array, "time width"]:
        """All entries at once.

        Args:
            x: Entries.
            visible: Whom an entry (row) may see (column).
            key: Of dropout; None: nothing is switched off.
        """
        keys = (None, None) if key is None else tuple(jax.random.split(key))
        drop = eqx.nn.Dropout(self.dropout, inference=key is None)
        parts = (lambda x: self.attention(x, visible), jax.vmap(self.think))
        for part, norm, one in zip(parts, self.norms, keys, strict=True):
            if self.prenorm:
                x = x + drop(part(jax.vmap(norm)(x)), key=one)
            else:
                x = jax.vmap(norm)(x + drop(part(x), key=one))
        return x

    def step(
        self, x: Float[Array, " width"], place: Int[Array, ""], cache: Cache
    ) -> tuple[Float[Array, " width"], Cache]:
        """One more entry, which sees itself and those in the cache before it."""
        first, second = self.norms
        if self.prenorm:
            seen, cache = self.attention.step(first(x), place, cache)
            x = x + seen
            return x + self.think(second(x)), cache
        seen, cache = self.attention.step(x, place, cache)
        x = first(x + seen)
        return second(x + self.think(x)), cache


class TransformerEncoder(eqx.Module):
    """Entries of a series that look at each other.

    Attributes:
        embed: From the inputs of a patch to the width.
        places: Learned positions, or None.
        blocks: One per layer.
        norm: Of the outputs, where blocks normalise before their parts; otherwise None.
        positions: `sinusoidal`, `learned` or None.
        causal: Nobody sees later entries.
        patch: Dates per entry.
        dropout: Share of embedded inputs switched off in training. [-]
    """

    embed: eqx.nn.Linear
    places: Float[Array, "longest width"] | None
    blocks: tuple[Block, ...]
    norm: eqx.nn.LayerNorm | None
    positions: Positions = eqx.field(static=True)
    causal: bool = eqx.field(static=True)
    patch: int = eqx.field(static=True)
    dropout: float = eqx.field(static=True)

    def __init__(
        self,
        inputs: int,
        width: int,
        heads: int,
        layers: int,
        expansion: int = 4,
        dropout: float = 0.0,
        positions: Positions = "sinusoidal",
        causal: bool = False,
        prenorm: bool = True,
        patch: int = 1,
        longest: int = 512,
        *,
        key: PRNGKeyArray,
    ):
        """An encoder with random weights.

        Args:
            inputs: Inputs per date.
            width: Columns of an entry.
            heads: Heads; the width is a multiple.
            layers: Blocks.
            expansion: Hidden units per column in the network of a block.
            dropout: Share switched off in training. [-]
            positions: `sinusoidal`, `learned`, or None: entries are a set, without order.
            causal: Nobody sees later entries.
            prenorm: Normalise before each part of a block; otherwise after it.
            patch: Dates that make one entry.
            longest: Places of learned positions. [entries]
            key: Of the draws.

        Raises:
            ConfigError: A size below one, a width that is no multiple of the heads, a dropout outside [0, 1).
        """
        check_sizes(
            inputs=inputs, width=width, heads=heads, layers=layers, expansion=expansion, patch=patch, longest=longest
        )
        check_dropout(dropout)
        first, second, *others = jax.random.split(key, layers + 2)
        self.embed = eqx.nn.Linear(inputs * patch, width, key=first)
        self.places = learned(positions, longest, width, second)
        self.blocks = tuple(Block(width, heads, expansion, dropout, prenorm, key=k) for k in others)
        self.norm = eqx.nn.LayerNorm(width) if prenorm else None
        self.positions, self.causal, self.patch, self.dropout = positions, causal, patch, dropout

    def __call__(
        self,
        x: Float[Array, "time n_inputs"],
        mask: Bool[Array, " time"] | None = None,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "entries width"]:
        """What every entry has learned from those it sees.

        Args:
            x: One sequence `[time, inputs]`.
            mask: True at dates that count `[time]`; nobody sees the others. A patch counts if any of its dates does,
                and zeros stand for those that do not. None: all count.
            key: Of dropout; None: nothing is switched off.

        Returns:
            `[time / patch, width]`.

        Raises:
            ConfigError: Another number of inputs than the network was built for, a time that is no multiple of the
                patch, or more entries than learned positions.
        """
        check_inputs(x, self.embed.weight.shape[1] // self.patch)
        if len(x) % self.patch:
            raise ConfigError(
                f"a sequence must have a multiple of {self.patch} dates, one patch after the other, got {len(x)}; fill "
                f"it up at its beginning and mask what is filled."
            )
        if mask is not None:
            x = jnp.where(mask[:, None], x, jnp.zeros_like(x))
            mask = jnp.any(mask.reshape(-1, self.patch), axis=1)
        entries = positioned(jax.vmap(self.embed)(x.reshape(len(x) // self.patch, -1)), self.positions, self.places)
        visible = visibility(len(entries), self.causal, mask)
        keys = [None] * (len(self.blocks) + 1) if key is None else list(jax.random.split(key, len(self.blocks) + 1))
        entries = eqx.nn.Dropout(self.dropout)(entries, key=keys[0], inference=key is None)
        for block, one in zip(self.blocks, keys[1:], strict=True):
            entries = block(entries, visible, one)
        return entries if self.norm is None else jax.vmap(self.norm)(entries)
