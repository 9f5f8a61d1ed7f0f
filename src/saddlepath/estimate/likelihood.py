"""The verb `likelihood`: how probable data are under a model, as a function of its parameters."""

from typing import Any

import jax

from saddlepath.economy import economy
from saddlepath.errors import ConfigError
from saddlepath.estimate.linear import linear_likelihood
from saddlepath.estimate.log_likelihood import LogLikelihood
from saddlepath.estimate.particles import AUXILIARY, BOOTSTRAP, particle_likelihood
from saddlepath.model import Model, nearest_names
from saddlepath.prior import Box
from saddlepath.solution import Solution

KALMAN = "kalman"
METHODS = (KALMAN, BOOTSTRAP, AUXILIARY)


def likelihood(
    solution: Solution | Model,
    data: Any,
    *,
    measurement: Any,
    method: str = KALMAN,
    over: Box | None = None,
    particles: int = 1000,
    burn_in: int = 100,
    seed: int = 0,
) -> LogLikelihood:
    """The log likelihood of data as a function of parameters.

    Args:
        solution: For particle filters a solution, a family if structural parameters are to be estimated. For the Kalman
            filter also a model, for only its equations are used.
        data: Series by name, `[time]` each: a mapping, data frame or dataset. NaN is missing. A series is taken under
            its own name, `dlog:consumption`, as it is, and under that of its variable after the transform.
        measurement: By observed series (a variable, or `log:`, `dlog:`, `diff:` of one) the standard deviation of its
            measurement error: a number, zero for exact observation, or the name of a parameter to estimate.
        method: `kalman`: exact for the first-order solution around the steady state, differentiable. `bootstrap` and
            `auxiliary`: particle filters on the global solution; the second needs far fewer particles where measurement
            errors are small, and normal shocks.
        over: With `kalman`, the box of parameters; default: that of the family.
        particles: Number of particles.
        burn_in: Periods that particles move before the first datum. [periods]
        seed: Seed of the particles: the same random numbers serve every parameter vector.

    Returns:
        A function of parameters by name or as a vector. Inside `jit`, `vmap` and samplers it is minus infinity outside
        the box and where the model has no unique stable solution.

    Raises:
        ConfigError: Method, data, measurement or box do not fit.
        ConvergenceError: With `kalman`, no unique stable solution at the centre of the box.
    """
    if method not in METHODS:
        raise ConfigError(f"no method {method!r} of a likelihood; {nearest_names(str(method), list(METHODS))}")
    with jax.enable_x64(True):
        if method == KALMAN:
            model = solution.model if isinstance(solution, Solution) else solution
            box = solution.box if over is None and isinstance(solution, Solution) else over
            return linear_likelihood(economy(model, over=box), data, measurement)
        if not isinstance(solution, Solution):
            raise ConfigError(
                f"a particle filter needs the global solution of {type(solution).__name__}, got the model; solve it "
                "first, over=Box(...) for the parameters to estimate, or use method='kalman'."
            )
        if over is not None:
            raise ConfigError(
                f"a particle filter estimates the parameters over which the solution is a family "
                f"({', '.join(solution.box.names) or 'none'}); leave over out, or solve with over=Box(...)."
            )
        counts = {"particles": particles, "burn_in": burn_in, "seed": seed}
        return particle_likelihood(solution, data, measurement, method=method, **counts)
