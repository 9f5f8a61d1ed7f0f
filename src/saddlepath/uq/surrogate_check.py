"""A surrogate beside what it stands for, at points that it was not fitted to."""

import dataclasses
from typing import Any

import numpy as np

from saddlepath.errors import ConfigError
from saddlepath.surrogate.base import Labels, Surrogate
from saddlepath.surrogate.gaussian_process import GaussianProcess
from saddlepath.uq.estimates import plain


@dataclasses.dataclass(frozen=True, eq=False)
class SurrogateCheck:
    """Predictions of one quantity of interest beside its values.

    Attributes:
        qoi: Its name.
        actual: Values that the surrogate did not see, `[n]`.
        predicted: What it says there.
        sd: The standard deviation that it gives its own error.
        standardised: Whether all three are on the scale on which the surrogate works, instead of in units.
    """

    qoi: str
    actual: np.ndarray
    predicted: np.ndarray
    sd: np.ndarray
    standardised: bool

    @property
    def q2(self) -> float:
        """Share of the variance of the values that is predicted: one minus squared error over variance. [-]"""
        return float(1 - np.mean((self.actual - self.predicted) ** 2) / np.var(self.actual))

    @property
    def covered(self) -> float:
        """Share of the values within two standard deviations; about 0.95 where the error bars are right. [-]"""
        return float(np.mean(np.abs(self.actual - self.predicted) <= 2 * self.sd))

    def as_dict(self) -> dict[str, Any]:
        arrays = {name: plain(getattr(self, name)) for name in ("actual", "predicted", "sd")}
        return {"q2": self.q2, "covered": self.covered, "standardised": self.standardised} | arrays


def surrogate_check(surrogate: Surrogate, labels: Labels | None = None) -> dict[str, SurrogateCheck]:
    """How well a surrogate predicts.

    Args:
        surrogate: A fitted surrogate.
        labels: Points that it was not fitted to. Without them a Gaussian process leaves out its own points one by
            one, and other surrogates have no check.

    Returns:
        Checks by quantity of interest; empty where there is nothing to check with.

    Raises:
        ConfigError: The labels are of other outputs.
    """
    if labels is not None:
        if labels.outputs != surrogate.outputs:
            raise ConfigError(
                f"labels of {', '.join(labels.outputs)} cannot check a surrogate of {', '.join(surrogate.outputs)}; "
                "give labels of the same outputs in the same order."
            )
        mean, sd = surrogate.predict(labels.theta)
        columns = zip(surrogate.outputs, labels.values.T, np.asarray(mean).T, np.asarray(sd).T, strict=True)
        return {name: SurrogateCheck(name, *parts, standardised=False) for name, *parts in columns}
    if not isinstance(surrogate, GaussianProcess):
        return {}
    residual, variance = (np.asarray(part) for part in surrogate.leave_one_out())
    actual = np.asarray(surrogate.processes.y)[:, np.asarray(surrogate.used) > 0]
    columns = zip(surrogate.outputs, actual, actual - residual, np.sqrt(variance), strict=True)
    return {name: SurrogateCheck(name, *parts, standardised=True) for name, *parts in columns}
