"""The benchmark table: which model is solved how, how accurate it must be, and in how many seconds.

Bars are never changed to fit a result. A row may add checks beyond Euler errors: distances to closed forms, to the
referee's tables in `tests/referee`, or to shares of binding constraints.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from tests.referee.tables import box_draws

import saddlepath as sp
from saddlepath.models.brock_mirman import BrockMirman
from saddlepath.models.brock_mirman_deterministic import BrockMirmanDeterministic
from saddlepath.models.growth import Growth
from saddlepath.models.growth_labour import GrowthLabour
from saddlepath.models.growth_labour_cap import GrowthLabourCap
from saddlepath.models.irbc import IRBC
from saddlepath.models.irbc_irreversible import IrreversibleIRBC
from saddlepath.models.life_cycle import LifeCycle
from saddlepath.models.olg_analytic import AnalyticOLG
from saddlepath.models.olg_analytic_level import AnalyticOLGLevel

REFEREE = Path(__file__).parents[1] / "tests" / "referee"
Check = Callable[[sp.Solution], float]


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        title: What is solved.
        model: The model.
        settings: Arguments of `solve`.
        seconds: Bar on wall time from process start with an empty compilation cache. [s]
        mean: Bar on the mean Euler error of the worst equation, or None. [-]
        worst: Bar on the largest Euler error, or None. [-]
        checks: Further figures by name, each with its bar.
        seeds: Number of seeds.
    """

    title: str
    model: sp.Model
    settings: Mapping[str, Any]
    seconds: float
    mean: float | None
    worst: float | None
    checks: Mapping[str, tuple[Check, float]] = dataclasses.field(default_factory=dict)
    seeds: int = 5


def _reference(block: str, model: str = "growth") -> dict[str, Any]:
    return json.loads((REFEREE / f"{model}_reference.json").read_text())[block]


def consumption_gap(block: str, low: float = 0.0, high: float = np.inf) -> Check:
    """Largest relative difference of consumption from the referee's rows with capital in a range."""
    rows = [row for row in _reference(block)["rows"] if low <= row["k"] <= high]

    def gap(solution: sp.Solution) -> float:
        state = solution.model.State(*(np.array([r[name] for r in rows]) for name in ("k", "log_z")))
        with jax.enable_x64(True):
            found = np.asarray(solution.model.consumption(state, solution(state)))
        return float(np.max(np.abs(found / np.array([r["c"] for r in rows]) - 1)))

    return gap


def binding_gap(block: str) -> Check:
    """Difference of the share of periods in which the cap binds from the referee's. [percentage points]"""
    share = _reference(block)["moments"]["bound"]["mean"]

    def gap(solution: sp.Solution) -> float:
        data = sp.simulate(solution, periods=1000, paths=200, burn_in=200, seed=1)
        return float(100 * abs(np.mean(data["slack"].values < 1e-9) - share))

    return gap


def saving_gap(solution: sp.Solution) -> float:
    """Largest relative error of a constant saving rate alpha beta over the box of parameters and the states."""
    box, gaps = solution.box, []
    for theta in box.design(64, seed=1):
        member = solution.at(**{name: float(v) for name, v in zip(box.names, theta, strict=True)})
        rate = float(member.model.alpha * member.model.beta)
        centre = rate ** (1 / (1 - float(member.model.alpha)))
        k, z = np.meshgrid(centre * np.exp(np.linspace(-0.4, 0.4, 9)), np.linspace(-0.1, 0.1, 9))
        gaps.append(np.max(np.abs(member(k=k, z=z).saving / rate - 1)))
    return float(max(gaps))


def deterministic_gap(solution: sp.Solution) -> float:
    """Largest relative error of the saving rate alpha beta for capital in [0.1, 1]."""
    rate = float(solution.model.alpha * solution.model.beta)
    return float(np.max(np.abs(solution(k=np.linspace(0.1, 1.0, 200)).saving / rate - 1)))


def family_gap(solution: sp.Solution) -> float:
    """Largest relative difference of the saving share from the referee's at its calibrations and states."""
    gaps = []
    for member in _reference("pseudo_states")["economies"]:
        rule = solution.at(beta=member["beta"], rho=member["rho"])
        rows = member["rows"]
        found = rule(k=np.array([r["k"] for r in rows]), z=np.array([r["log_z"] for r in rows])).saving
        gaps.append(np.max(np.abs(found / np.array([r["saving"] for r in rows]) - 1)))
    return float(max(gaps))


def table_gap(block: str, *names: str) -> Check:
    """Largest absolute difference of policies from the rows of a table of the two-country model."""
    rows = _reference(block, "irbc")["rows"]
    column = lambda name: np.array([row[name] for row in rows])

    def gap(solution: sp.Solution) -> float:
        found = solution(k=column("k"), z=column("z"))
        return float(max(np.max(np.abs(getattr(found, name) - column(name))) for name in names))

    return gap


def regime_gap(solution: sp.Solution) -> float:
    """Share of countries, on the referee's draws from the paper's box, that invest in one solution and not the other.

    [percentage points]
    """
    draws = _reference("two_countries_irreversible", "irbc")["draws"]
    k, z = box_draws(draws["n"])
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(draws["binds"]), dtype=np.uint8), count=k.size)
    binds = np.asarray(solution(k=k, z=z).mu) > 0
    return float(100 * np.mean(binds != bits.reshape(k.shape).astype(bool)))


def rest_gap(solution: sp.Solution) -> float:
    """Largest distance of capital from one after 1,500 periods without shocks, from 32 dispersed starts.

    One is capital in the deterministic steady state; the stochastic one is 1.4e-4 below it for two countries.
    """
    data = sp.simulate(solution, periods=1, paths=32, burn_in=1500, seed=1, shocks=False)
    return float(np.max(np.abs(data["k"].values - 1)))


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


def capital_path_gap(solution: sp.Solution) -> float:
    """Largest relative error of aggregate capital over 15,000 periods, rule and closed form on common shocks."""
    exact = sp.closed_form(AnalyticOLG(ages=solution.model.ages))
    steady = sp.steady_state(solution.model).state
    paths = [sp.simulate(s, periods=15_000, paths=1, seed=1, start=s.model.State(*steady)) for s in (solution, exact)]
    ours, true = (path["capital"].values for path in paths)
    return float(np.max(np.abs(ours / true - 1)))


WIDE = sp.Paths(dispersed=0.5, spread=1.5)
FAMILY = sp.Paths(dispersed=0.4, spread=1.0, settled_restart=0.01)
AGES = {"network": sp.Network(width=16), "quadrature": sp.GaussHermite(15), "start": "steady"}
CAPITAL_BOX = sp.Box(k=(1.9, 8.5), z=(-0.15, 0.15))
COUNTRY_BOX = sp.Box(k=(np.full(2, 0.8), np.full(2, 1.2)), z=(np.full(2, -0.16), np.full(2, 0.16)))
"""The box of Brumm and Scheidegger (2017) for two countries."""
SHARED = sp.Network(width=16, moments=6)
REST: Mapping[str, tuple[Check, float]] = {"rest point from 32 starts": (rest_gap, 1e-3)}


def many_countries(n: int, tol: float, **settings: Any) -> dict[str, Any]:
    """Settings for `n` countries: a few Euler equations per state, tests with the quadrature of training."""
    test = sp.TestPaths(paths=32, dates=10, repeats=32, quadrature=sp.Monomial(3))
    return {"tol": tol, "network": SHARED, "attempts": 1, "test": test} | settings


ROWS: dict[str, Row] = {
    "growth-a": Row(
        "growth A, deterministic, random head", BrockMirmanDeterministic(),
        {"solver": sp.LevenbergMarquardt(batch=512), "network": sp.Network(width=8), "start": "random", "tol": 2e-8,
         "sampling": sp.Region(sp.Box(k=(0.1, 1.0)))},
        15, None, None, {"policy": (deterministic_gap, 1e-6)},
    ),
    "growth-c": Row(
        "growth C", Growth(), {"tol": 1e-6, "solver": sp.LevenbergMarquardt(floor=1e-9)}, 10, 1e-6, 1e-4,
    ),
    "growth-c-fine": Row(
        "growth C, fine", Growth(), {"tol": 7e-8, "sampling": WIDE}, 30, 1e-7, 1e-5,
        {"table, K 4 to 8": (consumption_gap("partial_depreciation", 3.9, 8.1), 1e-5)},
    ),
    "growth-c-box": Row(
        "growth C, fine, with a box", Growth(),
        {"tol": 7e-8, "sampling": sp.Mixture(sp.Region(CAPITAL_BOX), WIDE, share=0.25)}, 30, 1e-7, 1e-5,
        {"table, all rows": (consumption_gap("partial_depreciation"), 1e-5)},
    ),
    "growth-d": Row(
        "growth D, labour", GrowthLabour(), {"tol": 7e-7}, 30, 1e-6, 1e-4,
        {"table": (consumption_gap("labour", 3.9, 8.1), 1e-4)},
    ),
    "growth-e-1.0": Row(
        "growth E, labour cap 1.0", GrowthLabourCap(), {"tol": 8e-6, "quadrature": sp.GaussHermite(21)}, 60, 1e-5, 3e-4,
        {"binding share [points]": (binding_gap("labour_cap_1.0"), 1.0)},
    ),
    "growth-e-0.975": Row(
        "growth E, labour cap 0.975", GrowthLabourCap(cap=0.975),
        {"tol": 8e-6, "quadrature": sp.GaussHermite(21)}, 60, 1e-5, 3e-4,
        {"binding share [points]": (binding_gap("labour_cap_0.975"), 1.0)},
    ),
    "olg-share": Row(
        "overlapping generations, six ages, random share head", AnalyticOLG(),
        {"start": "random", "tol": 2e-6}, 30, 1e-5, 1e-4, {"capital path": (capital_path_gap, 1e-5)},
    ),
    "olg-level": Row(
        "overlapping generations, six ages, level head", AnalyticOLGLevel(), {"tol": 5e-5, "start": "steady"},
        180, 1e-4, 1e-3, {"capital path": (capital_path_gap, 1e-3)}, 3,
    ),
    "life-cycle-6": Row(
        "life cycle, six ages, borrowing limit", LifeCycle(), {"tol": 4e-6, "steps": 4000}, 40, 1e-5, 1e-4,
    ),
    "life-cycle-20": Row(
        "life cycle, twenty ages", LifeCycle(ages=20), {"tol": 8e-5, **AGES, "solver": sp.LevenbergMarquardt(batch=32)},
        180, 1e-4, 1e-2, {}, 3,
    ),
    "life-cycle-60": Row(
        "life cycle, sixty ages", LifeCycle(ages=60),
        {"tol": 8e-4, **AGES, "solver": sp.LevenbergMarquardt(batch=20), "seconds": 800.0, "attempts": 1},
        900, 1e-3, 1e-1, {}, 3,
    ),
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
    "growth-b-family": Row(
        "growth B over alpha and beta", BrockMirman(beta=0.9, rho=0.95, sigma=0.01),
        {"over": sp.Box(alpha=(0.26, 0.46), beta=(0.85, 0.95)), "tol": 3e-7, "sampling": WIDE, "steps": 4000,
         "network": sp.Network(width=16)},
        60, None, None,
        {"saving rate over the box": (saving_gap, 1e-5)},
    ),
    "growth-c-family": Row(
        "growth C over beta and rho", Growth(beta=0.96),
        {"over": sp.Box(beta=(0.92, 0.99), rho=(0.5, 0.99)), "tol": 5e-6, "sampling": FAMILY, "steps": 4000},
        90, 1e-5, 1e-3,
        {"saving share at the referee's points": (family_gap, 1e-3)},
    ),
}  # fmt: skip
