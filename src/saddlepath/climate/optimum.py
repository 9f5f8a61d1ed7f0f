"""The independent optimum of DICE and CDICE: what a planner does, by nonlinear programming instead of a network.

The terminal state is free. The horizon is so long that what comes after it is forgotten: in the first century, the
social cost of carbon errs by about ten times the weight of the last year's utility, relative to the first year's.

References:
    Folini, Friedl, Kuebler and Scheidegger (2024, Review of Economic Studies); Nordhaus (2017, PNAS).
"""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.climate.carbon import CO2_PER_CARBON
from saddlepath.climate.labelled import labelled
from saddlepath.climate.numbers import as_arrays
from saddlepath.climate.planner import PlannerProblem
from saddlepath.climate.transcription import BestPath, Programme, best_path
from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.ranges import Positive, Range, Unit

if TYPE_CHECKING:
    import xarray as xr

FIRST_YEAR = 2015
GTC = 1000
"""Gigatonnes of carbon in the models' unit of carbon."""
LEAST_CAPITAL = 1e-3
"""Capital per effective labour that even the last year leaves, where utility would otherwise end [trn 2010 USD]."""
SAME_FORCING = 1e-7
"""Change of the forcing that the planner takes as given after which it is consistent [W/m2]."""
MOST_ROUNDS = 30
FORGOTTEN = 3e-7
"""Weight of utility, relative to the first year's, below which a horizon may end [-]."""
LEAST_HORIZON, LONGEST_HORIZON = 10, 5000
"""Years."""
WITHIN: Mapping[str, Range] = {"alpha": Unit(), "delta": Unit(), "psi": Positive(), "capital": Positive()}
"""Domains of a planner's parameters outside of which there is no answer."""


def optimum(
    problem: PlannerProblem | None = None,
    *,
    abatement: float | np.ndarray | None = None,
    tax: float | np.ndarray | None = None,
    cap: float | None = None,
    horizon: int | None = None,
) -> "xr.Dataset":
    """The best annual path of a planner.

    Args:
        problem: Preferences, technology and climate; default: CDICE.
        abatement: A given rate of abatement, one number or a path `[horizon]`; zero is business as usual. The planner
            then chooses savings alone, and counts the emissions of new capital among its consequences. [-]
        tax: A given tax on emissions, one number or a path `[horizon]`; abatement is what pays at this price.
            [2010 USD/tCO2]
        cap: Temperature of the atmosphere that must not be exceeded after 2015. [K above pre-industrial]
        horizon: Years; default: hundreds until a year's utility weighs less than 3e-7 of the first one's, 1,000 years
            with the standard preferences. [yr]

    Returns:
        A dataset by `year`, `reservoir` and `box`: states at the start of the year, choices, output, emissions,
        damages, forcing, and prices. `scc` is the value of a tonne that is in the atmosphere at the start of the year,
        `scc_emitted` of one that is emitted during the year and there at its end; the second is the `tax` that makes
        abatement pay wherever abatement is chosen and below one. `value_*` are the shadow values of next year's states
        in units of this year's weight in welfare, those of the recursive formulation.

    Raises:
        ConfigError: casadi is not installed, or an argument is out of its range.
        ConvergenceError: There is no such path, such as one below a cap that is passed already.

    References:
        Folini, Friedl, Kuebler and Scheidegger (2024, Review of Economic Studies), the definition of the social cost.
    """
    problem = PlannerProblem() if problem is None else problem
    _require_domains(problem)
    with jax.enable_x64(True):
        horizon = _forgotten(problem) if horizon is None else horizon
        if horizon < LEAST_HORIZON:
            raise ConfigError(
                f"the horizon must be at least {LEAST_HORIZON} years, got {horizon}; choose a longer one."
            )
        years = jnp.arange(horizon, dtype=jnp.result_type(float))
        inputs = {name: np.asarray(values) for name, values in _exogenous(as_arrays(problem), years).items()}
        programme = _programme(problem, inputs, _given_abatement(problem, years, abatement, tax), cap)
        path = _consistent(problem, programme)
        prices = np.asarray(problem.marginal_cost(path.controls[1], years))
    return _dataset(inputs, path, programme.weights, prices)


def _require_domains(problem: PlannerProblem) -> None:
    for name, within in WITHIN.items():
        value = float(getattr(problem, name))
        if not within.contains(np.asarray(value)):
            raise ConfigError(f"{name} must be {within.describe()}, got {value:g}; choose a value inside this domain.")


def _forgotten(problem: PlannerProblem) -> int:
    """Years after which utility weighs next to nothing, in hundreds."""
    discount = np.asarray(problem.discount_factor(np.arange(LONGEST_HORIZON)))
    forgotten = np.flatnonzero(np.cumprod(discount) < FORGOTTEN)
    if not len(forgotten):
        raise ConfigError(
            f"the planner still cares about what comes after {LONGEST_HORIZON} years, at a rate of time preference of "
            f"{float(problem.rho):g}; give a horizon, or a larger rho."
        )
    return 100 * (int(forgotten[0]) // 100 + 1)


@eqx.filter_jit
def _exogenous(problem: PlannerProblem, years: Float[Array, " horizon"]) -> dict[str, Float[Array, " horizon"]]:
    """Numbers of every year that no choice moves."""
    paths = problem.paths
    return {
        "growth": problem.growth_factor(years),
        "effective": problem.effective_labour(years),
        "intensity": paths.intensity(years),
        "theta1": paths.abatement_cost(years),
        "land": paths.land_emissions(years),
        "other": problem.forcing.other(years, jnp.zeros_like(years)),
        "discount": problem.discount_factor(years),
    }


IN_LAW = ("growth", "effective", "intensity", "theta1", "land", "other")
"""Exogenous numbers of the laws of motion, in their order there."""


def _given_abatement(
    problem: PlannerProblem, years: Float[Array, " horizon"], abatement: Any, tax: Any
) -> Float[np.ndarray, " horizon"] | None:
    """The rate of abatement that is imposed, or None."""
    if abatement is not None and tax is not None:
        raise ConfigError("give either a rate of abatement or a tax that implies one, not both.")
    if tax is None and abatement is None:
        return None
    if tax is None:
        return _path("abatement", abatement, len(years), 1.0)
    return np.asarray(problem.abated(_path("tax", tax, len(years), np.inf), years))


def _path(name: str, given: Any, horizon: int, most: float) -> Float[np.ndarray, " horizon"]:
    values = np.asarray(given, dtype=float)
    if values.shape not in ((), (horizon,)) or not np.all((values >= 0) & (values <= most)):
        raise ConfigError(
            f"{name} must be one number or a path of {horizon} years, between 0 and {most:g}, got "
            f"{'shape ' + str(values.shape) if values.ndim else given}; a shorter path needs a shorter horizon."
        )
    return np.broadcast_to(values, horizon)


def _law(problem: PlannerProblem) -> Any:
    """The laws of motion of one year for casadi's symbols, in units of effective labour and 1000 GtC."""
    exchange, heat = np.asarray(problem.carbon.exchange), np.asarray(problem.temperature.exchange)
    alpha, delta, pi1, pi2, power = (
        float(value) for value in (problem.alpha, problem.delta, problem.pi1, problem.pi2, 1 - 1 / problem.psi)
    )
    limit, beyond = float(problem.limit), float(problem.beyond)
    theta2, c1, f2x = float(problem.paths.theta2), float(problem.temperature.c1), float(problem.temperature.f2x)
    equilibrium, forcing = float(problem.carbon.equilibrium[0]), problem.forcing
    share = float(forcing.share) if forcing.internalised else 0.0

    def law(s: Any, x: Any, e: Any) -> tuple[list[Any], list[Any], list[Any]]:
        (k, masses, temperatures), (saving, mu) = (s[0], s[1:4], s[4:6]), (x[0], x[1])
        growth, effective, intensity, theta1, land, other = (e[i] for i in range(6))
        gross = k**alpha
        too_warm = temperatures[0] - limit
        penalty = beyond * (too_warm > 0) * too_warm**2
        damage = pi1 * temperatures[0] + pi2 * temperatures[0] ** 2 + penalty
        abated = theta1 * mu**theta2
        net = (1 - abated - damage) * gross
        consumption = (1 - saving) * net
        industry = intensity * (1 - mu) * effective * gross
        co2 = f2x / np.log(2) * (masses[0] / equilibrium).log()
        radiation = co2 * (1 + share) + other
        following = [
            (saving * net + (1 - delta) * k) / growth,
            masses + exchange @ masses + np.array([1.0, 0.0, 0.0]) * (industry + land),
            temperatures + heat @ temperatures + np.array([c1, 0.0]) * radiation,
        ]
        utility = (consumption**power - 1) / power if power else consumption.log()
        return following, [utility], [gross, consumption, damage, abated, industry, radiation, co2]

    return law


REPORTED = ("gross", "consumption", "damage", "abated", "industry", "radiation", "co2")
"""What the law reports, in its order."""


def _programme(
    problem: PlannerProblem, inputs: dict[str, np.ndarray], rate: np.ndarray | None, cap: float | None
) -> Programme:
    horizon = len(inputs["growth"])
    capital = float(problem.capital) / inputs["effective"][0]
    start = np.concatenate([[capital], problem.carbon.initial, problem.temperature.initial])
    low, high = np.full((6, horizon + 1), 1e-3), np.full((6, horizon + 1), np.inf)
    low[0], low[4:] = LEAST_CAPITAL, -np.inf
    if cap is not None:
        high[4, 1:] = cap
    least, most = np.array([[-np.inf], [0.0]]), np.array([[0.999], [1.0]])
    least, most = (np.repeat(bound, horizon, axis=1) for bound in (least, most))
    guess = np.stack([np.full(horizon, 0.25), np.minimum(0.1 + np.arange(horizon) / 80, 0.99)])
    if rate is not None:
        least[1] = most[1] = guess[1] = rate
    return Programme(
        law=_law(problem),
        start=start,
        exogenous=np.stack([inputs[name] for name in IN_LAW]),
        weights=np.cumprod(np.concatenate([[1.0], inputs["discount"][:-1]])),
        states=(low, high),
        controls=(least, most),
        guess=guess,
    )


def _consistent(problem: PlannerProblem, programme: Programme) -> BestPath:
    """The best path; where the planner takes forcing as given that CO2 causes, the one that causes what is taken."""
    path, forcing = best_path(programme), problem.forcing
    if forcing.internalised or not forcing.share:
        return path
    given = IN_LAW.index("other")
    alone = programme.exogenous[given]
    for _ in range(MOST_ROUNDS):
        exogenous = programme.exogenous.copy()
        exogenous[given] = alone + float(forcing.share) * path.reported[REPORTED.index("co2")]
        if np.allclose(exogenous[given], programme.exogenous[given], rtol=0, atol=SAME_FORCING):
            return path
        programme = dataclasses.replace(programme, exogenous=exogenous, guess=path.controls)
        path = best_path(programme)
    raise ConvergenceError(
        f"the forcing that the planner takes as given is not the one that CO2 causes after {MOST_ROUNDS} rounds; let "
        "it be internalised, or choose a smaller share."
    )


def _dataset(inputs: dict[str, np.ndarray], path: BestPath, weights: np.ndarray, prices: np.ndarray) -> "xr.Dataset":
    reported = dict(zip(REPORTED, path.reported, strict=True))
    states, effective, emitted = path.states[:, :-1], inputs["effective"], GTC * CO2_PER_CARBON
    values = path.values[:, 1:] / weights
    per_co2 = effective / CO2_PER_CARBON
    series = {
        "capital": ("trn 2010 USD", states[0] * effective),
        "output": ("trn 2010 USD/yr", reported["gross"] * effective),
        "consumption": ("trn 2010 USD/yr", reported["consumption"] * effective),
        "abatement": ("-", path.controls[1]),
        "damages": ("share of output", reported["damage"]),
        "abatement_cost": ("share of output", reported["abated"]),
        "industrial_emissions": ("GtCO2/yr", emitted * reported["industry"]),
        "emissions": ("GtCO2/yr", emitted * (reported["industry"] + inputs["land"])),
        "forcing": ("W/m2", reported["radiation"]),
        "tax": ("2010 USD/tCO2", prices),
        "scc": ("2010 USD/tCO2", -path.values[1, :-1] / path.values[0, :-1] * per_co2),
        "scc_emitted": ("2010 USD/tCO2", -values[1] / values[0] * inputs["growth"] * per_co2),
        "carbon": ("GtC", GTC * states[1:4].T),
        "temperature": ("K above pre-industrial", states[4:6].T),
        "value_capital": ("utility per capital per effective labour", values[0]),
        "value_carbon": ("utility per 1000 GtC", values[1:4].T),
        "value_temperature": ("utility per K", values[4:6].T),
    }
    return labelled(FIRST_YEAR + np.arange(len(effective)), series, welfare=path.welfare)
