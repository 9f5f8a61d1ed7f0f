"""The supervised training loop: any network, loss and optimizer, several members at once, best weights kept.

Epochs are compiled together in chunks. Every epoch uses every label once, in a new order, in batches whose sizes
differ by at most one: nothing is left over. Members of an ensemble are trained side by side; the weights that are kept
are those with the smallest loss at the validation labels, per member.
"""

import dataclasses
import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.model import nearest_names
from saddlepath.nn.optimizers import LINE_SEARCH, SCHEDULES, direction_of, rates
from saddlepath.solvers.first_order import OPTIMIZERS

Log = Callable[[dict[str, Any]], None]
Loss = Callable[[Any, Any, Any, PRNGKeyArray | None], Array]
"""Loss at one label: of network, input, value, and a key while training (None: no dropout)."""
CHUNK = 200
"""Steps that are compiled together, at least, and at most what makes an epoch more [-]."""


class Data(NamedTuple):
    """Labels as networks see them, for training and for validation.

    Attributes:
        x: Inputs, one label per entry of the first axis.
        y: Values, the same.
        x_out: Inputs for validation, or None: the last weights are then kept.
        y_out: Values there, or None.
        weight: Of every label of the training `[n]`; None: all count the same. [-]
    """

    x: Any
    y: Any
    x_out: Any = None
    y_out: Any = None
    weight: Array | None = None


@dataclasses.dataclass(frozen=True)
class Training:
    """How networks are trained.

    Attributes:
        optimizer: One of `OPTIMIZERS`: `adam`, `adamw`, `sgd`, `momentum`, `nesterov`, `adagrad`, `rmsprop`, `amsgrad`,
            `nadam`, `muon`, or `lbfgs`, which uses all labels at every step.
        rate: First learning rate; a line search needs none. [-]
        schedule: `cosine` (with a short rise), `constant`, `exponential`, `inverse_time`, `piecewise` or `plateau`.
        epochs: Passes through the labels, at most.
        batch: Labels per step; None: all.
        patience: Training ends after so many epochs without a better validation loss; None: never.
        min_delta: By how much a loss must fall to count as better. [units of the loss]
        decay: Decoupled weight decay: share of every weight taken off per step, times the rate. [-]
        clip: Largest norm of a gradient, or None. [-]
        seconds: Training ends after this time, the schedule with it; None: no limit, and results repeat exactly. [s]
    """

    optimizer: str = "adam"
    rate: float = 3e-3
    schedule: str = "cosine"
    epochs: int = 1000
    batch: int | None = None
    patience: int | None = None
    min_delta: float = 0.0
    decay: float = 0.0
    clip: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for what, value, valid in (
            ("optimizer", self.optimizer, list(OPTIMIZERS)),
            ("schedule", self.schedule, list(SCHEDULES)),
        ):
            if value not in valid:
                raise ConfigError(f"no {what} {value!r}; {nearest_names(value, valid)}")
        if self.epochs < 1 or self.rate <= 0 or (self.batch is not None and self.batch < 1):
            raise ConfigError(
                f"training needs at least one epoch, a positive rate and a batch of at least 1, got {self.epochs}, "
                f"{self.rate} and {self.batch}; the defaults are 1000, 3e-3 and all labels."
            )
        if self.optimizer in LINE_SEARCH and self.batch is not None:
            raise ConfigError(f"{self.optimizer} searches along a line and needs all labels at once; leave batch=None.")

    def steps(self, n: int) -> int:
        """Steps per epoch with `n` labels."""
        return 1 if self.batch is None else math.ceil(n / self.batch)


class Progress(eqx.Module):
    """Everything that training carries on, and so everything that a checkpoint holds; members along a leading axis.

    Attributes:
        networks: Weights.
        moments: State of the optimizer.
        best: Weights with the smallest validation loss so far.
        error: That loss `[members]`. [units of the loss]
        since: Epochs since the last improvement of any member.
        key: Where the next draws come from.
        done: Epochs done.
        share: Share of the schedule that is done. [-]
    """

    networks: Any
    moments: Any
    best: Any
    error: Array
    since: Array
    key: PRNGKeyArray
    done: Array
    share: Array


class Trace(NamedTuple):
    """What a chunk reports: of every epoch the mean training and validation losses `[epochs, members]`, of its last
    step the gradient."""

    training: Array
    validation: Array
    gradient: Any


def members_of(networks: Any) -> int:
    """Length of the leading axis of all weights."""
    return jax.tree.leaves(eqx.filter(networks, eqx.is_array))[0].shape[0]


def predicted(networks: Any, x: Any) -> Float[Array, "members n_outputs"]:
    """What every member says at one input."""
    return eqx.filter_vmap(lambda network: network(x))(networks)


def start(networks: Any, training: Training, seed: int) -> Progress:
    """Training before its first step."""
    return _start(networks, training, jax.random.key(seed))


@eqx.filter_jit
def _start(networks: Any, training: Training, key: PRNGKeyArray) -> Progress:
    direction = direction_of(training.optimizer, training.schedule, training.decay, training.clip)
    weights = eqx.filter(networks, eqx.is_inexact_array)
    unknown = jnp.full((members_of(networks),), jnp.inf, dtype=jax.tree.leaves(weights)[0].dtype)
    with jax.numpy_dtype_promotion("standard"):
        moments = eqx.filter_vmap(direction.init)(weights)
    zero = jnp.asarray(0)
    return Progress(networks, moments, networks, unknown, zero, key, zero, jnp.asarray(0.0))


def train(
    networks: Any,
    data: Data,
    loss: Loss,
    training: Training,
    seed: int = 0,
    *,
    random: bool = False,
    log: Log | None = None,
    resume: Progress | None = None,
    keep: Callable[[Progress], None] | None = None,
) -> Any:
    """Train all members and return the best weights of each.

    Args:
        networks: Members along a leading axis of every weight.
        data: Labels.
        loss: Of one label; the mean over a batch is minimised.
        training: How.
        seed: Of the order of labels and of dropout.
        random: The loss draws something, as dropout does, and needs keys.
        log: Called with a record per chunk: epoch, share, seconds, losses of training and validation, rate, norm of the
            gradient, weights and gradients by layer.
        resume: Where to go on; `networks` and `seed` then say nothing.
        keep: Called with the progress after every chunk; what follows from it on resumption is the same bit for bit.

    Raises:
        ConvergenceError: A member's loss is not finite from the start.
    """
    progress = start(networks, training, seed) if resume is None else resume
    n = jax.tree.leaves(data.y)[0].shape[0]
    steps, begun, before = training.steps(n), time.perf_counter(), int(progress.done)
    chunk = max(1, min(CHUNK // steps, training.epochs))
    while float(progress.share) < 1 and _is_patient(training, progress):
        done, share = int(progress.done), float(progress.share)
        size = min(chunk, training.epochs - done)
        elapsed = time.perf_counter() - begun
        ahead = _share(training, done + size, done - before, elapsed)
        relative = rates(training.schedule, share, ahead, size * steps).reshape(size, steps)
        if training.optimizer in LINE_SEARCH:
            relative = np.full_like(relative, 1 / training.rate)
        given = jnp.asarray(training.rate * relative, dtype=progress.error.dtype)
        with jax.numpy_dtype_promotion("standard"):  # Optax raises numbers to whole powers
            progress, trace = _chunk(progress, data, loss, training, given, random)
        progress = eqx.tree_at(lambda p: p.share, progress, jnp.asarray(ahead))
        if log is not None:
            log(_record(progress, trace, float(given[-1, -1]), time.perf_counter() - begun))
        if keep is not None:
            keep(progress)
    if not np.all(np.isfinite(progress.error)):
        raise ConvergenceError(
            "the networks' errors are not finite numbers; choose a smaller rate, or check the labels."
        )
    return progress.best


def _is_patient(training: Training, progress: Progress) -> bool:
    return training.patience is None or int(progress.since) < training.patience


def _share(training: Training, ahead: int, done: int, elapsed: float) -> float:
    """Share of the training that will be done after the next chunk; one ends it."""
    share = ahead / training.epochs
    if training.seconds is None:
        return share
    return max(share, elapsed / training.seconds * ahead / done) if done else share


def _record(progress: Progress, trace: Trace, rate: float, seconds: float) -> dict[str, Any]:
    return {
        "event": "epoch",
        "epoch": int(progress.done),
        "share": float(progress.share),
        "seconds": seconds,
        "training": float(jnp.mean(trace.training[-1])),
        "validation": float(jnp.mean(trace.validation[-1])),
        "best": float(jnp.mean(progress.error)),
        "rate": rate,
        "gradient": float(jnp.sqrt(sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(trace.gradient)))),
        "histograms": by_layer("weights", progress.networks) | by_layer("gradients", trace.gradient),
    }


def by_layer(what: str, tree: Any) -> dict[str, np.ndarray]:
    """Arrays of a network by the path of their layer, for histograms."""
    leaves = jax.tree_util.tree_leaves_with_path(eqx.filter(tree, eqx.is_inexact_array))
    name = lambda path: jax.tree_util.keystr(path, simple=True, separator="/")
    return {f"{what}/{name(path)}": np.asarray(leaf) for path, leaf in leaves}


@eqx.filter_jit
def _chunk(
    progress: Progress,
    data: Data,
    loss: Loss,
    training: Training,
    rates: Float[Array, "epochs steps"],
    random: bool,
) -> tuple[Progress, Trace]:
    """Some epochs of all members."""
    direction = direction_of(training.optimizer, training.schedule, training.decay, training.clip)
    one = _Member(loss, direction, random)

    def epoch(carry: Progress, rates: Array) -> tuple[Progress, tuple[Array, Array, Any]]:
        key, order = jax.random.split(carry.key)
        keys = jax.random.split(order, carry.error.shape[0])
        networks, moments, error, out, gradient = eqx.filter_vmap(one.epoch, in_axes=(0, 0, 0, None, None))(
            carry.networks, carry.moments, keys, data, rates
        )
        better = jnp.isfinite(out) if data.y_out is None else out < carry.error - training.min_delta
        best = jax.tree.map(lambda new, old: _chosen(better, new, old), networks, carry.best)
        since = jnp.where(jnp.any(better), 0, carry.since + 1)
        least = jnp.where(better, out, carry.error)
        carry = Progress(networks, moments, best, least, since, key, carry.done + 1, carry.share)
        return carry, (error, out, gradient)

    progress, (errors, outs, gradients) = jax.lax.scan(epoch, progress, rates)
    return progress, Trace(errors, outs, jax.tree.map(lambda leaf: leaf[-1], gradients))


def _chosen(flags: Array, new: Any, old: Any) -> Any:
    """Leaves of the members with a flag from one tree, the others from the other."""
    if not eqx.is_array(new):
        return old
    return jnp.where(flags.reshape(-1, *(1,) * (new.ndim - 1)), new, old)


class _Member(NamedTuple):
    """Training of one member."""

    loss: Loss
    direction: Any
    random: bool

    def mean_loss(self, network: Any, data: Data, rows: Array, counts: Array, key: PRNGKeyArray) -> Array:
        take = lambda tree: jax.tree.map(lambda leaf: leaf[rows], tree)
        keys = jax.random.split(key, rows.size) if self.random else None
        losses = jax.vmap(self.loss, (None, 0, 0, 0 if self.random else None))(
            network, take(data.x), take(data.y), keys
        )
        weight = counts if data.weight is None else counts * data.weight[rows]
        return jnp.sum(weight * losses) / jnp.sum(weight)

    def epoch(
        self, network: Any, moments: Any, key: PRNGKeyArray, data: Data, rates: Float[Array, " steps"]
    ) -> tuple[Any, Any, Array, Array, Any]:
        """Weights, state of the optimizer, loss of training and of validation, and the last gradient."""
        n = jax.tree.leaves(data.y)[0].shape[0]
        order, drops = jax.random.split(key)
        rows, counts = batches(order, n, rates.size, rates.dtype)
        keys = jax.random.split(drops, rates.size)

        def step(carry: Any, given: Any) -> tuple[Any, Array]:
            network, moments, _ = carry
            rows, counts, key, rate = given
            of = lambda network: self.mean_loss(network, data, rows, counts, key)
            loss, gradient = eqx.filter_value_and_grad(of)(network)
            weights = eqx.filter(network, eqx.is_inexact_array)
            more = {"value": loss, "grad": gradient, "value_fn": lambda w: of(eqx.combine(w, network))}
            update, moments = self.direction.update(gradient, moments, weights, **more)
            moved = eqx.apply_updates(network, jax.tree.map(lambda u: (rate * u).astype(u.dtype), update))
            return (moved, moments, gradient), loss

        nothing = jax.tree.map(jnp.zeros_like, eqx.filter(network, eqx.is_inexact_array))
        carry, losses = jax.lax.scan(step, (network, moments, nothing), (rows, counts, keys, rates))
        network, moments, gradient = carry
        if data.y_out is None:
            return network, moments, jnp.mean(losses), losses[-1], gradient
        out = jnp.mean(jax.vmap(self.loss, (None, 0, 0, None))(network, data.x_out, data.y_out, None))
        return network, moments, jnp.mean(losses), out, gradient


def batches(
    key: PRNGKeyArray, n: int, steps: int, dtype: Any = float
) -> tuple[Int[Array, "steps batch"], Float[Array, "steps batch"]]:
    """Rows of all batches of an epoch, and a one for every row that counts.

    Every label is in exactly one batch; the last ones may be one short each, filled up with rows that count zero.
    """
    size = math.ceil(n / steps)
    whole = n - steps * (size - 1)  # batches without a gap
    before = np.maximum(np.arange(steps) - whole, 0)  # gaps in earlier batches
    places = np.arange(steps * size).reshape(steps, size) - before[:, None]
    counts = np.ones((steps, size))
    counts[whole:, -1] = 0.0
    order = jnp.arange(n) if steps == 1 else jax.random.permutation(key, n)
    return order[np.minimum(places, n - 1)], jnp.asarray(counts, dtype=dtype)
