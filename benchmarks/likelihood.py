"""Seconds of one likelihood evaluation: `python -m benchmarks.likelihood`.

Growth with partial depreciation solved globally, 200 periods of consumption and output growth simulated from it and
observed with error. Time is the median of twenty calls after compilation, beside the bar of 0.1 s with 1,000 particles.
Effective draws per second are those of NUTS on the Kalman likelihood, compilation included and left out.
"""

import json
import time
from pathlib import Path

import numpy as np

import saddlepath as sp
from benchmarks.measure import surroundings
from benchmarks.timing import seconds_of
from saddlepath.models.growth import Growth

RESULT = Path(__file__).parent / "results" / "likelihood.json"
PERIODS, PARTICLES, BAR = 200, 1000, 0.1
MEASUREMENT = {"log:consumption": 0.01, "dlog:output": 0.01}


def main() -> None:
    """Measure and write the result."""
    solution = sp.solve(Growth(), tol=1e-5, seed=0)
    panel = sp.simulate(solution, periods=PERIODS + 1, paths=1, burn_in=100, seed=1)
    noise = np.random.default_rng(2)
    data = {
        "log:consumption": np.log(np.asarray(panel["consumption"])[0, 1:]) + 0.01 * noise.standard_normal(PERIODS),
        "dlog:output": np.diff(np.log(np.asarray(panel["output"])[0])) + 0.01 * noise.standard_normal(PERIODS),
    }
    seconds, values = {}, {}
    for method in ("kalman", "bootstrap", "auxiliary"):
        given = sp.likelihood(solution, data, measurement=MEASUREMENT, method=method, particles=PARTICLES)
        values[method] = float(given({}))
        seconds[method] = float(np.median(seconds_of(lambda given=given: given({}), 20)))
    result = {
        "periods": PERIODS,
        "particles": PARTICLES,
        "seconds": seconds,
        "bar": BAR,
        "met": max(seconds["bootstrap"], seconds["auxiliary"]) < BAR,
        "log likelihood": values,
    } | effective_draws(data)
    RESULT.write_text(json.dumps(result | surroundings(), indent=1) + "\n")
    print(json.dumps(result, indent=1))


def effective_draws(data: dict[str, np.ndarray]) -> dict[str, float]:
    """Of the worse of two parameters, from 1,000 draws after as many of warm-up."""
    import arviz

    box = sp.Box(beta=(0.9, 0.99), rho=(0.5, 0.97))
    given = sp.likelihood(Growth(), data, measurement=MEASUREMENT, over=box)
    prior = sp.Prior(beta=sp.Uniform(0.9, 0.99), rho=sp.Uniform(0.5, 0.97))
    sampled = lambda: sp.posterior(given, prior, draws=250, warmup=250, chains=4)
    began = time.perf_counter()
    draws = sampled()
    cold = time.perf_counter() - began
    worst = float(min(np.min(v) for v in arviz.ess(draws.to_arviz()).data_vars.values()))
    return {
        "worst effective draws": worst,
        "seconds of NUTS, compilation included": cold,
        "effective draws per second": worst / cold,
    }


if __name__ == "__main__":
    main()
