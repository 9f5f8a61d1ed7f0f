"""All about which parameter matters in one call: indices, effects, the law of the quantity, and their checks."""

import dataclasses
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from saddlepath.prior import Prior
from saddlepath.surrogate.base import Surrogate
from saddlepath.table import Table, table
from saddlepath.uq.estimates import MARGIN
from saddlepath.uq.hybrids import CUBE, unexplained
from saddlepath.uq.propagation import Propagation, propagate_of
from saddlepath.uq.shapley import ShapleyEffects, by_permutations, shapley_of
from saddlepath.uq.sobol import BASE, DRAWS, SobolIndices, of_many, sobol_of
from saddlepath.uq.surrogate_check import SurrogateCheck, surrogate_check
from saddlepath.uq.target import target
from saddlepath.uq.univariate import SAMPLE, UnivariateEffects, univariate_of


@dataclasses.dataclass(frozen=True)
class Check:
    """Something that holds of exact indices, and whether it holds of the estimates within their intervals.

    Attributes:
        rule: What must hold.
        excess: By how much it fails, negative where it holds by so much. [-]
        margin: What the intervals allow. [-]
    """

    rule: str
    excess: float
    margin: float

    @property
    def holds(self) -> bool:
        return self.excess <= self.margin


@dataclasses.dataclass(frozen=True, eq=False)
class Sensitivity:
    """What `sensitivity` found about one quantity of interest.

    Attributes:
        qoi: Its name.
        inputs: Names of the inputs.
        sobol: Sobol' indices; None for dependent inputs.
        shapley: Shapley effects.
        univariate: Means given one input.
        propagation: Its law under the prior.
        checks: Inequalities and sums, each with its margin.
        left_out: The surrogate at points left out of its fit; None without one that can tell.
    """

    qoi: str
    inputs: tuple[str, ...]
    sobol: SobolIndices | None
    shapley: ShapleyEffects
    univariate: UnivariateEffects
    propagation: Propagation
    checks: tuple[Check, ...]
    left_out: SurrogateCheck | None = None

    def table(self) -> Table:
        """One row per input: first-order index, Shapley effect, total index, each with half its interval."""
        columns = {"Shapley": self.shapley.effects}
        if self.sobol is not None:
            columns = {"first order": self.sobol.first, "Shapley": self.shapley.effects, "total": self.sobol.total}
        rows = {}
        for i, name in enumerate(self.inputs):
            rows[name] = {}
            for head, found in columns.items():
                rows[name] |= {head: float(found.value[i]), f"{head} ±": float(found.margin[i])}
        formats = {f"{head} ±": ".1e" for head in columns}
        return table(
            rows, "input", title=f"Which input moves {self.qoi}", note=f"±: {MARGIN.lower()}.", formats=formats
        )

    def checks_table(self) -> Table:
        """Inequalities and sums."""
        rows = {
            check.rule: {"exceeded by": check.excess, "margin": check.margin, "holds": "yes" if check.holds else "no"}
            for check in self.checks
        }
        note = (
            "Exact indices obey every rule. Estimates exceed it by at most their margin, half an interval of 95 %; a "
            "negative number is room to spare."
        )
        return table(rows, "rule", title="Checks", note=note, formats={"exceeded by": ".1e", "margin": ".1e"})

    def as_dict(self) -> dict[str, Any]:
        return {
            "inputs": list(self.inputs),
            "sobol": None if self.sobol is None else self.sobol.as_dict(),
            "shapley": self.shapley.as_dict(),
            "univariate": self.univariate.as_dict(),
            "propagation": self.propagation.as_dict(),
            "surrogate": None if self.left_out is None else self.left_out.as_dict(),
            "checks": [dataclasses.asdict(check) | {"holds": check.holds} for check in self.checks],
        }

    def __str__(self) -> str:
        return f"{self.table()}\n{self.checks_table()}"

    def _repr_html_(self) -> str:
        return self.table().to_html() + self.checks_table().to_html()


@dataclasses.dataclass(frozen=True, eq=False)
class SensitivityResult:
    """Sensitivities of all quantities of interest.

    Attributes:
        found: By name of the quantity.
        prior: Law of the inputs.
        how: Base sample, draws, seed, points evaluated and seconds.
    """

    found: dict[str, Sensitivity]
    prior: Prior
    how: dict[str, Any]

    def __getitem__(self, qoi: str) -> Sensitivity:
        return self.found[qoi]

    @property
    def inputs(self) -> tuple[str, ...]:
        return next(iter(self.found.values())).inputs

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"how": self.how, "quantities": {name: one.as_dict() for name, one in self.found.items()}}

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.found.values()))

    def _repr_html_(self) -> str:
        return "".join(one._repr_html_() for one in self.found.values())


def sensitivity(
    function: Any, prior: Prior, *, base: int = BASE, draws: int = DRAWS, seed: int = 0,
    outputs: Sequence[str] | None = None,
) -> SensitivityResult:  # fmt: skip
    """Sobol' indices, Shapley effects, univariate effects and the law of every quantity of interest.

    Args:
        function: From `[n, n_inputs]` to `[n]` or `[n, n_outputs]`, NumPy; or a surrogate.
        prior: Law of the inputs; Sobol' indices are left out where they are dependent.
        base: Points of the base sample. [-]
        draws: Functions drawn from a surrogate; 0 leaves its error out. [-]
        seed: Seed of scramblings, permutations and draws.
        outputs: Names of the quantities of interest.

    Returns:
        Results by name of the quantity, with S <= Shapley <= ST and the sums checked against their intervals.

    Raises:
        ConfigError: A quantity is constant or not finite, or a prior leaves the surrogate's box.
    """
    began = time.perf_counter()
    made = target(function, prior, draws, seed, outputs)
    if prior.size > CUBE:
        indices = None if prior.dependent else of_many(made, base, seed)
        effects = by_permutations(made, base, seed)
    else:
        parts = unexplained(made, base, seed)
        indices = None if prior.dependent else sobol_of(made, parts)
        effects = shapley_of(made, parts)
    means = univariate_of(made, min(base, SAMPLE), seed)
    laws = propagate_of(made, base, seed)
    beside = surrogate_check(function) if isinstance(function, Surrogate) else {}
    found = {}
    for j, qoi in enumerate(made.outputs):
        first = None if indices is None else indices[qoi]
        rules = checks(first, effects[qoi])
        left_out = beside.get(function.outputs[j]) if beside else None
        found[qoi] = Sensitivity(qoi, made.prior.names, first, effects[qoi], means[qoi], laws[qoi], rules, left_out)
    how = {
        "base": base,
        "draws": draws if made.drawn is not None else 0,
        "seed": seed,
        "dependent inputs": prior.dependent,
        "seconds": time.perf_counter() - began,
    }
    return SensitivityResult(found, made.prior, how)


def checks(indices: SobolIndices | None, effects: ShapleyEffects) -> tuple[Check, ...]:
    """What exact indices obey, beside the intervals of the estimates."""
    shares = effects.effects
    rules = [
        Check("Shapley effects are not negative", float(-shares.value.min()), float(shares.margin.max())),
        Check("Shapley effects sum to one", float(abs(shares.value.sum() - 1)), _root(shares.margin)),
    ]
    if indices is None:
        return tuple(rules)
    first, total = indices.first, indices.total
    for rule, less, more in (
        ("S <= Shapley", first, shares),
        ("Shapley <= ST", shares, total),
        ("S <= ST", first, total),
    ):
        rules += [
            Check(f"{rule}, {name}", float(a - b), float(np.hypot(u, v)))
            for name, a, b, u, v in zip(less.names, less.value, more.value, less.margin, more.margin, strict=True)
        ]
    rules.append(Check("first-order indices sum to at most one", float(first.value.sum() - 1), _root(first.margin)))
    rules.append(Check("total indices sum to at least one", float(1 - total.value.sum()), _root(total.margin)))
    return tuple(rules)


def _root(margin: np.ndarray) -> float:
    """Margin of a sum."""
    return float(np.sqrt(np.sum(margin**2)))
