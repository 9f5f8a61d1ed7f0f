"""What a fitted forecaster has learnt: scenarios, responses to a shock, and which columns its forecasts rest on.

The weights of a network say nothing to an economist; its forecasts after a changed past do. All three questions are put
to forecasts alone, so that a network and a linear baseline can be asked the same.

References:
    Koop, Pesaran and Potter (1996, Journal of Econometrics), responses that depend on history; Breiman (2001, Machine
    Learning) and Fisher, Rudin and Dominici (2019, JMLR), importance by permutation.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from jaxtyping import Float

from saddlepath.errors import ConfigError
from saddlepath.forecast.linear_part import tail
from saddlepath.forecast.metrics import rmse
from saddlepath.forecast.series import Series
from saddlepath.forecast.walking import Fitted, Past
from saddlepath.model import nearest_names
from saddlepath.table import Table, table

BAND = (0.05, 0.95)
"""Shares of histories or permutations below the two ends of a band [-]."""


def scenario(
    fitted: Fitted, series: Series, assumed: Mapping[str, Sequence[float] | np.ndarray], *, origin: int | None = None
) -> Float[np.ndarray, " steps"]:
    """Forecast of the target if the other columns took given values.

    One step is forecast at a time; the forecast and the values assumed for that date become part of the past.

    Args:
        fitted: A model fitted to these columns; only its first step is used.
        series: The data.
        assumed: Values of every column beside the target, equally many of each. [units of the data]
        origin: Position of the first date that is forecast; None: the one after the last observation.

    Returns:
        Forecasts at the dates for which values are assumed. [units of the data]

    Raises:
        ConfigError: A column without assumed values, an unknown one, or numbers of values that differ.
    """
    beside = series.names[1:]
    for name in assumed:
        _position(series, name, beside)
    missing = [name for name in beside if name not in assumed]
    lengths = {len(values) for values in assumed.values()}
    if missing or len(lengths) != 1 or 0 in lengths:
        raise ConfigError(
            f"a scenario needs values of all columns beside {series.names[0]}, equally many of each; missing: "
            f"{', '.join(missing) or 'none'}, numbers given: {sorted(lengths) or 'none'}."
        )
    values = series.known(len(series) if origin is None else origin)
    for row in np.column_stack([np.asarray(assumed[name], dtype=float) for name in beside]):
        step = fitted.predict([Past(values, 0, series.period)])[0, 0]
        values = np.vstack([values, [step, *row]])
    return values[-lengths.pop() :, 0]


def shock_response(
    fitted: Fitted, series: Series, column: str, size: float, *, origins: Iterable[int] | None = None
) -> Table:
    """How forecasts of the target change when the last observation of a column had been higher.

    A network's response depends on the history that it follows, so that it is averaged over histories of the data.

    Args:
        fitted: A fitted model.
        series: The data.
        column: The column that is shocked, the target or another.
        size: What is added to its last observation. [units of the column]
        origins: Positions of the first dates that are forecast; None: every one in the later half of the data.

    Returns:
        Mean response by step, and the band that holds nine of ten histories. [units of the target]

    Raises:
        ConfigError: An unknown column.
    """
    position = _position(series, column, series.names)
    pasts = _pasts(series, range(len(series) // 2, len(series) + 1) if origins is None else origins)
    change = np.zeros(series.values.shape[1])
    change[position] = size
    shocked = [Past(np.vstack([p.values[:-1], p.values[-1] + change]), p.first, p.period) for p in pasts]
    responses = fitted.predict(shocked) - fitted.predict(pasts)
    low, high = np.quantile(responses, BAND, axis=0)
    rows = zip(responses.mean(axis=0), low, high, strict=True)
    return table(
        {str(step): {"response": m, "5 %": lo, "95 %": hi} for step, (m, lo, hi) in enumerate(rows, start=1)},
        "step",
        title=f"Response of {series.names[0]} to {size:g} of {column}",
        note=f"Mean and band over {len(pasts)} histories of the data.",
    )


def permutation_importance(
    fitted: Fitted,
    series: Series,
    *,
    origins: Iterable[int] | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    block: int = 1,
    repeats: int = 20,
    seed: int = 0,
) -> Table:
    """By how much forecasts get worse when the history of a column is exchanged with that at another date.

    Histories of the target are exchanged relative to their last value, so that the level of the forecast stays. Columns
    that move together can stand in for each other; exchange them as one group. Use dates that the model was not fitted
    to: on others importance measures what it has memorised.

    Args:
        fitted: A fitted model.
        series: The data.
        origins: Positions of the first dates that are forecast; None: every one in the last fifth of the data.
        groups: Columns that are exchanged together, by name of the group; None: every column by itself.
        block: Neighbouring origins whose histories stay together.
        repeats: Permutations.
        seed: Of the permutations.

    Returns:
        Root mean squared error over all steps with each group exchanged, over that with nothing exchanged, and the band
        that holds nine of ten permutations. One: not used. [-]

    Raises:
        ConfigError: An unknown column, or fewer than two blocks of origins with later values.
    """
    groups = {name: (name,) for name in series.names} if groups is None else groups
    columns = {g: [_position(series, name, series.names) for name in names] for g, names in groups.items()}
    n = len(series)
    chosen = list(range(round(0.8 * n), n) if origins is None else origins)
    horizon = fitted.predict(_pasts(series, chosen[:1])).shape[1] if chosen else 1
    chosen = [origin for origin in chosen if origin + horizon <= n]
    blocks = [range(start, min(start + block, len(chosen))) for start in range(0, len(chosen), block)]
    if len(blocks) < 2:
        raise ConfigError(
            f"histories are exchanged between blocks of {block} origins, and {len(chosen)} origins with {horizon} "
            "later values make fewer than two; pass more origins or a smaller block."
        )
    shortest = min(chosen)
    pasts = [tail(past, shortest) for past in _pasts(series, chosen)]
    actual = np.stack([series.target[origin : origin + horizon] for origin in chosen])
    own = rmse(actual, fitted.predict(pasts))
    random = np.random.default_rng(seed)
    orders = [np.concatenate([blocks[b] for b in random.permutation(len(blocks))]) for _ in range(repeats)]
    rows = {}
    for name, positions in columns.items():
        exchanged = (
            [_exchanged(p, pasts[j], positions) for p, j in zip(pasts, order, strict=True)] for order in orders
        )
        worse = [rmse(actual, fitted.predict(mixed)) for mixed in exchanged]
        low, high = np.quantile(worse, BAND) / own
        rows[name] = {"error over own": np.mean(worse) / own, "5 %": low, "95 %": high}
    return table(
        rows,
        "exchanged",
        title=f"Which histories forecasts of {series.names[0]} rest on",
        note=f"Own root mean squared error {own:.4g} over {len(chosen)} origins and {horizon} steps; {repeats} "
        "permutations.",
    )


def _pasts(series: Series, origins: Iterable[int]) -> list[Past]:
    """All that was known before each origin."""
    return [Past(series.known(origin), 0, series.period) for origin in origins]


def _position(series: Series, name: str, valid: Sequence[str]) -> int:
    """Number of a column."""
    if name not in valid:
        raise ConfigError(f"the series has no such column {name!r}; {nearest_names(name, list(valid))}")
    return series.names.index(name)


def _exchanged(past: Past, other: Past, positions: Sequence[int]) -> Past:
    """A past with columns of another one, as long and at its own dates."""
    values = past.values.copy()
    values[:, positions] = other.values[:, positions]
    if 0 in positions:
        own, theirs = past.target, other.target
        positive = min(own.min(), theirs.min()) > 0
        values[:, 0] = theirs / theirs[-1] * own[-1] if positive else theirs - theirs[-1] + own[-1]
    return Past(values, past.first, past.period)
