"""Overfitting and double descent: what happens to the error at new points when a model gets more parameters.

Polynomials through ten noisy points overfit once they have as many coefficients as there are points. With random
Fourier features and least squares of minimal norm the error at new points peaks where the number of features p equals
that of points, and falls again beyond it, below the best of the small models; a ridge penalty removes the peak.

References:
    Bishop (2006, Pattern Recognition and Machine Learning), section 1.1; Rahimi and Recht (2007, NeurIPS), random
    features; Belkin, Hsu, Ma and Mandal (2019, PNAS), double descent.
"""

import numpy as np
from jaxtyping import Float

from saddlepath.nn.findings import Findings, Line, Panel
from saddlepath.table import table

ORDERS, POINTS, NOISE = (0, 1, 3, 9), 10, 0.3
INPUTS, TRAINING, TEST, SEEDS = 5, 50, 500, 20
FEATURES = np.unique(np.concatenate([np.arange(1, 101), np.arange(105, 301, 5)]))
SMALL = 30
"""Features up to which a model counts as small [-]."""
RIDGES = 10.0 ** np.arange(-3, 2)
"""Penalties among which the error at left-out points chooses [-]."""


def study_overfitting(seed: int = 0) -> Findings:
    """Polynomials of several orders on ten noisy points of sin(2 pi x)."""
    random = np.random.default_rng(seed)
    truth = lambda x: np.sin(2 * np.pi * x)
    x, new = np.linspace(0, 1, POINTS), np.linspace(0, 1, 200)
    y = truth(x) + NOISE * random.standard_normal(POINTS)
    y_new = truth(new) + NOISE * random.standard_normal(new.size)
    rows, panels = {}, []
    for order in ORDERS:
        fitted = np.polynomial.Polynomial.fit(x, y, order)
        error = lambda at, values, fitted=fitted: float(np.sqrt(np.mean((fitted(at) - values) ** 2)))
        rows[f"order {order}"] = {"training": error(x, y), "new points": error(new, y_new)}
        lines = Line("truth", new, truth(new)), Line("polynomial", new, fitted(new)), Line("points", x, y, points=True)
        panels.append(Panel(f"Order {order}", lines, "x [-]", "y [-]"))
    note = f"Root mean squared errors; the noise has standard deviation {NOISE}."
    return Findings(
        {"errors": table(rows, "", title="Polynomials through ten points", note=note)}, {"fits": tuple(panels)}
    )


def double_descent(
    seed: int, features: np.ndarray = FEATURES
) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, " p"]]:
    """Mean squared error at new points by number of random Fourier features: of minimal norm, and with a tuned ridge.

    Args:
        seed: Of data and features.
        features: Numbers of features.
    """
    random = np.random.default_rng(seed)
    truth = lambda x: np.sin(x[:, 0]) + 0.5 * np.cos(x[:, 1])
    x, new = random.standard_normal((TRAINING, INPUTS)), random.standard_normal((TEST, INPUTS))
    y = truth(x) + NOISE * random.standard_normal(TRAINING)
    most = int(features.max())
    w, b = random.standard_normal((INPUTS, most)), random.uniform(0, 2 * np.pi, most)
    least, tuned = [], []
    for p in features:
        basis = lambda at, p=p: np.sqrt(2 / p) * np.cos(at @ w[:, :p] + b[:p])
        phi, phi_new = basis(x), basis(new)
        error = lambda c, phi_new=phi_new: float(np.mean((phi_new @ c - truth(new)) ** 2))
        least.append(error(np.linalg.pinv(phi) @ y))
        tuned.append(error(_ridge(phi, y)))
    return np.array(least), np.array(tuned)


def _ridge(phi: Float[np.ndarray, "n p"], y: Float[np.ndarray, " n"]) -> Float[np.ndarray, " p"]:
    """Coefficients with the penalty that errs least at left-out points."""
    u, s, v = np.linalg.svd(phi, full_matrices=False)
    share = s**2 / (s**2 + RIDGES[:, None])
    left_out = (y - (share * (u.T @ y)) @ u.T) / (1 - share @ (u**2).T)
    best = share[np.argmin(np.sum(left_out**2, axis=1))]
    return v.T @ (best * (u.T @ y) / np.maximum(s, 1e-12))


def study_double_descent(seed: int = 0) -> Findings:
    """Error at new points by number of features, for several seeds."""
    found = np.array([double_descent(seed + i) for i in range(SEEDS)])
    least, tuned = found[:, 0], found[:, 1]
    small = FEATURES <= SMALL
    ratio = least.max(axis=1) / least[:, -1]
    rows = {
        "features at the peak": _spread(FEATURES[np.argmax(least, axis=1)]),
        "peak over final": _spread(ratio),
        f"best of up to {SMALL} features": _spread(least[:, small].min(axis=1)),
        f"final, {FEATURES[-1]} features": _spread(least[:, -1]),
        f"at {TRAINING} features over final, tuned ridge": _spread(tuned[:, FEATURES == TRAINING][:, 0] / tuned[:, -1]),
    }
    note = f"{SEEDS} seeds; {TRAINING} points with noise, mean squared errors at {TEST} new ones without."
    shown = table(rows, "", title="Double descent of random Fourier features", note=note)
    lines = _band("minimal norm", least), _band("tuned ridge", tuned)
    panel = Panel("Error at new points", lines, "features [-]", "mean squared error [-]", log_y=True)
    return Findings({"double descent": shown}, {"errors": (panel,)})


def _band(name: str, errors: Float[np.ndarray, "seeds p"]) -> Line:
    middle, low, high = np.quantile(errors, (0.5, 0.1, 0.9), axis=0)
    return Line(name, FEATURES.astype(float), middle, low, high)


def _spread(values: np.ndarray) -> dict[str, float]:
    return {"median": float(np.median(values)), "least": float(values.min()), "largest": float(values.max())}
