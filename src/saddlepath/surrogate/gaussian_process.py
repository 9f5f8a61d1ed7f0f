"""Gaussian-process regression: labels in, a differentiable prediction with an error bar out.

Every output has a process of its own. Inputs are positions in the unit cube, values are standardised on a scale that
is chosen inside the data; predictions come back in physical units. Everything is in float64.

References:
    Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, algorithm 2.1.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.constructors import construct, table_of
from saddlepath.errors import ConfigError
from saddlepath.model import nearest_names
from saddlepath.nn.transforms import Scale, back, fit_scale, forward, inverse, jacobian, slope
from saddlepath.prior import Box, unit_design
from saddlepath.surrogate.base import Kind, Labels, Prediction, StoredSurrogate, without_numbers
from saddlepath.surrogate.coordinates import Coordinates
from saddlepath.surrogate.fitting import maximise
from saddlepath.surrogate.kernels import Kernel, Matern, all_pairs
from saddlepath.surrogate.likelihood import (
    LeftOut,
    Points,
    covariance,
    left_out,
    objective,
    own_covariance,
    padded_size,
)
from saddlepath.surrogate.subspace import Subspace, subspace_of

ANCHORS = 256
"""Points of the box at which a function draw is a joint draw; between them it is the smoothest continuation."""
RANK = 1e-10
"""Directions of the anchors with less variance, relative to the signal's, do not vary in a draw [-]."""
SWEEPS = 4
"""Fits from whose slopes directions are found, each with length scales along those of the one before."""
LEARNT = 1e-3
"""Eigenvalues of such slopes below this share of the largest are error and count as equal to it [-]."""


class Process(eqx.Module):
    """The process of one output, or of all of them along a leading axis.

    Attributes:
        p: Log signal variance and the kernel's parameters.
        noise: Variance of the noise that all points share. [standardised]
        known: Variance of the noise known per point. [standardised]
        y: Standardised values, padded.
        factor: Lower Cholesky factor of their covariance.
        alpha: Inverse covariance times values.
        scale: Scale of the values.
    """

    p: Array
    noise: Array
    known: Array
    y: Array
    factor: Array
    alpha: Array
    scale: Scale


class GaussianProcess(StoredSurrogate):
    """A fitted Gaussian process with one independent process per output.

    Attributes:
        box: Where it was fitted.
        outputs: A name per output.
        kernel: Structure of the covariance.
        transforms: Scale per output, one of `TRANSFORMS`.
        logs: Whether an input enters as its logarithm, per input.
        x: Positions of the points in the unit cube of the kernel's coordinates, padded `[n, d]`.
        used: One for a point, zero for padding `[n]`.
        processes: Of all outputs, with a leading axis.
        subspace: Directions whose coordinates the kernel sees; None: all inputs.
    """

    box: Box
    outputs: tuple[str, ...] = eqx.field(static=True)
    kernel: Kernel = eqx.field(static=True)
    transforms: tuple[str, ...] = eqx.field(static=True)
    logs: tuple[bool, ...] = eqx.field(static=True)
    x: Float[Array, "n d"]
    used: Float[Array, " n"]
    processes: Process
    subspace: Subspace | None = None

    def at(self, theta: Float[Array, " n_inputs"]) -> Prediction:
        """Mean and standard deviation of the quantity itself, without the noise of its labels, at one point.

        With a subspace, what a fit learns as noise is what the directions left out do, and the deviation counts it.
        """
        moments = [back(name, one.scale, *self._standard(one, theta)) for name, one in self._each()]
        mean, sd = zip(*moments, strict=True)
        return Prediction(jnp.stack(mean), jnp.stack(sd))

    def mean(self, theta: Float[Array, " n_inputs"]) -> Float[Array, " n_outputs"]:
        """The mean of `at` up to rounding; at many points by one matrix product where it needs no deviation."""
        if not {"standardise", "none"}.issuperset(self.transforms):
            return super().mean(theta)
        return jnp.stack([inverse(name, one.scale, self.pairs(one, theta) @ one.alpha) for name, one in self._each()])

    def _each(self) -> list[tuple[str, Process]]:
        """Transform and process of every output."""
        return [(name, self.process(j)) for j, name in enumerate(self.transforms)]

    def process(self, j: int) -> Process:
        """The process of one output."""
        return jax.tree.map(lambda leaf: leaf[j], self.processes)

    def unit(self, theta: Array) -> Array:
        """Positions in the unit cube of the inputs, or of the subspace's coordinates."""
        return positions(self.box, self.logs, self.subspace, theta)

    def cross(self, one: Process, theta: Float[Array, "m n_inputs"]) -> Float[Array, "n m"]:
        """Covariance of the labels with the values at points; zero for padding."""
        return self.used[:, None] * covariance(self.kernel, one.p, self.x, self.unit(theta))

    def pairs(self, one: Process, theta: Float[Array, " n_inputs"]) -> Float[Array, " n"]:
        """A column of `cross` by `all_pairs`."""
        return self.used * jnp.exp(one.p[0]) * all_pairs(self.kernel, one.p[1:], self.unit(theta)[None], self.x)[0]

    def _standard(self, one: Process, theta: Array) -> tuple[Array, Array]:
        k = self.cross(one, theta[None])[:, 0]
        u = self.unit(theta)
        prior = jnp.exp(one.p[0]) * self.kernel.value(one.p[1:], u, u)
        explained = jax.scipy.linalg.solve_triangular(one.factor, k, lower=True)
        left = prior - explained @ explained + (0.0 if self.subspace is None else one.noise)
        floor = 1e-14 * prior  # round-off of the difference, whose root would have no slope at zero
        return k @ one.alpha, jnp.sqrt(jnp.where(left > floor, left, floor))

    @eqx.filter_jit
    def _covariance(self, a: Array, b: Array) -> Array:
        def one(process: Process) -> Array:
            solve = lambda theta: jax.scipy.linalg.solve_triangular(
                process.factor, self.cross(process, theta), lower=True
            )
            return covariance(self.kernel, process.p, self.unit(a), self.unit(b)) - solve(a).T @ solve(b)

        return jax.lax.map(one, self.processes)  # as `acquisition.scores` does, and for the same reason

    def covariance(self, a: Any, b: Any) -> Float[Array | np.ndarray, "n_outputs n m"]:
        """Posterior covariance of standardised values between two sets of points `[n, n_inputs]`, `[m, n_inputs]`."""
        with jax.enable_x64(True):
            return np.asarray(self._covariance(jnp.asarray(a, dtype=float), jnp.asarray(b, dtype=float)))

    def leave_one_out(self) -> LeftOut:
        """Standardised residual and variance of every label, predicted from all others `[n_outputs, n]`."""
        with jax.enable_x64(True):
            found = _all_left_out(self.kernel, self.x, self.used, self.processes)
        keep = np.asarray(self.used) > 0
        return LeftOut(*(np.asarray(part)[:, keep] for part in found))

    def q2(self) -> Float[np.ndarray, " n_outputs"]:
        """One minus the squared leave-one-out error over the variance of the values, on the fitted scale [-]."""
        y = np.asarray(self.processes.y)[:, np.asarray(self.used) > 0]
        return 1 - np.mean(self.leave_one_out().residual ** 2, axis=1) / y.var(axis=1)

    def log_density(self, criterion: str = "likelihood") -> Float[np.ndarray, " n_outputs"]:
        """Log density of the labels in their own units, so that kernels and transforms can be compared.

        Args:
            criterion: `likelihood`, the marginal likelihood, or `loo`, the density of every label given all others.
        """
        keep = np.asarray(self.used) > 0
        with jax.enable_x64(True):
            found = []
            for name, one in self._each():
                y = np.asarray(inverse(name, one.scale, one.y))[keep]
                points = Points(self.x, one.y, one.known, self.used)
                found.append(_log_density(self.kernel, criterion, y, name, one, points))
        return np.array(found)

    def condition(self, theta: Any, values: Any) -> "GaussianProcess":
        """The same process, with its parameters and scales, knowing more labels.

        Args:
            theta: New points `[m, n_inputs]`. [units of the box]
            values: What was found there `[m, n_outputs]`. [units of the outputs]
        """
        keep = np.asarray(self.used) > 0
        processes, fields = [], {}
        with jax.enable_x64(True):
            x = np.vstack([np.asarray(self.x)[keep], self.unit(jnp.asarray(theta, dtype=float))])
            for j, (name, one) in enumerate(self._each()):
                new = forward(name, np.asarray(values, dtype=float)[:, j])
                new = (new - float(one.scale.centre)) / float(one.scale.spread)
                y = np.concatenate([np.asarray(one.y)[keep], new])
                known = np.concatenate([np.asarray(one.known)[keep], np.zeros(len(new))])
                points = pad(x, y, known)
                fields = {"x": points.x, "used": points.used}
                processes.append(_process(self.kernel, points, one.p, one.noise, one.scale))
            stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *processes)
        return dataclasses.replace(self, processes=stacked, **fields)

    def draw(self, key: PRNGKeyArray) -> "FunctionDraw":
        """A function from the posterior: a joint draw at points that fill the box, its mean given those elsewhere."""
        with jax.enable_x64(True):
            anchors = jnp.asarray(self.box.place(unit_design(self.box.size, ANCHORS)))
            return _draw(self, anchors, jax.random.split(key, len(self.outputs)))

    def table(self) -> dict[str, Any]:
        """Structure and shapes."""
        bounds = {name: [low.tolist(), high.tolist()] for name, low, high in _bounds(self.box)}
        return {
            "box": bounds,
            "outputs": list(self.outputs),
            "kernel": table_of(self.kernel),
            "transforms": list(self.transforms),
            "logs": list(self.logs),
            "points": int(self.used.shape[0]),
            "dimension": None if self.subspace is None else self.subspace.dimension,
        }

    @classmethod
    def skeleton(cls, table: Mapping[str, Any]) -> "GaussianProcess":
        """A process of this structure without numbers."""
        box = Box(**table["box"])
        kernel = construct(table["kernel"], (Kernel,), "kernel")
        n, m, d = table["points"], len(table["outputs"]), table.get("dimension") or box.size
        subspace = Subspace(np.eye(box.size, d)) if table.get("dimension") else None
        leaf = lambda *shape: jnp.zeros(shape)
        processes = Process(
            leaf(m, 1 + kernel.size(d)), leaf(m), leaf(m, n), leaf(m, n), leaf(m, n, n), leaf(m, n),
            Scale(leaf(m), leaf(m)),
        )  # fmt: skip
        names, transforms, logs = (tuple(table[key]) for key in ("outputs", "transforms", "logs"))
        whole = cls(box, names, kernel, transforms, logs, leaf(n, d), leaf(n), processes, subspace)
        return without_numbers(whole)


def unit(box: Box, logs: tuple[bool, ...], theta: Array) -> Array:
    """Positions in the unit cube, of logarithms where an input enters so; the last axis is that of the inputs."""
    low, high = (jnp.broadcast_to(jnp.asarray(bound), theta.shape) for bound in (box.low, box.high))
    if any(logs):
        enters = np.broadcast_to(np.asarray(logs), theta.shape)
        safe = lambda v: jnp.where(enters, jnp.log(jnp.where(enters, v, 1.0)), v)
        theta, low, high = safe(theta), safe(low), safe(high)
    return (theta - low) / (high - low)


def positions(box: Box, logs: tuple[bool, ...], seen: Coordinates | None, theta: Array) -> Array:
    """Positions in the unit cube, of coordinates if there are any."""
    inputs = unit(box, logs, theta)
    return inputs if seen is None else seen.coordinates(inputs)


def _bounds(box: Box) -> zip:
    return zip(box.names, box.lower, box.upper, strict=True)


def pad(x: np.ndarray, y: np.ndarray, known: np.ndarray) -> Points:
    """Points of one output, filled up to one of a few counts with rows in the middle of the cube that count nothing."""
    more = padded_size(len(x)) - len(x)
    fill = np.full((more, x.shape[1]), 0.5)
    zeros = np.zeros(more)
    used = np.concatenate([np.ones(len(x)), zeros])
    parts = (np.vstack([x, fill]), np.concatenate([y, zeros]), np.concatenate([known, zeros]), used)
    return Points(*(jnp.asarray(part) for part in parts))


@eqx.filter_jit
def _process(kernel: Kernel, points: Points, p: Array, noise: Array, scale: Scale) -> Process:
    factor = jnp.linalg.cholesky(own_covariance(kernel, p, points, noise))
    alpha = jax.scipy.linalg.cho_solve((factor, True), points.y)
    return Process(p, noise, points.noise, points.y, factor, alpha, scale)


@eqx.filter_jit
def _all_left_out(kernel: Kernel, x: Array, used: Array, processes: Process) -> LeftOut:
    def one(process: Process) -> LeftOut:
        points = Points(x, process.y, process.known, used)
        return left_out(own_covariance(kernel, process.p, points, process.noise), process.y)

    return jax.vmap(one)(processes)


class FunctionDraw(eqx.Module):
    """A function from the posterior of a process, callable at a point.

    Attributes:
        process: The fitted process.
        anchors: Points of the joint draw `[n_anchors, n_inputs]`. [units of the box]
        of_labels: Weights of the covariances with the labels, per output `[n_outputs, n]`.
        of_anchors: Weights of those with the anchors, per output `[n_outputs, n_anchors]`.
    """

    process: GaussianProcess
    anchors: Array
    of_labels: Array
    of_anchors: Array

    def __call__(self, theta: Float[Array, " n_inputs"]) -> Float[Array, " n_outputs"]:
        """Values of the function at one point. [units of the outputs]"""
        gp = self.process
        at = gp.unit(self.anchors)
        values = []
        for j, (name, one) in enumerate(gp._each()):
            near = jnp.exp(one.p[0]) * all_pairs(gp.kernel, one.p[1:], gp.unit(theta)[None], at)[0]
            z = gp.pairs(one, theta) @ self.of_labels[j] + near @ self.of_anchors[j]
            values.append(inverse(name, one.scale, z))
        return jnp.stack(values)


@eqx.filter_jit
def _draw(gp: GaussianProcess, anchors: Array, keys: Array) -> FunctionDraw:
    def one(process: Process, key: PRNGKeyArray) -> tuple[Array, Array]:
        known = jax.scipy.linalg.solve_triangular(process.factor, gp.cross(process, anchors), lower=True)
        unit = gp.unit(anchors)
        posterior = covariance(gp.kernel, process.p, unit, unit) - known.T @ known
        values, vectors = jnp.linalg.eigh(posterior)
        varies = values > RANK * jnp.exp(process.p[0])
        sizes = jnp.where(varies, 1 / jnp.sqrt(jnp.where(varies, values, 1.0)), 0.0)
        weights = vectors @ (sizes * jax.random.normal(key, sizes.shape, dtype=sizes.dtype))
        moved = jax.scipy.linalg.solve_triangular(process.factor.T, known @ weights, lower=False)
        return process.alpha - moved, weights

    return FunctionDraw(gp, anchors, *jax.vmap(one)(gp.processes, keys))


@dataclasses.dataclass(frozen=True)
class GP(Kind):
    """How a Gaussian process is fitted.

    Attributes:
        kernel: Covariance function.
        noise: `learned`, a standard deviation in the units of the outputs, or `given` by the labels.
        objective: `likelihood` or `loo`, the density of points left out.
        transform: Scale of the values: `standardise`, `log`, `root` (signed), `none`, or `auto`, which takes the one
            whose left-out points are likeliest.
        restarts: Starts of the optimiser per output.
        logs: Names of inputs that enter as their logarithms.
        subspace: Directions whose coordinates the kernel sees, in the unit cube of the inputs; `auto` finds them from
            the gradients of the labels, or without these from the slopes of a few first fits, and takes all inputs
            where the spectrum has no gap; None: all inputs.
    """

    kernel: Kernel = Matern(2.5)
    noise: str | float = "learned"
    objective: str = "likelihood"
    transform: str = "standardise"
    restarts: int = 4
    logs: tuple[str, ...] = ()
    subspace: Subspace | str | None = None

    def describe(self) -> str:
        """One line for reports."""
        if isinstance(self.subspace, Subspace):
            where = f", {self.subspace.dimension} given directions"
        else:
            where = ", active subspace" if self.subspace else ""
        return f"Gaussian process, {self.kernel}, {self.objective}, noise {self.noise}{where}"

    def fit(self, labels: Labels, seed: int = 0, near: GaussianProcess | None = None) -> GaussianProcess:
        """Fit one process per output.

        Args:
            labels: What is known.
            seed: Of the restarts.
            near: A process fitted to fewer labels, from whose parameters the first start begins.

        Raises:
            ConfigError: Too few labels for the kernel, or an output that never changes.
        """
        self._check(labels)
        fits, logs = [], tuple(name in self.logs for name in labels.box.entries)
        with jax.enable_x64(True):
            subspace = self._directions(labels, logs, seed)
            x = np.asarray(positions(labels.box, logs, subspace, jnp.asarray(labels.theta)))
            self._check_count(labels, x.shape[1])
            for j, output in enumerate(labels.outputs):
                fits.append(self._fit_one(labels, x, j, output, seed, near))
            stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(one for _, one, _ in fits))
        names, points = tuple(name for name, _, _ in fits), fits[0][2]
        return GaussianProcess(
            labels.box, labels.outputs, self.kernel, names, logs, points.x, points.used, stacked, subspace
        )

    def _directions(self, labels: Labels, logs: tuple[bool, ...], seed: int) -> Subspace | None:
        """The subspace, found where none is given."""
        if not isinstance(self.subspace, str):
            return self.subspace
        theta, d = jnp.asarray(labels.theta), labels.box.size
        stretch = jax.jvp(lambda at: unit(labels.box, logs, at), (theta,), (jnp.ones_like(theta),))[1]
        on_cube = lambda gradients: np.asarray(gradients) / np.asarray(stretch)[:, None]
        if labels.gradients is not None:
            found = subspace_of(on_cube(labels.gradients))
            return found if found.dimension < d else None
        turned, slopes = None, np.zeros(0)
        for _ in range(SWEEPS):
            gp = dataclasses.replace(self, subspace=turned, restarts=1).fit(labels, seed)
            slopes = on_cube(jax.vmap(jax.jacrev(lambda one, gp=gp: gp.at(one).mean))(theta))
            turned = subspace_of(slopes, d)
        found = subspace_of(slopes, floor=LEARNT)
        return found if found.dimension < d else None

    def _check_count(self, labels: Labels, d: int) -> None:
        needed = 2 + self.kernel.size(d)
        if len(labels) < needed:
            raise ConfigError(
                f"{len(labels)} labels are too few for the {needed - 2} parameters of the kernel {self.kernel}; give "
                f"at least {needed}, or a kernel with ard=False."
            )

    def _check(self, labels: Labels) -> None:
        if isinstance(self.subspace, str) and self.subspace != "auto":
            raise ConfigError(f"subspace must be auto, a Subspace or None, got {self.subspace!r}.")
        if isinstance(self.subspace, Subspace) and len(self.subspace.directions) != labels.box.size:
            raise ConfigError(
                f"the subspace has directions of {len(self.subspace.directions)} inputs, the box has {labels.box.size} "
                f"({', '.join(labels.box.entries)}); give one row per input."
            )
        for name in self.logs:
            if name not in labels.box.entries:
                raise ConfigError(f"logs names {name!r}; {nearest_names(name, list(labels.box.entries))}")
            if labels.box.low[labels.box.entries.index(name)] <= 0:
                raise ConfigError(
                    f"{name} can be zero or negative in its box and has no logarithm; leave it out of logs."
                )
        if isinstance(self.noise, str) and self.noise not in ("learned", "given"):
            raise ConfigError(f"noise must be learned, given or a standard deviation, got {self.noise!r}.")
        if self.noise == "given" and labels.noise is None:
            raise ConfigError("noise is 'given', but the labels have none; set Labels.noise, or noise='learned'.")

    def _fit_one(
        self, labels: Labels, x: np.ndarray, j: int, output: str, seed: int, near: GaussianProcess | None
    ) -> tuple[str, Process, Points]:
        if self.transform != "auto":
            return self._fit_scaled(self.transform, labels, x, j, output, seed, near)
        y = labels.values[:, j]
        names = ["standardise", "root", *(["log"] if y.min() > 0 else [])]
        fits = [self._fit_scaled(name, labels, x, j, output, seed, near) for name in names]
        return max(fits, key=lambda fit: _log_density(self.kernel, "loo", y, *fit))

    def _fit_scaled(
        self, name: str, labels: Labels, x: np.ndarray, j: int, output: str, seed: int, near: GaussianProcess | None
    ) -> tuple[str, Process, Points]:
        y = labels.values[:, j]
        scale = fit_scale(name, y, output)
        known, shared = self._noise(name, labels, j, scale)
        points = pad(x, (forward(name, y) - float(scale.centre)) / float(scale.spread), known)
        comparable = near is not None and near.x.shape[1] == x.shape[1]  # a subspace found anew may have another size
        first = _start(near, j, shared) if near is not None and comparable else None
        found = maximise(self.kernel, self.objective, points, shared, self.restarts, seed, first)
        one = _process(self.kernel, points, jnp.asarray(found.p), jnp.asarray(found.noise), scale)
        return name, one, points

    def _noise(self, name: str, labels: Labels, j: int, scale: Scale) -> tuple[np.ndarray, float | None]:
        """Variance known per point, and the shared one, None if it is learnt."""
        y = labels.values[:, j]
        rate = slope(name, y, scale)
        if self.noise == "given":
            assert labels.noise is not None  # checked before
            return (labels.noise[:, j] * rate) ** 2, 0.0
        if isinstance(self.noise, str):
            return np.zeros(len(y)), None
        return (self.noise * rate) ** 2, 0.0


def _start(near: GaussianProcess, j: int, shared: float | None) -> np.ndarray:
    one = near.process(j)
    p = np.asarray(one.p)
    return p if shared is not None else np.append(p, np.log(max(float(one.noise), 1e-10)))


def _log_density(kernel: Kernel, criterion: str, y: np.ndarray, name: str, one: Process, points: Points) -> float:
    """Log density of the values themselves: their likelihood, or that of the points left out."""
    density = float(objective(kernel, criterion, one.p, points, one.noise))
    return density - len(y) * float(np.log(one.scale.spread)) + jacobian(name, y)
