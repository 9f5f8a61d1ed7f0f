"""CDICE and DICE-2016 against the same planner's optimum by nonlinear programming, over 2015 to 2115."""

from collections.abc import Mapping
from typing import Any

import saddlepath as sp
from benchmarks.row import Check, Row
from saddlepath.models.cdice import CDICE
from saddlepath.models.cdice_risk import RiskyCDICE

CHECKS: dict[str, tuple[Check, float]] = {
    "social cost of carbon": (lambda solution: sp.compare_with_optimum(solution).scc, 5e-4),
    "capital": (lambda solution: sp.compare_with_optimum(solution).capital, 5e-4),
    "temperature [K]": (lambda solution: sp.compare_with_optimum(solution).temperature, 1e-3),
}
STANDARD = {
    "network": sp.Network(width=20),
    "solver": sp.LevenbergMarquardt(batch=128, memory=0.8),
    "tol": 2e-5,
    "steps": 600,
    "every": 25,
}


LIMIT = STANDARD | {
    "network": sp.Network(width=28),
    "solver": (
        sp.LevenbergMarquardt(batch=128, memory=0.8, steps=400),
        sp.LevenbergMarquardt(batch=128, memory=0.95),
    ),
    "steps": 3000,
    "every": 100,
    "seconds": 150.0,
}
"""Prices bend where the limit begins to cost."""


def row(title: str, model: CDICE, seconds: float = 30, settings: Mapping[str, Any] = STANDARD) -> Row:
    """One case: 30 s from the start of the process for a standard calibration."""
    return Row(title, model, settings, seconds, None, None, CHECKS, seeds=1)


ROWS: dict[str, Row] = {
    "cdice": row("CDICE", CDICE()),
    "cdice-dice2016": row("DICE-2016, annual", CDICE.published("dice2016", "dice2016")),
    "cdice-hadgem": row("CDICE, warms most (HadGEM2-ES)", CDICE.published("cdice", "hadgem")),
    "cdice-giss": row("CDICE, warms least (GISS-E2-R)", CDICE.published("cdice", "giss")),
    "cdice-mesmo": row("CDICE, keeps most carbon (MESMO)", CDICE.published("mesmo", "cdice")),
    "cdice-usual": row("CDICE, business as usual", CDICE(abatement="none")),
    "cdice-limit": row("CDICE, damages beyond 2 K", CDICE(beyond=0.3, inputs="plan"), settings=LIMIT),
    "cdice-psi-2": row("CDICE, psi 2, rho .034", CDICE(psi=2.0, rho=0.034), 120),
    "cdice-psi-half": row("CDICE, psi .5, rho .004", CDICE(psi=0.5, rho=0.004, horizon=1200), 120),
    "cdice-risk": Row(
        "CDICE, growth of productivity uncertain", RiskyCDICE(),
        {"solver": sp.LevenbergMarquardt(batch=128, memory=0.9, floor=1e-7), "sampling": sp.Passages(), "tol": 5e-5,
         "attempts": 1, "seconds": 100.0},
        120, 1e-4, 1e-2, {}, 3,
    ),
}  # fmt: skip
