"""The world economy with two to a hundred countries."""

from collections.abc import Mapping
from typing import Any

import numpy as np

import saddlepath as sp
from benchmarks.row import Check, Row, reference
from saddlepath.models.irbc import IRBC
from saddlepath.models.irbc_irreversible import IrreversibleIRBC


def table_gap(block: str, *names: str) -> Check:
    """Largest absolute difference of policies from the rows of a table of the two-country model."""
    rows = reference(block, "irbc")["rows"]
    column = lambda name: np.array([row[name] for row in rows])

    def gap(solution: sp.Solution) -> float:
        found = solution(k=column("k"), z=column("z"))
        return float(max(np.max(np.abs(getattr(found, name) - column(name))) for name in names))

    return gap


def regime_gap(solution: sp.Solution) -> float:
    """Share of countries, on the referee's draws from the paper's box, that invest in one solution and not the other.

    [percentage points]
    """
    from tests.referee.tables import box_draws  # a fifth of a second, which no other row should pay for

    draws = reference("two_countries_irreversible", "irbc")["draws"]
    k, z = box_draws(draws["n"])
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(draws["binds"]), dtype=np.uint8), count=k.size)
    binds = np.asarray(solution(k=k, z=z).mu) > 0
    return float(100 * np.mean(binds != bits.reshape(k.shape).astype(bool)))


def rest_gap(solution: sp.Solution) -> float:
    """Largest distance of capital from the common rest point, 1,500 periods without shocks after 32 dispersed starts.

    The rest point of a stochastic economy is not its deterministic steady state, capital of one in every country:
    risk moves it, by 1.4e-4 with two countries and 1.0e-3 with fifty, in proportion to the variance of the shocks.
    """
    data = sp.simulate(solution, periods=1, paths=32, burn_in=1500, seed=1, shocks=False)
    return float(np.max(np.abs(data["k"].values / np.mean(data["k"].values) - 1)))


def box_mean(solution: sp.Solution) -> float:
    """Mean Euler error on uniform draws from the sampling box."""
    return float("inf") if solution.region is None else solution.region.mean


def published_error(solution: sp.Solution) -> float:
    """Mean of the error by country of Brumm and Scheidegger (2017) on 10,000 periods after 1,000.

    `max(EE, IC, min(-EE, -IC))`, where EE is the relative Euler error without the multiplier and IC the distance of
    investment from its bound: too little investment is an error where it is free, too much where it is not worth it.
    """
    data = sp.simulate(solution, periods=100, paths=100, burn_in=1000, seed=1)
    model, flat = solution.model, lambda name: data[name].values.reshape(-1, solution.model.countries)
    k, capital, value = flat("k"), flat("capital"), flat("value")
    lam = data["lam"].values.reshape(-1, 1)
    errors = sp.euler_errors(solution, at=model.State(k=k, z=flat("z")))
    cost = lam * (1 + float(model.kappa) * (capital / k - 1))
    euler = (1 + errors["euler"]) * value / cost - 1
    bound = 1 - capital / (k * (1 - float(model.delta)))
    return float(np.mean(np.maximum(np.maximum(euler, bound), np.minimum(-euler, -bound))))


COUNTRY_BOX = sp.Box(k=(np.full(2, 0.8), np.full(2, 1.2)), z=(np.full(2, -0.16), np.full(2, 0.16)))
"""The box of Brumm and Scheidegger (2017) for two countries."""
SHARED = sp.Network(width=16, moments=6)
REST: Mapping[str, tuple[Check, float]] = {"rest point from 32 starts": (rest_gap, 1e-3)}


def many_countries(n: int, tol: float, **settings: Any) -> dict[str, Any]:
    """Settings for `n` countries: a few Euler equations per state, tests with the quadrature of training."""
    test = sp.TestPaths(paths=32, dates=10, repeats=32, quadrature=sp.Monomial(3))
    return {"tol": tol, "network": SHARED, "attempts": 1, "test": test} | settings


ROWS: dict[str, Row] = {
    "irbc-2": Row(
        "IRBC, two countries", IRBC(),
        {"tol": 5e-7, "network": sp.Network(width=16, moments=4), "solver": sp.LevenbergMarquardt(batch=128),
         "sampling": sp.Mixture(sp.Region(COUNTRY_BOX))}, 40, 1e-6, 3e-5,
        {"table, capital": (table_gap("two_countries", "capital"), 1e-5),
         "table, lam": (table_gap("two_countries", "lam"), 1e-4)}
        | REST, 10,
    ),
    "irbc-2-irreversible": Row(
        "IRBC, two countries, irreversible", IrreversibleIRBC(),
        {"tol": 1e-5, "solver": sp.LevenbergMarquardt(batch=256), "sampling": sp.Mixture(sp.Region(COUNTRY_BOX))},
        60, 2e-5, None,
        {"mean on the box": (box_mean, 1e-3), "published error": (published_error, 1e-3),
         "table": (table_gap("two_countries_irreversible", "capital", "lam", "mu"), 5e-3),
         "published table": (
             table_gap("two_countries_irreversible_published", "capital", "lam", "mu"), 5e-3),
         "other regime on the box [points]": (regime_gap, 1.0)} | REST,
    ),
    "irbc-2-irreversible-wide": Row(
        "IRBC, two countries, irreversible, sigma 0.03", IrreversibleIRBC(sigma=0.03),
        {"tol": 3e-5, "solver": sp.LevenbergMarquardt(batch=256)}, 120, 1e-4, None, REST,
    ),
    "irbc-10": Row(
        "IRBC, ten countries", IRBC(countries=10),
        {"tol": 2e-6, "network": SHARED, "attempts": 1, "solver": sp.LevenbergMarquardt(batch=64),
         "test": sp.TestPaths(paths=32, dates=10, repeats=32)}, 180, 3e-6, None, REST, 3,
    ),
    "irbc-20": Row(
        "IRBC, twenty countries", IRBC(countries=20),
        many_countries(20, 5e-6, solver=sp.LevenbergMarquardt(batch=64, equations=8)), 180, 1e-5, None, REST, 3,
    ),
    "irbc-50": Row(
        "IRBC, fifty countries", IRBC(countries=50),
        many_countries(50, 1e-5, solver=sp.LevenbergMarquardt(batch=64, equations=6)), 600, 5e-5, None, REST, 1,
    ),
    "irbc-100": Row(
        "IRBC, a hundred countries", IRBC(countries=100),
        many_countries(100, 3e-5, solver=sp.LevenbergMarquardt(batch=64, equations=4)), 3600, 1e-4, None,
        {"99 % quantile": (lambda solution: solution.accuracy.p99, 1e-3)} | REST, 1,
    ),
}  # fmt: skip
