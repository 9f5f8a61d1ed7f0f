"""Stochastic growth, its variants with labour, and families over parameters."""

import jax
import numpy as np

import saddlepath as sp
from benchmarks.row import WIDE, Check, Row, reference
from saddlepath.models.brock_mirman import BrockMirman
from saddlepath.models.brock_mirman_deterministic import BrockMirmanDeterministic
from saddlepath.models.growth import Growth
from saddlepath.models.growth_labour import GrowthLabour
from saddlepath.models.growth_labour_cap import GrowthLabourCap


def consumption_gap(block: str, low: float = 0.0, high: float = np.inf) -> Check:
    """Largest relative difference of consumption from the referee's rows with capital in a range."""
    rows = [row for row in reference(block)["rows"] if low <= row["k"] <= high]

    def gap(solution: sp.Solution) -> float:
        state = solution.model.State(*(np.array([r[name] for r in rows]) for name in ("k", "log_z")))
        with jax.enable_x64(True):
            found = np.asarray(solution.model.consumption(state, solution(state)))
        return float(np.max(np.abs(found / np.array([r["c"] for r in rows]) - 1)))

    return gap


def binding_gap(block: str) -> Check:
    """Difference of the share of periods in which the cap binds from the referee's. [percentage points]"""
    share = reference(block)["moments"]["bound"]["mean"]

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
    for member in reference("pseudo_states")["economies"]:
        rule = solution.at(beta=member["beta"], rho=member["rho"])
        rows = member["rows"]
        found = rule(k=np.array([r["k"] for r in rows]), z=np.array([r["log_z"] for r in rows])).saving
        gaps.append(np.max(np.abs(found / np.array([r["saving"] for r in rows]) - 1)))
    return float(max(gaps))


FAMILY = sp.Paths(dispersed=0.4, spread=1.0, settled_restart=0.05)
CAPITAL_BOX = sp.Box(k=(1.9, 8.5), z=(-0.15, 0.15))

ROWS: dict[str, Row] = {
    "growth-a": Row(
        "growth A, deterministic, random head", BrockMirmanDeterministic(),
        {"solver": sp.LevenbergMarquardt(batch=512), "network": sp.Network(width=8), "start": "random", "tol": 2e-8,
         "sampling": sp.Region(sp.Box(k=(0.1, 1.0)))},
        15, None, None, {"policy": (deterministic_gap, 1e-6)},
    ),
    "growth-c": Row(
        "growth C", Growth(), {"tol": 9e-7}, 10, 1e-6, 1e-4,
    ),
    "growth-c-fine": Row(
        "growth C, fine", Growth(), {"tol": 7e-8, "sampling": WIDE}, 30, 1e-7, 1e-5,
        {"table, K 4 to 8": (consumption_gap("partial_depreciation", 3.9, 8.1), 1e-5)},
    ),
    "growth-c-box": Row(
        "growth C, fine, with a box", Growth(),
        {"tol": 7e-8, "steps": 4000, "sampling": sp.Mixture(sp.Region(CAPITAL_BOX), WIDE, share=0.25)}, 30, 1e-7, 1e-5,
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
    "growth-b-family": Row(
        "growth B over alpha and beta", BrockMirman(beta=0.9, rho=0.95, sigma=0.01),
        {"over": sp.Box(alpha=(0.26, 0.46), beta=(0.85, 0.95)), "tol": 3e-7, "sampling": WIDE, "steps": 4000},
        60, None, None,
        {"saving rate over the box": (saving_gap, 1e-5)},
    ),
    "growth-c-family": Row(
        "growth C over beta and rho", Growth(beta=0.96),
        {"over": sp.Box(beta=(0.92, 0.99), rho=(0.5, 0.99)), "tol": 6.5e-6, "sampling": FAMILY, "steps": 4000,
         "network": sp.Network(width=28), "solver": sp.LevenbergMarquardt(memory=0.8)},
        90, 1e-5, 1e-3,
        {"saving share at the referee's points": (family_gap, 1e-3)},
    ),
}  # fmt: skip
