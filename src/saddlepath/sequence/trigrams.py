"""The baseline of language models: the next symbol from the last two, by counting.

    p(c | a b) = w_3 n(abc) / n(ab) + w_2 n(bc) / n(b) + w_1 n(c) / n + w_0 / symbols

The weights are those that make a held-out end of the text likeliest, found by expectation maximisation.

References:
    Jelinek and Mercer (1980, Pattern Recognition in Practice), interpolation by held-out text.
"""

import numpy as np
from jaxtyping import Float, Int

HELD_OUT = 0.1
"""Share of the text, its end, on which the weights are found [-]."""
ROUNDS = 100
"""Of expectation maximisation, far more than it needs for three digits [-]."""


def trigram_loss(
    training: Int[np.ndarray, " time"], test: Int[np.ndarray, " later"], symbols: int
) -> tuple[float, Float[np.ndarray, "4"]]:
    """Mean of -log p at a test text, and the weights w_3 to w_0.

    Args:
        training: Numbers of the symbols of the text that is counted.
        test: Numbers of the symbols of the text that is predicted, from its third on.
        symbols: Size of the vocabulary.

    Returns:
        The loss [nats per symbol], and four weights that sum to one. [-]
    """
    cut = round((1 - HELD_OUT) * len(training))
    parts = _parts(training[:cut], training[cut:], symbols)
    weights = np.full(4, 0.25)
    for _ in range(ROUNDS):
        share = weights * parts
        weights = (share / share.sum(axis=1, keepdims=True)).mean(axis=0)
    found = _parts(training, test, symbols) @ weights
    return float(-np.mean(np.log(found))), weights


def _parts(counted: np.ndarray, text: np.ndarray, symbols: int) -> Float[np.ndarray, "n 4"]:
    """What trigrams, pairs, single symbols and ignorance say about each symbol; 0 where nothing was counted."""
    triples = np.zeros((symbols,) * 3)
    np.add.at(triples, (counted[:-2], counted[1:-1], counted[2:]), 1)
    pairs = triples.sum(axis=0)
    single = np.bincount(counted, minlength=symbols) / len(counted)
    a, b, c = text[:-2], text[1:-1], text[2:]
    three = triples[a, b, c] / np.maximum(triples.sum(axis=2)[a, b], 1)
    two = pairs[b, c] / np.maximum(pairs.sum(axis=1)[b], 1)
    return np.stack([three, two, single[c], np.full(len(c), 1 / symbols)], axis=1)
