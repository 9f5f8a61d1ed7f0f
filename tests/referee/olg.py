"""Independent referees for two overlapping-generations economies.

1. Log utility, labour income when newborn only, capital as the single asset, shocks to productivity and
   depreciation: the closed form after Huffman (1987, JPE) and Krueger and Kubler (2004), calibrated as in
   Azinovic, Gaegauf and Scheidegger (2022, IER), appendix A.8. It holds for any number of ages and any law.
2. A life cycle with a labour profile and a borrowing limit: the deterministic steady state. Given prices, the
   household's problem is solved exactly, without a grid: from an age with no assets, consumption follows
   (beta R)^j up to the age at which assets return to zero, and that age is the one that allows the least
   consumption. Capital is then found by bisection.

NumPy only; nothing of the package that it judges is imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

# Azinovic, Gaegauf and Scheidegger (2022), appendix A.8: the four equally likely states.
PRODUCTIVITY: Array = np.array([0.95, 1.05, 0.95, 1.05])
DEPRECIATION: Array = np.array([0.5, 0.5, 0.9, 0.9])


def saving_shares(beta: float, ages: int) -> Array:
    """Shares of resources saved at ages 1..A-1, ``beta (1 - beta^(A-h)) / (1 - beta^(A-h+1))``. [-]"""
    left = ages - np.arange(1, ages)
    return beta * (1.0 - beta**left) / (1.0 - beta ** (left + 1))


class Prices(NamedTuple):
    """Gross return, wage and aggregate capital, arrays of one shape."""

    gross: Array
    wage: Array
    capital: Array


def analytic_prices(holdings: Array, state: NDArray[np.int64] | int, alpha: float = 0.3) -> Prices:
    """Prices given holdings ``[..., A]`` by age and the index of the shock; one unit of labour."""
    capital, eta = holdings.sum(axis=-1), PRODUCTIVITY[state]
    gross = alpha * eta * capital ** (alpha - 1.0) + 1.0 - DEPRECIATION[state]
    return Prices(gross, (1.0 - alpha) * eta * capital**alpha, capital)


def analytic_choice(holdings: Array, state: NDArray[np.int64] | int, beta: float = 0.7) -> tuple[Array, Array]:
    """Savings ``[..., A-1]`` and consumption ``[..., A]`` of the closed form. [goods]"""
    prices, ages = analytic_prices(holdings, state), holdings.shape[-1]
    resources = prices.gross[..., None] * holdings
    resources[..., 0] = prices.wage
    savings = saving_shares(beta, ages) * resources[..., :-1]
    consumption = resources.copy()
    consumption[..., :-1] -= savings
    return savings, consumption


def age_on(savings: Array) -> Array:
    """Holdings tomorrow ``[..., A]``: everyone is one age older, the newborn hold nothing."""
    return np.concatenate([np.zeros_like(savings[..., :1]), savings], axis=-1)


def rest_point(state: int, ages: int = 6) -> float:
    """Aggregate capital when the same shock is drawn for ever. [goods]"""
    holdings = age_on(np.full(ages - 1, 0.1))
    for _ in range(2000):
        holdings = age_on(analytic_choice(holdings, state)[0])
    return float(holdings.sum())


class Panel(NamedTuple):
    """Path of the closed form: holdings ``[periods, tracks, A]``, prices and shocks ``[periods, tracks]``."""

    holdings: Array
    prices: Prices
    state: NDArray[np.int64]


def simulate_analytic(tracks: int, periods: int, ages: int = 6, burn_in: int = 100, seed: int = 0) -> Panel:
    """Simulate the closed form with equally likely independent shocks from a common start."""
    rng = np.random.default_rng(seed)
    holdings, path, states = np.tile(age_on(np.full(ages - 1, 0.1)), (tracks, 1)), [], []
    for period in range(burn_in + periods):
        state = rng.integers(0, 4, tracks)
        if period >= burn_in:
            path.append(holdings)
            states.append(state)
        holdings = age_on(analytic_choice(holdings, state)[0])
    whole, shocks = np.stack(path), np.stack(states)
    return Panel(whole, analytic_prices(whole, shocks), shocks)


def capital_from_history(wages: Array, returns: Array, beta: float = 0.7) -> float:
    """Aggregate capital from the last A-1 wages and returns, latest first. [goods]

    ``K_t = sum_i g_i w_(t-i) prod_(j<i) r_(t-j)``, ``g_i = (beta^i - beta^A) / (1 - beta^A)``.
    """
    ages = wages.size + 1
    powers = beta ** np.arange(1, ages)
    weights = (powers - beta**ages) / (1.0 - beta**ages)
    carried = np.concatenate([[1.0], np.cumprod(returns[:-1])])
    return float(np.sum(weights * wages * carried))


@dataclass(frozen=True)
class LifeCycle:
    """Calibration per model period; ``labour`` is the profile of efficiency hours by age."""

    labour: tuple[float, ...]
    beta: float
    delta: float
    rho: float
    sigma: float
    alpha: float = 0.36

    @property
    def ages(self) -> int:
        """Number of ages."""
        return len(self.labour)


def six_periods() -> LifeCycle:
    """Six periods of ten years: Deep Equilibrium Nets course, Geneva 2025, day 2, exercise 4."""
    return LifeCycle((1.0, 1.8, 2.3, 2.5, 1.6, 1.25), beta=0.99**10, delta=0.8, rho=0.9**10, sigma=0.10)


def finer_life_cycle(ages: int) -> LifeCycle:
    """The same sixty years cut into ``ages`` periods, with a hump of labour that starts and ends low.

    Four fifths of capital are lost in ten years at any period; the unconditional s.d. of productivity is
    that of the six-period economy; labour is linear between the six ten-year midpoints and flat outside.
    """
    years = 60.0 / ages
    midpoints = (np.arange(ages) + 0.5) * years
    labour = np.interp(midpoints, np.arange(5.0, 60.0, 10.0), [0.5, 1.5, 2.3, 2.5, 1.6, 0.6])
    rho = 0.9**years
    sigma = 0.10 * np.sqrt((1.0 - rho**2) / (1.0 - 0.9**20))
    return LifeCycle(tuple(labour.tolist()), 0.99**years, 1.0 - 0.2 ** (years / 10.0), rho, float(sigma))


class Household(NamedTuple):
    """Consumption and assets at the start of each age ``[A]`` [goods], gap of each Euler equation ``[A-1]``.

    The gap is ``c^(h+1) / (beta R c^h) - 1``: zero where the limit is slack, positive where it binds.
    """

    consumption: Array
    assets: Array
    gap: Array


def household(income: Array, beta: float, gross: float) -> Household:
    """Exact plan with log utility, income by age, gross return and assets that may not fall below zero.

    Args:
        income: Labour income by age ``[A]``. [goods]
        beta: Discount factor. [1/period]
        gross: Gross return. [-]

    Returns:
        The plan. An unconstrained stretch of ages ends where assets return to zero; of all ages at which they
        could, the right one allows the least consumption, because any other would need debt on the way.
    """
    ages = income.size
    consumption, first = np.empty(ages), 0
    while first < ages:
        lengths = np.arange(ages - first)
        worth = np.cumsum(income[first:] / gross**lengths) / np.cumsum(beta**lengths)
        last = int(lengths[worth <= worth.min() * (1.0 + 1e-14)][-1])
        span = lengths[: last + 1]
        consumption[first : first + last + 1] = worth[last] * (beta * gross) ** span
        first += last + 1
    assets = np.zeros(ages + 1)
    for age in range(ages):
        assets[age + 1] = gross * assets[age] + income[age] - consumption[age]
    gap = consumption[1:] / (beta * gross * consumption[:-1]) - 1.0
    return Household(consumption, assets[:-1], gap)


class Rest(NamedTuple):
    """Deterministic steady state; ``binding`` lists the ages, from one, at which the limit binds."""

    capital: float
    rental: float
    wage: float
    gross: float
    plan: Household
    binding: tuple[int, ...]


def life_cycle_prices(economy: LifeCycle, capital: float) -> tuple[float, float, float]:
    """Rental rate, wage and gross return at z = 1."""
    labour = float(np.sum(economy.labour))
    output = capital**economy.alpha * labour ** (1.0 - economy.alpha)
    rental = economy.alpha * output / capital
    return rental, (1.0 - economy.alpha) * output / labour, 1.0 - economy.delta + rental


def life_cycle_rest(economy: LifeCycle) -> Rest:
    """Deterministic steady state (z = 1) by bisection on capital to roundoff; ages are counted from one."""
    profile = np.array(economy.labour)
    low, high = 1e-3 * profile.sum(), 1e3 * profile.sum()
    capital = 0.5 * (low + high)
    for _ in range(200):
        _, wage, gross = life_cycle_prices(economy, capital)
        supplied = household(wage * profile, economy.beta, gross).assets.sum()
        low, high = (capital, high) if supplied > capital else (low, capital)
        capital = 0.5 * (low + high)
    rental, wage, gross = life_cycle_prices(economy, capital)
    plan = household(wage * profile, economy.beta, gross)
    bound = tuple(int(age) + 1 for age in np.flatnonzero(plan.gap > 1e-10))
    return Rest(capital, rental, wage, gross, plan, bound)
