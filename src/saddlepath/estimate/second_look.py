"""How far the error of a family, or of a surrogate, carries an estimate: its moments there beside finer ones."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from saddlepath.errors import ConfigError
from saddlepath.estimate.smm import Estimate
from saddlepath.solution import Solution
from saddlepath.statistics import Simulated
from saddlepath.table import Table, table

WARNING = 0.5
"""Shift of an estimate, in its standard errors, from which on the surrogate's error matters [-]."""


@dataclasses.dataclass(frozen=True, eq=False)
class SecondLook:
    """Moments at an estimate from two sources.

    Attributes:
        found: The estimate.
        finer: The moments there by the better source `[n_moments]`.
    """

    found: Estimate
    finer: Float[np.ndarray, " n_moments"]

    @property
    def error(self) -> Float[np.ndarray, " n_moments"]:
        """Moments that were used less the finer ones."""
        return self.found.model - self.finer

    @property
    def shift(self) -> Float[np.ndarray, " n_parameters"]:
        """How far the estimate would move with the finer moments, to first order. [units of the box]"""
        slope, weights = self.found.jacobian, self.found.weights
        return np.linalg.solve(slope.T @ weights @ slope, slope.T @ weights @ self.error)

    @property
    def matters(self) -> bool:
        """Whether a parameter would move by half its standard error or more."""
        return bool(np.any(np.abs(self.shift) >= WARNING * self.found.sd))

    def table(self) -> Table:
        """Both moments and their distance in standard errors of the data's."""
        errors = np.sqrt(np.diag(self.found.data.covariance))
        columns = zip(self.found.data.names, self.found.model, self.finer, errors, strict=True)
        rows = {n: {"used": float(m), "finer": float(f), "t": float((m - f) / e)} for n, m, f, e in columns}
        return table(rows, "moment", title=self._title(), note=self._note(), formats={"t": ".2f"})

    def _title(self) -> str:
        return "THE ERROR OF THESE MOMENTS MATTERS" if self.matters else "Error of the moments at the estimate"

    def _note(self) -> str:
        parts = zip(self.found.parameters, self.shift, self.shift / self.found.sd, strict=True)
        moved = ", ".join(f"{name} by {shift:+.1g} ({abs(ratio):.1g} standard errors)" for name, shift, ratio in parts)
        return f"t: their difference in standard errors of the data. With the finer the estimate would move: {moved}."

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().to_html()


def second_look(found: Estimate, finer: Simulated | Solution | Any, simulated: Simulated | None = None) -> SecondLook:
    """The moments at an estimate from a better source, and what their difference means for the estimate.

    Args:
        found: What `smm` returned.
        finer: A solution at the estimate alone, `solve(model.replace(**found.values), tol=...)`; or simulated moments
            of a family; or a function from parameters to the moments.
        simulated: With a solution: how the moments were simulated, so that the same shocks are drawn.

    Raises:
        ConfigError: A solution without the simulation to repeat, or at other parameters than the estimate.
    """
    with jax.enable_x64(True):
        if isinstance(finer, Solution):
            moments = _of_solution(found, finer, simulated)
        else:
            moments = finer.at(jnp.asarray(found.theta)) if isinstance(finer, Simulated) else finer(found.theta)
        return SecondLook(found, np.asarray(moments, dtype=float))


def _of_solution(found: Estimate, finer: Solution, simulated: Simulated | None) -> Any:
    if simulated is None:
        raise ConfigError("a solution alone does not say how moments are simulated; give simulated=simulated(...) too.")
    for name, value in found.values.items():
        at = getattr(finer.model, name, None)
        if at is not None and not np.allclose(at, value, rtol=1e-6):
            raise ConfigError(f"the finer solution has {name} = {at}, the estimate is {value:.6g}; solve it there.")
    parts = {"economy": finer.economy, "rule": finer.rule, "cloud": finer.cloud}
    return dataclasses.replace(simulated, **parts).at(jnp.zeros(0))
