"""From a solved family to an answer about uncertainty: label, fit a surrogate, ask which parameter matters."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from saddlepath.errors import ConfigError
from saddlepath.prior import Prior
from saddlepath.solution import Solution
from saddlepath.statistics import Simulated, simulated
from saddlepath.surrogate.active import learn
from saddlepath.surrogate.auto import fit
from saddlepath.surrogate.base import Kind, Labels, Surrogate
from saddlepath.surrogate.gaussian_process import GP
from saddlepath.uq.sensitivity import SensitivityResult, sensitivity
from saddlepath.uq.sobol import BASE, DRAWS

BATCH, EVERY = 5, 20
"""Points that are chosen at a time, and between two fits of the process that chooses them [-]."""


@dataclasses.dataclass(frozen=True, eq=False)
class Study:
    """A sensitivity analysis with everything that it rests on.

    Attributes:
        labels: Points of the box and the simulated quantities there.
        surrogate: Fitted to them.
        result: Indices, effects and laws by quantity of interest.
    """

    labels: Labels
    surrogate: Surrogate
    result: SensitivityResult


def study(
    family: Solution,
    quantities: Sequence[str],
    prior: Prior,
    *,
    points: int = 100,
    chosen: int = 0,
    kind: str | Kind = GP(transform="auto"),
    periods: int | None = None,
    paths: int | None = None,
    burn_in: int | None = None,
    base: int = BASE,
    draws: int = DRAWS,
    seed: int = 0,
) -> Study:
    """Which parameter of a family moves simulated quantities under a prior.

    Args:
        family: A solution with pseudo-states, `solve(..., over=Box(...))`.
        quantities: Names of statistics, such as `mean:k` or `sd:dlog:consumption`.
        prior: A law for every pseudo-state, inside the box that was solved.
        points: Points of a Sobol' design at which the family is simulated. [-]
        chosen: Further points, each where a Gaussian process of those before would learn most. [-]
        kind: How the surrogate is fitted.
        periods: Length of every simulated path; default as in `simulated`. [periods]
        paths: Number of paths per point; likewise.
        burn_in: Periods before the first that counts; likewise. [periods]
        base: Points of the base sample of the indices. [-]
        draws: Functions drawn from the surrogate, for its share of the intervals. [-]
        seed: Of shocks, fits and samples.

    Returns:
        Labels, surrogate and sensitivities.

    Raises:
        ConfigError: No family, a prior outside its box, an unknown quantity, or one that is constant or not finite.
    """
    function = simulated(family, quantities, periods=periods, paths=paths, burn_in=burn_in, seed=seed)
    prior.require_inside(family.box)
    theta = family.box.design(points, seed)
    values = function(theta)
    _require_finite(values, theta, function.names, family.box.entries)
    labels = Labels(family.box, theta, values, function.names)
    if chosen:
        labels = _with_chosen(function, labels, chosen, kind, seed)
    surrogate = fit(labels, kind, seed)
    return Study(labels, surrogate, sensitivity(surrogate, prior, base=base, draws=draws, seed=seed))


def _with_chosen(function: Simulated, labels: Labels, chosen: int, kind: str | Kind, seed: int) -> Labels:
    """The labels, and as many as are asked for where they are missed most."""
    if not isinstance(kind, GP):
        raise ConfigError(f"only a Gaussian process knows where it would learn most, got kind={kind!r}; give GP().")
    learned = learn(
        lambda theta: function(theta[None])[0], labels.box, outputs=function.names, n=len(labels.theta) + chosen,
        start=labels, kind=kind, batch=BATCH, every=EVERY, seed=seed,
    )  # fmt: skip
    return learned.labels


def _require_finite(values: np.ndarray, theta: np.ndarray, quantities: Sequence[str], inputs: Sequence[str]) -> None:
    """Refuse quantities that a simulation does not have everywhere."""
    for name, column in zip(quantities, values.T, strict=True):
        wrong = np.flatnonzero(~np.isfinite(column))
        if wrong.size:
            where = ", ".join(f"{i} = {v:.6g}" for i, v in zip(inputs, theta[wrong[0]], strict=True))
            cause = "logarithms need a positive variable; " if "log:" in name else ""
            raise ConfigError(
                f"{name} is not finite at {wrong.size} of {len(theta)} simulated points, the first at {where}; {cause}"
                "choose another quantity, or solve over a smaller box."
            )
