"""What better decisions would add in Krusell and Smith's economy: `python -m benchmarks.krusell_smith_bellman`.

The value of the decision rule is found on its own, by policy evaluation: at every node a quadratic function of the log
of aggregate capital in each regime, between the nodes a cubic spline, expectations over employment and productivity by
exact sums. The value is linear in its coefficients, which solve one system, fitted over the dates of a path. Errors are
read at households drawn from another path. Two definitions, both in utils:

- the gain of the best decision today, `max_c {log c + beta E V'} - V`, by exact sums;
- that of Han, Yang and E (2022, DeepHAM), who report .0153: the mean of `|V - max_c {log c + beta E V'}|` over eleven
  points of consumption and a hundred draws of next quarter's productivity. They fit a network to the value, and print
  no range of the points, which lie within a tenth of the rule's consumption here.
"""

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.interpolate import CubicSpline

import saddlepath as sp
from benchmarks.measure import surroundings
from benchmarks.rows.krusell_smith import MODEL, ROWS

RESULT = Path(__file__).parent / "results" / "krusell-smith-bellman.json"
DATES, HOUSEHOLDS, DRAWS = 400, 10_000, 100
POWERS = 3
"""Terms of the polynomial in capital."""
POINTS, RANGE = 11, 0.1
"""Points of consumption, and how far they lie around the rule's [-]."""
FINE = 41
"""Points of the exact maximum in the same range; a parabola through the best three is its end."""
AT_ONCE = 1_000
"""Households whose choices are computed side by side."""


class Economy:
    """Numbers of the model that a household's problem needs, as NumPy arrays.

    Attributes:
        grid: Nodes of assets `[n]`. [goods]
        between: Probabilities of productivity tomorrow `[2, 2]`. [-]
        flows: Probabilities of employment tomorrow, by both regimes `[2, 2, 2, 2]`. [-]
        spline: Weights of the nodes, as a function of assets `[..., n]`. [-]
    """

    def __init__(self) -> None:
        self.grid, self.beta = MODEL.grid(), float(MODEL.beta)
        self.between = np.asarray(MODEL.chain().matrix(), dtype=float)
        flows = [[np.asarray(MODEL.flows(z, z1), dtype=float) for z1 in (0, 1)] for z in (0, 1)]
        self.flows = np.array(flows)
        self.spline = CubicSpline(self.grid, np.eye(self.grid.size))

    def basis(self, capital: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Terms of the value in capital and productivity `[..., 2 * POWERS]`."""
        powers = (10 * np.log(capital / 39.5))[..., None] ** np.arange(POWERS)
        return np.concatenate([np.where((z == k)[..., None], powers, 0.0) for k in (0, 1)], axis=-1)


def path_of(solution: sp.Solution, seed: int, dates: int) -> dict[str, np.ndarray]:
    """States and decisions at dates of a path, 25 quarters apart."""
    data = sp.simulate(solution, periods=25 * dates + 1, burn_in=500, seed=seed).isel(path=0)
    now = np.arange(dates) * 25
    found = {name: data[name].values[now] for name in ("mass", "z", "assets", "capital")}
    found["next_capital"] = data["capital"].values[now + 1]
    with jax.enable_x64(True):
        cash = jax.vmap(MODEL.cash, (None, 0, 0))(MODEL.grid(), jnp.asarray(found["capital"]), jnp.asarray(found["z"]))
    found["cash"] = np.asarray(cash)
    return found


def evaluate(eco: Economy, path: dict[str, np.ndarray]) -> np.ndarray:
    """Coefficients of the value of the rule `[n, 2, 2 * POWERS]`, by one linear system."""
    n, k = eco.grid.size, 2 * POWERS
    fit = np.linalg.pinv(eco.basis(path["capital"], path["z"]))
    utility = np.log(path["cash"] - path["assets"])
    forward = np.zeros((k, n, 2, n, 2, k))
    for j in range(len(path["z"])):
        places = eco.spline(path["assets"][j])
        for z1 in (0, 1):
            z, chance = path["z"][j], eco.between[path["z"][j], z1]
            later = eco.basis(path["next_capital"][j], np.asarray(z1))
            moved = np.einsum("iem,eo->iemo", places, eco.flows[z, z1])
            forward += chance * np.multiply.outer(np.multiply.outer(fit[:, j], moved), later)
    system = np.eye(k * n * 2) - eco.beta * forward.transpose(1, 2, 0, 3, 4, 5).reshape(n * 2 * k, n * 2 * k)
    right = np.einsum("kj,jie->iek", fit, utility).ravel()
    return np.linalg.solve(system, right).reshape(n, 2, k)


def expected_value(
    eco: Economy,
    value: np.ndarray,
    path: dict[str, np.ndarray],
    at: np.ndarray,
    assets: np.ndarray,
    chances: np.ndarray,
) -> np.ndarray:
    """Expected value `[households, points]` of assets tomorrow, for households `(date, employment)`.

    Args:
        eco: The economy.
        value: Coefficients of the value.
        path: States and decisions at dates.
        at: Date and employment of every household `[households, 2]`.
        assets: Assets tomorrow `[households, points]`. [goods]
        chances: Probabilities of productivity tomorrow `[households, 2]`. [-]
    """
    date, work = at.T
    places, found = eco.spline(assets), np.zeros(assets.shape)
    for z1 in (0, 1):
        later = eco.basis(path["next_capital"][date], np.full(date.shape, z1))
        by_work = np.einsum("mok,hk->hmo", value, later)
        flows = eco.flows[path["z"][date], z1, work]
        found += chances[:, z1, None] * np.einsum("hpm,hmo,ho->hp", places, by_work, flows)
    return found


def errors(eco: Economy, value: np.ndarray, path: dict[str, np.ndarray], seed: int) -> dict[str, float]:
    """Both definitions at households drawn from the distributions along a path."""
    random = np.random.default_rng(seed)
    blocks = [_block(eco, value, path, random) for _ in range(HOUSEHOLDS // AT_ONCE)]
    return {name: float(np.mean([block[name] for block in blocks])) for name in blocks[0]}


def _block(
    eco: Economy, value: np.ndarray, path: dict[str, np.ndarray], random: np.random.Generator
) -> dict[str, float]:
    """Means over so many households as fit at once."""
    date = random.integers(0, len(path["z"]), AT_ONCE)
    below = np.cumsum(path["mass"].reshape(len(path["z"]), -1), axis=1)[date]
    node, work = np.divmod((random.uniform(size=(AT_ONCE, 1)) * below[:, -1:] > below).sum(axis=1), 2)
    cash, consumed = path["cash"][date, node, work], (path["cash"] - path["assets"])[date, node, work]
    here = np.einsum("hk,hk->h", value[node, work], eco.basis(path["capital"][date], path["z"][date]))
    exact = eco.between[path["z"][date]]
    booms = random.binomial(DRAWS, exact[:, 1]) / DRAWS

    def returns(points: int, chances: np.ndarray) -> np.ndarray:
        chosen = np.minimum(np.outer(consumed, 1 + RANGE * np.linspace(-1, 1, points)), cash[:, None])
        at, assets = np.column_stack([date, work]), cash[:, None] - chosen
        return np.log(chosen) + eco.beta * expected_value(eco, value, path, at, assets, chances)

    best, kept = _top(returns(FINE, exact)), returns(3, exact)[:, 1]
    drawn = returns(POINTS, np.column_stack([1 - booms, booms])).max(axis=1)
    return {
        "gain of the best decision": float(np.mean(best - here)),
        "its absolute value": float(np.mean(np.abs(best - here))),
        "gain over the rule's own decision": float(np.mean(best - kept)),
        "DeepHAM's definition": float(np.mean(np.abs(here - drawn))),
        "DeepHAM's definition with exact sums": float(np.mean(np.abs(here - returns(POINTS, exact).max(axis=1)))),
        "value": float(here.mean()),
    }


def _top(values: np.ndarray) -> np.ndarray:
    """Maximum over the last axis of equally spaced values, by a parabola through the best three."""
    best = np.clip(np.argmax(values, axis=1), 1, values.shape[1] - 2)
    left, middle, right = (np.take_along_axis(values, (best + d)[:, None], axis=1)[:, 0] for d in (-1, 0, 1))
    bend = np.minimum(left - 2 * middle + right, -1e-300)
    return np.maximum(middle - (right - left) ** 2 / (8 * bend), values.max(axis=1))


def main() -> None:
    """Solve, evaluate, and write the errors."""
    settings = dict(ROWS["krusell-smith"].settings) | {"tol": 2e-4, "seconds": 150.0, "attempts": 1}
    eco, solution = Economy(), sp.solve(MODEL, **settings)
    found = errors(eco, evaluate(eco, path_of(solution, 3, DATES)), path_of(solution, 4, DATES), 0)
    print(found)
    result: dict[str, Any] = {"bar": 0.012, "households": HOUSEHOLDS, "errors": found} | surroundings()
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
