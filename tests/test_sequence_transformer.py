"""Attention against another package; causality, order, padding, patches, norms, and decoding from a cache."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from saddlepath.errors import ConfigError
from saddlepath.sequence.attention import Attention, Cache, visibility
from saddlepath.sequence.language_model import LanguageModel, sample
from saddlepath.sequence.positions import learned, sinusoidal
from saddlepath.sequence.transformer import TransformerEncoder

TIME, INPUTS, WIDTH, HEADS = 8, 3, 8, 2
RANDOM = np.random.default_rng(0)
SLOPES = eqx.filter_jit(lambda network, x: jax.jacobian(network)(x))
LOGITS = eqx.filter_jit(lambda model, tokens: model(tokens))


@eqx.filter_jit
def run(network: Any, x: Array, mask: Array | None = None) -> Array:
    return network(x, mask)


@pytest.fixture
def series() -> Array:
    """A sequence."""
    return jnp.asarray(np.random.default_rng(0).standard_normal((TIME, INPUTS)))


@pytest.fixture
def model() -> LanguageModel:
    """A language model of eleven symbols."""
    return LanguageModel(11, WIDTH, HEADS, 1, context=TIME, key=jax.random.key(4))


def encoder(**changed: object) -> TransformerEncoder:
    return TransformerEncoder(INPUTS, WIDTH, HEADS, 2, key=jax.random.key(0), **changed)  # pyright: ignore[reportArgumentType] - any keyword of the constructor


def test_attention_against_equinox() -> None:
    """The same weights, with and without causality and padding."""
    ours = Attention(WIDTH, HEADS, key=jax.random.key(1))
    theirs = eqx.nn.MultiheadAttention(HEADS, WIDTH, key=jax.random.key(2))
    theirs = eqx.tree_at(
        lambda a: (a.query_proj.weight, a.key_proj.weight, a.value_proj.weight, a.output_proj.weight),
        theirs,
        (ours.query, ours.key, ours.value, ours.output),
    )
    other = eqx.filter_jit(lambda attention, x, visible: attention(x, x, x, mask=visible))
    x = jnp.asarray(RANDOM.standard_normal((TIME, WIDTH)))
    for causal, mask in ((False, None), (True, None), (True, jnp.arange(TIME) < 6)):
        visible = visibility(TIME, causal, mask)
        np.testing.assert_allclose(run(ours, x, visible), other(theirs, x, visible), atol=1e-12)  # roundoff


def test_waves_of_positions() -> None:
    found = sinusoidal(jnp.arange(3), 4, jnp.dtype(float))
    np.testing.assert_allclose(found[0], [0, 1, 0, 1], atol=0)
    np.testing.assert_allclose(found[2], [np.sin(2), np.cos(2), np.sin(0.02), np.cos(0.02)], atol=1e-15)


@pytest.mark.parametrize("prenorm", [True, False])
def test_nobody_sees_the_future(prenorm: bool, series: Array) -> None:
    """The gradient of early outputs in later inputs is zero, that of later outputs in early inputs is not."""
    network = encoder(causal=True, prenorm=prenorm)
    slopes = SLOPES(network, series)
    size = np.abs(np.asarray(slopes)).max(axis=(1, 3))  # [output date, input date]
    assert np.triu(size, 1).max() <= 1e-12
    assert np.tril(size).min(where=np.tri(TIME, dtype=bool), initial=np.inf) > 1e-9


@pytest.mark.slow
def test_without_positions_entries_are_a_set(series: Array) -> None:
    order = RANDOM.permutation(TIME)
    network = encoder(positions=None)
    np.testing.assert_allclose(
        run(network, series[order]), run(network, series)[order], atol=1e-12
    )  # sums in another order
    placed = encoder()
    assert float(jnp.abs(run(placed, series[order]) - run(placed, series)[order]).max()) > 1e-3


@pytest.mark.parametrize("patch", [1, 2])
def test_padding_changes_nothing(patch: int, series: Array) -> None:
    network = encoder(patch=patch, causal=False)
    filled = jnp.concatenate([series, jnp.full((4, INPUTS), 1e3)])
    found = run(network, filled, jnp.arange(TIME + 4) < TIME)
    np.testing.assert_allclose(found[: TIME // patch], run(network, series), atol=1e-12)


def test_patches_are_wider_entries(series: Array) -> None:
    """Two dates per entry are one date with twice the inputs."""
    key = jax.random.key(0)
    patched = TransformerEncoder(INPUTS, WIDTH, HEADS, 1, patch=2, key=key)
    wide = TransformerEncoder(2 * INPUTS, WIDTH, HEADS, 1, key=key)
    found = run(patched, series), run(wide, series.reshape(TIME // 2, -1))
    np.testing.assert_allclose(*found, atol=1e-14)  # the same sums


@pytest.mark.slow
def test_block_of_the_course() -> None:
    """Shape (2, 10, 32), 4 heads, expansion 4, dropout 0.1, normalised after each part."""
    network = TransformerEncoder(
        32, 32, 4, 1, expansion=4, dropout=0.1, positions=None, prenorm=False, key=jax.random.key(0)
    )
    x = jnp.asarray(RANDOM.standard_normal((2, 10, 32)))
    keys = jax.random.split(jax.random.key(1), 2)
    every = eqx.filter_jit(lambda network, x, keys: jax.vmap(lambda x, key: network(x, key=key))(x, keys))
    out = every(network, x, keys)
    assert out.shape == (2, 10, 32)
    np.testing.assert_allclose(out.mean(axis=2), 0, atol=1e-12)  # what comes out of a norm
    np.testing.assert_allclose(out.var(axis=2), 1, atol=1e-3)  # but for the 1e-5 added to a variance
    assert float(jnp.abs(out - every(network, x, None)).max()) > 1e-3  # dropout needs a key


@pytest.mark.parametrize("positions", ["sinusoidal", "learned", None])
def test_decoding_from_a_cache_is_the_full_pass(positions: str | None) -> None:
    model = LanguageModel(11, WIDTH, HEADS, 2, context=TIME, positions=positions, key=jax.random.key(3))  # pyright: ignore[reportArgumentType] - parametrised
    tokens = jnp.asarray(RANDOM.integers(11, size=TIME))

    def one(caches: tuple, given: tuple) -> tuple:
        logits, caches = model.step(given[0], given[1], caches)
        return caches, logits

    _, found = jax.lax.scan(one, model.start(), (tokens, jnp.arange(TIME)))
    np.testing.assert_allclose(found, LOGITS(model, tokens), atol=1e-12)  # sums in another order


@pytest.mark.slow
def test_cache_of_blocks_that_normalise_afterwards() -> None:
    block = encoder(prenorm=False).blocks[0]
    x = jnp.asarray(RANDOM.standard_normal((TIME, WIDTH)))

    def one(cache: Cache, given: tuple) -> tuple[Cache, Array]:
        out, cache = block.step(given[0], given[1], cache)
        return cache, out

    _, found = jax.lax.scan(one, block.attention.start(TIME), (x, jnp.arange(TIME)))
    np.testing.assert_allclose(found, block(x, visibility(TIME, causal=True)), atol=1e-12)


PROMPT = np.array([3, 1])


@pytest.mark.slow
def test_cold_samples_are_the_likeliest_symbols(model: LanguageModel) -> None:
    expected = np.concatenate([PROMPT, np.zeros(6, int)])  # what comes later is not seen
    for place in range(1, 7):
        expected[place + 1] = int(jnp.argmax(LOGITS(model, jnp.asarray(expected))[place]))
    np.testing.assert_array_equal(sample(model, PROMPT, 6, temperature=0.0), expected[2:])
    np.testing.assert_array_equal(sample(model, PROMPT, 6, temperature=2.0, top_k=1, seed=9), expected[2:])


def test_samples_follow_the_stated_probabilities(model: LanguageModel) -> None:
    """The first symbol after the prompt, 300 draws: among the three likeliest, in their shares at a temperature."""
    draws = np.array([sample(model, PROMPT, 1, temperature=2.0, top_k=3, seed=k)[0] for k in range(300)])
    logits = np.asarray(LOGITS(model, jnp.asarray(PROMPT))[-1]) / 2
    kept = np.argsort(logits)[-3:]
    shares = np.exp(logits[kept]) / np.exp(logits[kept]).sum()
    assert set(draws) == set(kept)
    found = np.array([(draws == symbol).mean() for symbol in kept])
    np.testing.assert_allclose(found, shares, atol=4 * 0.5 / 300**0.5)  # four standard errors at most


def test_bad_models() -> None:
    with pytest.raises(ConfigError, match="width must be a multiple of heads, got 8 and 3"):
        TransformerEncoder(3, 8, 3, 1, key=jax.random.key(0))
    with pytest.raises(ConfigError, match="positions must be 'sinusoidal', 'learned' or None, got 'rotary'"):
        learned("rotary", 8, 8, jax.random.key(0))
    with pytest.raises(ConfigError, match="patch must be a whole number of at least 1, got 0"):
        encoder(patch=0)


def test_bad_calls(series: Array, model: LanguageModel) -> None:
    with pytest.raises(ConfigError, match="a multiple of 3 dates, one patch after the other, got 8"):
        encoder(patch=3)(series)
    with pytest.raises(ConfigError, match="has learned 4 places, got a sequence of 8"):
        encoder(positions="learned", longest=4)(series)
    with pytest.raises(ConfigError, match="built for 3 inputs per date"):
        encoder()(series[:, :1])
    with pytest.raises(ConfigError, match="sees 8 symbols at most, got 9"):
        model(jnp.zeros(9, int))
    with pytest.raises(ConfigError, match="must fit into the context of 8"):
        sample(model, PROMPT, 7)
    with pytest.raises(ConfigError, match="temperature must be at least 0 and top_k a number from 1 to 11"):
        sample(model, PROMPT, 2, top_k=12)
