"""The referees against closed forms, against each other and against the numbers they wrote.

The referees use no code of the package: a failure here says that an oracle moved, not that the package did.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.referee import growth, irbc, olg
from tests.referee.ergodic import long_run, moments, simulate
from tests.referee.tables import (
    FLOOR,
    IRREVERSIBLE,
    LABOUR,
    PUBLISHED_COUNTRIES,
    investment_floor,
    labour_cap,
)

HERE = Path(__file__).parent / "referee"
GROWTH: dict[str, Any] = json.loads((HERE / "growth_reference.json").read_text(encoding="utf-8"))
IRBC: dict[str, Any] = json.loads((HERE / "irbc_reference.json").read_text(encoding="utf-8"))
OLG: dict[str, Any] = json.loads((HERE / "olg_reference.json").read_text(encoding="utf-8"))


def distance(solution: growth.Solution, rows: list[dict[str, float]]) -> float:
    """Largest relative distance of consumption and capital tomorrow from written rows."""
    table = {name: np.array([row[name] for row in rows]) for name in ("k", "log_z", "c", "k_next")}
    rule = solution(table["k"], table["log_z"])
    gaps = [rule.c / table["c"] - 1, rule.k_next / table["k_next"] - 1]
    return float(np.max(np.abs(gaps)))


def small(economy: growth.Economy, n_k: int = 120, step: float = 1.0, width: float = 4.5) -> growth.Solution:
    """A solve of a fraction of a second."""
    return growth.solve(economy, growth.make_grid(economy, n_k, step, width), tol=1e-9)


def test_referees_import_nothing_they_judge() -> None:
    allowed = {
        "__future__",
        "collections",
        "dataclasses",
        "json",
        "math",
        "numpy",
        "pathlib",
        "scipy",
        "sys",
        "typing",
    }
    for path in HERE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert {name.name.split(".")[0] for name in node.names} <= allowed, path.name
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                assert str(node.module).split(".")[0] in allowed, path.name


def test_every_block_names_its_source() -> None:
    for block in [*GROWTH.values(), *OLG.values(), *IRBC.values()]:
        assert block["source"].startswith(("published", "computed by tests/referee/"))


def test_full_depreciation_is_the_closed_form() -> None:
    solution = small(growth.Economy(delta=1.0, beta=0.9, rho=0.95, sigma=0.01))
    k, z = np.meshgrid(np.linspace(0.1, 0.3, 7), np.linspace(-0.06, 0.06, 5))
    saving = solution(k, z).k_next / (np.exp(z) * k**0.36)
    # The rule is log-linear, so splines are exact; what remains is the stopping rule of 1e-9 over 1 - beta.
    np.testing.assert_allclose(saving, GROWTH["full_depreciation"]["cases"]["stochastic"]["saving"], rtol=1e-8)


@pytest.mark.parametrize("name", ["partial_depreciation", "labour"])
def test_a_small_smooth_solve_finds_the_written_rows(name: str) -> None:
    solution = small(growth.Economy() if name == "partial_depreciation" else LABOUR)
    # Spline error of 120 nodes in ln K, (h^4 / 384) of a fourth derivative of order one, h = 0.05.
    assert distance(solution, GROWTH[name]["rows"]) < 2e-7
    assert GROWTH[name]["euler_error"]["max"] < 1e-9


@pytest.mark.slow
def test_a_small_solve_with_a_floor_finds_the_written_rows() -> None:
    reference = GROWTH["investment_floor"]
    economy = growth.Economy(**reference["calibration"])
    # The trapezoid over a kink in z errs by the square of the step, here half an innovation s.d.
    assert distance(small(economy, 200, 0.5), reference["rows"]) < 1e-5


def test_no_uncertainty_leaves_the_steady_state() -> None:
    economy = growth.Economy(sigma=1e-5)
    steady = economy.steady_state()
    solution = growth.solve(economy, growth.make_grid(economy, 121, 1.0, 4.5, span=1.0), tol=1e-9)
    # What is left of risk moves capital by the order of sigma squared.
    np.testing.assert_allclose(solution(steady["k"], 0.0).k_next, steady["k"], rtol=1e-8)
    assert abs(steady["k"] - 6.3668372) < 1e-7


def test_limits_hold_at_written_rows() -> None:
    for name, limit in {"labour_cap_1.0": 1.0, "labour_cap_0.975": 0.975}.items():
        for row in GROWTH[name]["rows"]:
            assert row["labour"] <= limit and abs((limit - row["labour"]) * row["multiplier"]) < 1e-12
    for name, floor in {"irreversible": 0.0, "investment_floor": 0.975 * FLOOR.steady_state()["i"]}.items():
        for row in GROWTH[name]["rows"]:
            slack = row["investment"] - floor
            assert slack > -1e-9 and row["multiplier"] >= 0.0 and slack * row["multiplier"] < 1e-9


def test_pseudo_states_cover_the_grid() -> None:
    economies = GROWTH["pseudo_states"]["economies"]
    assert len(economies) == 20 and all(len(economy["rows"]) == 9 for economy in economies)
    assert max(economy["euler_error_max"] for economy in economies) < 1e-8
    shared = next(item for item in economies if (item["beta"], item["rho"]) == (0.99, 0.9))
    assert distance(small(growth.Economy()), shared["rows"]) < 2e-7


def test_analytic_economy_obeys_its_aggregate_law_and_its_euler_equations() -> None:
    panel = olg.simulate_analytic(tracks=3, periods=20)
    for track in range(3):
        past = slice(18, 13, -1)
        wages, returns = panel.prices.wage[past, track], panel.prices.gross[past, track]
        capital = olg.capital_from_history(wages, returns)
        np.testing.assert_allclose(capital, panel.prices.capital[19, track], rtol=1e-12)
    holdings = panel.holdings[-1, 0]
    savings, consumption = olg.analytic_choice(holdings, 2)
    ahead = [olg.analytic_choice(olg.age_on(savings), state)[1][1:] for state in range(4)]
    gross = [olg.analytic_prices(olg.age_on(savings), state).gross for state in range(4)]
    priced = 0.7 * np.mean([r / c for r, c in zip(gross, ahead, strict=True)], axis=0)
    np.testing.assert_allclose(priced * consumption[:-1], 1.0, rtol=1e-12)


def test_analytic_moments_repeat_with_another_seed() -> None:
    capital = olg.simulate_analytic(tracks=1000, periods=200, seed=7).prices.capital
    # Monte-Carlo error of 200,000 periods with little persistence: 0.0989 / sqrt(200,000 / 2), three of them.
    assert abs(capital.mean() - OLG["analytic"]["ergodic"]["mean_k"]) < 1e-3
    np.testing.assert_allclose(
        [olg.rest_point(state) for state in range(4)], OLG["analytic"]["rest_points"], rtol=1e-10
    )


@pytest.mark.parametrize("ages, binding", [(6, [1]), (20, [2, 3, 4, 5]), (60, list(range(5, 18)))])
def test_life_cycle_rest_satisfies_every_condition(ages: int, binding: list[int]) -> None:
    economy = olg.six_periods() if ages == 6 else olg.finer_life_cycle(ages)
    rest = olg.life_cycle_rest(economy)
    consumption, assets, gap = rest.plan
    income = rest.wage * np.array(economy.labour)
    following = np.append(assets[1:], 0.0)
    np.testing.assert_allclose(consumption + following, income + rest.gross * assets, rtol=1e-12)
    assert assets.min() >= 0.0 and gap.min() > -1e-12 and np.max(np.abs(assets[1:] * gap)) < 1e-12
    np.testing.assert_allclose(assets.sum(), rest.capital, rtol=1e-10)
    assert list(rest.binding) == binding == OLG["life_cycle"][str(ages)]["binding_ages"]
    np.testing.assert_allclose(rest.capital, OLG["life_cycle"][str(ages)]["capital"], rtol=1e-10)


def test_two_countries_rest_where_capital_is_one() -> None:
    economy, one, zero = irbc.Economy(), np.ones((2, 1)), np.zeros((2, 1))
    x = irbc.decide(economy, one, zero, one)
    np.testing.assert_allclose(x.capital, 1.0, rtol=1e-13)
    np.testing.assert_allclose(x.lam, 1.0, rtol=1e-13)
    np.testing.assert_allclose(economy.beta * irbc.payoff(economy, one, zero, x), 1.0, rtol=1e-13)


def test_goods_of_two_countries_are_used_up() -> None:
    economy, random = irbc.Economy(), np.random.default_rng(0)
    k, z = random.uniform(0.8, 1.2, (2, 50)), random.uniform(-0.16, 0.16, (2, 50))
    value = np.exp(random.normal(0.0, 0.02, (2, 50)))
    x = irbc.decide(economy, k, z, value)
    g = x.capital / k - 1
    c = (economy.scale - economy.delta) * x.lam ** -np.asarray(economy.psi)[:, None]
    used = x.capital - (1 - economy.delta) * k + economy.kappa / 2 * k * g**2 + c
    np.testing.assert_allclose(used.sum(axis=0), economy.output(k, z).sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(x.mu * (x.capital - (1 - economy.delta) * k), 0.0, atol=1e-15)
    np.testing.assert_allclose(value, x.lam * (1 + economy.kappa * g) - x.mu, rtol=1e-12)


def test_published_rows_of_two_countries_break_their_own_constraint() -> None:
    """Where the published multiplier is positive, the published capital is below what is left of the old."""
    k, _, capital, _, mu = (np.array(column) for column in zip(*PUBLISHED_COUNTRIES, strict=True))
    binds = mu > 0
    assert np.all(binds.sum(axis=1) == 1)
    investment = (capital - (1 - irbc.Economy().delta) * k)[binds]
    assert np.all(investment < 0)
    assert -investment.max() < 4e-4 and -investment.min() > 3.9e-3

    ours = IRBC["two_countries_irreversible"]["rows"]
    k, capital, mu = (np.array([row[name] for row in ours]) for name in ("k", "capital", "mu"))
    np.testing.assert_array_equal(mu > 0, binds)
    # The rows are written with eleven digits.
    np.testing.assert_allclose(capital[binds], (1 - irbc.Economy().delta) * k[binds], atol=1e-10)


@pytest.mark.slow
def test_a_coarser_grid_finds_the_written_rows_of_two_countries() -> None:
    found = irbc.solve(irbc.Economy(irreversible=False), n_k=9, z_bound=0.2)
    rows = IRBC["two_countries"]["rows"]
    k, z, capital, lam = (np.array([row[name] for row in rows]) for name in ("k", "z", "capital", "lam"))
    x = found(k, z)
    # The narrower grid of productivity cuts off innovations beyond four s.d. at the table's outermost states.
    np.testing.assert_allclose(x.capital.T, capital, atol=1e-6)
    np.testing.assert_allclose(x.lam, lam, atol=1e-5)


@pytest.mark.slow
def test_binding_share_by_histogram_and_by_simulation() -> None:
    solution = growth.solve(IRREVERSIBLE, growth.make_grid(IRREVERSIBLE, 300, 0.5, 5.0), tol=1e-9)
    simulated = moments(simulate(solution, tracks=1000, periods=1000, burn_in=500))
    written = GROWTH["irreversible"]["moments"]
    exact = long_run(solution, span=2.2)
    assert abs(exact["bound"]["mean"] - written["bound"]["mean"]) < 1e-4
    # A track's average over 1,000 periods has a s.d. of 0.025, so that of 1,000 tracks 0.0008; four of them.
    assert abs(simulated["bound"]["mean"] - written["bound"]["mean"]) < 3.2e-3
    assert abs(simulated["k"]["mean"] / written["k"]["mean"] - 1) < 0.015


@pytest.mark.slow
@pytest.mark.parametrize("name", ["labour_cap_1.0", "labour_cap_0.975", "investment_floor"])
def test_written_blocks_are_what_the_script_computes(name: str) -> None:
    found = investment_floor(0.975) if name == "investment_floor" else labour_cap(float(name.split("_")[-1]))
    for new, old in zip(found["rows"], GROWTH[name]["rows"], strict=True):
        assert new == pytest.approx(old, rel=1e-9, abs=1e-9)
    assert found["moments"]["bound"]["mean"] == pytest.approx(GROWTH[name]["moments"]["bound"]["mean"], abs=1e-9)
