"""Levenberg-Marquardt steps on the residuals of a fresh batch of states.

Minimises the mean square of `r(weights)`, `n` residuals of a batch, by `d = -J' (J J' + lam n I)^-1 r` where there are
fewer residuals than weights and by the equal `d = -(J' J + lam n I)^-1 J' r` otherwise, with the exact Jacobian
through next period's states and decisions. A step that does not lower the loss on its own batch is refused and the
damping `lam` raised (Levenberg, 1944; Marquardt, 1963). With a new batch every step this is a regularised projection on
the solutions of the linearised equations of that batch.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.errors import ConfigError
from saddlepath.solvers.problem import Problem
from saddlepath.solvers.solver import Solver, StepReport

FEW_ROWS_FLOOR = 1e-8
"""Least damping where a batch has fewer than a sixteenth as many residuals as there are weights [-]."""
MANY_ROWS_FLOOR = 1e-12
"""Least damping otherwise [-]."""
CEILING = 1e4


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
        scaling: `none`, or `equations`: every equation divided by its root mean square on the batch.
        steps: Steps as one stage of several, or None.
    """

    batch: int | None = eqx.field(static=True, default=None)
    equations: int | None = eqx.field(static=True, default=None)
    damping: float = 1.0
    accept: float = 0.5
    reject: float = 4.0
    floor: float | None = None
    scaling: str = eqx.field(static=True, default="none")
    steps: int | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        if self.scaling not in ("none", "equations"):
            raise ConfigError(f"scaling must be 'none' or 'equations', got {self.scaling!r}.")
        if self.equations is not None and (self.equations < 1 or self.scaling != "none"):
            raise ConfigError(
                f"equations={self.equations} with scaling={self.scaling!r}: a step needs one equation or more per "
                "state, and a choice of equations needs scaling='none'."
            )

    def init(self, problem, weights, n_rows):
        return jnp.asarray(self.damping, dtype=weights.dtype)

    def step(self, problem, weights, state, batch, key):
        chosen = self._chosen(problem, weights, batch, key)
        residuals, jacobian, undefined = _linear_system(problem, weights, batch, chosen)
        scale = self._row_scale(residuals)
        rows, slopes = (residuals * scale).ravel(), (jacobian * scale[..., None]).reshape(-1, weights.size)
        direction = _direction(rows, slopes, state)
        loss = jnp.mean(rows**2)
        trial = jax.vmap(_chosen_residuals, (None, None, 0, 0))(problem, weights + direction, batch, chosen)
        trial = jnp.where(undefined[:, None], 0.0, trial)
        accepted = (jnp.mean((trial * scale) ** 2) < loss) & jnp.all(jnp.isfinite(direction))
        damping = jnp.clip(
            state * jnp.where(accepted, self.accept, self.reject), self._floor(rows.size, weights.size), CEILING
        )
        report = StepReport(jnp.mean(residuals**2), accepted, state, jnp.sum(undefined))
        return jnp.where(accepted, weights + direction, weights), damping.astype(state.dtype), report

    def _chosen(self, problem: Problem, weights: Array, batch: Array, key: PRNGKeyArray) -> Array | None:
        """Equations `[batch, equations]` that enter the step at every state; None: all."""
        n = jax.eval_shape(problem.residuals, weights, batch[0]).shape[0]
        m = self.equations
        if m is None or m >= n:
            return None
        keys = jax.random.split(key, batch.shape[0])
        return jax.vmap(lambda k: jax.random.choice(k, n, (m,), replace=False))(keys)

    def _floor(self, n_rows: int, n_weights: int) -> float | Array:
        if self.floor is not None:
            return self.floor
        return FEW_ROWS_FLOOR if 16 * n_rows < n_weights else MANY_ROWS_FLOOR

    def _row_scale(self, residuals: Float[Array, "batch n_equations"]) -> Float[Array, "1 n_equations"]:
        if self.scaling == "none":
            return jnp.ones((1, residuals.shape[1]))
        size = jnp.sqrt(jnp.mean(residuals**2, axis=0, keepdims=True))
        return jnp.mean(size) / jnp.maximum(size, 1e-3 * jnp.mean(size))

    def describe(self) -> str:
        return "Levenberg-Marquardt"


def _chosen_residuals(problem: Problem, weights: Array, y: Array, chosen: Array | None) -> Array:
    """Residuals of the chosen equations at one point."""
    residuals = problem.residuals(weights, y)
    return residuals if chosen is None else residuals[chosen]


def _linear_system(problem: Problem, weights: Array, batch: Array, chosen: Array | None) -> tuple[Array, Array, Array]:
    """Residuals `[batch, n_equations]`, Jacobian `[batch, n_equations, n_weights]`, undefined states `[batch]`.

    Rows of states at which something is not finite are set to zero, so that they say nothing.
    """

    def point(y: Array, rows: Array | None) -> tuple[Array, Array]:
        def twice(w: Array) -> tuple[Array, Array]:
            r = _chosen_residuals(problem, w, y, rows)
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
