"""Writes the reference numbers that the tests of the shipped models read, one block per economy.

From the folder ``tests``: ``python -m referee.tables`` writes every block (about seven minutes on one core),
``python -m referee.tables partial_depreciation labour`` only those. Files: ``growth_reference.json``,
``olg_reference.json`` and ``irbc_reference.json`` beside this module. Every block names its ``source``: a paper
or the computing module. Units: capital, consumption and investment in goods; the multiplier of the labour cap is
the wedge ``w/(chi L C) - 1`` [-], that of a floor under investment is in utils per good.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from . import irbc, olg
from .ergodic import long_run
from .growth import Economy, Solution, make_grid, output, solve

HERE = Path(__file__).parent
COMPUTED = "computed by tests/referee/growth.py"
COURSE = "calibration: Deep Equilibrium Nets course, Geneva 2025, day 2 (Brock-Mirman notebooks and exercises)"
LABOUR = Economy(chi=1.0)
IRREVERSIBLE = Economy(delta=0.02, sigma=0.14, investment_floor=0.0)
FLOOR = Economy(alpha=0.33, beta=0.96, delta=0.10, rho=0.9, sigma=0.013, gamma=2.0)
Block = dict[str, Any]


def rows(solution: Solution, states: Iterable[tuple[float, float]]) -> list[dict[str, float]]:
    """The rule at given (K, ln z)."""
    economy, found = solution.economy, []
    for k, z in states:
        rule = solution(k, z)
        investment = float(rule.k_next) - (1.0 - economy.delta) * k
        made = float(output(economy, np.asarray(k), np.asarray(z), rule.labour))
        row = {
            "k": k,
            "log_z": z,
            "c": float(rule.c),
            "k_next": float(rule.k_next),
            "saving": investment / made,
        }
        row |= {"investment": investment, "labour": float(rule.labour), "multiplier": float(rule.multiplier)}
        found.append(row)
    return found


def certificate(solution: Solution, around: tuple[float, float], width: float = 2.5) -> Block:
    """Euler errors of the rule off its own nodes, by Gauss-Hermite with 61 nodes.

    Args:
        solution: The rule.
        around: Lowest and highest capital, as multiples of the steady state.
        width: Half width in unconditional s.d. of ln z.
    """
    steady = solution.economy.steady_state()["k"]
    k, z = np.meshgrid(np.linspace(*around, 31) * steady, np.linspace(-width, width, 27) * solution.economy.sd_z)
    error = np.abs(solution.euler_error(k, z, 61))
    return {
        "mean": float(error.mean()),
        "max": float(error.max()),
        "capital_over_steady": list(around),
        "sd_z": width,
    }


def block(solution: Solution, states: Iterable[tuple[float, float]], box: tuple[float, float], span: float) -> Block:
    """One economy: calibration, steady state, rows, moments in the long run and own accuracy."""
    calibration = {name: value for name, value in asdict(solution.economy).items() if _is_set(value)}
    return {
        "source": COMPUTED,
        "calibration": calibration,
        "steady_state": solution.economy.steady_state(),
        "euler_error": certificate(solution, box),
        "rows": rows(solution, states),
        "moments": long_run(solution, span=span),
    }


def _is_set(value: float | None) -> bool:
    return value is not None and bool(np.isfinite(value))


def levels(tfp: Iterable[float], capital: Iterable[float]) -> list[tuple[float, float]]:
    """States (K, ln z) of a table that is written in levels of productivity."""
    stocks = list(capital)
    return [(k, float(np.log(level))) for level in tfp for k in stocks]


def full_depreciation() -> Block:
    """Closed forms: ``K' = alpha beta z K^alpha`` for any rho and sigma, with the moments of ln K."""
    source = "published: Brock and Mirman (1972, Journal of Economic Theory), closed form; " + COURSE
    cases: Block = {}
    for name, economy in {
        "deterministic": Economy(delta=1.0, rho=0.0, sigma=0.0),
        "stochastic": Economy(delta=1.0, beta=0.90, rho=0.95, sigma=0.01),
        "loss_kernels": Economy(delta=1.0),
        "validation_figure": Economy(delta=1.0, beta=0.96, rho=0.8, sigma=0.02),
    }.items():
        a, share = economy.alpha, economy.alpha * economy.beta
        spread = economy.sigma**2 / (1 - economy.rho**2) * (1 + a * economy.rho)
        cases[name] = {
            "calibration": {key: value for key, value in asdict(economy).items() if _is_set(value)},
            "saving": share,
            "k": share ** (1 / (1 - a)),
            "mean_log_k": np.log(share) / (1 - a),
            "sd_log_k": np.sqrt(spread / ((1 - a**2) * (1 - a * economy.rho))),
            "value_log_k": a / (1 - share),
            "value_log_z": 1 / ((1 - share) * (1 - economy.beta * economy.rho)),
        }
    return {"source": source, "cases": cases}


def partial_depreciation() -> Block:
    """Growth with partial depreciation: twelve states and the ergodic moments."""
    solution = solve(Economy(), make_grid(Economy(), 400, 0.6, 6.5))
    states = levels((0.9, 1.0, 1.1), (2.0, 4.0, 6.36683721, 8.0))
    return {"calibration_source": COURSE} | block(solution, states, (0.4, 1.8), span=1.0)


def labour() -> Block:
    """Elastic labour, unit weight and unit inverse Frisch elasticity."""
    steady = LABOUR.steady_state()["k"]
    solution = solve(LABOUR, make_grid(LABOUR, 400, 0.6, 6.5))
    states = levels((0.9, 1.0, 1.1), (2.0, 4.0, steady, 8.0))
    return {"calibration_source": COURSE} | block(solution, states, (0.4, 1.8), span=1.0)


def labour_cap(cap: float) -> Block:
    """Elastic labour below a cap that binds in part of all periods (``moments.bound``)."""
    economy = replace(LABOUR, labour_cap=cap)
    steady = economy.steady_state()["k"]
    solution = solve(economy, make_grid(economy, 700, 0.125), tol=1e-10)
    found = block(solution, levels((0.9, 1.0, 1.1), (2.0, 4.0, steady, 8.0)), (0.4, 1.8), span=1.0)
    return {"calibration_source": COURSE + ", exercise 3 with a cap that binds"} | found


def irreversible() -> Block:
    """Gross investment may not be negative; with large innovations that limit binds often."""
    steady = IRREVERSIBLE.steady_state()["k"]
    solution = solve(IRREVERSIBLE, make_grid(IRREVERSIBLE, 600, 0.125, 5.0), tol=1e-10)
    states = [(factor * steady, z) for z in (-0.6, -0.3, 0.0, 0.3, 0.6) for factor in (0.5, 0.75, 1.0, 1.5, 2.0)]
    return {"calibration_source": "ours"} | block(solution, states, (0.4, 2.5), span=2.2)


def investment_floor(share: float | None) -> Block:
    """The example with a floor under investment, ``share`` of its steady state (None: without the floor)."""
    steady = FLOOR.steady_state()
    economy = FLOOR if share is None else replace(FLOOR, investment_floor=share * steady["i"])
    fine = (400, 0.5, 6.0) if share is None else (800, 0.125, 5.5)
    solution = solve(economy, make_grid(economy, *fine), tol=1e-11)
    low, high = -2.0 * economy.sd_z, 2.0 * economy.sd_z
    factors = [
        (1.0, 0.0),
        (0.95, 0.0),
        (1.05, 0.0),
        (1.0, high),
        (1.0, low),
        (0.98, low),
        (1.1, low),
        (1.1, high),
    ]
    states = [(factor * steady["k"], z) for factor, z in factors]
    paper = "calibration: Guerrieri and Iacoviello (2015, Journal of Monetary Economics); sigma is ours"
    return {"calibration_source": paper} | block(solution, states, (0.85, 1.25), span=0.5)


def pseudo_states() -> Block:
    """Partial depreciation for twenty pairs (beta, rho): the rule at nine states each."""
    found: list[Block] = []
    for beta in (0.92, 0.94, 0.96, 0.98, 0.99):
        for rho in (0.5, 0.9, 0.95, 0.99):
            economy = Economy(beta=beta, rho=rho)
            steady = economy.steady_state()["k"]
            states = [(factor * steady, z) for z in (-0.05, 0.0, 0.05) for factor in (0.8, 1.0, 1.2)]
            solution = solve(economy)
            kept = [
                {name: row[name] for name in ("k", "log_z", "saving", "c", "k_next")} for row in rows(solution, states)
            ]
            error = certificate(solution, (0.6, 1.6))["max"]
            found.append({"beta": beta, "rho": rho, "steady_k": steady, "euler_error_max": error, "rows": kept})
    shared = {"alpha": 0.36, "delta": 0.10, "sigma": 0.04}
    return {"source": COMPUTED, "calibration": shared, "economies": found}


def analytic_olg() -> Block:
    """Closed form for overlapping generations: shares, rest points, one state, ergodic moments."""
    paper = "Azinovic, Gaegauf and Scheidegger (2022, International Economic Review), appendix A.8"
    panel = olg.simulate_analytic(tracks=4000, periods=1000)
    state = np.array([0.0, 0.2, 0.2, 0.15, 0.1, 0.05])
    savings, consumption = olg.analytic_choice(state, 1)
    price = olg.analytic_prices(state, 1)
    capital = panel.prices.capital
    return {
        "source": f"published: closed form and calibration, {paper}; moments by tests/referee/olg.py",
        "shares": {str(ages): olg.saving_shares(0.7, ages).tolist() for ages in (2, 3, 6, 20, 60)},
        "rest_points": [olg.rest_point(index) for index in range(4)],
        "one_state": {
            "shock": 1,
            "holdings": state.tolist(),
            "capital": float(price.capital),
            "gross": float(price.gross),
            "wage": float(price.wage),
            "savings": savings.tolist(),
            "consumption": consumption.tolist(),
        },
        "ergodic": {
            "periods": int(capital.size),
            "mean_k": float(capital.mean()),
            "sd_k": float(capital.std()),
            "mean_gross": float(panel.prices.gross.mean()),
            "sd_gross": float(panel.prices.gross.std()),
            "mean_wage": float(panel.prices.wage.mean()),
            "sd_wage": float(panel.prices.wage.std()),
            "mean_holdings": panel.holdings.mean(axis=(0, 1)).tolist(),
        },
    }


def life_cycles() -> Block:
    """Deterministic steady states with a borrowing limit at 6, 20 and 60 ages."""
    found: Block = {"source": "computed by tests/referee/olg.py"}
    economies = {"6": olg.six_periods(), "20": olg.finer_life_cycle(20), "60": olg.finer_life_cycle(60)}
    for name, economy in economies.items():
        rest = olg.life_cycle_rest(economy)
        found[name] = {
            "calibration": asdict(economy),
            "capital": rest.capital,
            "rental": rest.rental,
            "wage": rest.wage,
            "gross": rest.gross,
            "binding_ages": list(rest.binding),
            "assets": rest.plan.assets.tolist(),
            "consumption": rest.plan.consumption.tolist(),
            "euler_gap": rest.plan.gap.tolist(),
        }
    return found


SMOOTH_STATES = (
    ((1.0, 1.0), (0.0, 0.0)),
    ((1.0, 1.0), (0.05, 0.0)),
    ((1.0, 1.0), (0.0, 0.05)),
    ((1.0, 1.0), (-0.05, -0.05)),
    ((1.1, 0.9), (0.0, 0.0)),
    ((1.1, 0.9), (0.05, -0.05)),
    ((0.9, 0.9), (0.1, 0.1)),
    ((1.2, 1.2), (-0.1, -0.1)),
    ((1.15, 0.85), (0.1, 0.0)),
    ((0.95, 1.05), (-0.03, 0.07)),
    ((1.05, 1.05), (0.08, 0.08)),
)
PUBLISHED_COUNTRIES = (
    ((1.0547847, 0.9079147), (-0.1468885, -0.1547112), (1.0402742, 0.9109962), 1.0865907, (0.0030475, 0.0)),
    ((1.0174500, 1.1740290), (0.1010731, -0.1591237), (1.0259602, 1.1616223), 0.9522790, (0.0, 0.0364586)),
    ((0.8540386, 1.0885953), (0.0081134, -0.0607227), (0.8649817, 1.0765886), 1.0502720, (0.0, 0.0171208)),
    ((0.8336061, 1.1330577), (0.0918715, -0.0834018), (0.8481977, 1.1202227), 1.0389112, (0.0, 0.0430042)),
    ((1.1505937, 0.8234272), (-0.0524425, -0.1119106), (1.1383865, 0.8299608), 1.0637966, (0.0149286, 0.0)),
    ((0.8162043, 1.0928025), (0.0365994, -0.1509231), (0.8255635, 1.0810748), 1.0963045, (0.0, 0.0544641)),
    ((1.1102765, 0.9235429), (-0.0736522, 0.1161985), (1.0955749, 0.9402531), 0.9884117, (0.0201205, 0.0)),
    ((1.1525229, 1.0042826), (-0.0498254, 0.1583736), (1.1406962, 1.0198565), 0.9291046, (0.0171840, 0.0)),
)
"""Rows (k, z, k', lam, mu) at uniform draws from the paper's box."""
COUNTRY_COLUMNS = ("k", "z", "capital", "lam", "mu")
N_DRAWS = 10_000


def country_rows(solution: irbc.Solution, states: Iterable[tuple[tuple[float, float], ...]]) -> list[Block]:
    """The rule of two countries at given (k, z)."""
    k, z = (np.array(part) for part in zip(*states, strict=True))
    x = solution(k, z)
    rows = zip(k, z, x.capital.T, x.lam, x.mu.T, strict=True)
    return [dict(zip(COUNTRY_COLUMNS, (c.tolist() for c in row), strict=True)) for row in rows]


def published_countries() -> Block:
    """Irreversible investment by a sparse grid, whose own Euler errors are about 1e-3."""
    return {
        "source": "published: Deep Equilibrium Nets course, Padova 2026, piecewise linear sparse grid of 389 points",
        "rows": [dict(zip(COUNTRY_COLUMNS, row, strict=True)) for row in PUBLISHED_COUNTRIES],
    }


def countries(irreversible: bool) -> Block:
    """Two countries; with irreversible investment also where the constraint binds on draws from the paper's box."""
    solution = irbc.solve(irbc.Economy(irreversible=irreversible))
    found: Block = {
        "source": "computed by tests/referee/irbc.py; calibration: Brumm and Scheidegger (2017, Econometrica)",
        "calibration": asdict(solution.economy),
        "rows": country_rows(solution, [row[:2] for row in PUBLISHED_COUNTRIES] if irreversible else SMOOTH_STATES),
    }
    if irreversible:
        k, z = box_draws(N_DRAWS)
        binds = solution(k, z).mu > 0
        found["draws"] = {"n": N_DRAWS, "share": float(binds.mean()), "binds": np.packbits(binds.T).tobytes().hex()}
    return found


def box_draws(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Capital and log productivity of two countries, uniform on the paper's box, both ``[n, 2]``."""
    random = np.random.default_rng(0)
    return random.uniform(0.8, 1.2, (n, 2)), random.uniform(-0.16, 0.16, (n, 2))


GROWTH: dict[str, Callable[[], Block]] = {
    "full_depreciation": full_depreciation,
    "partial_depreciation": partial_depreciation,
    "labour": labour,
    "labour_cap_1.0": lambda: labour_cap(1.0),
    "labour_cap_0.975": lambda: labour_cap(0.975),
    "irreversible": irreversible,
    "investment_floor": lambda: investment_floor(0.975),
    "investment_floor_absent": lambda: investment_floor(None),
    "pseudo_states": pseudo_states,
}
OLG: dict[str, Callable[[], Block]] = {"analytic": analytic_olg, "life_cycle": life_cycles}
IRBC: dict[str, Callable[[], Block]] = {
    "two_countries": lambda: countries(irreversible=False),
    "two_countries_irreversible": lambda: countries(irreversible=True),
    "two_countries_irreversible_published": published_countries,
}


def rounded(value: Any) -> Any:
    """Numbers to eleven significant digits, containers element by element."""
    if isinstance(value, dict):
        return {name: rounded(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(entry) for entry in value]
    return float(f"{value:.11g}") if isinstance(value, float) else value


def write(path: Path, blocks: dict[str, Callable[[], Block]], chosen: set[str]) -> None:
    """Recompute the chosen blocks of one file (all where ``chosen`` is empty) and keep the others."""
    kept: Block = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for name, compute in blocks.items():
        if not chosen or name in chosen:
            kept[name] = rounded(compute())
            path.write_text(json.dumps({key: kept[key] for key in blocks if key in kept}, indent=1) + "\n", "utf-8")
            print(name, flush=True)


def main(names: list[str]) -> None:
    """Write all files; an unknown name is answered with the known ones."""
    files = {"growth": GROWTH, "olg": OLG, "irbc": IRBC}
    known = [name for blocks in files.values() for name in blocks]
    if unknown := set(names) - set(known):
        raise SystemExit(f"Unknown blocks {sorted(unknown)}; known are {known}.")
    for file, blocks in files.items():
        write(HERE / f"{file}_reference.json", blocks, set(names))


if __name__ == "__main__":
    main(sys.argv[1:])
