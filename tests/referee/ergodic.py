"""Long-run distribution of a solved growth economy, by a histogram and by simulation.

The histogram method (Young, 2010, JEDC) has no Monte-Carlo error. It moves mass on a fine grid of (ln K, z):
capital by a lottery between two neighbouring nodes, productivity by the Gaussian kernel of the solver. The
simulation is its independent check.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .growth import Array, Decision, Solution, gaussian_kernel, output


class Distribution(NamedTuple):
    """Mass ``[n_k, n_z]`` at states ``k`` [goods] and ``z`` [-] of the same shape."""

    mass: Array
    k: Array
    z: Array


def stationary(
    solution: Solution,
    n_k: int = 1200,
    step: float = 0.25,
    width: float = 5.0,
    span: float = 1.0,
    refine: int = 20,
    tol: float = 1e-12,
) -> Distribution:
    """Stationary distribution of (K, z).

    Args:
        solution: A converged rule.
        n_k: Number of capital nodes, equispaced in ln K.
        step: Distance of the z nodes in innovation s.d.
        width: Half width of the z grid in unconditional s.d. (within the solver's).
        span: Half width of the grid of ln K around the steady state.
        refine: The last move of z is spread over a grid this many times finer, so that shares of binding
            dates, which jump in z, are integrated as well as smooth quantities.
        tol: Largest change of the mass of one node at which iteration stops.
    """
    economy = solution.economy
    half = int(width * economy.sd_z / (step * economy.sigma))
    nodes = np.arange(-half, half + 1) * (step * economy.sigma)
    kernel = gaussian_kernel(nodes, economy.rho, economy.sigma)
    log_k = np.log(economy.steady_state()["k"]) + np.linspace(-span, span, n_k)
    k, z = np.exp(log_k)[:, None] + 0 * nodes, nodes[None, :] + 0 * log_k[:, None]
    place = (np.log(solution(k, z).k_next) - log_k[0]) / (log_k[1] - log_k[0])
    low = np.clip(place.astype(int), 0, n_k - 2)
    share = np.clip(place - low, 0.0, 1.0)
    cell = low * nodes.size + np.arange(nodes.size)
    mass = np.exp(-0.5 * (z / economy.sd_z) ** 2 - 0.5 * ((log_k[:, None] - log_k.mean()) / 0.15) ** 2)
    mass, change = mass / mass.sum(), np.inf
    for _ in range(20_000):
        stay = np.bincount(cell.ravel(), (mass * (1 - share)).ravel(), mass.size)
        move = np.bincount(cell.ravel() + nodes.size, (mass * share).ravel(), mass.size)
        moved = (stay + move).reshape(mass.shape)
        new = moved @ kernel
        change = float(np.max(np.abs(new - mass)))
        mass = new
        if change < tol:
            fine = np.linspace(nodes[0], nodes[-1], refine * (nodes.size - 1) + 1)
            mass = moved @ gaussian_kernel(nodes, economy.rho, economy.sigma, onto=fine)
            return Distribution(mass / mass.sum(), k[:, :1] + 0 * fine, fine + 0 * k[:, :1])
    raise RuntimeError(f"The distribution still moves by {change:.1e}.")


def series(solution: Solution, k: Array, z: Array) -> dict[str, Array]:
    """Quantities whose moments are reported, at given states; all of the shape of ``k``."""
    rule: Decision = solution(k, z)
    economy = solution.economy
    made = output(economy, k, z, rule.labour)
    investment = rule.k_next - (1.0 - economy.delta) * k
    found = {
        "k": k,
        "c": rule.c,
        "y": made,
        "i": investment,
        "labour": rule.labour,
        "saving": investment / made,
    }
    found |= {"log_k": np.log(k), "log_c": np.log(rule.c), "tfp": np.exp(z), "multiplier": rule.multiplier}
    found["bound"] = solution.bound(k, rule).astype(float)
    return found | ({"log_i": np.log(investment)} if np.all(investment > 0.0) else {})


def moments(values: dict[str, Array], mass: Array | None = None) -> dict[str, dict[str, float]]:
    """Mean, s.d., skewness and correlation with productivity of every series, weighted by ``mass``."""

    def average(value: Array) -> float:
        return float(np.average(value, weights=mass))

    found: dict[str, dict[str, float]] = {}
    tfp = values["tfp"] - average(values["tfp"])
    for name, value in values.items():
        gap = value - average(value)
        sd = np.sqrt(average(gap**2))
        found[name] = {"mean": average(value), "sd": sd}
        if sd > 1e-10:
            cross = average(gap * tfp) / sd / np.sqrt(average(tfp**2))
            found[name] |= {"skew": average(gap**3) / sd**3, "corr_tfp": cross}
    return found


def long_run(solution: Solution, n_k: int = 1200, span: float = 1.0) -> dict[str, dict[str, float]]:
    """Moments of the stationary distribution; arguments as in `stationary`."""
    law = stationary(solution, n_k=n_k, span=span)
    return moments(series(solution, law.k, law.z), law.mass)


def simulate(solution: Solution, tracks: int, periods: int, burn_in: int = 300, seed: int = 0) -> dict[str, Array]:
    """Panel ``[periods, tracks]`` of the reported series, simulated from the steady state after a burn-in."""
    economy, rng = solution.economy, np.random.default_rng(seed)
    k, z = np.full(tracks, economy.steady_state()["k"]), economy.sd_z * rng.standard_normal(tracks)
    ks, zs = [], []
    for period in range(burn_in + periods):
        if period >= burn_in:
            ks.append(k)
            zs.append(z)
        k = solution(k, z).k_next
        z = economy.rho * z + economy.sigma * rng.standard_normal(tracks)
    return series(solution, np.stack(ks), np.stack(zs))
