"""Simulated moments on the growth model: `python -m benchmarks.smm`.

First the whole chain, timed from the end of the imports: solve growth over beta and rho, fit a surrogate of four
moments, estimate both parameters from data of another method. Then fifty data sets of 500 periods, simulated from a
solution by collocation, from each of which beta and rho are estimated with the network family: mean, spread, standard
errors and coverage of 90 % intervals.
"""

import json
import time
from pathlib import Path

import numpy as np

import saddlepath as sp
from benchmarks.measure import surroundings
from benchmarks.rows import ROWS
from saddlepath.models.growth import Growth

RESULT = Path(__file__).parent / "results" / "smm.json"
NAMES = ("mean:saving", "sd:dlog:consumption", "autocorr:dlog:consumption", "autocorr:log:output")
TRUTH = {"beta": 0.96, "rho": 0.9}
PERIODS, REPLICATIONS, PATHS = 500, 50, 100
POPULATION = (0.25300, 0.02043, 0.2917, 0.9518)
"""Of the same moments, from a dense endogenous-grid solution and a million periods."""


def main() -> None:
    """Run both and write the result."""
    began = time.time()
    row = ROWS["growth-c-family"]
    family = sp.solve(row.model, **row.settings)
    exact = sp.solve(Growth(**TRUTH), sp.Collocation(), tol=1e-7)
    panel = sp.simulate(exact, periods=PERIODS, paths=REPLICATIONS, burn_in=200, seed=7)
    samples = [
        {name: np.asarray(panel[name])[i] for name in ("saving", "consumption", "output")} for i in range(REPLICATIONS)
    ]
    data = [sp.moments_of(sample, NAMES) for sample in samples]
    model = sp.simulated(family, NAMES, periods=PERIODS, paths=PATHS, each=True)
    theta = family.box.design(60)
    surrogate = sp.fit(sp.Labels(family.box, theta, model(theta), NAMES), sp.GP())
    first = sp.smm(surrogate, data[0], simulated=PATHS)
    chain = time.time() - began
    estimates = [sp.smm(model, one, starts=1, sampling="model") for one in data]
    result = {"chain seconds, imports aside": round(chain, 1), "chain bar": 180, "chain estimate": first.values}
    result |= {"direct estimate of the same data": estimates[0].values}
    result |= replications(estimates) | {"moments": moments(family)} | surroundings()
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def replications(estimates: list[sp.Estimate]) -> dict[str, object]:
    """Mean, spread, standard errors and coverage by parameter."""
    truth = np.array(list(TRUTH.values()))
    theta, sd = np.array([e.theta for e in estimates]), np.array([e.sd for e in estimates])
    low, high = np.array([e.interval(0.9) for e in estimates]).transpose(2, 0, 1)
    found = {}
    for i, name in enumerate(TRUTH):
        found[name] = {
            "mean": float(theta[:, i].mean()),
            "spread": float(theta[:, i].std(ddof=1)),
            "mean standard error": float(sd[:, i].mean()),
            "bias in standard errors of one estimate": float((theta[:, i].mean() - truth[i]) / sd[:, i].mean()),
            "share within two standard errors": float(np.mean(np.abs(theta[:, i] - truth[i]) <= 2 * sd[:, i])),
            "coverage of 90 %": float(np.mean((low[:, i] <= truth[i]) & (truth[i] <= high[:, i]))),
        }
    rejected = float(np.mean([e.j is not None and e.j[2] < 0.1 for e in estimates]))
    return {"replications": len(estimates), "estimates": found, "J rejects at 10 %": rejected}


def moments(family: sp.Solution) -> dict[str, dict[str, float]]:
    """Population moments of the family at the truth beside those of the referee."""
    found = sp.simulated(family, NAMES, periods=5000, paths=100)(np.array([list(TRUTH.values())]))[0]
    rows = zip(NAMES, found, POPULATION, strict=True)
    return {name: {"found": float(a), "referee": b, "relative": float(a / b - 1)} for name, a, b in rows}


if __name__ == "__main__":
    main()
