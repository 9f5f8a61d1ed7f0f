"""Fitting by name or by choice: which kind of surrogate predicts labels best that it has not seen, and why.

All candidates see the same folds. The score of an output is the root mean square of the errors at left-out labels over
the standard deviation of its values, and that of a candidate the root mean square over outputs. Among candidates that
are as good as the best, up to the accuracy of that comparison, the one with the better error bar wins.
"""

import dataclasses
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.model import nearest_names
from saddlepath.nn.transforms import require_varying
from saddlepath.surrogate.base import Kind, Labels, Surrogate
from saddlepath.surrogate.deep import Deep
from saddlepath.surrogate.gaussian_process import GP
from saddlepath.surrogate.polynomial import Polynomial
from saddlepath.surrogate.smooth_polynomial import SmoothPolynomial
from saddlepath.table import Table, table

MOST_FOR_PROCESS = 2_000
"""Labels up to which a Gaussian process is a candidate: its cost grows like their cube [-]."""
FEWEST = 5
"""Labels without which kinds are not compared [-]."""
FEWEST_FOR_NETWORK = 100
"""Labels from which networks are candidates [-]."""
CLOSE = 0.1
"""A score within this share of the best counts as good as the best; scores of folds differ by more than that [-]."""
NAMES = {"gp": GP(), "polynomial": Polynomial(), "smooth_polynomial": SmoothPolynomial(), "deep": Deep()}
"""Kinds by name, in the order in which they win where scores are close: by the quality of their error bars."""


class Candidate(NamedTuple):
    """How one kind did.

    Attributes:
        kind: The kind.
        scores: Error at left-out labels over the spread of the values, per output; NaN if it could not be fitted. [-]
        seconds: Time of all folds. [s]
        note: Why it was left out, or nothing.
    """

    kind: Kind
    scores: Float[np.ndarray, " n_outputs"]
    seconds: float
    note: str = ""

    @property
    def score(self) -> float:
        """Root mean square over outputs. [-]"""
        return float(np.sqrt(np.mean(self.scores**2)))


@dataclasses.dataclass(frozen=True)
class Choice:
    """A surrogate chosen by cross-validation, fitted to all labels.

    Attributes:
        surrogate: The winner.
        kind: How it was fitted.
        candidates: All kinds that were tried, the best first.
        reason: One sentence.
    """

    surrogate: Surrogate
    kind: Kind
    candidates: tuple[Candidate, ...]
    reason: str

    def table(self) -> Table:
        """Candidates with their scores and seconds."""
        rows = {
            one.kind.describe(): {"error": one.score, "seconds": one.seconds, "note": one.note}
            for one in self.candidates
        }
        note = f"error: of left-out labels, root mean square, in standard deviations of the values. {self.reason}"
        return table(rows, "kind", title="Surrogates by cross-validation", note=note, formats={"error": ".2e"})

    def __str__(self) -> str:
        return str(self.table())


def fit(labels: Labels, kind: str | Kind = "auto", seed: int = 0) -> Surrogate:
    """Fit a surrogate.

    Args:
        labels: Points of a box and what an expensive function returned there.
        kind: `GP(...)`, `Deep(...)`, `Polynomial(...)`; or `gp`, `polynomial`, `smooth_polynomial`, `deep` with their
            defaults; or `auto`, which takes the one that predicts left-out labels best. `choose` says why.
        seed: Of everything random.

    Returns:
        A surrogate fitted to all labels.

    Raises:
        ConfigError: An unknown kind, or labels that it cannot use.
        ConvergenceError: A fit failed.
    """
    if isinstance(kind, Kind):
        return kind.fit(labels, seed)
    if kind == "auto":
        return choose(labels, seed=seed).surrogate
    if kind not in NAMES:
        raise ConfigError(f"no kind of surrogate {kind!r}; {nearest_names(kind, ['auto', *NAMES])}")
    return NAMES[kind].fit(labels, seed)


def choose(labels: Labels, kinds: Sequence[Kind] | None = None, folds: int = 5, seed: int = 0) -> Choice:
    """Choose a surrogate by cross-validation and say why.

    Args:
        labels: What is known.
        kinds: Candidates, preferred ones first; None: Gaussian process, both polynomials and network, where the
            number of labels allows them.
        folds: Parts of the labels, each left out once; the same for all candidates.
        seed: Of the parts and the fits.

    Returns:
        The winner fitted to all labels, and the scores of all candidates.

    Raises:
        ConfigError: Fewer than two folds or too few labels for them, or no candidate can use the labels.
    """
    for output, values in zip(labels.outputs, labels.values.T, strict=True):
        require_varying(values, output)
    if len(labels) < FEWEST:
        raise ConfigError(
            f"{len(labels)} labels are too few to choose a surrogate by left-out ones; give at least {FEWEST}, better "
            "ten per input."
        )
    if not 2 <= folds <= len(labels):
        raise ConfigError(f"folds must be between 2 and the {len(labels)} labels, got {folds}; 5 are usual.")
    order = np.random.default_rng(seed).permutation(len(labels))
    parts = [np.sort(part) for part in np.array_split(order, folds)]
    tried = [_tried(kind, labels, parts, seed) for kind in (kinds or NAMES.values())]
    ranked = sorted(tried, key=lambda one: (not np.isfinite(one.score), one.score))
    best = ranked[0]
    if not np.isfinite(best.score):
        notes = "; ".join(f"{one.kind.describe()}: {one.note}" for one in ranked)
        raise ConfigError(f"no kind of surrogate can use these {len(labels)} labels: {notes}")
    winner = next(one for one in tried if one.score <= (1 + CLOSE) * best.score)
    return Choice(winner.kind.fit(labels, seed), winner.kind, tuple(ranked), _reason(winner, ranked, len(labels)))


def _tried(kind: Kind, labels: Labels, parts: list[np.ndarray], seed: int) -> Candidate:
    unknown = np.full(len(labels.outputs), np.nan)
    if isinstance(kind, GP) and len(labels) > MOST_FOR_PROCESS:
        return Candidate(kind, unknown, 0.0, f"not tried with more than {MOST_FOR_PROCESS} labels")
    if isinstance(kind, Deep) and len(labels) < FEWEST_FOR_NETWORK:
        return Candidate(kind, unknown, 0.0, f"not tried with fewer than {FEWEST_FOR_NETWORK} labels")
    begun, error = time.perf_counter(), np.zeros_like(labels.values)
    try:
        for part in parts:
            rest = np.setdiff1d(np.arange(len(labels)), part)
            fitted = kind.fit(_rows(labels, rest), seed)
            error[part] = np.asarray(fitted.predict(labels.theta[part]).mean) - labels.values[part]
    except (ConfigError, ConvergenceError) as refused:
        return Candidate(kind, unknown, time.perf_counter() - begun, str(refused))
    spread = np.maximum(labels.values.std(axis=0), 1e-300)
    return Candidate(kind, np.sqrt(np.mean(error**2, axis=0)) / spread, time.perf_counter() - begun)


def _rows(labels: Labels, rows: np.ndarray) -> Labels:
    noise = None if labels.noise is None else labels.noise[rows]
    gradients = None if labels.gradients is None else labels.gradients[rows]
    return Labels(labels.box, labels.theta[rows], labels.values[rows], labels.outputs, noise, gradients)


def _reason(winner: Candidate, ranked: list[Candidate], n: int) -> str:
    """One sentence that compares the winner with the next best."""
    own = f"{winner.kind.describe()} errs by {winner.score:.1e} standard deviations at left-out labels of {n}"
    others = [one for one in ranked if one is not winner and np.isfinite(one.score)]
    if not others:
        return f"{own}; no other kind could be tried."
    other = others[0]
    if other.score < winner.score:
        return (
            f"{own}, as well as {other.kind.describe()} ({other.score:.1e}) up to chance, and its error bar is better."
        )
    return f"{own}, {other.kind.describe()}, the next best, by {other.score:.1e}."
