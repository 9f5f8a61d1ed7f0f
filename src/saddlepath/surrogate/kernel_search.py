"""Which covariance function suits labels: candidates fitted to convergence, compared by one criterion, and why.

A search of depth one compares the candidates. A deeper one goes on from the best: every part of it is added to and
multiplied with every candidate, as long as the criterion improves. All outputs share the kernel; their figures are
added up. Log densities are those of the values in their own units, so that transforms can be compared as well.

References:
    Duvenaud, Lloyd, Grosse, Tenenbaum and Ghahramani (2013, ICML), the greedy search; Kass and Raftery (1995, Journal
    of the American Statistical Association), which differences of the BIC are worth a mention.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.model import nearest_names
from saddlepath.nn.transforms import require_varying
from saddlepath.simulation import require_whole
from saddlepath.surrogate.base import Kind, Labels
from saddlepath.surrogate.gaussian_process import GP, GaussianProcess
from saddlepath.surrogate.kernels import (
    Kernel,
    Linear,
    Matern,
    Periodic,
    Product,
    RationalQuadratic,
    SquaredExponential,
    Sum,
)
from saddlepath.table import Table, table

CANDIDATES = (SquaredExponential(), Matern(2.5), Matern(1.5), RationalQuadratic(), Periodic(), Linear())
CRITERIA = ("bic", "lml", "loo")
TIE = {"bic": 2.0, "lml": 1.0, "loo": 1.0}
"""Differences that are not worth more than a bare mention [log density; BIC counts it twice]."""
PROCESS = GP(restarts=8)
"""How candidates are fitted: periods give the likelihood many maxima."""


class KernelScore(NamedTuple):
    """How one kernel did; figures are not a number where it could not be fitted.

    Attributes:
        kernel: The kernel.
        parameters: Number of parameters, those of the process and all outputs included. [-]
        lml: Log marginal likelihood. [-]
        bic: Bayesian information criterion, parameters times log n minus twice `lml`. [-]
        loo: Log density of labels left out. [-]
        note: Why it was left out, or nothing.
    """

    kernel: Kernel
    parameters: int
    lml: float
    bic: float
    loo: float
    note: str = ""

    def loss(self, criterion: str) -> float:
        """What a criterion minimises."""
        return {"bic": self.bic, "lml": -self.lml, "loo": -self.loo}[criterion]


@dataclasses.dataclass(frozen=True, eq=False)
class KernelChoice:
    """A kernel chosen by a criterion, and the process fitted with it.

    Attributes:
        surrogate: The process.
        kernel: Its kernel.
        criterion: What chose it.
        scores: Of all kernels that were tried, the best first.
        ties: Other kernels that the labels cannot tell from it.
        reason: One sentence.
    """

    surrogate: GaussianProcess
    kernel: Kernel
    criterion: str
    scores: tuple[KernelScore, ...]
    ties: tuple[Kernel, ...]
    reason: str

    def table(self) -> Table:
        """Kernels with their figures."""
        rows = {
            formula(one.kernel): {
                "parameters": one.parameters,
                "log likelihood": one.lml,
                "BIC": one.bic,
                "left out": one.loo,
                "chosen": "yes" if one.kernel == self.kernel else "tie" if one.kernel in self.ties else "",
                "note": one.note,
            }
            for one in self.scores
        }
        formats = dict.fromkeys(("log likelihood", "BIC", "left out"), ".3f")
        note = f"left out: log density of labels left out. {self.reason}"
        return table(rows, "kernel", title="Kernels of a Gaussian process", note=note, formats=formats)

    def __str__(self) -> str:
        return str(self.table())


def search_kernel(
    labels: Labels,
    candidates: Sequence[Kernel] | None = None,
    depth: int = 1,
    criterion: str = "bic",
    process: GP = PROCESS,
    seed: int = 0,
) -> KernelChoice:
    """Choose the kernel of a Gaussian process and say why.

    Args:
        labels: What is known.
        candidates: Kernels to compare and to build from; None: squared exponential, Matern 5/2 and 3/2, rational
            quadratic, periodic, linear.
        depth: Candidates that a kernel is built from at most; from two on by sums and products, one more in every
            round, as long as the criterion improves.
        criterion: `bic`, the likelihood with a charge per parameter; `lml`, without; `loo`, the density of labels left
            out.
        process: How each is fitted; its kernel is not used.
        seed: Of the restarts.

    Returns:
        The best kernel, the process fitted with it, the figures of all, and which others are as good.

    Raises:
        ConfigError: An unknown criterion, a depth below one, or labels that no candidate can use.
    """
    require_whole("depth", depth, 1)
    if criterion not in CRITERIA:
        raise ConfigError(f"no criterion {criterion!r}; {nearest_names(criterion, list(CRITERIA))}")
    bases = CANDIDATES if candidates is None else tuple(candidates)
    for output, values in zip(labels.outputs, labels.values.T, strict=True):
        require_varying(values, output)
    least = min(bases, key=lambda one: one.size(labels.box.size))
    needed = 2 + least.size(labels.box.size)
    if process.subspace is None and len(labels) < needed:
        raise ConfigError(
            f"{len(labels)} labels are too few for every one of the {len(bases)} kernels; {formula(least)} asks least, "
            f"{needed}: give more labels."
        )
    tried: dict[Kernel, tuple[KernelScore, GaussianProcess | None]] = {}
    best, fresh = None, list(bases)
    for _ in range(depth):
        for kernel in fresh:
            tried[kernel] = _tried(kernel, labels, process, seed)
        ranked = sorted((one for one, _ in tried.values()), key=lambda one: _rank(one, criterion))
        if best is not None and ranked[0].kernel == best.kernel:
            break
        best = ranked[0]
        fresh = [kernel for kernel in dict.fromkeys(grown(best.kernel, bases)) if kernel not in tried]
    return _choice(tried, criterion, len(labels))


def _rank(score: KernelScore, criterion: str) -> tuple[bool, float]:
    loss = score.loss(criterion)
    return not np.isfinite(loss), loss


def _tried(kernel: Kernel, labels: Labels, process: GP, seed: int) -> tuple[KernelScore, GaussianProcess | None]:
    try:
        gp = dataclasses.replace(process, kernel=kernel).fit(labels, seed)
    except (ConfigError, ConvergenceError) as refused:
        return KernelScore(kernel, kernel.size(labels.box.size), np.nan, np.nan, np.nan, str(refused)), None
    own = kernel.size(gp.x.shape[1]) + 1 + (process.noise == "learned")
    parameters = own * len(labels.outputs)
    lml, loo = (float(np.sum(gp.log_density(name))) for name in ("likelihood", "loo"))
    return KernelScore(kernel, parameters, lml, parameters * float(np.log(len(labels))) - 2 * lml, loo), gp


def _choice(tried: dict[Kernel, tuple[KernelScore, GaussianProcess | None]], criterion: str, n: int) -> KernelChoice:
    scores = sorted((score for score, _ in tried.values()), key=lambda one: _rank(one, criterion))
    best, gp = tried[scores[0].kernel]
    if gp is None:
        notes = "; ".join(f"{formula(one.kernel)}: {one.note}" for one in scores)
        raise ConfigError(f"no kernel can use these {n} labels: {notes}")
    behind = lambda one: one.loss(criterion) - best.loss(criterion)
    ties = tuple(one.kernel for one in scores[1:] if behind(one) < TIE[criterion])
    return KernelChoice(gp, best.kernel, criterion, tuple(scores), ties, _reason(scores, criterion, ties, n))


def _reason(scores: list[KernelScore], criterion: str, ties: tuple[Kernel, ...], n: int) -> str:
    """One sentence that compares the best with what comes next."""
    what = {"bic": "a BIC", "lml": "a log likelihood", "loo": "a log density of left-out labels"}[criterion]
    shown = lambda one: f"{one.loss(criterion) * (1 if criterion == 'bic' else -1):.2f}"
    own = f"{formula(scores[0].kernel)} has {what} of {shown(scores[0])} with {n} labels"
    others = [one for one in scores[1:] if np.isfinite(one.loss(criterion))]
    if not others:
        return f"{own}; no other kernel could be fitted."
    if ties:
        names = ", ".join(f"{formula(one.kernel)} ({shown(one)})" for one in others if one.kernel in ties)
        return f"{own}, and the labels cannot tell it from {names}: less than {TIE[criterion]:g} apart."
    return f"{own}, the next best, {formula(others[0].kernel)}, {shown(others[0])}."


def grown(kernel: Kernel, bases: Sequence[Kernel]) -> Iterator[Kernel]:
    """Kernels with one more base: added to or multiplied with the kernel or a part of it."""
    for base in bases:
        yield _joined(Sum, (kernel, base))
        if base not in _parts(kernel, Product):  # a squared kernel is one of another length
            yield _joined(Product, (kernel, base))
    if isinstance(kernel, Sum | Product):
        parts = _parts(kernel, type(kernel))
        for i, part in enumerate(parts):
            for new in grown(part, bases):
                yield _joined(type(kernel), (*parts[:i], new, *parts[i + 1 :]))


def _parts(kernel: Kernel, join: type[Sum] | type[Product]) -> tuple[Kernel, ...]:
    if not isinstance(kernel, join):
        return (kernel,)
    return kernel.terms if isinstance(kernel, Sum) else kernel.factors


def _joined(join: type[Sum] | type[Product], kernels: tuple[Kernel, ...]) -> Kernel:
    """A sum or product in one form: flat, and in the order of the formulas."""
    return join(tuple(sorted((part for one in kernels for part in _parts(one, join)), key=formula)))


def formula(kernel: Kernel) -> str:
    """A kernel as one writes it, such as `Matern(2.5) + Linear * Periodic`."""
    if isinstance(kernel, Sum):
        return " + ".join(formula(term) for term in kernel.terms)
    if isinstance(kernel, Product):
        return " * ".join(f"({formula(f)})" if isinstance(f, Sum) else formula(f) for f in kernel.factors)
    values = {field.name: getattr(kernel, field.name) for field in dataclasses.fields(kernel)}
    shown = [
        str(value) if name != "ard" else "ard=False" for name, value in values.items() if name != "ard" or not value
    ]
    return f"{type(kernel).__name__}({', '.join(shown)})" if shown else type(kernel).__name__


@dataclasses.dataclass(frozen=True)
class KernelSearch(Kind):
    """A Gaussian process whose kernel is searched for, wherever a kind of surrogate is asked for.

    Attributes:
        candidates: Kernels to compare and to build from.
        depth: Candidates that a kernel is built from at most.
        criterion: `bic`, `lml` or `loo`.
        process: How each is fitted; its kernel is not used.
    """

    candidates: tuple[Kernel, ...] = CANDIDATES
    depth: int = 1
    criterion: str = "bic"
    process: GP = PROCESS

    def describe(self) -> str:
        """One line for reports."""
        return f"Gaussian process, the best by {self.criterion} of {len(self.candidates)} kernels, depth {self.depth}"

    def fit(self, labels: Labels, seed: int = 0) -> GaussianProcess:
        """The process with the best kernel; `search_kernel` also says why."""
        return search_kernel(labels, self.candidates, self.depth, self.criterion, self.process, seed).surrogate
