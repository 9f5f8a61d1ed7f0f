"""First-order steps: any Optax optimizer, by name or by value, on a kernel of the residuals."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array

from saddlepath.errors import ConfigError
from saddlepath.model import nearest_names
from saddlepath.solvers.balancing import Balancing, balancing
from saddlepath.solvers.problem import Problem, flat_weights
from saddlepath.solvers.solver import Solver, StepReport

OPTIMIZERS: dict[str, Callable[[Any], optax.GradientTransformation]] = {
    "adam": optax.adam,
    "adamw": optax.adamw,
    "sgd": optax.sgd,
    "momentum": lambda rate: optax.sgd(rate, momentum=0.9),
    "nesterov": lambda rate: optax.sgd(rate, momentum=0.9, nesterov=True),
    "adagrad": optax.adagrad,
    "rmsprop": optax.rmsprop,
    "amsgrad": optax.amsgrad,
    "nadam": optax.nadam,
    "lbfgs": lambda rate: optax.lbfgs(),
    "muon": lambda rate: optax.contrib.muon(rate),
}

KERNELS: dict[str, Callable[[Array], Array]] = {
    "squared": lambda r: r**2,
    "huber": lambda r: 2 * optax.losses.huber_loss(r, delta=1e-2),
    "log-cosh": lambda r: 2 * optax.losses.log_cosh(r),
}

SCHEDULES = ("cosine", "constant", "exponential")


class FirstOrder(Solver):
    """Steps of an Optax optimizer.

    Attributes:
        optimizer: Name (`adam`, `adamw`, `sgd`, `momentum`, `nesterov`, `adagrad`, `rmsprop`, `amsgrad`, `nadam`,
            `lbfgs`, `muon`), or any Optax gradient transformation, which then carries its own rate.
        learning_rate: First learning rate. [-]
        schedule: `cosine` to zero, `constant`, or `exponential` to a hundredth.
        kernel: `squared`, `huber` (bend at a residual of 0.01) or `log-cosh`.
        scaling: How equations are weighed: `none`, `equations` (each by one over its loss), `inverse loss` (the same
            up to a factor), `relobralo`, or a `Relobralo` with parameters of its own.
        expectation: `quadrature`, or `two draws`: the unbiased product of residuals at two independent draws.
        batch: States per step.
        steps: Length of the schedule, and of this stage when there are several.
    """

    optimizer: str | optax.GradientTransformation = eqx.field(static=True, default="adam")
    learning_rate: float = 1e-3
    schedule: str = eqx.field(static=True, default="cosine")
    kernel: str = eqx.field(static=True, default="squared")
    scaling: str | Balancing = eqx.field(static=True, default="none")
    expectation: str = eqx.field(static=True, default="quadrature")
    batch: int | None = eqx.field(static=True, default=None)
    steps: int | None = eqx.field(static=True, default=10_000)

    def __check_init__(self) -> None:
        _known("optimizer", self.optimizer, list(OPTIMIZERS))
        _known("schedule", self.schedule, list(SCHEDULES))
        _known("kernel", self.kernel, list(KERNELS))
        _known("expectation", self.expectation, ["quadrature", "two draws"])
        balancing(self.scaling)
        if self.expectation == "two draws" and self.scaling != "none":
            raise ConfigError(
                f"scaling={self.scaling!r} weighs equations by their losses, and products of two draws may be "
                "negative; use expectation='quadrature', or scaling='none'."
            )

    @property
    def patience(self) -> int:
        return 60  # first-order steps fall slowly, and a schedule falls late

    def init(self, problem, weights):
        inner = self._transformation().init(problem.network(weights))
        return inner, balancing(self.scaling).init(problem, weights), jnp.zeros((), dtype=int)

    def step(self, problem, weights, state, batch, key):
        inner, balance, count = state
        network = problem.network(weights)
        losses_of = lambda network: self._losses(problem, network, batch, key)
        losses, pull, undefined = jax.vjp(losses_of, network, has_aux=True)
        factors, balance = balancing(self.scaling).weigh(losses, balance, jax.random.fold_in(key, 1))
        loss_of = lambda losses: jnp.mean(factors * losses)
        (gradient,) = pull(factors / losses.size)
        updates, inner = self._transformation().update(
            gradient, inner, network, value=loss_of(losses), grad=gradient, value_fn=lambda n: loss_of(losses_of(n)[0])
        )
        moved = flat_weights(optax.apply_updates(network, updates))
        accepted = jnp.all(jnp.isfinite(moved))
        report = StepReport(jnp.mean(losses), accepted, jnp.asarray(self._rate()(count)), undefined, losses)
        return jnp.where(accepted, moved, weights), (inner, balance, count + 1), report

    def _rate(self) -> optax.Schedule:
        steps = self.steps or 10_000
        if self.schedule == "cosine":
            return optax.cosine_decay_schedule(self.learning_rate, steps)
        if self.schedule == "exponential":
            return optax.exponential_decay(self.learning_rate, steps, 0.01)
        return optax.constant_schedule(self.learning_rate)

    def _transformation(self) -> optax.GradientTransformationExtraArgs:
        own = self.optimizer
        return optax.with_extra_args_support(OPTIMIZERS[own](self._rate()) if isinstance(own, str) else own)

    def _losses(self, problem: Problem, network: Any, batch: Array, key: Any) -> tuple[Array, Array]:
        """Loss by equation `[n_equations]`, and how many states have no finite residual."""
        weights = flat_weights(network)
        if self.expectation == "two draws":
            keys = jax.random.split(key, 2 * batch.shape[0]).reshape(batch.shape[0], 2)
            rule = problem.rule_with(weights)
            one = jax.vmap(problem.economy.drawn_residuals, (None, 0, 0))
            losses = one(rule, batch, keys[:, 0]) * one(rule, batch, keys[:, 1])
        else:
            losses = KERNELS[self.kernel](jax.vmap(problem.residuals, (None, 0))(weights, batch))
        undefined = ~jnp.all(jnp.isfinite(losses), axis=1)
        return jnp.mean(jnp.where(undefined[:, None], 0.0, losses), axis=0), jnp.sum(undefined)

    def describe(self) -> str:
        return self.optimizer if isinstance(self.optimizer, str) else "an Optax optimizer"


def _known(what: str, value: Any, valid: list[str]) -> None:
    if isinstance(value, str) and value not in valid:
        raise ConfigError(f"no {what} {value!r}; {nearest_names(value, valid)}")
