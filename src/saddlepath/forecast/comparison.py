"""Whether one forecast is better than another: Diebold-Mariano, Clark-West, the model confidence set.

References:
    Diebold and Mariano (1995, JBES); Harvey, Leybourne and Newbold (1997, International Journal of Forecasting), the
    small-sample correction; Clark and West (2007, Journal of Econometrics), nested models; Hansen, Lunde and Nason
    (2011, Econometrica), the model confidence set, as arch computes it.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from saddlepath.errors import ConfigError
from saddlepath.forecast.econometric import optional

Losses = Float[np.ndarray, " n"]


class Significance(NamedTuple):
    """A statistic and its p-value. [-]"""

    statistic: float
    p_value: float


def diebold_mariano(first: Losses, second: Losses, horizon: int = 1) -> Significance:
    """Test that two forecasts have the same expected loss, with the correction of Harvey et al.

    Args:
        first: Losses of one forecast, such as squared errors, in order of time.
        second: Losses of the other.
        horizon: Steps ahead; autocovariances of the difference up to horizon - 1 count.

    Returns:
        The statistic, negative where the first is better, and the two-sided p-value of Student's t with n - 1 degrees
        of freedom; not a number where both always lose the same.

    Raises:
        ConfigError: Losses of different number, or fewer than the horizon allows.
    """
    from scipy.stats import t

    n = len(first)
    if len(second) != n or n <= 2 * horizon:
        raise ConfigError(
            f"a comparison at horizon {horizon} needs more than {2 * horizon} losses of each, got {n} and "
            f"{len(second)}."
        )
    difference = first - second
    variance = _long_run_variance(difference, horizon)
    if variance <= 0:
        return Significance(float("nan"), float("nan"))
    correction = np.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    statistic = float(correction * difference.mean() / np.sqrt(variance / n))
    return Significance(statistic, float(2 * t.sf(abs(statistic), n - 1)))


def _long_run_variance(x: Losses, horizon: int) -> float:
    """Sum of autocovariances below the horizon; the variance alone where that sum is not positive."""
    a, n = x - x.mean(), len(x)
    covariances = [float(a[k:] @ a[: n - k]) / n for k in range(min(horizon, n))]
    whole = covariances[0] + 2 * sum(covariances[1:])
    return whole if whole > 0 else covariances[0]


def clark_west(actual: Losses, small: Losses, large: Losses, horizon: int = 1) -> Significance:
    """Test that a larger model that nests a smaller one forecasts no better, against that it does.

    Args:
        actual: What came, in order of time.
        small: Forecasts of the nested model.
        large: Forecasts of the larger one.
        horizon: Steps ahead.

    Returns:
        The statistic and the one-sided p-value of the normal law.
    """
    from scipy.stats import norm

    gain = (actual - small) ** 2 - (actual - large) ** 2 + (small - large) ** 2
    variance = _long_run_variance(gain, horizon)
    if variance <= 0:
        return Significance(float("nan"), float("nan"))
    statistic = float(gain.mean() / np.sqrt(variance / len(gain)))
    return Significance(statistic, float(norm.sf(statistic)))


def model_confidence_set(
    losses: dict[str, Losses], size: float = 0.1, horizon: int = 1, seed: int = 0
) -> dict[str, float]:
    """p-values of the models: those above `size` form a set that holds the best one with probability 1 - size.

    Args:
        losses: Losses of every model, in order of time.
        size: Size of the set's test. [-]
        horizon: Steps ahead; blocks of the bootstrap are at least as long.
        seed: Of the bootstrap.

    Raises:
        ConfigError: arch is not installed, or fewer than two models.
    """
    if len(losses) < 2:
        raise ConfigError(f"a model confidence set compares two models or more, got {len(losses)}.")
    import pandas as pd

    # The same losses, as of last value and seasonal naive forecast without a season, have no difference to be tested.
    twins = {name: next(one for one in losses if np.array_equal(losses[one], losses[name])) for name in losses}
    different = list(dict.fromkeys(twins.values()))
    if len(different) < 2:
        return dict.fromkeys(losses, 1.0)
    frame = pd.DataFrame({name: losses[name] for name in different})
    block = max(horizon, round(len(frame) ** (1 / 3)))
    found = optional("arch.bootstrap").MCS(frame, size=size, reps=1000, block_size=block, seed=seed)
    found.compute()
    values = found.pvalues["Pvalue"]
    return {name: float(values[twin]) for name, twin in twins.items()}
