"""Gradient descent by hand: step sizes on a cubic, batch and stochastic gradients on least squares.

Fixed, decaying and line-searched steps go down f(x) = x^3 - 2 x^2 + 2 from x = 2 to its minimum at 4/3. Batch descent
on fifteen pairs of cricket chirps and temperatures shows what normalisation is for, stochastic descent on 500,000
points how cheap a gradient may be. The cost of the regressions is the sum of squares over 2 m.

References:
    Cauchy (1847, Comptes Rendus); Robbins and Monro (1951, Annals of Mathematical Statistics), stochastic descent. The
    cricket data are those of Pierce (1949, The Songs of Insects), ground crickets, as reprinted in textbooks.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.optimize import fminbound

from saddlepath.nn.findings import Findings, Line, Panel
from saddlepath.table import Table, table

CHIRPS = np.array([20.0, 16.0, 19.8, 18.4, 17.1, 15.5, 14.7, 17.1, 15.4, 16.2, 15.0, 17.2, 16.0, 17.0, 14.4])
"""Chirps of a ground cricket [1/s]."""
TEMPERATURES = np.array([88.6, 71.6, 93.3, 84.3, 80.6, 75.2, 69.7, 82.0, 69.4, 83.3, 79.6, 82.6, 80.6, 83.5, 76.3])
"""Temperature [degrees Fahrenheit]."""
MOST_STEPS = 2_000_000
POINTS, PASSES, RATE = 500_000, 10, 5e-6
"""Size of the stochastic example, passes through it, and its learning rate [-]."""

Step = Callable[[float, int], float]
"""Length of a step from the point and the number of the step."""


def cubic(x: float) -> float:
    """x^3 - 2 x^2 + 2, with a local minimum at 4/3."""
    return x**3 - 2 * x**2 + 2


def cubic_slope(x: float) -> float:
    """Derivative of `cubic`."""
    return 3 * x**2 - 4 * x


def fixed(length: float) -> Step:
    """The same length at every step."""
    return lambda x, t: length


def decaying(first: float, rate: float) -> Step:
    """eta_{t+1} = eta_t / (1 + t rate), which falls like a factorial: it may end before the minimum is reached."""

    def length(x: float, t: int) -> float:
        return first / float(np.prod(1 + rate * np.arange(t)))

    return length


def line_search(x: float, t: int) -> float:
    """The length that makes the cubic smallest along its slope."""
    return float(np.asarray(fminbound(lambda a: cubic(x - a * cubic_slope(x)), 0.0, 0.5)))


def descend(step: Step, start: float = 2.0, tol: float = 1e-4) -> list[float]:
    """Points from the start until two neighbours are closer than `tol`."""
    points = [start]
    while len(points) < 2 or abs(points[-1] - points[-2]) > tol:
        points.append(points[-1] - step(points[-1], len(points) - 1) * cubic_slope(points[-1]))
    return points


class Descended(NamedTuple):
    """Where batch descent ended.

    Attributes:
        intercept: [units of y]
        slope: [units of y per unit of x]
        steps: Number of steps.
    """

    intercept: float
    slope: float
    steps: int


def batch_descent(x: Float[np.ndarray, " m"], y: Float[np.ndarray, " m"], rate: float, tol: float = 1e-3) -> Descended:
    """Least squares of one input by full gradients, from (1, 1) until the norm of the gradient is below `tol`.

    Args:
        x: Inputs `[m]`.
        y: Values `[m]`.
        rate: Learning rate for the cost sum (y - a - b x)^2 / (2 m). [-]
        tol: Norm at which the descent ends.
    """
    with jax.enable_x64(True):
        weights, steps = _descended(jnp.asarray(x), jnp.asarray(y), jnp.asarray(rate), jnp.asarray(tol))
        return Descended(float(weights[0]), float(weights[1]), int(steps))


@jax.jit
def _descended(x: Array, y: Array, rate: Array, tol: Array) -> tuple[Array, Array]:
    def gradient(weights: Array) -> Array:
        error = weights[0] + weights[1] * x - y
        return jnp.stack([jnp.mean(error), jnp.mean(error * x)])

    def more(carry: tuple[Array, Array]) -> Array:
        return (jnp.linalg.norm(gradient(carry[0])) > tol) & (carry[1] < MOST_STEPS)

    step = lambda carry: (carry[0] - rate * gradient(carry[0]), carry[1] + 1)
    return jax.lax.while_loop(more, step, (jnp.ones(2), jnp.asarray(0)))


def stochastic_descent(
    x: Float[np.ndarray, " m"], y: Float[np.ndarray, " m"], rate: float, passes: int, seed: int = 0
) -> tuple[Float[np.ndarray, " 2"], Float[np.ndarray, " passes"]]:
    """Least squares of one input by the gradient at one point at a time, from (1, 1), in a new order every pass.

    Args:
        x: Inputs `[m]`.
        y: Values `[m]`.
        rate: Learning rate for the cost (y - a - b x)^2 / 2 of a point. [-]
        passes: Passes through the points.
        seed: Of the orders.

    Returns:
        Intercept and slope, and the mean of the cost of every pass.
    """
    with jax.enable_x64(True):
        keys = jax.random.split(jax.random.key(seed), passes)
        weights, costs = _stochastic(jnp.asarray(x), jnp.asarray(y), jnp.asarray(rate), keys)
        return np.asarray(weights), np.asarray(costs)


@jax.jit
def _stochastic(x: Array, y: Array, rate: Array, keys: Array) -> tuple[Array, Array]:
    def update(weights: Array, point: tuple[Array, Array]) -> tuple[Array, Array]:
        error = weights[0] + weights[1] * point[0] - point[1]
        return weights - rate * error * jnp.stack([jnp.ones_like(error), point[0]]), error**2 / 2

    def one_pass(weights: Array, key: Array) -> tuple[Array, Array]:
        order = jax.random.permutation(key, x.size)
        weights, costs = jax.lax.scan(update, weights, (x[order], y[order]))
        return weights, jnp.mean(costs)

    return jax.lax.scan(one_pass, jnp.ones(2), keys)


def study_descent(seed: int = 0) -> Findings:
    """Step sizes on the cubic, normalisation on the cricket data, stochastic gradients on half a million points."""
    paths = {
        "fixed, 0.1": descend(fixed(0.1)),
        "decaying, 0.17": descend(decaying(0.17, 1.0)),
        "line search": descend(line_search),
    }
    steps = table(
        {name: {"x": path[-1], "error": abs(path[-1] - 4 / 3), "points": len(path)} for name, path in paths.items()},
        "step",
        title="Descent on x^3 - 2 x^2 + 2 from 2",
        note="The minimum is at 4/3. The decaying step ends because it shrinks, not because it has arrived.",
        formats={"x": ".10f", "error": ".1e"},
    )
    lines = tuple(Line(name, np.arange(len(p)), np.abs(np.array(p) - 4 / 3).clip(1e-12)) for name, p in paths.items())
    return Findings(
        {"steps": steps, "cricket": _cricket(), "stochastic": _stochastic_table(seed)},
        {"descent": (Panel("Distance from the minimum", lines, "step [-]", "distance [-]", log_y=True),)},
    )


def _cricket() -> Table:
    slope, intercept = np.polyfit(CHIRPS, TEMPERATURES, 1)
    raw = batch_descent(CHIRPS, TEMPERATURES, 1e-3)
    mean, sd = CHIRPS.mean(), CHIRPS.std()
    scaled = batch_descent((CHIRPS - mean) / sd, TEMPERATURES, 0.5)
    rows = {
        "least squares": {"intercept": intercept, "slope": slope, "steps": ""},
        "descent on chirps": {"intercept": raw.intercept, "slope": raw.slope, "steps": raw.steps},
        "descent on standardised chirps": {
            "intercept": scaled.intercept - scaled.slope * mean / sd,
            "slope": scaled.slope / sd,
            "steps": scaled.steps,
        },
    }
    note = "Until the gradient's norm is below 1e-3; the rate is 1e-3 on chirps and 0.5 on standardised ones."
    return table(rows, "method", title="Temperature from chirps of crickets", note=note)


def _stochastic_table(seed: int) -> Table:
    random = np.random.default_rng(seed)
    x = random.uniform(0, 100, POINTS)
    y = 4 * x + 10 + 10 * random.standard_normal(POINTS)
    weights, costs = stochastic_descent(x, y, RATE, PASSES, seed)
    rows = {"truth": {"intercept": 10.0, "slope": 4.0, "mean cost": 50.0}}
    rows["stochastic descent"] = {"intercept": weights[0], "slope": weights[1], "mean cost": costs[-1]}
    note = (
        f"{PASSES} passes through {POINTS} points, one update each; the cost cannot fall below half the variance, 50."
    )
    return table(rows, "", title="y = 4 x + 10 + noise by stochastic descent", note=note)
