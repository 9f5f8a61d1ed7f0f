"""Fit and prediction of Gaussian processes beside scikit-learn and GPyTorch: `python -m benchmarks.gaussian_process`.

The same smooth function of four inputs with a little noise, Matern 5/2 with a length scale per input and learnt noise,
one start from the same parameters, float64, as many threads for all. scikit-learn runs L-BFGS-B on the likelihood with
its gradients, GPyTorch a hundred steps of Adam at a rate of 0.1, as its tutorial does. Of each: seconds of the fit,
seconds of means and deviations at 10,000 points, the log likelihood per point that was reached, the error at these
points. Fits are timed once, those of saddlepath after one that compiled; peers that are not installed are left out.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import saddlepath as sp
from benchmarks.measure import surroundings

RESULT = Path(__file__).parent / "results" / "gaussian_process.json"
COUNTS = (200, 500, 1000, 2000)
D, NEW, NOISE = 4, 10_000, 1e-2
BLOCK = 500
"""Points that GPyTorch predicts at once: it forms the covariance of all of them."""
BOX = sp.Box(x=(np.zeros(D), np.ones(D)))

Answer = tuple[np.ndarray, np.ndarray, float]


def truth(x: np.ndarray) -> np.ndarray:
    return np.sin(4 * x[:, 0]) + x[:, 1] * np.exp(-2 * x[:, 2]) + 0.2 * np.cos(3 * x[:, 3] * x[:, 0])


def data(n: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(n)
    x = random.random((n, D))
    return x, truth(x) + NOISE * random.standard_normal(n)


def saddlepath(x: np.ndarray, y: np.ndarray) -> tuple[Callable[[np.ndarray], Any], float]:
    fitted = sp.GP(restarts=1).fit(sp.Labels(BOX, x, y, ("y",)))
    likelihood = float(fitted.log_density()[0]) / len(y)
    return lambda new: fitted.predict(new), likelihood


def scikit_learn(x: np.ndarray, y: np.ndarray) -> tuple[Callable[[np.ndarray], Any], float]:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    scale = y.std()
    kernel = ConstantKernel(3.0, (1e-4, 1e7)) * Matern(np.full(D, 0.5), (1e-2, 1e2), nu=2.5)
    fitted = GaussianProcessRegressor(kernel + WhiteKernel(1e-4, (1e-10, 10.0)), normalize_y=True).fit(x, y)
    likelihood = fitted.log_marginal_likelihood_value_ / len(y) - np.log(scale)
    return lambda new: fitted.predict(new, return_std=True), float(likelihood)


def gpytorch(x: np.ndarray, y: np.ndarray) -> tuple[Callable[[np.ndarray], Any], float]:
    import gpytorch as gp
    import torch

    torch.set_default_dtype(torch.float64)
    centre, scale = y.mean(), y.std()
    inputs, values = torch.tensor(x), torch.tensor((y - centre) / scale)

    class Exact(gp.models.ExactGP):
        def __init__(self, likelihood: Any):
            super().__init__(inputs, values, likelihood)
            self.mean = gp.means.ConstantMean()
            self.kernel = gp.kernels.ScaleKernel(gp.kernels.MaternKernel(nu=2.5, ard_num_dims=D))

        def forward(self, at: Any) -> Any:
            return gp.distributions.MultivariateNormal(self.mean(at), self.kernel(at))

    likelihood = gp.likelihoods.GaussianLikelihood(noise_constraint=gp.constraints.GreaterThan(1e-8))
    model = Exact(likelihood)
    model.train(), likelihood.train()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.1)
    margin = gp.mlls.ExactMarginalLogLikelihood(likelihood, model)
    reached = 0.0
    for _ in range(100):
        optimiser.zero_grad()
        loss = -margin(model(inputs), values)
        loss.backward()
        optimiser.step()
        reached = -loss.item()
    model.eval(), likelihood.eval()

    def predict(new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with torch.no_grad():
            blocks = [model(torch.tensor(block)) for block in np.array_split(new, NEW // BLOCK)]
            moments = [(block.mean.numpy(), block.variance.sqrt().numpy()) for block in blocks]
        mean, sd = (np.concatenate(parts) for parts in zip(*moments, strict=True))
        return mean * scale + centre, sd * scale

    return predict, reached - float(np.log(scale))


def measured(fit: Callable[..., Any], n: int, compiles: bool) -> dict[str, float]:
    """Seconds and accuracy of one library at one number of points."""
    x, y = data(n)
    new = np.random.default_rng(0).random((NEW, D))
    if compiles:
        fit(x, y)[0](new)
    began = time.perf_counter()
    predict, likelihood = fit(x, y)
    fitted = time.perf_counter()
    mean = np.ravel(predict(new)[0])
    ended = time.perf_counter()
    error = float(np.sqrt(np.mean((mean - truth(new)) ** 2)))
    return {
        "seconds of the fit": fitted - began,
        "seconds of 10,000 predictions": ended - fitted,
        "log likelihood per point": likelihood,
        "root mean squared error": error,
    }


def main() -> None:
    """Measure and write the result."""
    found: dict[str, dict[str, Any]] = {}
    for name, fit in {"saddlepath": saddlepath, "scikit-learn": scikit_learn, "GPyTorch": gpytorch}.items():
        try:
            found[name] = {str(n): measured(fit, n, name == "saddlepath") for n in COUNTS}
        except ImportError:
            print(f"{name} is not installed")
            continue
        for n, row in found[name].items():
            print(f"{name}, {n} points: " + ", ".join(f"{what} {value:.3g}" for what, value in row.items()))
    RESULT.write_text(json.dumps({"libraries": found} | surroundings(), indent=1) + "\n")


if __name__ == "__main__":
    main()
