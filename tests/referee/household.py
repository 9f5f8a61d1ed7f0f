"""Independent referee for a one-asset household with risky income and a borrowing limit (Aiyagari, 1994, Q. J. Econ.).

The classical method in its closed form: consumption that makes the Euler equation hold at given savings (Carroll, 2006,
Econ. Lett.), linear interpolation between endogenous grid points, and a histogram with lotteries (Young, 2010, J. Econ.
Dyn. Control) iterated forward. NumPy only; nothing of the package that it judges is imported.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
BETA, ALPHA, DELTA = 0.96, 0.36, 0.08


def tauchen(rho: float, sigma: float, n: int = 7, span: float = 3.0) -> tuple[Array, Array]:
    """Efficiencies ``[n]`` of mean one and transition matrix ``[n, n]`` after Tauchen (1986, Econ. Lett.). [-]"""
    values = np.linspace(-span, span, n)
    edges = np.concatenate([[-np.inf], (values[1:] + values[:-1]) / 2, [np.inf]])
    scale = math.sqrt(2 * (1 - rho**2))
    below = np.array([[0.5 * (1 + math.erf((e - rho * v) / scale)) for e in edges] for v in values])
    matrix = np.diff(below, axis=1)
    share = np.linalg.matrix_power(matrix, 10_000)[0]
    efficiency = np.exp(sigma * values)
    return efficiency / (share @ efficiency), matrix


class Household(NamedTuple):
    """Decision rule on assets, and the distribution: arrays ``[n_levels, n_assets]``."""

    assets: Array
    consumption: Array
    distribution: Array

    @property
    def mean(self) -> float:
        """Mean assets. [goods]"""
        return float(np.sum(self.distribution * self.assets))


def prices(r: float) -> tuple[float, float]:
    """Wage and capital that belong to an interest rate. [goods]"""
    capital = (ALPHA / (r + DELTA)) ** (1 / (1 - ALPHA))
    return (1 - ALPHA) * capital**ALPHA, capital


def solve(r: float, gamma: float, rho: float, sigma: float, nodes: int = 1500, top: float = 150.0) -> Household:
    """The household's rule and the stationary distribution at an interest rate, without debt."""
    efficiency, matrix = tauchen(rho, sigma)
    income = prices(r)[0] * efficiency[:, None]
    assets = top * np.linspace(0.0, 1.0, nodes) ** 2.5
    consumption = income + r * assets
    for _ in range(20_000):
        wanted = (BETA * (1 + r) * matrix @ consumption**-gamma) ** (-1 / gamma)
        before = (wanted + assets - income) / (1 + r)
        free = np.stack([np.interp(assets, b, w) for b, w in zip(before, wanted, strict=True)])
        slope = (wanted[:, -1] - wanted[:, -2]) / (before[:, -1] - before[:, -2])
        past = assets[None, :] > before[:, -1:]
        free = np.where(past, wanted[:, -1:] + slope[:, None] * (assets - before[:, -1:]), free)
        cash = income + (1 + r) * assets
        after = np.where(assets < before[:, :1], cash, np.minimum(free, cash))
        change = float(np.max(np.abs(after / consumption - 1)))
        consumption = after
        if change < 1e-11:
            break
    return Household(assets, consumption, _long_run(assets, income + (1 + r) * assets - consumption, matrix))


def _long_run(assets: Array, saved: Array, matrix: Array) -> Array:
    """The histogram after so many periods that it no longer changes."""
    cell = np.clip(np.searchsorted(assets, saved, side="right") - 1, 0, assets.size - 2)
    share = np.clip((saved - assets[cell]) / (assets[cell + 1] - assets[cell]), 0.0, 1.0)
    mass = np.full(saved.shape, 1 / saved.size)
    for _ in range(100_000):
        moved = np.stack(
            [
                np.bincount(c, m * (1 - s), assets.size) + np.bincount(c + 1, m * s, assets.size)
                for c, m, s in zip(cell, mass, share, strict=True)
            ]
        )
        after = matrix.T @ moved
        if np.abs(after - mass).sum() < 1e-12:
            return after
        mass = after
    return mass


def interest_rate(gamma: float, rho: float, sigma: float, low: float = 0.03, high: float = 0.0408) -> float:
    """The interest rate at which households hold the capital that firms use, by bisection."""
    for _ in range(24):
        r = (low + high) / 2
        low, high = (low, r) if solve(r, gamma, rho, sigma).mean > prices(r)[1] else (r, high)
    return (low + high) / 2


if __name__ == "__main__":
    for nodes in (1500, 3000):
        found = solve(0.0388, 3.0, 0.6, 0.2, nodes)
        at = [float(np.interp(a, found.assets, found.consumption[z])) for a, z in ((0.0, 0), (1.0, 3), (5.0, 6))]
        print(nodes, "consumption", at, "mean assets", found.mean)
    print("interest rate", interest_rate(3.0, 0.6, 0.2))
