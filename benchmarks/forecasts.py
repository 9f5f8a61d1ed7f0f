"""Networks beside baselines on series that ship with packages: `python -m benchmarks.forecasts [PART ...]`.

Parts: `co2`, `sunspots`, `absolute`, `returns`, `price`, `sine`, `airline`, `ensemble`, `macro`, `volatility`, `step`.
Every part fits and forecasts as a user would, keeps the whole table, and says which bar was asked; a network that loses
to a baseline is reported as losing. Results of parts are kept in one file, so that one of them can be measured again.
"""

import dataclasses
import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import saddlepath as sp
from benchmarks.measure import surroundings
from saddlepath.forecast.comparison import clark_west, diebold_mariano
from saddlepath.forecast.datasets import airline, co2, macro, noisy_sine, sp500, sunspots
from saddlepath.forecast.heads import HeadLoss, SequenceNetwork
from saddlepath.forecast.metrics import coverage, r2_out_of_sample, rmse
from saddlepath.forecast.series import Series
from saddlepath.forecast.study import BASELINE_NAMES
from saddlepath.forecast.transforms import transform_of
from saddlepath.forecast.volatility import volatility_forecasts
from saddlepath.nn.training import Data, train
from saddlepath.sequence.recurrent import LSTM

RESULT = Path(__file__).parent / "results" / "forecasts.json"
LONG = sp.Training(rate=1e-2, epochs=12, batch=256)
"""For series of thousands of observations."""


def compared(
    series: Series, walk: sp.WalkForward, steps: tuple[str, ...], models: list[sp.NetworkForecaster]
) -> sp.ForecastStudy:
    """Networks beside all baselines, after the same transform."""
    transform = transform_of(steps, series.period)
    given = [dataclasses.replace(model, transform=transform) for model in models]
    return sp.compare_forecasts(series, given, walk, transform=steps, ahead=False)


def outcome(study: sp.ForecastStudy, **bars: float) -> dict[str, Any]:
    """The table of a study and how the best network compares with the best baseline."""
    print(study, flush=True)
    best = study.best_baseline
    network = min((name for name in study.forecasts if name not in BASELINE_NAMES), key=study.rmse)
    frame = study.table().frame
    return {
        "best baseline": best,
        "best network": network,
        "error of the network over that of the baseline": study.rmse(network) / study.rmse(best),
        "mean squared errors": {name: study.rmse(name) ** 2 for name in study.forecasts},
        "not run": study.refused,
        "verdict": study.verdict(),
        "table": json.loads(frame.to_json(orient="index", double_precision=10)),
        "bars": bars,
    }


def measure_co2() -> dict[str, Any]:
    """Next week's concentration, the last tenth of the weeks."""
    model = sp.NetworkForecaster("lstm", "auto", window=30, training=LONG)
    return outcome(compared(co2(), sp.WalkForward(1, first=0.9), ("difference",), [model]), ratio=1.02)


def measure_sunspots() -> dict[str, Any]:
    """Next year's sunspots, the last fifth of the years."""
    models = [sp.NetworkForecaster("lstm", "auto", window=22, hidden=8), sp.NetworkForecaster("lstm", window=22)]
    return outcome(compared(sunspots(), sp.WalkForward(1, first=0.8), (), models), ratio=1.02)


def absolute_returns() -> Series:
    series = sp500()
    return dataclasses.replace(series, values=np.abs(series.values))


def measure_absolute() -> dict[str, Any]:
    """Absolute returns of the S&P 500, the last tenth of the days."""
    model = sp.NetworkForecaster("lstm", "auto", window=50, training=LONG)
    return outcome(compared(absolute_returns(), sp.WalkForward(1, first=0.9), (), [model]), ratio=1.02)


def measure_returns() -> dict[str, Any]:
    """Returns of the S&P 500: nothing to predict is the expected answer."""
    model = sp.NetworkForecaster("lstm", "auto", window=20, training=LONG)
    study = compared(sp500(), sp.WalkForward(1, first=0.9), (), [model])
    found = outcome(study)
    found["R2 out of sample"] = float(study.table().frame.loc[model.name, "R2"])
    return found


def measure_price() -> dict[str, Any]:
    """The price level against its last value."""
    series = sp500()
    price = dataclasses.replace(series, values=np.exp(np.cumsum(series.values / 100, axis=0)))
    model = sp.NetworkForecaster("lstm", "auto", window=20, training=LONG)
    study = compared(price, sp.WalkForward(1, first=0.9), ("log", "difference"), [model])
    found = outcome(study, ratio=1.02)
    found["error of the network over that of the last value"] = study.rmse(model.name) / study.rmse("last value")
    return found


def measure_sine() -> dict[str, Any]:
    """The noisy sine of the course, the last fifth."""
    models = [sp.NetworkForecaster("lstm", window=20), sp.NetworkForecaster("lstm", "auto", window=40)]
    return outcome(compared(noisy_sine(), sp.WalkForward(1, first=0.8), (), models), mse=0.055)


def measure_airline() -> dict[str, Any]:
    """Airline passengers, the last 28 months, in logarithms and seasonal differences."""
    models = [sp.NetworkForecaster("lstm", "auto", window=24), sp.NetworkForecaster("lstm", window=13)]
    steps = ("log", "difference", "season")
    return outcome(compared(airline(), sp.WalkForward(1, first=116), steps, models), rmse=20.0)


class NextStep(eqx.Module):
    """Mean squared error of the next value at every step of a sequence."""

    def __call__(self, network: Any, x: Any, y: Any, key: Any) -> Any:
        return jnp.mean((y - jax.vmap(lambda state: network.weights @ state + network.bias)(network.encoder(x))) ** 2)


def measure_ensemble() -> dict[str, Any]:
    """A thousand noisy sine waves of random phase: the next value at each of fifty steps, 200 waves left out."""
    random = np.random.default_rng(0)
    phase = random.uniform(0, 2 * np.pi, (1000, 1))
    waves = np.sin(np.linspace(0, 2 * np.pi, 51) + phase) + 0.1 * random.normal(size=(1000, 51))
    began = time.perf_counter()
    with jax.enable_x64(False):
        x, y = (jnp.asarray(part[..., None], jnp.float32) for part in (waves[:, :-1], waves[:, 1:]))
        build = lambda key: SequenceNetwork(LSTM(1, 32, key=key), 32, 1, 1)
        network = eqx.filter_vmap(build)(jax.random.split(jax.random.key(0), 1))
        data = Data(x[:700], y[:700], x[700:800], y[700:800])
        network = train(network, data, NextStep(), sp.Training(rate=1e-2, epochs=50, batch=32))
        one = jax.tree.map(lambda leaf: leaf[0] if eqx.is_array(leaf) else leaf, network)
        error = math.sqrt(float(jnp.mean(jax.vmap(NextStep(), (None, 0, 0, None))(one, x[800:], y[800:], None))))
    print(f"ensemble: RMSE {error:.4f} (bar 0.113)", flush=True)
    return {"RMSE of the LSTM": error, "training and test [s]": time.perf_counter() - began, "bars": {"rmse": 0.113}}


def against_regressions(study: sp.ForecastStudy, network: str, h: int) -> dict[str, Any]:
    """One step of a network beside the better of AR and VAR."""
    step = {name: (found.actual[:, h], found.point[:, h]) for name, found in study.forecasts.items()}
    errors = {name: rmse(*pair) for name, pair in step.items()}
    best = min(("AR", "VAR"), key=errors.__getitem__)
    (actual, mine), (_, other) = step[network], step[best]
    low, high = study.interval(network)
    return {
        "RMSE": errors,
        "better of AR and VAR": best,
        "error over the better of AR and VAR": errors[network] / errors[best],
        "Diebold-Mariano p": diebold_mariano((actual - mine) ** 2, (actual - other) ** 2, h + 1).p_value,
        "Clark-West p": clark_west(actual, other, mine, h + 1).p_value,
        "coverage of 90 %": coverage(actual, low[:, h], high[:, h]),
        "R2 against the mean": r2_out_of_sample(actual, mine, step["mean"][1]),
    }


def measure_macro() -> dict[str, Any]:
    """Growth and inflation of the United States, one and four quarters ahead, beside AR and VAR."""
    found: dict[str, Any] = {"bars": {"ratio": 1.05, "coverage": [0.85, 0.95]}}
    walk = sp.WalkForward(4, first=100, refit=25)
    for name, order in (("growth", (0, 1, 2, 3)), ("inflation", (1, 0, 2, 3))):
        series = macro()
        names = tuple(series.names[i] for i in order)
        series = dataclasses.replace(series, values=series.values[:, order], names=names)
        model = sp.NetworkForecaster("gru", "auto", window=8, hidden=8, season=False)
        study = compared(series, walk, (), [model])
        print(study, flush=True)
        rows = {f"h = {h + 1}": against_regressions(study, model.name, h) for h in (0, 3)}
        print(name, {h: {k: v for k, v in row.items() if k != "RMSE"} for h, row in rows.items()}, flush=True)
        found[name] = rows
    return found


def measure_volatility() -> dict[str, Any]:
    """Variance of S&P 500 returns, the last 1,000 days."""
    returns = sp500().target
    table = volatility_forecasts(returns, len(returns) - 1000).table()
    print(table, flush=True)
    rows = json.loads(table.frame.to_json(orient="index", double_precision=10))
    ratio = rows["LSTM around GARCH"]["QLIKE"] / rows["GARCH-t"]["QLIKE"]
    return {"table": rows, "QLIKE over that of GARCH-t": ratio, "bars": {"ratio": 1.02, "Kupiec p": 0.05}}


def measure_step() -> dict[str, Any]:
    """One training step of an LSTM with 64 units on 32 windows of 50 observations, after compilation."""
    random = np.random.default_rng(0)
    with jax.enable_x64(False):
        x = jnp.asarray(random.normal(size=(3200, 50, 1)), jnp.float32)
        build = lambda key: SequenceNetwork(LSTM(1, 64, key=key), 64, 1, 1)
        network = eqx.filter_vmap(build)(jax.random.split(jax.random.key(0), 1))
        moments: list[float] = []
        log = lambda record: moments.append(record["seconds"])
        train(network, Data(x, x[:, -1]), HeadLoss("point"), sp.Training(epochs=8, batch=32), log=log)
    step = min(np.diff(moments)) / 200
    print(f"step: {1000 * step:.1f} ms (bar 2 ms)", flush=True)
    return {"milliseconds per step": 1000 * step, "bars": {"milliseconds": 2.0}}


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "co2": measure_co2,
    "sunspots": measure_sunspots,
    "absolute": measure_absolute,
    "returns": measure_returns,
    "price": measure_price,
    "sine": measure_sine,
    "airline": measure_airline,
    "ensemble": measure_ensemble,
    "macro": measure_macro,
    "volatility": measure_volatility,
    "step": measure_step,
}
COURSE = ("co2", "sunspots", "absolute", "returns", "price", "sine", "airline", "ensemble")
"""Parts that stand for the tasks S1 to S5 of the course; together they have three minutes."""


def main(names: list[str]) -> None:
    """Measure parts and write what was found."""
    results = json.loads(RESULT.read_text())["parts"] if RESULT.exists() else {}
    for name in names or list(PARTS):
        began, used = time.perf_counter(), time.process_time()
        found = PARTS[name]()
        found["seconds"], found["processor seconds"] = time.perf_counter() - began, time.process_time() - used
        results[name] = found
        total = sum(results[part]["seconds"] for part in COURSE if part in results)
        whole = {"parts": results, "seconds of the course's tasks (bar 180)": total} | surroundings()
        RESULT.write_text(json.dumps(whole, indent=1) + "\n")
        print(f"{name}: {found['seconds']:.0f} s, {found['processor seconds']:.0f} s of processor", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
