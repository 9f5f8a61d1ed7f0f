"""Active learning: label where a Gaussian process learns most, refit, stop when it is right enough.

References:
    Renner and Scheidegger (2018), Bayesian active learning for dynamic economies; Scheidegger and Bilionis (2019,
    Journal of Computational Science).
"""

import concurrent.futures
import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from saddlepath.container import PathLike
from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.prior import Box
from saddlepath.simulation import require_whole
from saddlepath.surrogate.acquisition import Acquisition, IntegratedVariance, scores
from saddlepath.surrogate.base import Labels
from saddlepath.surrogate.gaussian_process import GP, GaussianProcess
from saddlepath.surrogate.labelling import Function, LabelFile, label

CANDIDATES = 1000
REFERENCES = 256
DISTINCT = 1e-9
"""Candidates nearer than this to a labelled point, in widths of the box, are not labelled again [-]."""
CHECKS = 2
"""So many fits in a row must be right enough."""


@dataclasses.dataclass(frozen=True, eq=False)
class Learned:
    """What `learn` found.

    Attributes:
        surrogate: The last process.
        labels: All labels, in the order in which they were chosen.
        errors: Per fit the number of labels and the leave-one-out error, in standard deviations of the values, of the
            worst output `[n_fits, 2]`.
        failed: Points at which the function failed `[n_failed, n_inputs]`.
        reason: Why it stopped, in words.
    """

    surrogate: GaussianProcess
    labels: Labels
    errors: Float[np.ndarray, "n_fits 2"]
    failed: Float[np.ndarray, "n_failed n_inputs"]
    reason: str


def learn(
    function: Function,
    box: Box,
    *,
    outputs: tuple[str, ...] = ("y",),
    n: int = 100,
    start: int | np.ndarray | Labels | None = None,
    kind: GP = GP(),
    acquisition: Acquisition = IntegratedVariance(),
    batch: int = 1,
    tol: float = 0.0,
    every: int = 1,
    executor: concurrent.futures.Executor | None = None,
    file: PathLike | None = None,
    seed: int = 0,
) -> Learned:
    """Fit a Gaussian process to an expensive function, choosing where to evaluate it.

    Args:
        function: From a row of the box `[n_inputs]` to one number per output. With an executor of processes it must
            stand in a module that workers can import.
        box: Where to learn.
        outputs: A name per output.
        n: Most labels, failed ones and those of the start included.
        start: Points of the first design, or their number, scrambled Sobol', or labels that are there already; default:
            five points per input, at least ten.
        kind: How the process is fitted; each fit begins at the parameters of the one before.
        acquisition: What scores the next points.
        batch: Points labelled at a time; within a batch each counts as known for the next.
        tol: Leave-one-out error, in standard deviations of the values, at which it stops after two fits in a row. [-]
        every: Points between fits of the kernel's parameters; in between the process only learns the labels.
        executor: Labels a batch in parallel; default: in this process.
        file: Where every label is written when it arrives; a run that begins again with the same arguments finds them.
        seed: Of design, candidates and fits.

    Returns:
        The process, its labels, and how the error fell.

    Raises:
        ConfigError: Counts are no whole numbers, or the first design has too few points.
        ConvergenceError: The function fails at too many points of the first design.
        FileError: The file cannot be written, or belongs to something else.
    """
    for name, value, least in (("n", n, 2), ("batch", batch, 1), ("every", every, 1)):
        require_whole(name, value, least)
    return _Learning(function, box, outputs, kind, acquisition, executor, file, seed).run(start, n, batch, tol, every)


class _Learning:
    """One run: the points tried so far, and what was found there."""

    def __init__(
        self, function: Function, box: Box, outputs: tuple[str, ...], kind: GP, acquisition: Acquisition,
        executor: concurrent.futures.Executor | None, file: PathLike | None, seed: int,
    ):  # fmt: skip
        self.function, self.box, self.outputs, self.kind = function, box, tuple(outputs), kind
        self.acquisition, self.executor, self.seed = acquisition, executor, seed
        self.file = None if file is None else LabelFile(file, box, self.outputs)
        self.theta, self.values = np.zeros((0, box.size)), np.zeros((0, len(self.outputs)))
        self.failed = np.zeros((0, box.size))
        self.random = np.random.default_rng(seed)
        self.errors: list[tuple[int, float]] = []

    def run(self, start: int | np.ndarray | Labels | None, n: int, batch: int, tol: float, every: int) -> Learned:
        """Design, then batches until enough."""
        self._begin(max(10, 5 * self.box.size) if start is None else start, n)
        if len(self.theta) < 2:
            raise ConvergenceError(
                f"the function failed at {len(self.failed)} of the first {len(self.theta) + len(self.failed)} points; "
                "narrow the box to where it has values."
            )
        while np.any(np.ptp(self.values, axis=0) == 0) and len(self.theta) + len(self.failed) < n:
            self._label(self._uniform(1))  # an output that has not moved yet says nothing of where to look
        gp, fitted = self._fit(None), len(self.theta)
        reason = f"all {n} labels are spent"
        while len(self.theta) + len(self.failed) < n:
            if self._enough(tol):
                reason = f"the leave-one-out error is below {tol:g} standard deviations"
                break
            before = len(self.theta)
            self._label(self._choose(gp, min(batch, n - len(self.theta) - len(self.failed))))
            new = slice(before, None)
            if len(self.theta) - fitted >= every:
                gp, fitted = self._fit(gp), len(self.theta)
            elif len(self.theta) > before:
                gp = gp.condition(self.theta[new], self.values[new])
        if fitted < len(self.theta):
            gp = self._fit(gp)
        return Learned(gp, self._labels(), np.array(self.errors), self.failed, reason)

    def _begin(self, start: int | np.ndarray | Labels, n: int) -> None:
        """The first labels."""
        if isinstance(start, int):
            self._label(self.box.design(min(start, n), self.seed))
            return
        points = np.asarray(start.theta if isinstance(start, Labels) else start, dtype=float)
        self._require_inside(points)
        if not isinstance(start, Labels):
            self._label(points)
            return
        if start.outputs != self.outputs:
            raise ConfigError(
                f"start has labels of {', '.join(start.outputs)}, the function gives {', '.join(self.outputs)}; name "
                "the same outputs, in the same order."
            )
        if start.noise is not None or start.gradients is not None:
            raise ConfigError(
                "start has labels with known noise or slopes, which the labels to come would not have; give its box, "
                "theta, values and outputs alone."
            )
        self.theta, self.values = points, np.asarray(start.values, dtype=float)

    def _require_inside(self, points: np.ndarray) -> None:
        if points.ndim != 2 or points.shape[1] != self.box.size:
            raise ConfigError(
                f"start must be a number or points [n, {self.box.size}] with a column per entry of the box "
                f"({', '.join(self.box.entries)}), got shape {points.shape}."
            )
        outside = np.flatnonzero(np.any((points < self.box.low) | (points > self.box.high), axis=1))
        if outside.size:
            shown = np.array2string(points[outside[0]], precision=6)
            raise ConfigError(
                f"{outside.size} of {len(points)} start points lie outside the box, the first {shown}; move them "
                f"inside, in the order {', '.join(self.box.entries)}."
            )

    def _labels(self) -> Labels:
        return Labels(self.box, self.theta, self.values, self.outputs)

    def _label(self, points: np.ndarray) -> None:
        for theta, values in zip(
            points, label(self.function, points, len(self.outputs), self.executor, self.file), strict=True
        ):
            if values is None:
                self.failed = np.vstack([self.failed, theta])
            else:
                self.theta, self.values = np.vstack([self.theta, theta]), np.vstack([self.values, values])

    def _fit(self, near: GaussianProcess | None) -> GaussianProcess:
        """A process of all labels; after the first, one search from the parameters before."""
        kind = self.kind if near is None else dataclasses.replace(self.kind, restarts=1)
        gp = kind.fit(self._labels(), self.seed, near)
        error = float(np.sqrt(np.max(np.maximum(1 - gp.q2(), 0.0))))
        self.errors.append((len(self.theta), error))
        return gp

    def _enough(self, tol: float) -> bool:
        return len(self.errors) >= CHECKS and all(error < tol for _, error in self.errors[-CHECKS:])

    def _uniform(self, count: int) -> np.ndarray:
        return np.asarray(self.box.low + (self.box.high - self.box.low) * self.random.random((count, self.box.size)))

    def _choose(self, gp: GaussianProcess, count: int) -> np.ndarray:
        """The best candidates one after the other, each taken as known at its mean for the next.

        So are points that failed, or it would go on asking next to them.
        """
        width = self.box.high - self.box.low
        candidates, references = self._uniform(CANDIDATES), self._uniform(REFERENCES)
        taken = np.vstack([self.theta, self.failed])
        if len(self.failed):
            gp = gp.condition(self.failed, gp.predict(self.failed).mean)
        chosen = []
        for _ in range(count):
            with jax.enable_x64(True):
                found = np.array(scores(self.acquisition, gp, jnp.asarray(candidates), jnp.asarray(references)))
            near = np.min(np.max(np.abs((candidates[:, None] - taken[None]) / width), axis=2), axis=1) < DISTINCT
            found[near] = -np.inf
            best = candidates[int(np.argmax(found))]
            chosen.append(best)
            taken = np.vstack([taken, best])
            if len(chosen) < count:
                gp = gp.condition(best[None], gp.predict(best[None]).mean)
        return np.array(chosen)
