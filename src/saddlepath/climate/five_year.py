"""DICE-2016R as it was published, in steps of five years, by nonlinear programming.

It differs from the annual models in more than the step: forcing of a period's end warms it, emissions control is given
in 2015 and may remove carbon from the air from 2160 on, fossil carbon is limited, and saving is given in the last 50 of
500 years.

    K'    = (1 - delta)^5 K + 5 (Y - C),  Y = (1 - Omega(T_AT) - Theta(mu)) A (L / 1000)^(1 - alpha) K^alpha
    M'    = M + 5 (B M + (E, 0, 0))
    T'    = T + 5 (D T + (c1 F', 0)),     F' = F2x log(M_AT' / Meq_AT) / log 2 + F_EX'
    max sum (1 + rho)^(-5 t) L ((C / L)^(1 - 1/psi) - 1) / (1 - 1/psi)

References:
    Nordhaus (2017, PNAS), "Revisiting the social cost of carbon", and its programme DICE-2016R-091916ap.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import numpy as np

from saddlepath.climate.calibrations import CARBON_CYCLES, TEMPERATURES
from saddlepath.climate.carbon import CO2_PER_CARBON, CarbonCycle
from saddlepath.climate.labelled import labelled
from saddlepath.climate.temperature import Temperature
from saddlepath.climate.transcription import BestPath, Programme, best_path

if TYPE_CHECKING:
    import xarray as xr

STEP, PERIODS, FIRST_YEAR = 5, 100, 2015
"""Years per period, their number, and the first year."""
GIVEN_SAVING = 10
"""Periods at the end whose saving is given."""
REMOVAL = 29
"""Periods after which emissions control may exceed one."""
PRICED = 45
"""Periods in which the price of the baseline is limited."""


class FiveYearProblem(eqx.Module):
    """Parameters of DICE-2016R; DICE-2016R2 is `FiveYearProblem(pi2=0.00227)`.

    Attributes:
        carbon: The carbon cycle, per year.
        temperature: The boxes of heat, per year.
        alpha: Capital share. [-]
        delta: Depreciation of capital in a year. [-]
        pi2: Damage per squared degree, as a share of gross output. [1/K2]
        psi: Inverse of the elasticity of marginal utility. [-]
        rho: Rate of time preference, discrete. [1/yr]
        theta2: Exponent of the cost of abatement. [-]
        capital: In 2015. [trn 2010 USD]
        first_abatement: Emissions control of 2015 in the optimum. [-]
        most_abatement: Emissions control that is possible from 2160 on. [-]
        fossil_limit: Industrial emissions that fossil carbon allows in total. [1000 GtC]
        fossil_used: Those before 2015. [1000 GtC]
    """

    carbon: CarbonCycle = CARBON_CYCLES["dice2016"]
    temperature: Temperature = TEMPERATURES["dice2016"]
    alpha: float = 0.3
    delta: float = 0.1
    pi2: float = 0.00236
    psi: float = 1 / 1.45
    rho: float = 0.015
    theta2: float = 2.6
    capital: float = 223.0
    first_abatement: float = 0.03
    most_abatement: float = 1.2
    fossil_limit: float = 6.0
    fossil_used: float = 0.4


def five_year_optimum(
    problem: FiveYearProblem | None = None, *, baseline: bool = False, cap: float | None = None
) -> "xr.Dataset":
    """The optimum or the baseline of DICE-2016R.

    Args:
        problem: Parameters; default: those of DICE-2016R.
        baseline: Whether abatement is what pays at a price of carbon of 2 USD in 2015 that grows by 2 % a year, or at
            the scarcity price of fossil carbon where that is higher, for 225 years.
        cap: Temperature of the atmosphere that must not be exceeded after 2015. [K above pre-industrial]

    Returns:
        A dataset by `year` (every fifth), `reservoir` and `box`, with the variables of the published tables; `scc` is
        the value of a tonne that is emitted over the five years from `year`. [2010 USD/tCO2]

    Raises:
        ConfigError: casadi is not installed.
        ConvergenceError: There is no such path.

    References:
        Nordhaus (2017, PNAS), Table 1. Its column "2050" holds the values of 2055.
    """
    problem = FiveYearProblem() if problem is None else problem
    inputs = _exogenous(problem)
    most = np.where(np.arange(PERIODS) < REMOVAL, 1.0, problem.most_abatement)
    if not baseline:
        least = np.where(np.arange(PERIODS) < 1, problem.first_abatement, 0.0)
        most[0] = problem.first_abatement
    else:
        least, price = np.zeros(PERIODS), 2.0 * 1.02 ** (STEP * np.arange(PERIODS))
        backstop = inputs["backstop"][:-1]
        unharmed = dataclasses.replace(problem, pi2=0.0)
        scarcity = backstop * _solved(unharmed, inputs, least, most, None).controls[1] ** (problem.theta2 - 1)
        pays = (np.maximum(scarcity, price) / backstop) ** (1 / (problem.theta2 - 1))
        most = np.where(np.arange(PERIODS) < PRICED, np.minimum(pays, most), most)
    return _dataset(problem, inputs, _solved(problem, inputs, least, most, cap))


def _exogenous(problem: FiveYearProblem) -> dict[str, np.ndarray]:
    """The recursions of the programme, for one date more than there are periods."""
    t = np.arange(PERIODS + 1)
    population, productivity, intensity = [7403.0], [5.115], [35.85 / (105.5 * (1 - 0.03))]
    for i in range(PERIODS):
        population.append(population[-1] * (11500 / population[-1]) ** 0.134)
        productivity.append(productivity[-1] / (1 - 0.076 * np.exp(-0.005 * STEP * i)))
        intensity.append(intensity[-1] * np.exp(-0.0152 * (1 - 0.001) ** (STEP * i) * STEP))
    backstop = 550 * (1 - 0.025) ** t
    effective = np.array(productivity) ** (1 / (1 - problem.alpha)) * np.array(population) / 1000
    return {
        "population": np.array(population),
        "effective": effective,
        "intensity": np.array(intensity),
        "backstop": backstop,
        "theta1": backstop * np.array(intensity) / problem.theta2 / 1000,
        "land": 2.6 * (1 - 0.115) ** t,
        "other": 0.5 + np.minimum(t / 17, 1.0) * 0.5,
    }


def _law(problem: FiveYearProblem) -> Any:
    """The laws of motion of one period, in units of effective labour and 1000 GtC; emissions in GtCO2."""
    with jax.enable_x64(True):
        exchange, heat = np.asarray(problem.carbon.exchange), np.asarray(problem.temperature.exchange)
    c1, f2x, equilibrium = problem.temperature.c1, problem.temperature.f2x, float(problem.carbon.equilibrium[0])
    power = 1 - 1 / problem.psi

    def law(s: Any, x: Any, e: Any) -> tuple[list[Any], list[Any], list[Any]]:
        (k, masses, temperatures, used), (saving, mu) = (s[0], s[1:4], s[4:6], s[6]), (x[0], x[1])
        growth, effective, intensity, theta1, land, other = (e[i] for i in range(6))
        gross = k**problem.alpha
        damage = problem.pi2 * temperatures[0] ** 2
        abated = theta1 * mu**problem.theta2
        net = (1 - damage - abated) * gross
        consumption = (1 - saving) * net
        industry = intensity * (1 - mu) * gross * effective
        carbon = STEP / (1000 * CO2_PER_CARBON)
        later = masses + STEP * (exchange @ masses) + np.array([1.0, 0.0, 0.0]) * carbon * (industry + land)
        radiation = f2x / np.log(2) * (later[0] / equilibrium).log() + other
        following = [
            ((1 - problem.delta) ** STEP * k + STEP * saving * net) / growth,
            later,
            temperatures + STEP * (heat @ temperatures + np.array([c1, 0.0]) * radiation),
            used + carbon * industry,
        ]
        return following, [(consumption**power - 1) / power], [gross, net, consumption, damage, abated, industry]

    return law


REPORTED = ("gross", "net", "consumption", "damage", "abated", "industry")
"""What the law reports, in its order."""


def _weights(problem: FiveYearProblem, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """Of utility from consumption per effective labour, one in the first period."""
    population, effective = inputs["population"][:-1], inputs["effective"][:-1]
    weights = (1 + problem.rho) ** (-STEP * np.arange(PERIODS))
    weights = weights * population * (effective / population) ** (1 - 1 / problem.psi)
    return weights / weights[0]


def _solved(
    problem: FiveYearProblem, inputs: dict[str, np.ndarray], least: np.ndarray, most: np.ndarray, cap: float | None
) -> BestPath:
    effective = inputs["effective"]
    last = problem.alpha * (problem.delta + 0.004) / (problem.delta + 0.004 / problem.psi + problem.rho)
    given = np.arange(PERIODS) >= PERIODS - GIVEN_SAVING
    capital = problem.capital / effective[0]
    start = np.concatenate([[capital], problem.carbon.initial, problem.temperature.initial, [problem.fossil_used]])
    low, high = np.full((7, PERIODS + 1), 1e-3), np.full((7, PERIODS + 1), np.inf)
    low[4:6], low[6], high[6] = -np.inf, -np.inf, problem.fossil_limit
    if cap is not None:
        high[4, 1:] = cap
    exogenous = [effective[1:] / effective[:-1]]
    exogenous += [inputs[name][:-1] for name in ("effective", "intensity", "theta1", "land")]
    saving = np.where(given, last, 0.0), np.where(given, last, 0.999)
    guess = np.stack([np.full(PERIODS, last), np.clip(0.1 + np.arange(PERIODS) / 30, least, np.minimum(most, 0.99))])
    programme = Programme(
        law=_law(problem),
        start=start,
        exogenous=np.stack([*exogenous, inputs["other"][1:]]),
        weights=_weights(problem, inputs),
        states=(low, high),
        controls=(np.stack([saving[0], least]), np.stack([saving[1], most])),
        guess=guess,
    )
    return best_path(programme)


def _dataset(problem: FiveYearProblem, inputs: dict[str, np.ndarray], path: BestPath) -> "xr.Dataset":
    reported = dict(zip(REPORTED, path.reported, strict=True))
    states, effective, mu = path.states[:, :-1], inputs["effective"][:-1], path.controls[1]
    marginal = reported["consumption"] ** (-1 / problem.psi)
    # Carbon emitted in a period is in the air at its end, and warms this very period.
    temperature = problem.temperature
    warming = STEP * temperature.c1 * temperature.f2x / (np.log(2) * path.states[1, 1:])
    value = (path.values[1, 1:] + path.values[4, 1:] * warming) / _weights(problem, inputs)
    series = {
        "capital": ("trn 2010 USD", states[0] * effective),
        "output": ("trn 2010 USD/yr", reported["gross"] * effective),
        "net_output": ("trn 2010 USD/yr", reported["net"] * effective),
        "consumption": ("trn 2010 USD/yr", reported["consumption"] * effective),
        "saving": ("share of net output", path.controls[0]),
        "abatement": ("-", mu),
        "damages": ("share of output", reported["damage"]),
        "abatement_cost": ("share of output", reported["abated"]),
        "industrial_emissions": ("GtCO2/yr", reported["industry"]),
        "emissions": ("GtCO2/yr", reported["industry"] + inputs["land"][:-1]),
        "tax": ("2010 USD/tCO2", inputs["backstop"][:-1] * mu ** (problem.theta2 - 1)),
        "scc": ("2010 USD/tCO2", -value / marginal * STEP * effective / CO2_PER_CARBON),
        "carbon": ("GtC", 1000 * states[1:4].T),
        "temperature": ("K above pre-industrial", states[4:6].T),
    }
    return labelled(FIRST_YEAR + STEP * np.arange(PERIODS), series)
