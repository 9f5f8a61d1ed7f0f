"""Language models and classifiers of text through the one trainer: text in, one trained network out."""

from collections.abc import Sequence
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from saddlepath.errors import ConfigError
from saddlepath.nn.losses import NetworkLoss
from saddlepath.nn.training import Data, Log, Loss, Training, train
from saddlepath.sequence.language_model import LanguageModel, NextSymbol
from saddlepath.sequence.text import NOTHING, Vocabulary, windows

Net = TypeVar("Net", bound=eqx.Module)
LANGUAGE = Training(rate=3e-3, epochs=10, batch=32)
"""Enough for short texts of a grammar."""
CLASSES = Training(rate=3e-3, epochs=30, batch=32)
"""Enough for a thousand statements."""


def train_one(
    network: Net,
    data: Data,
    loss: Loss,
    training: Training,
    seed: int = 0,
    *,
    random: bool = False,
    log: Log | None = None,
) -> Net:
    """Train a single network, of any kind, with the trainer of many.

    Args:
        network: With its first weights.
        data: Labels; arrays of JAX.
        loss: Of one label.
        training: How.
        seed: Of the order of labels and of dropout.
        random: The loss draws something, as dropout does.
        log: Called with a record per part of the training.

    Raises:
        ConvergenceError: The loss is not finite.
    """
    lifted = jax.tree.map(lambda leaf: leaf[None] if eqx.is_array(leaf) else leaf, network)
    trained = train(lifted, data, loss, training, seed, random=random, log=log)
    return jax.tree.map(lambda leaf: leaf[0] if eqx.is_array(leaf) else leaf, trained)


def train_language_model(
    model: LanguageModel,
    text: Int[np.ndarray, " time"],
    held_out: Int[np.ndarray, " later"],
    training: Training = LANGUAGE,
    seed: int = 0,
    log: Log | None = None,
) -> LanguageModel:
    """Train a language model on a text; called with a trained model, fine-tune it.

    Args:
        model: With its first weights, or trained on another text with the same vocabulary.
        text: Numbers of the symbols.
        held_out: Numbers of the symbols of a text whose loss chooses among the weights of all epochs.
        training: How.
        seed: Of the order of windows and of dropout.
        log: Called with a record per part of the training.

    Raises:
        ConfigError: A text that is no longer than the context, or symbols that the model has not.
        ConvergenceError: The loss is not finite.
    """
    most = int(max(text.max(), held_out.max()))
    if most >= len(model.embedding):
        raise ConfigError(
            f"the model knows {len(model.embedding)} symbols, got number {most}; build it with the vocabulary of all "
            f"texts, symbols=len(vocabulary)."
        )
    with jax.enable_x64(model.embedding.dtype == np.float64):
        arrays = (jnp.asarray(a) for part in (text, held_out) for a in windows(part, model.context))
        return train_one(model, Data(*arrays), NextSymbol(), training, seed, random=model.dropout > 0, log=log)


def language_model_loss(model: LanguageModel, text: Int[np.ndarray, " time"]) -> float:
    """Mean of -log p over the windows of a text. [nats per symbol]"""
    with jax.enable_x64(model.embedding.dtype == np.float64):
        x, y = (jnp.asarray(a) for a in windows(text, model.context))
        return float(_mean_loss(model, x, y))


@eqx.filter_jit
def _mean_loss(model: LanguageModel, x: Array, y: Array) -> Array:
    return jnp.mean(jax.vmap(lambda x, y: NextSymbol()(model, x, y, None))(x, y))


class TextClassifier(eqx.Module):
    """Symbols, an encoder over them, the mean of its outputs at symbols that say something, and a linear map.

    Attributes:
        embedding: A vector per symbol.
        encoder: Of `saddlepath.sequence`: from `[time, width]` and a mask to `[time, n]`.
        weights: Of the linear map.
        bias: Of the linear map.
    """

    embedding: Float[Array, "symbols width"]
    encoder: Any
    weights: Float[Array, "classes n"]
    bias: Float[Array, " classes"]

    def __init__(self, symbols: int, classes: int, encoder: Any, width: int, outputs: int, *, key: PRNGKeyArray):
        """A classifier with random weights.

        Args:
            symbols: Size of the vocabulary.
            classes: Number of classes.
            encoder: A network of this package with `width` inputs.
            width: Columns of a symbol.
            outputs: Columns that the encoder gives.
            key: Of the draws.
        """
        self.embedding, self.encoder = jax.random.normal(key, (symbols, width)) / width**0.5, encoder
        self.weights, self.bias = jnp.zeros((classes, outputs)), jnp.zeros(classes)

    def __call__(self, tokens: Int[Array, " time"], key: PRNGKeyArray | None = None) -> Float[Array, " classes"]:
        """Logits of the classes.

        Args:
            tokens: Numbers of the symbols, filled up with zeros.
            key: Of dropout; None: nothing is switched off.
        """
        mask = tokens != NOTHING
        out = jnp.where(mask[:, None], self.encoder(self.embedding[tokens], mask, key), 0.0)
        return self.weights @ (out.sum(axis=0) / jnp.maximum(mask.sum(), 1).astype(out.dtype)) + self.bias


def train_classifier(
    classifier: TextClassifier,
    vocabulary: Vocabulary,
    texts: Sequence[str],
    classes: Int[np.ndarray, " n"],
    length: int,
    training: Training = CLASSES,
    seed: int = 0,
    log: Log | None = None,
) -> TextClassifier:
    """Train a classifier of texts; the last weights count.

    Args:
        classifier: With its first weights.
        vocabulary: That the classifier was built for.
        texts: One per label.
        classes: Numbers of the classes, from zero.
        length: Symbols of a text that are read.
        training: How.
        seed: Of the order of texts.
        log: Called with a record per part of the training.

    Raises:
        ConfigError: Not one class per text, a class that the classifier has not, or another vocabulary's size.
        ConvergenceError: The loss is not finite.
    """
    if len(texts) != len(classes) or not 0 <= min(classes) <= max(classes) < len(classifier.bias):
        raise ConfigError(
            f"every text needs one class from 0 to {len(classifier.bias) - 1}, got {len(texts)} texts and "
            f"{len(classes)} classes from {min(classes)} to {max(classes)}."
        )
    if len(vocabulary) != len(classifier.embedding):
        raise ConfigError(
            f"the classifier knows {len(classifier.embedding)} symbols and the vocabulary has {len(vocabulary)}; build "
            f"it with symbols=len(vocabulary)."
        )
    with jax.enable_x64(classifier.embedding.dtype == np.float64):
        data = Data(jnp.asarray(vocabulary.rows(texts, length)), jnp.asarray(classes))
        return train_one(classifier, data, NetworkLoss("cross_entropy"), training, seed, log=log)


def classify(
    classifier: TextClassifier, vocabulary: Vocabulary, texts: Sequence[str], length: int
) -> Int[np.ndarray, " n"]:
    """The likeliest class of every text.

    Args:
        classifier: Trained.
        vocabulary: Of its training.
        texts: To be classified.
        length: Symbols of a text that are read.
    """
    with jax.enable_x64(classifier.embedding.dtype == np.float64):
        return np.asarray(_likeliest(classifier, jnp.asarray(vocabulary.rows(texts, length))))


@eqx.filter_jit
def _likeliest(classifier: TextClassifier, tokens: Array) -> Array:
    return jnp.argmax(jax.vmap(classifier)(tokens), axis=1)
