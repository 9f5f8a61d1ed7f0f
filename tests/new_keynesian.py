"""Two New-Keynesian economies written down a second time, in NumPy: a published test of accuracy, and a referee.

Maliar and Maliar (2015, Quantitative Economics) and Coleman, Lyon, Maliar and Maliar (2021, Computational Economics)
judge a solution by nine unit-free residuals per date of one long path: all equations of the model, those included that
a solution method solves exactly. Nothing here calls the equations of the model that is tested: only its decision rule
and the numbers of its calibration.

The one-shock economy of Guerrieri and Iacoviello (2015, J. Monetary Econ.) has two states, so that a collocation can
solve it as well, out to where the paper's experiment leads: six innovations of five standard deviations in a row.
"""

import dataclasses
import functools
import warnings
from typing import Any

import numpy as np

import saddlepath as sp
from saddlepath.models.new_keynesian_one_shock import OneShockNewKeynesian

SHOCKS = ("R", "a", "L", "u", "B", "G")
PERIODS, BURN_IN = 10_201, 200
"""Length of the path and dates that do not count [quarters]."""
AT_ONCE = 500
"""Dates whose nodes are evaluated side by side."""
NEAR = 0.0025
"""A date is near the bound where the rate or, at the bound, the rate that the Taylor rule asks for is so close to it.

One point a year. [1/quarter]
"""


@dataclasses.dataclass(frozen=True)
class PublishedErrors:
    """Nine unit-free residuals per date of the path, and how far each date is from the bound.

    Attributes:
        residuals: Absolute residuals `[dates, 9]`: cost, revenue, Euler equation, inflation, efficiency, resources,
            labour, natural output, Taylor rule. [-]
        rate: Gross policy rate `[dates]`. [1/quarter]
        shadow: Gross rate that the Taylor rule asks for `[dates]`. [1/quarter]
        inflation: Gross inflation `[dates]`. [1/quarter]
    """

    residuals: np.ndarray
    rate: np.ndarray
    shadow: np.ndarray
    inflation: np.ndarray

    @property
    def l1(self) -> float:
        """log10 of the mean over dates and equations."""
        return float(np.log10(self.residuals.mean()))

    @property
    def linf(self) -> float:
        """log10 of the largest residual."""
        return float(np.log10(self.residuals.max()))

    def regions(self) -> dict[str, np.ndarray]:
        """Dates at the bound, near it though not at it, and the others, as masks `[dates]`."""
        at = self.shadow < 1
        near = ~at & (self.rate < 1 + NEAR)
        return {"at the bound": at, "near it": near, "away from it": ~at & ~near}

    def __str__(self) -> str:
        inflation = 400 * (self.inflation.mean() - 1)
        lines = [f"L1 {self.l1:.2f}, Linf {self.linf:.2f}, mean inflation {inflation:.3f} % a year"]
        for name, mask in self.regions().items():
            own = self.residuals[mask]
            if len(own):
                size = f"L1 {np.log10(own.mean()):.2f}, Linf {np.log10(own.max()):.2f}"
                lines.append(f"{name}: {mask.mean():.2%} of the dates, {size}")
        return "\n".join(lines)


def published_errors(
    solution: sp.Solution, *, seed: int = 0, quadrature: Any = None, periods: int = PERIODS
) -> PublishedErrors:
    """The nine residuals on one path of normals that starts with `R = d = 1` and no shock.

    Args:
        solution: A solution of `NewKeynesian`.
        seed: Seed of the path.
        quadrature: Rule for the expectation; default: degree 5 with 73 nodes, as published.
        periods: Length of the path. [quarters]
    """
    m = solution.model
    rho, sigma = (np.array([float(getattr(m, f"{kind}_{name}")) for name in SHOCKS]) for kind in ("rho", "sigma"))
    normals = np.random.default_rng(seed).standard_normal((periods, 6))
    start = m.State(*np.ones(2), *np.zeros(6))
    data = sp.simulate(solution, periods=periods, start=start, shocks=normals)
    path = {name: data[name].values[0, BURN_IN:] for name in data.data_vars}
    nodes, weights = (quadrature or sp.Monomial(5)).nodes(6)
    eta = np.stack([path[f"eta_{name}"] for name in SHOCKS], axis=-1)
    parts = []
    for first in range(0, len(eta), AT_ONCE):
        now = slice(first, first + AT_ONCE)
        today = {name: values[now] for name, values in path.items()}
        after = rho * eta[now, None] + sigma * nodes  # [dates, nodes, 6]
        s1 = m.State(today["R"][:, None], today["efficiency"][:, None], *np.moveaxis(after, -1, 0))
        x1 = solution(s1)
        parts.append(_nine(m, today, eta[now].T, after[..., 3], x1, weights))
    residuals, shadow = (np.concatenate(part) for part in zip(*parts, strict=True))
    return PublishedErrors(np.abs(residuals), path["R"], shadow, path["pi"])


def _nine(m: Any, t: dict[str, np.ndarray], eta: np.ndarray, eta_u1: np.ndarray, x1: Any, weights: np.ndarray) -> tuple:
    """Residuals `[dates, 9]` and the rate of the Taylor rule `[dates]`."""
    beta, gamma, vartheta, epsilon, theta, mu, phi_pi, phi_y, gbar, target = (
        float(getattr(m, name))
        for name in ("beta", "gamma", "frisch_inverse", "epsilon", "theta", "mu", "phi_pi", "phi_y", "gbar", "target")
    )
    eta_R, eta_a, eta_L, eta_u, eta_B, eta_G = eta
    mean = lambda values: values @ weights
    C, R, pi, S, F, d, last = (t[name] for name in ("C", "R", "pi", "S", "F", "efficiency", "d"))
    Y, L, Yn = t["output"], t["labour"], t["output"] / (1 + t["gap"])
    share = 1 - gbar / np.exp(eta_G)
    price = ((1 - theta * pi ** (epsilon - 1)) / (1 - theta)) ** (1 / (1 - epsilon))
    cost = np.exp(eta_u + eta_L) * L**vartheta * Y / np.exp(eta_a) + beta * theta * mean(x1.pi**epsilon * x1.S)
    sale = np.exp(eta_u) * C**-gamma * Y + beta * theta * mean(x1.pi ** (epsilon - 1) * x1.F)
    worth = beta * np.exp(eta_B - eta_u) * R * mean(np.exp(eta_u1) * x1.C**-gamma / x1.pi)
    efficiency = 1 / ((1 - theta) * price**-epsilon + theta * pi**epsilon / last)
    natural = (np.exp(eta_a) ** (1 + vartheta) * share**-gamma / np.exp(eta_L)) ** (1 / (vartheta + gamma))
    reaction = (pi / target) ** phi_pi * (Y / natural) ** phi_y
    shadow = target / beta * (t["rate"] * beta / target) ** mu * reaction ** (1 - mu) * np.exp(eta_R)
    rate = np.maximum(shadow, 1.0) if m.bound else shadow
    pairs = ((cost, S), (sale, F), (worth, C**-gamma), (S / F, price), (efficiency, d), (share * Y, C),
             (np.exp(eta_a) * L * d, Y), (natural, Yn), (rate, R))  # fmt: skip
    return np.stack([found / stated - 1 for found, stated in pairs], axis=-1), shadow


def one_shock_box() -> sp.Box:
    """States that the six innovations lead to: `log b` moves by 0.092 from rest, `v` stays between 1.007 and 1.051."""
    reach = np.exp(0.1)
    beta = OneShockNewKeynesian().beta
    return sp.Box(v=(1.0, 1.055), b=(beta / reach, beta * reach))


@functools.cache
def one_shock_referee() -> sp.Solution:
    """The one-shock economy solved by collocation on the box of the experiment.

    On the economy's usual range first: a grid that reaches at once from the first-order rule to states in which the
    bound binds for years may find another rest point, the liquidity trap.
    """
    model = OneShockNewKeynesian()
    solution = sp.solve(model, sp.Collocation(), tol=1e-5)
    for nodes, n in (((6, 80), 11), ((8, 150), 31)):
        grid = sp.Collocation(nodes=nodes, basis="spline", box=one_shock_box())
        solution = sp.solve(model, grid, quadrature=sp.GaussHermite(n), tol=2e-5, start=solution)
    return solution


def experiment(solution: sp.Solution, sign: float, periods: int = 40) -> dict[str, np.ndarray]:
    """The paper's experiment: six innovations of five standard deviations, from the steady state.

    Args:
        solution: A solution of `OneShockNewKeynesian`.
        sign: One for patience, which leads to the bound, minus one for the opposite.
        periods: Length of the path. [quarters]
    """
    shocks = np.zeros((periods, 1))
    shocks[:6, 0] = 5.0 * sign
    rest = sp.steady_state(solution.model).state
    with warnings.catch_warnings():
        # Eleven standard deviations of `log b` from rest; the box that the rules are solved on reaches there.
        warnings.filterwarnings("ignore", ".*further than 10 scales", UserWarning)
        data = sp.simulate(solution, periods=periods, start=type(rest)(*map(np.asarray, rest)), shocks=shocks)
    return {name: data[name].values[0] for name in data.data_vars}


def one_shock_errors(solution: sp.Solution, state: Any, n: int = 41) -> dict[str, np.ndarray]:
    """Unit-free residuals of the paper's equations at states, expectations by `n` Gauss-Hermite nodes.

    Args:
        solution: A solution of `OneShockNewKeynesian`.
        state: A `State` of arrays `[n_states]`.
        n: Nodes.
    """
    m, x = solution.model, solution(state)
    names = ("beta", "theta", "epsilon", "phi", "phi_pi", "phi_y", "g", "target", "rho", "sigma")
    beta, theta, epsilon, phi, phi_pi, phi_y, g, target, rho, sigma = (float(getattr(m, name)) for name in names)
    price = lambda pi: ((1 - theta * pi ** (epsilon - 1)) / (1 - theta)) ** (1 / (1 - epsilon))
    nodes, weights = np.polynomial.hermite_e.hermegauss(n)
    weights = weights / weights.sum()
    log_b = (1 - rho) * np.log(beta) + rho * np.log(state.b)[:, None] + sigma * nodes
    after = m.State(np.broadcast_to(x.dispersion[:, None], log_b.shape), np.exp(log_b))
    x1 = solution(after)
    mean = lambda values: values @ weights
    b, Ps, Ps1, Y = state.b, price(x.pi), price(x1.pi), x.C / (1 - g)
    # At rest Y = 1, hence L = v, and the sums x1 and x2 give marginal cost, hence the weight of labour.
    rest = price(target)
    v = (1 - theta) * rest**-epsilon / (1 - theta * target**epsilon)
    ratio = (1 - theta * beta * target**epsilon) / (1 - theta * beta * target ** (epsilon - 1))
    weight = (epsilon - 1) / epsilon * rest * ratio / (v**phi * (1 - g))
    cost = weight * (x.dispersion * Y) ** phi * x.C
    x2, x2_1 = Ps * x.revenue, Ps1 * x1.revenue
    sums = (epsilon - 1) / epsilon  # x1 is this share of x2
    taylor = target / beta * (x.pi / target) ** phi_pi * Y**phi_y
    return {
        "euler": b * x.R * mean(1 / (x1.C * x1.pi)) * x.C - 1,
        "cost": (cost * Y / x.C + theta * b * mean(x1.pi**epsilon * sums * x2_1)) / (sums * x2) - 1,
        "revenue": Ps * (Y / x.C + theta * b * mean(x1.pi ** (epsilon - 1) * x2_1 / Ps1)) / x2 - 1,
        "prices": theta * x.pi ** (epsilon - 1) + (1 - theta) * Ps ** (1 - epsilon) - 1,
        "dispersion": (theta * x.pi**epsilon * state.v + (1 - theta) * Ps**-epsilon) / x.dispersion - 1,
        "taylor": (np.maximum(taylor, 1.0) if m.bound else taylor) / x.R - 1,
    }
