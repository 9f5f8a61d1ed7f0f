"""Time iteration on a network: tomorrow's rule is held while today's decisions are fitted to it.

With the rule of next period known, the equations of one period determine today's decisions (Coleman, 1990, J. Bus.
Econ. Stat.): a problem of least squares whose derivative goes through today's decision alone. The fitted rule then
becomes tomorrow's, and so on until the two agree. On a grid that is the classical method; here the fit is made by
Levenberg-Marquardt steps on fresh states. The error falls by a constant factor per replacement of tomorrow's rule, a
property of the economy, where `LevenbergMarquardt` on both at once falls quadratically; in exchange the map is a
contraction in many economies in which a joint step from a poor start is not.
"""

import equinox as eqx
import jax.numpy as jnp

from saddlepath.errors import ConfigError
from saddlepath.solvers.levenberg_marquardt import LevenbergMarquardt
from saddlepath.solvers.solver import Solver


class TimeIteration(Solver):
    """Fits today's decisions while tomorrow's rule is held fixed.

    The loss of its steps, by which they are accepted, is that of the equations with tomorrow's rule held; tests of
    accuracy use one rule for both days, as for every solver. `E.slope` in an equation is the slope of the rule that is
    held, since it is taken tomorrow; `E.here.slope` is that of the rule being fitted.

    Attributes:
        hold: Steps for which tomorrow's rule is held before the fitted one replaces it.
        fit: How today's decisions are fitted; states and steps are given here, not there.
        batch: States per step; default by the number of equations.
        steps: Steps as one stage of several, or None.
    """

    hold: int = eqx.field(static=True, default=2)
    fit: LevenbergMarquardt = LevenbergMarquardt()
    batch: int | None = eqx.field(static=True, default=None)
    steps: int | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        if self.hold < 1:
            raise ConfigError(f"TimeIteration holds tomorrow's rule for one step or more, got hold={self.hold}.")
        if self.fit.batch is not None or self.fit.steps is not None:
            raise ConfigError(
                f"the fit inside a TimeIteration has batch={self.fit.batch}, steps={self.fit.steps}; give batch and "
                "steps to the TimeIteration itself."
            )
        if self.fit.megabytes is not None:
            raise ConfigError(
                f"the fit inside a TimeIteration has megabytes={self.fit.megabytes:g}, which is measured for a solver "
                "that stands alone; give it at_once, the states whose slopes are computed side by side."
            )

    @property
    def patience(self) -> int:
        return 40  # the error falls by a constant factor per replacement, which may be close to one

    def init(self, problem, weights):
        return self.fit.init(problem, weights), weights, jnp.zeros((), dtype=int)

    def step(self, problem, weights, state, batch, key):
        inner, tomorrow, count = state
        tomorrow = jnp.where(count % self.hold == 0, weights, tomorrow)
        held = lambda today, y: problem.held_residuals(today, tomorrow, y)
        moved, inner, report = self.fit.fit(held, weights, inner, batch, key)
        return moved, (inner, tomorrow, count + 1), report

    def describe(self) -> str:
        return "time iteration"
