"""Independent referee for the business cycle of two countries, with free or with irreversible investment.

Problem: a planner maximises ``E sum_t beta^t sum_j tau_j c_j^(1-1/psi_j) / (1-1/psi_j)`` subject to ``sum_j [c_j + k_j'
- (1-delta) k_j + kappa/2 k_j g_j^2] = sum_j A exp(z_j) k_j^zeta``, ``g = k'/k - 1``, ``z_j' = rho z_j + sigma (e_j +
e_0)``, weights ``tau_j = (A - delta)^(1/psi_j)``, and optionally ``k_j' >= (1-delta) k_j`` (Brumm and Scheidegger,
2017, Econometrica, section 4).

Algorithm: time iteration on the discounted expected value of capital, ``V_j(k', z) = beta E[lam' (zeta A exp(z_j')
k_j'^(zeta-1) + 1 - delta + kappa/2 g_j' (g_j' + 2)) - (1-delta) mu_j']``, with a Nystrom rule in z: the trapezoidal sum
over one fixed equispaced grid, weighted by the Gaussian density of z' given z. V is smooth even where the rules have
kinks, because z' is integrated out; it is interpolated in log capital by bicubic splines. Decisions at a state
satisfy ``value_j = V_j(k'(value), z)``, where investment follows from value over lam and lam clears the market for
goods. That map contracts fast, because values depend on capital far less than investment depends on values.

The module uses NumPy and SciPy only and imports nothing from the package it judges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline

Array = NDArray[np.floating[Any]]

CLEARING_STEPS = 60
"""Most Newton steps for log lam; excess demand is convex, so that they cannot cycle."""


@dataclass(frozen=True)
class Economy:
    """Calibration of the paper; goods in units in which capital of the steady state is one."""

    beta: float = 0.99  # discount factor [1/quarter]
    zeta: float = 0.36  # capital share [-]
    delta: float = 0.01  # depreciation [1/quarter]
    rho: float = 0.95  # persistence of log productivity [-]
    sigma: float = 0.01  # s.d. of own and world innovation [-]
    kappa: float = 0.5  # adjustment cost [-]
    psi: tuple[float, float] = (0.25, 1.0)  # elasticities of intertemporal substitution [-]
    irreversible: bool = True

    @property
    def scale(self) -> float:
        """Productivity A. [goods]"""
        return (1 - self.beta * (1 - self.delta)) / (self.zeta * self.beta)

    def output(self, k: Array, z: Array) -> Array:
        """Output by country, shape of k. [goods]"""
        return self.scale * np.exp(z) * k**self.zeta


class Decisions(NamedTuple):
    """``capital`` tomorrow and multipliers ``mu``, ``[2, n]``; marginal utility ``lam [n]``."""

    capital: Array
    lam: Array
    mu: Array


def decide(economy: Economy, k: Array, z: Array, value: Array) -> Decisions:
    """Decisions that values of capital imply, all arguments ``[2, n]``."""
    psi = np.asarray(economy.psi)[:, None]
    log_value, goods = np.log(value), economy.output(k, z).sum(axis=0)
    cheapest = 1 - economy.kappa * economy.delta if economy.irreversible else -np.inf
    p = log_value.min(axis=0) - 1.0  # below the solution, from where Newton's method on a convex function is monotone
    for _ in range(CLEARING_STEPS):
        q = np.maximum(np.exp(log_value - p), cheapest)
        free = np.exp(log_value - p) > cheapest
        c = (economy.scale - economy.delta) * np.exp(-psi * p)
        used = k * (economy.delta + (q**2 - 1) / (2 * economy.kappa))
        excess = (used + c).sum(axis=0) - goods
        slope = (free * k * q**2 / economy.kappa + psi * c).sum(axis=0)
        step = excess / slope
        p = p + step
        if np.max(np.abs(step)) < 1e-14:
            break
    lam = np.exp(p)
    q = np.maximum(value / lam, cheapest)
    return Decisions(k * (1 + (q - 1) / economy.kappa), lam, lam * (q - value / lam))


def payoff(economy: Economy, k: Array, z: Array, x: Decisions) -> Array:
    """What a unit of capital brings at a state, by country ``[2, n]``. [utils]"""
    g = x.capital / k - 1
    product = economy.zeta * economy.output(k, z) / k
    gross = product + 1 - economy.delta + economy.kappa / 2 * g * (g + 2)
    return x.lam * gross - (1 - economy.delta) * x.mu


@dataclass(frozen=True)
class Solution:
    """Payoffs ``[2, n_z n_z, n_k, n_k]`` on the grid, from which the rule follows at any state."""

    economy: Economy
    log_k: Array
    z: Array
    payoffs: Array
    change: float

    def __call__(self, k: Array, z: Array, rounds: int = 30) -> Decisions:
        """Decisions at states ``[n, 2]``."""
        weights = self.economy.beta * kernel(self.economy, np.asarray(z).T, self.z)
        surfaces = np.tensordot(weights, self.payoffs, axes=(1, 1))  # [n, 2, n_k, n_k]
        k, z = np.asarray(k).T, np.asarray(z).T
        splines = [[RectBivariateSpline(self.log_k, self.log_k, np.log(v)) for v in pair] for pair in surfaces]
        value = np.ones_like(k)
        for _ in range(rounds):
            at = np.log(decide(self.economy, k, z, value).capital)
            log_value = [[spline.ev(*at[:, i]) for spline in pair] for i, pair in enumerate(splines)]
            value = np.exp(np.asarray(log_value).T)
        return decide(self.economy, k, z, value)


def kernel(economy: Economy, z: Array, grid: Array) -> Array:
    """Probabilities ``[n, n_z n_z]`` of the points of the squared grid tomorrow, given ``z [2, n]`` today."""
    precision = np.linalg.inv(economy.sigma**2 * (np.eye(2) + np.ones((2, 2))))
    points = np.stack(np.meshgrid(grid, grid, indexing="ij")).reshape(2, -1)
    gap = points[:, None, :] - economy.rho * z[:, :, None]
    density = np.exp(-0.5 * np.einsum("inm,ij,jnm->nm", gap, precision, gap, optimize=True))
    return density / density.sum(axis=1, keepdims=True)


def solve(
    economy: Economy,
    n_k: int = 13,
    bounds: tuple[float, float] = (0.72, 1.32),
    z_bound: float = 0.21,
    step: float = 0.0125,
    tol: float = 1e-8,
    most: int = 2000,
) -> Solution:
    """Iterate until no log value on the grid changes by more than ``tol``.

    Args:
        economy: Calibration.
        n_k: Nodes of the spline in log capital of one country.
        bounds: Lowest and highest capital of the grid. [goods]
        z_bound: Largest log productivity of the grid. [-]
        step: Distance of its nodes, at most 1.25 sigma. [-]
        tol: Largest change between two iterations. [-]
        most: Most iterations.
    """
    log_k, half = np.linspace(*np.log(bounds), n_k), round(z_bound / step)
    z = step * np.arange(-half, half + 1)
    z1, z2, k1, k2 = np.meshgrid(z, z, np.exp(log_k), np.exp(log_k), indexing="ij")
    shape = (z.size**2, n_k, n_k)
    k, s = (np.stack(pair).reshape(2, -1) for pair in ((k1, k2), (z1, z2)))
    weights = economy.beta * kernel(economy, np.stack([z1, z2])[:, :, :, 0, 0].reshape(2, -1), z)
    value, change = np.ones_like(k), np.inf
    payoffs = np.ones((2, *shape))
    for _ in range(most):
        x = decide(economy, k, s, value)
        payoffs = payoff(economy, k, s, x).reshape(2, *shape)
        # Countries are exchangeable: the values of the second are those of the first at exchanged states.
        log_v = np.log(np.tensordot(weights, payoffs[0], axes=(1, 0)))
        at = np.log(x.capital).reshape(2, z.size**2, -1)
        new = np.stack([RectBivariateSpline(log_k, log_k, v).ev(a, b) for v, a, b in zip(log_v, *at, strict=True)])
        first = new.reshape(z.size, z.size, n_k, n_k)
        new = np.stack([first, first.transpose(1, 0, 3, 2)]).reshape(2, -1)
        change, value = float(np.max(np.abs(new - np.log(value)))), np.exp(new)
        if change < tol:
            break
    return Solution(economy, log_k, z, payoffs, change)
