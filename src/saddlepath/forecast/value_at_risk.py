"""Back-tests of value at risk: are losses beyond the forecast quantile as frequent as stated, and do they cluster?

References:
    Kupiec (1995, Journal of Derivatives), unconditional coverage; Christoffersen (1998, International Economic Review),
    independence and conditional coverage.
"""

from typing import Any

import numpy as np
from jaxtyping import Bool
from scipy.special import xlogy
from scipy.stats import chi2

from saddlepath.errors import ConfigError
from saddlepath.forecast.comparison import Significance

Hits = Bool[np.ndarray, " n"]


def kupiec(hits: Hits, level: float) -> Significance:
    """Likelihood-ratio test that returns fall below the quantile with probability `level`.

    Args:
        hits: Whether the return fell below the forecast quantile, in order of time.
        level: Level of the quantile, such as 0.01. [-]

    Raises:
        ConfigError: A level outside of (0, 1), or nothing to test.
    """
    if not 0 < level < 1 or len(hits) == 0:
        raise ConfigError(f"a back-test needs days and a level between 0 and 1, got {len(hits)} and {level}.")
    n, x = len(hits), int(hits.sum())
    statistic = 2 * (_log_likelihood(n - x, x, x / n) - _log_likelihood(n - x, x, level))
    return Significance(float(statistic), float(chi2.sf(statistic, 1)))


def christoffersen(hits: Hits) -> Significance:
    """Likelihood-ratio test that a hit today says nothing about a hit tomorrow, against a Markov chain."""
    before, after = hits[:-1], hits[1:]
    counts = [int(np.sum((before == i) & (after == j))) for i in (False, True) for j in (False, True)]
    n00, n01, n10, n11 = counts
    share = lambda x, n: x / n if n else 0.0
    free = _log_likelihood(n00, n01, share(n01, n00 + n01)) + _log_likelihood(n10, n11, share(n11, n10 + n11))
    bound = _log_likelihood(n00 + n10, n01 + n11, share(n01 + n11, sum(counts)))
    statistic = max(0.0, float(2 * (free - bound)))
    return Significance(statistic, float(chi2.sf(statistic, 1)))


def conditional_coverage(hits: Hits, level: float) -> Significance:
    """Both at once: the right frequency and no clusters."""
    statistic = kupiec(hits, level).statistic + christoffersen(hits).statistic
    return Significance(statistic, float(chi2.sf(statistic, 2)))


def _log_likelihood(misses: int, hits: int, probability: float) -> Any:
    return xlogy(misses, 1 - probability) + xlogy(hits, probability)
