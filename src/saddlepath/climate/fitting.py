"""Calibrations of one's own: a carbon cycle from the decay of a pulse, boxes of heat from the warming after a step.

The carbon cycle minimises the largest distance to the target over its years (a minimax fit, as in the published
calibrations), the boxes of heat the sum of squares. Both searches use exact derivatives and start from the published
calibrations.

References:
    Folini, Friedl, Kuebler and Scheidegger (2024, Review of Economic Studies), section on calibration; Joos et al.
    (2013, Atmospheric Chemistry and Physics), the mean response of the models to a pulse; Geoffroy et al. (2013,
    Journal of Climate), boxes of heat.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.climate.calibrations import CARBON_CYCLES, TEMPERATURES
from saddlepath.climate.carbon import CarbonCycle
from saddlepath.climate.emulator import masses_along, rcp_run, warmth_along
from saddlepath.climate.temperature import Temperature
from saddlepath.errors import ConfigError, ConvergenceError

ACCURACY = 1e-12
"""Change of the objective at which a search ends, relative to fractions and kelvins of size one."""
EQUILIBRIUM = np.asarray(CARBON_CYCLES["cdice"].equilibrium)
"""Masses of CDICE at rest. [1000 GtC]"""
OBSERVED = 0.851
"""Carbon in the atmosphere in 2015. [1000 GtC]"""
Curve = Callable[[np.ndarray], np.ndarray]
"""A function of logarithms of coefficients."""


@dataclasses.dataclass(frozen=True)
class CarbonFit:
    """A fitted carbon cycle.

    Attributes:
        cycle: The carbon cycle.
        distance: Largest distance to the target. [-]
    """

    cycle: CarbonCycle
    distance: float


@dataclasses.dataclass(frozen=True)
class TemperatureFit:
    """Fitted boxes of heat.

    Attributes:
        boxes: The boxes of heat.
        error: Root mean square of the distance to the target. [K]
    """

    boxes: Temperature
    error: float


def joos_pulse(years: int = 100) -> Float[np.ndarray, " dates"]:
    """Fraction of a pulse of 100 GtC left in the air, mean of the models, from year 0 to year `years`. [-]

    References:
        Joos et al. (2013, Atmospheric Chemistry and Physics), table 5.
    """
    t = np.arange(years + 1)
    decays = sum(a * np.exp(-t / tau) for a, tau in ((0.2240, 394.4), (0.2824, 36.54), (0.2763, 4.304)))
    return 0.2173 + np.asarray(decays)


def fit_carbon_cycle(
    fraction: Float[np.ndarray, " dates"], equilibrium: Float[np.ndarray, "3"] = EQUILIBRIUM, masses: bool = False
) -> CarbonFit:
    """The carbon cycle whose response to a pulse is nearest to a target, in the largest distance.

    Masses of 2015 are what history since 1765 brings about, with the excess over equilibrium scaled to 851 GtC in the
    atmosphere.

    Args:
        fraction: Fraction left after 0, 1, 2, ... years, 20 at least. [-]
        equilibrium: Equilibrium masses, atmosphere, upper ocean, lower ocean. [1000 GtC]
        masses: Whether those of both oceans are chosen too, beginning from these, or only b12 and b23.

    Returns:
        The carbon cycle and its distance.

    Raises:
        ConfigError: The target is no such curve.
        ConvergenceError: No search from the published calibrations ends.
    """
    target = _curve("fraction", fraction, 20)
    if abs(target[0] - 1) > 1e-6:
        raise ConfigError(f"fraction must begin with 1, all that was emitted, got {target[0]:g}; divide by the pulse.")
    oceans = list(equilibrium[1:]) if masses else []
    starts = [np.log(np.array([cycle.b12, cycle.b23, *oceans])) for cycle in CARBON_CYCLES.values()]
    with jax.enable_x64(True):
        at_rest = jnp.asarray(equilibrium)
        best = _nearest(
            lambda v: np.asarray(_left(jnp.asarray(v), at_rest, len(target) - 1)) - target,
            lambda v: np.asarray(_left_slopes(jnp.asarray(v), at_rest, len(target) - 1)),
            starts,
        )
        cycle = jax.tree.map(np.asarray, _cycle(jnp.asarray(best.x[:-1]), at_rest))
    return CarbonFit(_with_history(float(cycle.b12), float(cycle.b23), cycle.equilibrium), float(best.fun))


def _nearest(gaps: Curve, slopes: Curve, starts: list[np.ndarray]) -> Any:
    """The best search for the least upper bound of the gaps' sizes; the bound is the last variable."""
    from scipy.optimize import minimize

    bound = np.append(np.zeros(len(starts[0])), 1.0)

    def room(v: np.ndarray) -> np.ndarray:
        return np.concatenate([v[-1] - gaps(v[:-1]), v[-1] + gaps(v[:-1])])

    def room_slopes(v: np.ndarray) -> np.ndarray:
        by = slopes(v[:-1])
        return np.column_stack([np.concatenate([-by, by]), np.ones(2 * len(by))])

    runs = [
        minimize(
            lambda v: v[-1],
            np.append(start, np.abs(gaps(start)).max()),
            jac=lambda v: bound,
            constraints={"type": "ineq", "fun": room, "jac": room_slopes},
            method="SLSQP",
            options={"ftol": ACCURACY, "maxiter": 300},
        )
        for start in starts
    ]
    ended = [run for run in runs if run.success]
    if not ended:
        raise ConvergenceError(f"no search for a carbon cycle ended: {runs[0].message}; smooth the target.")
    return min(ended, key=lambda run: run.fun)


def fit_temperature(warming: Float[np.ndarray, " dates"], f2x: float, ecs: float) -> TemperatureFit:
    """Boxes of heat whose warming after a quadrupling of CO2 is nearest to a target, in the sum of squares.

    Args:
        warming: Temperature of the atmosphere after 0, 1, 2, ... years, 20 at least. [K]
        f2x: Forcing of a doubling. [W/m2]
        ecs: Equilibrium climate sensitivity. [K]

    Returns:
        The boxes of heat with c1, c3 and c4 chosen and the temperatures of 2015 of CDICE, and the error.

    Raises:
        ConfigError: The target is no such curve.
    """
    from scipy.optimize import least_squares

    target = _curve("warming", warming, 20)
    with jax.enable_x64(True):
        given = jnp.asarray([f2x, ecs])
        gaps: Any = lambda v: np.asarray(_warming(jnp.asarray(v), given, len(target) - 1)) - target
        slopes: Any = lambda v: np.asarray(_warming_slopes(jnp.asarray(v), given, len(target) - 1))
        runs = [
            least_squares(
                gaps, np.log(np.array([box.c1, box.c3, box.c4])), slopes, xtol=ACCURACY, ftol=ACCURACY, gtol=ACCURACY
            )
            for box in TEMPERATURES.values()
        ]
    best = min(runs, key=lambda run: run.cost)
    c1, c3, c4 = (float(value) for value in np.exp(best.x))
    boxes = Temperature(c1, c3, c4, f2x, ecs, TEMPERATURES["cdice"].initial)
    return TemperatureFit(boxes, float(np.sqrt(2 * best.cost / len(target))))


def _curve(name: str, given: Any, least: int) -> np.ndarray:
    values = np.asarray(given, dtype=float)
    if values.ndim != 1 or len(values) <= least or not np.all(np.isfinite(values)):
        raise ConfigError(
            f"{name} must hold finite values for the years 0 to {least} or longer, got shape {values.shape}; give one "
            "number per year."
        )
    return values


def _cycle(logs: Float[Array, " free"], equilibrium: Float[Array, "3"]) -> CarbonCycle:
    """From logarithms of b12, b23 and, where they are chosen, of the masses of both oceans."""
    chosen = jnp.exp(logs)
    masses = jnp.concatenate([equilibrium[:1], chosen[2:]]) if len(logs) > 2 else equilibrium
    return CarbonCycle(chosen[0], chosen[1], masses, masses)


@eqx.filter_jit
def _left(logs: Float[Array, " free"], equilibrium: Float[Array, "3"], years: int) -> Float[Array, " dates"]:
    return masses_along(_cycle(logs, equilibrium), jnp.asarray((1.0, 0.0, 0.0)), jnp.zeros(years))[:, 0]


@eqx.filter_jit
def _left_slopes(logs: Float[Array, " free"], equilibrium: Float[Array, "3"], years: int) -> Float[Array, "dates free"]:
    return jax.jacfwd(lambda v: _left(v, equilibrium, years))(logs)


@eqx.filter_jit
def _warming(logs: Float[Array, "3"], given: Float[Array, "2"], years: int) -> Float[Array, " dates"]:
    (c1, c3, c4), (f2x, ecs), rest = jnp.exp(logs), given, jnp.zeros(2)
    return warmth_along(Temperature(c1, c3, c4, f2x, ecs, rest), rest, jnp.full(years, 2 * f2x))[:, 0]


@eqx.filter_jit
def _warming_slopes(logs: Float[Array, "3"], given: Float[Array, "2"], years: int) -> Float[Array, "dates 3"]:
    return jax.jacfwd(lambda v: _warming(v, given, years))(logs)


def _with_history(b12: float, b23: float, equilibrium: np.ndarray) -> CarbonCycle:
    at_rest = CarbonCycle(b12, b23, equilibrium, equilibrium)
    excess = rcp_run("rcp60", at_rest).carbon.sel(year=2015).values / 1000 - equilibrium
    return CarbonCycle(b12, b23, equilibrium, equilibrium + excess * (OBSERVED - equilibrium[0]) / excess[0])
