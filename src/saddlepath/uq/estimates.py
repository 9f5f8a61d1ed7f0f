"""Estimates with intervals that hold both sources of error: a finite sample, and a surrogate in place of the model.

Sampling error comes from independent scramblings of one Sobol' sequence: every scrambling gives an unbiased estimate,
and their spread is the error of their mean (Owen 1997). Surrogate error comes from functions drawn from the
surrogate's posterior, all evaluated at the same points as its mean (Le Gratiet, Cannamela and Iooss 2014).
"""

import dataclasses
from typing import Any

import numpy as np

from saddlepath.table import Table, table

LEVEL = 0.95
"""Probability of the intervals [-]."""
ROUNDING = 1e-12
"""Part of an interval that no sample tells: rounding, relative to the largest of the estimates [-]."""


@dataclasses.dataclass(frozen=True, eq=False)
class Estimates:
    """Numbers by name, each with its errors.

    Attributes:
        names: What was estimated.
        value: The estimates. [unit of the quantity]
        sampling: Their standard errors from the finite sample.
        surrogate: Their standard deviations over functions that the surrogate holds possible; zero without one.
        low: Lower ends of the intervals of 95 %.
        high: Upper ends.
    """

    names: tuple[str, ...]
    value: np.ndarray
    sampling: np.ndarray
    surrogate: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __getitem__(self, name: str) -> float:
        return float(self.value[self.names.index(name)])

    @property
    def margin(self) -> np.ndarray:
        """Half the width of the intervals."""
        return (self.high - self.low) / 2

    def table(self, title: str = "", index: str = "") -> Table:
        """One row per name: estimate, ends of its interval, its two errors."""
        columns = {
            "estimate": self.value,
            "low": self.low,
            "high": self.high,
            "sampling error": self.sampling,
            "surrogate error": self.surrogate,
        }
        rows = {name: {head: float(v[i]) for head, v in columns.items()} for i, name in enumerate(self.names)}
        formats = {"sampling error": ".1e", "surrogate error": ".1e"}
        return table(rows, index, title=title, note=NOTE, formats=formats)

    def as_dict(self) -> dict[str, dict[str, float]]:
        """Plain data by name."""
        fields = ("value", "low", "high", "sampling", "surrogate")
        return {n: {f: float(getattr(self, f)[i]) for f in fields} for i, n in enumerate(self.names)}

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().to_html()


NOTE = "Low and high are the ends of intervals of 95 % from both errors; these are standard deviations."
MARGIN = "Half an interval of 95 %, from sampling and surrogate error together"
"""What a column of margins holds."""


def combined(
    names: tuple[str, ...],
    scramblings: np.ndarray,
    scale: np.ndarray | None = None,
    shifts: np.ndarray | None = None,
    pooled: np.ndarray | None = None,
) -> Estimates:
    """Estimates from independent scramblings and from functions drawn from a surrogate.

    Args:
        names: `k` names.
        scramblings: One estimate per scrambling, `[scramblings, k]`.
        scale: What estimates are divided by, such as a variance, `[scramblings]`: the estimate is the ratio of means.
        pooled: The estimates from all points together, `[k]`, where those of one scrambling are biased, as quantiles
            are: only their spread is then used.
        shifts: How far each drawn function's estimates lie from those of the mean function, `[draws, k]`.
    """
    n = len(scramblings)
    scale = np.ones(n) if scale is None else scale
    value = scramblings.mean(axis=0) / scale.mean()
    residual = (scramblings - value * scale[:, None]) / scale.mean()  # the ratio, linearised around the means
    value = value if pooled is None else pooled
    sampling = np.sqrt((residual**2).sum(axis=0) / (n - 1) / n)
    surrogate = np.zeros_like(value)
    if shifts is not None:
        value = value + shifts.mean(axis=0)
        surrogate = shifts.std(axis=0, ddof=1)
    half = ROUNDING * np.abs(value).max(initial=0.0) + _quantiles(
        sampling, surrogate, n - 1, 0 if shifts is None else len(shifts) - 1
    )
    return Estimates(names, value, sampling, surrogate, value - half, value + half)


def _quantiles(sampling: np.ndarray, surrogate: np.ndarray, *freedom: int) -> np.ndarray:
    """Half widths: Student's law with the degrees of freedom of Welch (1947) and Satterthwaite (1946)."""
    from scipy.stats import t

    variances = [sampling**2, surrogate**2]
    total = sum(variances)
    weight = sum(v**2 / f for v, f in zip(variances, freedom, strict=True) if f > 0)
    degrees = np.divide(total**2, weight, out=np.full_like(sampling, float(freedom[0])), where=weight > 0)
    return t.ppf(0.5 + LEVEL / 2, degrees) * np.sqrt(total)


def plain(value: Any) -> Any:
    """Arrays and numbers of NumPy as lists and numbers for JSON."""
    return np.asarray(value).tolist()
