"""Counts of options to which others are filled up, so that another number of options compiles nothing."""

import numpy as np

from saddlepath.surrogate.likelihood import padded_size

BATCH = 256
"""Options that are computed together, few enough to stay in the processor's cache."""


def filled(values: np.ndarray) -> np.ndarray:
    """Rows, and as many copies of the first one as make their number one of a few."""
    size = -(-padded_size(len(values)) // BATCH) * BATCH
    return np.concatenate([values, np.repeat(values[:1], size - len(values), axis=0)])
