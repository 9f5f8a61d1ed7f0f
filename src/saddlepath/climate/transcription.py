"""Direct transcription: the best path over finitely many periods as one sparse nonlinear programme, for IPOPT.

States and controls of all periods are variables, the laws of motion equality constraints; the terminal state is free.
The multipliers of the laws of motion are the shadow values of the states. Nothing is shared with the global solvers of
this library, which makes the answer a check of theirs.

References:
    Betts (2010, Practical Methods for Optimal Control, SIAM); Waechter and Biegler (2006, Mathematical Programming),
    IPOPT.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from saddlepath.errors import ConfigError, ConvergenceError

TOLERANCE = 1e-12
"""Largest residual of the optimality conditions, in units of welfare that begin with a weight of one [-]."""
MOST_STEPS = 400
"""Steps of IPOPT; it needs 15 to 60."""


@dataclasses.dataclass(frozen=True)
class Programme:
    """An optimal control problem in discrete time.

    Attributes:
        law: Of casadi's symbols for states, controls and exogenous numbers of one period to the states of the next,
            the period's utility, and whatever is to be reported, three lists.
        start: Initial states `[n_states]`.
        exogenous: Exogenous numbers `[n_exogenous, periods]`.
        weights: Of the periods' utilities in welfare `[periods]`.
        states: Lower and upper bounds `[n_states, periods + 1]` each; the start is fixed anyway.
        controls: Lower and upper bounds `[n_controls, periods]` each.
        guess: Controls from which to begin `[n_controls, periods]`.
    """

    law: Callable[[Any, Any, Any], tuple[list[Any], list[Any], list[Any]]]
    start: Float[np.ndarray, " n_states"]
    exogenous: Float[np.ndarray, "n_exogenous periods"]
    weights: Float[np.ndarray, " periods"]
    states: tuple[np.ndarray, np.ndarray]
    controls: tuple[np.ndarray, np.ndarray]
    guess: Float[np.ndarray, "n_controls periods"]


@dataclasses.dataclass(frozen=True)
class BestPath:
    """Its solution.

    Attributes:
        states: `[n_states, periods + 1]`.
        controls: `[n_controls, periods]`.
        reported: What the law of motion reports `[n_reported, periods]`.
        values: Welfare per unit of each state at the start of each period `[n_states, periods + 1]`.
        welfare: The weighted sum of utilities.
    """

    states: Float[np.ndarray, "n_states dates"]
    controls: Float[np.ndarray, "n_controls periods"]
    reported: Float[np.ndarray, "n_reported periods"]
    values: Float[np.ndarray, "n_states dates"]
    welfare: float


def best_path(programme: Programme) -> BestPath:
    """Solve an optimal control problem.

    Args:
        programme: The problem.

    Returns:
        The best path, with the shadow values of its states.

    Raises:
        ConfigError: casadi is not installed.
        ConvergenceError: IPOPT finds no path within the bounds, or stops short of its tolerance.
    """
    ca = _casadi()
    (n_states, n_controls), periods = (len(programme.start), len(programme.guess)), len(programme.weights)
    step = _step(ca, programme)
    s, x = ca.MX.sym("s", n_states, periods + 1), ca.MX.sym("x", n_controls, periods)
    following, utility, _ = step.map(periods)(s[:, :-1], x, programme.exogenous)
    laws = ca.horzcat(s[:, 0] - programme.start, s[:, 1:] - following)
    problem = {"x": ca.veccat(s, x), "f": -ca.mtimes(utility, programme.weights), "g": ca.vec(laws)}
    solver = ca.nlpsol("planner", "ipopt", problem, _options())
    answer = solver(
        x0=_flat(_simulated(step, programme), programme.guess),
        lbx=_flat(programme.states[0], programme.controls[0]),
        ubx=_flat(programme.states[1], programme.controls[1]),
        lbg=0,
        ubg=0,
    )
    _require_success(solver.stats())
    found, split = np.asarray(answer["x"]).ravel(), n_states * (periods + 1)
    states, controls = _columns(found[:split], n_states), _columns(found[split:], n_controls)
    reported = step.map(periods)(states[:, :-1], controls, programme.exogenous)[2]
    values = _columns(np.asarray(answer["lam_g"]).ravel(), n_states)
    return BestPath(states, controls, np.asarray(reported), values, -float(answer["f"]))


def _casadi() -> Any:
    try:
        import casadi
    except ImportError as error:
        raise ConfigError(
            "the optimum is computed by casadi, which is not installed; run pip install 'saddlepath[climate]'."
        ) from error
    return casadi


def _step(ca: Any, programme: Programme) -> Any:
    sizes = len(programme.start), len(programme.guess), len(programme.exogenous)
    symbols = [ca.SX.sym(name, size) for name, size in zip("sxe", sizes, strict=True)]
    return ca.Function("step", symbols, [ca.vertcat(*part) for part in programme.law(*symbols)])


def _simulated(step: Any, programme: Programme) -> np.ndarray:
    """The path of the guessed controls; a first guess that obeys the laws of motion."""
    later = step.mapaccum(len(programme.weights))(programme.start, programme.guess, programme.exogenous)[0]
    return np.column_stack([programme.start, np.asarray(later)])


def _options() -> dict[str, Any]:
    # Bounds are kept to ten digits; the adaptive barrier takes half the steps of the default one.
    method = {"tol": TOLERANCE, "bound_relax_factor": 1e-10, "mu_strategy": "adaptive", "max_iter": MOST_STEPS}
    ipopt = method | {"print_level": 0, "sb": "yes"}
    return {"print_time": False, "show_eval_warnings": False} | {
        f"ipopt.{name}": value for name, value in ipopt.items()
    }


def _flat(states: np.ndarray, controls: np.ndarray) -> np.ndarray:
    """Period after period, as casadi flattens matrices."""
    return np.concatenate([states.T.ravel(), controls.T.ravel()])


def _columns(flat: np.ndarray, rows: int) -> np.ndarray:
    return flat.reshape(-1, rows).T


def _require_success(stats: dict[str, Any]) -> None:
    status = stats["return_status"]
    if status in ("Infeasible_Problem_Detected", "Restoration_Failed"):
        raise ConvergenceError(
            "no path stays within the bounds; loosen them: allow a higher temperature, or more abatement."
        )
    if status != "Solve_Succeeded":
        raise ConvergenceError(
            f"IPOPT stopped with {status} after {stats['iter_count']} steps; where damages eat up all output there is "
            "no answer: choose parameters nearer to those of DICE, or another horizon."
        )
