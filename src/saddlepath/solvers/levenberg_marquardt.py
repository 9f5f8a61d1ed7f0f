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

Where many equations meet many weights the Jacobian no longer fits: `at_once` and `megabytes` cut the batch into chunks,
and `iterations` finds the step by conjugate gradients.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.stages import Compiled
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.errors import ConfigError
from saddlepath.solvers.balancing import Balancing, balancing
from saddlepath.solvers.devices import agreed
from saddlepath.solvers.problem import Problem
from saddlepath.solvers.slopes import (
    Residuals,
    batch_residuals,
    conjugate_direction,
    damped_direction,
    defined_residuals,
    linear_system,
    normal_equations,
)
from saddlepath.solvers.solver import Solver, StepReport

FEW_ROWS_FLOOR = 1e-8
"""Least damping where a batch has fewer than a sixteenth as many residuals as there are weights [-]."""
MANY_ROWS_FLOOR = 1e-12
"""Least damping otherwise [-]."""
CEILING = 1e4
MEMORY = 0.8
"""What remains of an earlier batch from step to step [1/step]."""
MOST_REMEMBERED = 800
"""Weights up to which that is the default: it costs the square and the cube of their number at every step."""


class _Linearised(NamedTuple):
    """Residuals of a batch, and the step that their slopes give.

    Attributes:
        residuals: `[batch, rows]`, zero where the state is undefined.
        undefined: States at which something is not finite.
        step: Of the factors of the residuals, the damping and what is remembered; with what is remembered after it.
    """

    residuals: Array
    undefined: Array
    step: Callable[[Array, Array, Array], tuple[Array, Array]]


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
        at_once: States whose slopes are computed side by side, at most; None: all. Fewer need less memory and give the
            same step.
        megabytes: Most memory of a step; `at_once` is chosen to fit before the run begins, which says what a step
            holds. None: no bound. [MB]
        iterations: Most iterations of conjugate gradients, by which steps are found without any matrix; None: matrices
            are factorised, which is more exact and leads to an accuracy sooner wherever they fit.
        tolerance: Residual of the linear equations that ends the iterations, over that of a step of zero. [-]
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
    at_once: int | None = eqx.field(static=True, default=None)
    megabytes: float | None = eqx.field(static=True, default=None)
    iterations: int | None = eqx.field(static=True, default=None)
    tolerance: float = eqx.field(static=True, default=1e-2)
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
        for name in ("at_once", "megabytes", "iterations"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigError(f"{name} must be positive, got {value}; leave it out for none.")
        if self.iterations is not None and (self.memory or self.at_once):
            raise ConfigError(
                f"iterations={self.iterations} with memory={self.memory}, at_once={self.at_once}: conjugate gradients "
                "keep no matrix that could be remembered or cut into chunks; leave those out."
            )

    def init(self, problem, weights):
        damping = jnp.asarray(self.damping, dtype=weights.dtype)
        past = (weights.size,) * 2 if self._remembers(weights.size) else (0, 0)
        return damping, balancing(self.scaling).init(problem, weights), jnp.zeros(past, dtype=weights.dtype)

    def compiled(self, dtype):
        """Its numbers are arrays, so that stages of another memory run the same program."""
        number = lambda leaf: jnp.asarray(leaf, dtype=dtype) if leaf else leaf  # to remember nothing is structure
        return jax.tree.map(number, dataclasses.replace(self, steps=None))

    def _remembers(self, n_weights: int) -> bool:
        """Whether anything is remembered; a memory that compiled steps take is an array, and not zero."""
        if self.memory is None:
            return self.iterations is None and n_weights <= MOST_REMEMBERED
        return isinstance(self.memory, jax.Array) or self.memory > 0

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
        n_rows = batch.shape[0] * (n if chosen is None else chosen.shape[1])
        linear = self._linearised(residuals_at, weights, batch, chosen, n_rows)
        losses = _by_equation(linear.residuals, chosen, n)
        scale, balance = self._row_scale(losses, balance, jax.random.fold_in(key, 1))
        direction, past = linear.step(scale, before, past)
        trial = batch_residuals(residuals_at, weights + direction, batch, chosen)
        trial = jnp.where(linear.undefined[:, None], 0.0, trial)
        loss = lambda residuals: jnp.mean((residuals * scale) ** 2)
        accepted = (loss(trial) < loss(linear.residuals)) & jnp.all(jnp.isfinite(direction))
        damping = jnp.clip(
            before * jnp.where(accepted, self.accept, self.reject), self._floor(n_rows, weights.size), CEILING
        )
        undefined = jnp.sum(linear.undefined)
        report = StepReport(jnp.mean(linear.residuals**2), accepted, before, undefined, losses)
        state = damping.astype(before.dtype), balance, past
        return jnp.where(accepted, weights + direction, weights), state, report

    def _linearised(
        self, residuals_at: Residuals, weights: Array, batch: Array, chosen: Array | None, n_rows: int
    ) -> _Linearised:
        """The batch in the way that its size and the memory ask for."""
        at_once = self._side_by_side(batch.shape[0])
        if self.iterations is not None or (at_once is not None and n_rows > weights.size):
            return self._without_slopes(residuals_at, weights, batch, chosen, at_once)
        return self._whole(residuals_at, weights, batch, chosen, at_once)

    def _whole(
        self, residuals_at: Residuals, weights: Array, batch: Array, chosen: Array | None, at_once: int | None
    ) -> _Linearised:
        """The slopes of all states."""
        residuals, slopes, undefined = linear_system(residuals_at, weights, batch, chosen, at_once)

        def step(scale: Array, damping: Array, past: Array) -> tuple[Array, Array]:
            rows, scaled = (residuals * scale).ravel(), (slopes * scale[..., None]).reshape(-1, weights.size)
            if past.size == 0:
                return damped_direction(rows, scaled, damping), past
            n = rows.size
            return self._solved(scaled.T @ scaled / n, scaled.T @ rows / n, damping, past)

        return _Linearised(residuals, undefined, step)

    def _without_slopes(
        self, residuals_at: Residuals, weights: Array, batch: Array, chosen: Array | None, at_once: int | None
    ) -> _Linearised:
        """`J' J` and `J' r` over chunks of states where the slopes of all would be larger, or no matrix at all."""
        residuals, undefined = defined_residuals(residuals_at, weights, batch, chosen)

        def step(scale: Array, damping: Array, past: Array) -> tuple[Array, Array]:
            given = residuals_at, weights, batch, chosen, scale
            if at_once is not None:
                curvature, slope = normal_equations(*given, at_once)
                return self._solved(curvature / residuals.size, slope / residuals.size, damping, past)
            return conjugate_direction(*given, undefined, damping, self.iterations or 0, self.tolerance), past

        return _Linearised(residuals, undefined, step)

    def _solved(
        self, curvature: Float[Array, "p p"], slope: Float[Array, " p"], damping: Array, past: Array
    ) -> tuple[Float[Array, " p"], Array]:
        """The step of `J' J / n` and `J' r / n`, and what is remembered after it."""
        p, solve = slope.size, jax.scipy.linalg
        if past.size > 0:
            past = curvature = (MEMORY if self.memory is None else self.memory) * past + curvature
        gram = curvature + damping * jnp.eye(p, dtype=slope.dtype)
        return -solve.cho_solve(solve.cho_factor(gram), slope), past

    def _side_by_side(self, n_states: int) -> int | None:
        """States whose slopes are computed side by side: all, or the largest part of the batch that is allowed."""
        if self.at_once is None or self.at_once >= n_states:
            return None
        return next(n for n in range(self.at_once, 0, -1) if n_states % n == 0)

    @property
    def bounded(self):
        return self.megabytes is not None

    def prepared(self, problem, n_states):
        if self.megabytes is None:
            return self, ""
        n_weights, m, at_once = problem.weights().size, problem.n_equations, self._side_by_side(n_states) or n_states
        while True:
            chunked = None if self.iterations is not None or at_once == n_states else at_once
            solver = dataclasses.replace(self, at_once=chunked)
            size = agreed(held(_program(solver, problem, n_states)))
            words = f"{size:,.3g} MB: {n_states} states of {m} equation{'s'[: m - 1]} by {n_weights:,} weights"
            if size <= self.megabytes:
                return solver, f"a step holds {words}" + ("" if chunked is None else f", {chunked} states at a time")
            if at_once == 1 or self.iterations is not None:
                raise ConfigError(
                    f"a step holds at least {words}, more than megabytes={self.megabytes:g}; give fewer states as "
                    "batch=, fewer equations as equations=, or iterations=50, which keeps no matrix."
                )
            most = min(at_once - 1, max(1, int(at_once * self.megabytes / size)))
            at_once = next(n for n in range(most, 0, -1) if n_states % n == 0)

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


def _program(solver: LevenbergMarquardt, problem: Problem, n_states: int) -> Compiled:
    """One compiled step."""
    weights = problem.weights()
    batch = jax.ShapeDtypeStruct((n_states, problem.economy.n_points), weights.dtype)
    step = jax.jit(lambda *now: solver.step(problem, *now))
    return step.lower(weights, solver.init(problem, weights), batch, jax.random.key(0)).compile()


def held(program: Compiled) -> float:
    """Memory of a compiled program beside its arguments. [MB]

    Raises:
        ConfigError: JAX does not know it on this device.
    """
    found = program.memory_analysis()
    if found is None:
        raise ConfigError(
            "megabytes cannot be kept here: JAX does not tell what a program holds; give at_once instead."
        )
    return (found.temp_size_in_bytes + found.output_size_in_bytes) / 1e6
