"""Levenberg-Marquardt steps on the residuals of a fresh batch of states.

Minimises the mean square of `r(weights)`, `n` residuals of a batch, by `d = -J' (J J' + lam n I)^-1 r` where there are
fewer residuals than weights and by the equal `d = -(J' J + lam n I)^-1 J' r` otherwise, with the exact Jacobian
through next period's states and decisions. A step that does not lower the loss on its own batch is refused and the
damping `lam` raised (Levenberg, 1944; Marquardt, 1963). With a new batch every step this is a regularised projection on
the solutions of the linearised equations of that batch.

One batch says little about some directions in which it lets the weights move freely, and the rule then pays for it at
other states. Rules of up to `MOST_REMEMBERED` weights, and larger ones on request, therefore add to `J' J` what earlier
batches have said, forgotten at a constant rate: `G <- memory G + J' J / n`, `d = -(G + lam I)^-1 J' r / n`. That is
recursive least squares, or an extended Kalman filter of the weights (Ljung and Soederstroem, 1983; Puskorius and
Feldkamp, 1994, IEEE Trans. Neural Networks).
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.errors import ConfigError
from saddlepath.solvers.balancing import Balancing, balancing
from saddlepath.solvers.solver import Solver, StepReport

Residuals = Callable[[Float[Array, " n_weights"], Float[Array, " n_points"]], Float[Array, " n_equations"]]
"""Residuals as a function of the weights that a step moves, and of a point."""

FEW_ROWS_FLOOR = 1e-8
"""Least damping where a batch has fewer than a sixteenth as many residuals as there are weights [-]."""
MANY_ROWS_FLOOR = 1e-12
"""Least damping otherwise [-]."""
CEILING = 1e4
MEMORY = 0.8
"""What remains of an earlier batch from step to step [1/step]."""
MOST_REMEMBERED = 800
"""Weights up to which that is the default: it costs the square and the cube of their number at every step."""


class LevenbergMarquardt(Solver):
    """Damped Gauss-Newton steps; the default solver.

    Attributes:
        batch: States per step; default by the number of equations.
        equations: So many equations, drawn anew at every state, enter a step; None: all. A few are enough where many
            are alike, as the Euler equations of exchangeable countries are, and each costs a backward pass. With
            such a choice, `scaling` must be `none`.
        damping: First damping. [-]
        accept: Factor of the damping after an accepted step. [-]
        reject: Factor after a refused step. [-]
        floor: Least damping; default by the shape of the Jacobian. [-]
        memory: What remains of an earlier batch's `J' J` from step to step; 0 forgets it at once. Default 0.8 for
            rules of up to `MOST_REMEMBERED` weights, 0 for larger ones. [1/step]
        scaling: How equations are weighed: `none`, `equations` (each divided by its root mean square on the batch),
            `inverse loss`, `relobralo`, or a `Relobralo` with parameters of its own.
        steps: Steps as one stage of several, or None.
    """

    batch: int | None = eqx.field(static=True, default=None)
    equations: int | None = eqx.field(static=True, default=None)
    damping: float = 1.0
    accept: float = 0.5
    reject: float = 4.0
    floor: float | None = None
    memory: float | None = None
    scaling: str | Balancing = eqx.field(static=True, default="none")
    steps: int | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        balancing(self.scaling)
        if self.memory is not None and not 0 <= self.memory < 1:
            raise ConfigError(f"memory must be at least 0 and below 1, got {self.memory}; 0.8 is usual.")
        if self.equations is not None and (self.equations < 1 or self.scaling != "none"):
            raise ConfigError(
                f"equations={self.equations} with scaling={self.scaling!r}: a step needs one equation or more per "
                "state, and a choice of equations needs scaling='none'."
            )

    def init(self, problem, weights):
        damping = jnp.asarray(self.damping, dtype=weights.dtype)
        past = (weights.size,) * 2 if self._memory(weights.size) > 0 else (0, 0)
        return damping, balancing(self.scaling).init(problem, weights), jnp.zeros(past, dtype=weights.dtype)

    def _memory(self, n_weights: int) -> float:
        if self.memory is not None:
            return self.memory
        return MEMORY if n_weights <= MOST_REMEMBERED else 0.0

    def step(self, problem, weights, state, batch, key):
        return self.fit(problem.residuals, weights, state, batch, key)

    def fit(
        self,
        residuals_at: Residuals,
        weights: Float[Array, " n_weights"],
        state: Any,
        batch: Float[Array, "batch n_points"],
        key: PRNGKeyArray,
    ) -> tuple[Array, Any, StepReport]:
        """One step on any residuals; `state` is that of `init`."""
        before, balance, past = state
        n = jax.eval_shape(residuals_at, weights, batch[0]).shape[0]
        chosen = self._chosen(n, batch.shape[0], key)
        residuals, jacobian, undefined = _linear_system(residuals_at, weights, batch, chosen)
        losses = _by_equation(residuals, chosen, n)
        scale, balance = self._row_scale(losses, balance, jax.random.fold_in(key, 1))
        rows, slopes = (residuals * scale).ravel(), (jacobian * scale[..., None]).reshape(-1, weights.size)
        direction, past = self._direction(rows, slopes, before, past)
        loss = jnp.mean(rows**2)
        trial = jax.vmap(_chosen_residuals, (None, None, 0, 0))(residuals_at, weights + direction, batch, chosen)
        trial = jnp.where(undefined[:, None], 0.0, trial)
        accepted = (jnp.mean((trial * scale) ** 2) < loss) & jnp.all(jnp.isfinite(direction))
        damping = jnp.clip(
            before * jnp.where(accepted, self.accept, self.reject), self._floor(rows.size, weights.size), CEILING
        )
        report = StepReport(jnp.mean(residuals**2), accepted, before, jnp.sum(undefined), losses)
        state = damping.astype(before.dtype), balance, past
        return jnp.where(accepted, weights + direction, weights), state, report

    def _direction(
        self, rows: Float[Array, " n"], slopes: Float[Array, "n p"], damping: Array, past: Array
    ) -> tuple[Float[Array, " p"], Array]:
        """The step, and what is remembered after it."""
        if past.size == 0:
            return _direction(rows, slopes, damping), past
        n, p = slopes.shape
        past = self._memory(p) * past + slopes.T @ slopes / n
        solve = jax.scipy.linalg
        gram = past + damping * jnp.eye(p, dtype=slopes.dtype)
        return -solve.cho_solve(solve.cho_factor(gram), slopes.T @ rows / n), past

    def _chosen(self, n_equations: int, n_states: int, key: PRNGKeyArray) -> Array | None:
        """Equations `[n_states, equations]` that enter the step at every state; None: all."""
        m = self.equations
        if m is None or m >= n_equations:
            return None
        keys = jax.random.split(key, n_states)
        return jax.vmap(lambda k: jax.random.choice(k, n_equations, (m,), replace=False))(keys)

    def _floor(self, n_rows: int, n_weights: int) -> float | Array:
        if self.floor is not None:
            return self.floor
        return FEW_ROWS_FLOOR if 16 * n_rows < n_weights else MANY_ROWS_FLOOR

    def _row_scale(self, losses: Float[Array, " n_equations"], state: Any, key: PRNGKeyArray) -> tuple[Array, Any]:
        """Factor of every equation `[1, n_equations]`, or of all that are chosen `[1, 1]`; state of the balancing."""
        if self.equations is not None:
            return jnp.ones((1, 1), dtype=losses.dtype), state
        weights, state = balancing(self.scaling).weigh(losses, state, key)
        return jnp.sqrt(weights)[None, :], state

    def describe(self) -> str:
        return "Levenberg-Marquardt"


def _by_equation(residuals: Array, chosen: Array | None, n: int) -> Float[Array, " n"]:
    """Mean squared residual of every equation; NaN where no state has drawn it."""
    if chosen is None:
        return jnp.mean(residuals**2, axis=0)
    zero = jnp.zeros(n, dtype=residuals.dtype)
    return zero.at[chosen].add(residuals**2) / zero.at[chosen].add(1.0)


def _chosen_residuals(residuals_at: Residuals, weights: Array, y: Array, chosen: Array | None) -> Array:
    """Residuals of the chosen equations at one point."""
    residuals = residuals_at(weights, y)
    return residuals if chosen is None else residuals[chosen]


def _linear_system(
    residuals_at: Residuals, weights: Array, batch: Array, chosen: Array | None
) -> tuple[Array, Array, Array]:
    """Residuals `[batch, n_equations]`, Jacobian `[batch, n_equations, n_weights]`, undefined states `[batch]`.

    Rows of states at which something is not finite are set to zero, so that they say nothing.
    """

    def point(y: Array, rows: Array | None) -> tuple[Array, Array]:
        def twice(w: Array) -> tuple[Array, Array]:
            r = _chosen_residuals(residuals_at, w, y, rows)
            return r, r

        jacobian, residuals = jax.jacrev(twice, has_aux=True)(weights)
        return residuals, jacobian

    residuals, jacobian = jax.vmap(point)(batch, chosen)
    undefined = ~(jnp.all(jnp.isfinite(residuals), axis=1) & jnp.all(jnp.isfinite(jacobian), axis=(1, 2)))
    residuals = jnp.where(undefined[:, None], 0.0, residuals)
    return residuals, jnp.where(undefined[:, None, None], 0.0, jacobian), undefined


def _direction(rows: Float[Array, " n"], slopes: Float[Array, "n p"], damping: Array) -> Float[Array, " p"]:
    """The damped Gauss-Newton step, in the smaller of sample and parameter space; NaN if the factorisation fails."""
    n, p = slopes.shape
    solve = jax.scipy.linalg
    if n <= p:
        gram = slopes @ slopes.T + damping * n * jnp.eye(n, dtype=slopes.dtype)
        return -slopes.T @ solve.cho_solve(solve.cho_factor(gram), rows)
    gram = slopes.T @ slopes + damping * n * jnp.eye(p, dtype=slopes.dtype)
    return -solve.cho_solve(solve.cho_factor(gram), slopes.T @ rows)
