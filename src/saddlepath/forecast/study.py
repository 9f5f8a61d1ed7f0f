"""`compare_forecasts`: models and all baselines along one walk, with intervals, tests and a verdict in words.

A network's errors mean nothing by themselves: no table of a study is printed without the baselines beside it.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.forecast.comparison import diebold_mariano, model_confidence_set
from saddlepath.forecast.conformal import adaptive_widths, conformal_width
from saddlepath.forecast.metrics import (
    coverage,
    crps_of_quantiles,
    directional_accuracy,
    mae,
    mase,
    r2_out_of_sample,
    rmse,
    seasonal_lag,
    smape,
    width,
)
from saddlepath.forecast.models import BASELINES, choose_transform, forecaster, window_of
from saddlepath.forecast.series import Series
from saddlepath.forecast.transforms import Transform, transform_of
from saddlepath.forecast.walking import Forecaster, Forecasts, Past, Path, Say, WalkForward, walk_forward
from saddlepath.table import Table, table

INTERVAL = 0.9
"""Coverage that intervals aim at [-]."""
QUANTILES = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
"""Levels that models which state laws are asked for [-]."""
BASELINE_NAMES = [BASELINES[name](Transform()).name for name in BASELINES]
"""Names of the baselines in tables."""


@dataclasses.dataclass(frozen=True, eq=False)
class Ahead:
    """Forecasts from the end of the data.

    Attributes:
        point: `[horizon]`. [units of the data]
        low: Lower ends of conformal intervals.
        high: Upper ends.
    """

    point: Float[np.ndarray, " horizon"]
    low: Float[np.ndarray, " horizon"]
    high: Float[np.ndarray, " horizon"]


@dataclasses.dataclass(frozen=True, eq=False)
class ForecastStudy:
    """Models beside baselines on one series.

    Attributes:
        series: The data.
        walk: Origins, horizon, refits.
        transform: What models were fitted to.
        forecasts: What every model forecast along the walk, by name.
        refused: Baselines that could not run, with the reason.
        ahead: Forecasts from the end of the data by the models that were asked for and by the best baseline.
    """

    series: Series
    walk: WalkForward
    transform: Transform
    forecasts: dict[str, Forecasts]
    refused: dict[str, str] = dataclasses.field(default_factory=dict)
    ahead: dict[str, Ahead] = dataclasses.field(default_factory=dict)

    def _complete(self) -> None:
        """Raises:
        ConfigError: A baseline neither ran nor said why it could not.
        """
        missing = [name for name in BASELINE_NAMES if name not in self.forecasts and name not in self.refused]
        if missing:
            raise ConfigError(
                f"no result is shown without the baselines, and {', '.join(missing)} did not run; use "
                "compare_forecasts, which runs them all."
            )

    @property
    def best_baseline(self) -> str:
        """The baseline with the smallest root mean squared error."""
        self._complete()
        return min((name for name in self.forecasts if name in BASELINE_NAMES), key=self.rmse)

    def rmse(self, model: str) -> float:
        """Root mean squared error over all steps. [units of the data]"""
        found = self.forecasts[model]
        return rmse(found.actual, found.point)

    def losses(self, model: str) -> Float[np.ndarray, " origins"]:
        """Squared errors by origin, averaged over steps. [squared units of the data]"""
        return np.mean(self.forecasts[model].errors ** 2, axis=1)

    def interval(self, model: str) -> tuple[Path, Path]:
        """Intervals of every forecast: stated ones, else adaptive conformal ones. [units of the data]"""
        found = self.forecasts[model]
        if found.quantiles is not None:
            ends = [found.levels.index(round(level, 10)) for level in ((1 - INTERVAL) / 2, (1 + INTERVAL) / 2)]
            return found.quantiles[..., ends[0]], found.quantiles[..., ends[1]]
        steps = [
            adaptive_widths(found.errors[:, h], INTERVAL, delay=-(-(self.walk.gap + h + 1) // self.walk.step))
            for h in range(self.walk.horizon)
        ]
        half = np.stack(steps, axis=1)
        return found.point - half, found.point + half

    def table(self) -> Table:
        """Errors, intervals and tests of all models, the best first.

        Raises:
            ConfigError: A baseline is missing.
        """
        self._complete()
        best = self.best_baseline
        known = {name: self.losses(name) for name in self.forecasts}
        confident = model_confidence_set(known, horizon=self.walk.reach) if self._tested else {}
        rows = {name: self._row(name, best, confident) for name in sorted(self.forecasts, key=self.rmse)}
        note = f"{len(self.forecasts[best].origins)} origins. DM p: Diebold-Mariano against {best}. {self._absent()}"
        formats = {"R2": ".3f", "direction": ".2f", "coverage": ".3f", "DM p": ".3f", "MCS p": ".3f", "seconds": ".2g"}
        title = f"Forecasts of {self.series.names[0]}, {self.walk.horizon} ahead"
        return table(rows, "model", title=title, note=note.strip(), formats=formats | {"MASE": ".3f", "sMAPE": ".2f"})

    @property
    def _tested(self) -> bool:
        """Whether there are origins enough for tests."""
        return len(next(iter(self.forecasts.values())).origins) > 2 * self.walk.reach + 10

    def _absent(self) -> str:
        return " ".join(f"Not run: {name}, {why}" for name, why in self.refused.items())

    def _row(self, name: str, best: str, confident: dict[str, float]) -> dict[str, float]:
        found, series = self.forecasts[name], self.series
        actual, point = found.actual, found.point
        past = series.target[: int(found.origins[0])]
        low, high = self.interval(name)
        known = np.array([series.known(int(origin))[-1, 0] for origin in found.origins])
        last = np.broadcast_to(known[:, None], actual.shape)
        test = np.nan
        if name != best and self._tested:
            test = diebold_mariano(self.losses(name), self.losses(best), self.walk.reach).p_value
        return {
            "RMSE": self.rmse(name),
            "MAE": mae(actual, point),
            "MASE": mase(actual, point, past, seasonal_lag(series.period, len(past))),
            "sMAPE": smape(actual, point),
            "R2": r2_out_of_sample(actual, point, self.forecasts["mean"].point),
            "direction": directional_accuracy(actual, point, last),
            "coverage": coverage(actual, low, high),
            "width": width(low, high),
            "DM p": test,
            "MCS p": confident.get(name, np.nan),
            "seconds": found.seconds,
        }

    def by_step(self) -> Table:
        """Root mean squared errors by step ahead.

        Raises:
            ConfigError: A baseline is missing.
        """
        self._complete()
        rows = {
            name: {f"h = {h + 1}": rmse(f.actual[:, h], f.point[:, h]) for h in range(self.walk.horizon)}
            for name, f in sorted(self.forecasts.items(), key=lambda pair: self.rmse(pair[0]))
        }
        return table(rows, "model", title="Root mean squared error by step")

    def laws(self) -> Table | None:
        """Scores of the models that state whole laws, or None if there is none.

        Raises:
            ConfigError: A baseline is missing.
        """
        self._complete()
        rows = {}
        for name, found in self.forecasts.items():
            if found.quantiles is None:
                continue
            at = {level: found.quantiles[..., i] for i, level in enumerate(found.levels)}
            rows[name] = {"CRPS": crps_of_quantiles(found.actual, found.quantiles, np.asarray(found.levels))}
            for share, low, high in ((50, 0.25, 0.75), (80, 0.1, 0.9), (95, 0.025, 0.975)):
                rows[name][f"coverage {share} %"] = coverage(found.actual, at[low], at[high])
        return table(rows, "model", title="Stated laws") if rows else None

    def verdict(self) -> list[str]:
        """A sentence per model that is no baseline: whether it beats the best of them.

        Raises:
            ConfigError: A baseline is missing.
        """
        best, sentences = self.best_baseline, []
        for name in self.forecasts:
            if name in BASELINE_NAMES:
                continue
            ratio = 100 * (self.rmse(name) / self.rmse(best) - 1)
            word = "beats" if ratio < 0 else "loses to"
            sentences.append(
                f"{name} {word} {best}: its error is {abs(ratio):.1f} % {'smaller' if ratio < 0 else 'larger'}"
            )
        return sentences

    def __str__(self) -> str:
        parts = [self.table(), self.laws(), *self.verdict()]
        return "\n\n".join(str(part) for part in parts if part is not None)


def compare_forecasts(
    series: Series,
    models: Sequence[str | Forecaster] = ("hybrid-lstm",),
    walk: WalkForward = WalkForward(),
    *,
    transform: Sequence[str] | None = None,
    ahead: bool = True,
    seed: int = 0,
    say: Say | None = None,
) -> ForecastStudy:
    """Compare models with all baselines along one walk.

    Args:
        series: The data, from `read_series`.
        models: Names of models, such as `lstm`, `hybrid-gru`, `transformer`, or forecasters of your own.
        walk: Origins, horizon, refits.
        transform: Some of `log`, `difference`, `season`; None: chosen on what is known at the first origin.
        ahead: Whether models are also fitted to all data, to forecast from its end.
        seed: Of networks.
        say: Called with a line per fit.

    Returns:
        Forecasts of all models, of all baselines, and from the end of the data.

    Raises:
        ConfigError: An unknown model, a series that is too short, or a model that refuses it.
    """
    chosen = choose_transform(series, walk) if transform is None else transform_of(transform, series.period)
    window = window_of(series.period, int(walk.origins(len(series))[0]))
    asked = [forecaster(one, chosen, window, seed) if isinstance(one, str) else one for one in models]
    found, refused = {}, {}
    for name in BASELINES:
        baseline = forecaster(name, chosen)
        try:
            found[baseline.name] = walk_forward(baseline, series, walk, levels=QUANTILES, say=say)
        except (ConfigError, ConvergenceError) as error:
            refused[baseline.name] = str(error)
    for one in asked:
        if one.name not in refused and one.name not in found:
            found[one.name] = walk_forward(one, series, walk, levels=QUANTILES, say=say)
    study = ForecastStudy(series, walk, chosen, found, refused)
    if not ahead:
        return study
    best = study.best_baseline
    after = {one.name: one for one in (*(forecaster(n, chosen) for n in BASELINES), *asked)}
    wanted = dict.fromkeys((best, *(one.name for one in asked if one.name in found)))
    later = {name: _ahead(after[name], study, found[name], say) for name in wanted}
    return dataclasses.replace(study, ahead=later)


def _ahead(model: Forecaster, study: ForecastStudy, found: Forecasts, say: Say | None) -> Ahead:
    """Forecasts from the end of the data, with intervals from the errors along the walk."""
    series, walk = study.series, study.walk
    if say is not None:
        say(f"{model.name}: forecasts from the end of the data")
    past: Past = walk.past(series, len(series))
    point = model.fit(past, walk.reach).predict([past])[0, walk.gap :]
    half = np.array([conformal_width(found.errors[:, h], INTERVAL) for h in range(walk.horizon)])
    return Ahead(point, point - half, point + half)
