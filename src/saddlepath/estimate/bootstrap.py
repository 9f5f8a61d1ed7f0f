"""What standard errors rest on linearity for: estimates from data sets that the estimated model itself produces.

Every replication is a path of the data's length at the estimate; its moments take the place of the data's, and the
search for parameters is repeated with the same weights. The spread of the results is the estimator's, the distance of
their mean from the estimate its bias.

References:
    Horowitz (2001, Handbook of Econometrics 5), the bootstrap of estimators with moment conditions.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from saddlepath.errors import ConfigError
from saddlepath.estimate.smm import Estimate, search
from saddlepath.prior import Box
from saddlepath.simulation import require_whole
from saddlepath.statistics import Simulated
from saddlepath.table import Table, table

EDGE = 1e-6
"""Distance from a bound of the box below which an estimate lies at it [widths of the box]."""


@dataclasses.dataclass(frozen=True, eq=False)
class Bootstrap:
    """Estimates from data sets that the estimated model produced.

    Attributes:
        parameters: Names of the parameters.
        theta: The estimate from the data. [units of the box]
        draws: The estimates `[replications, n_parameters]`. [units of the box]
        sd: Standard errors of the estimate, for comparison. [units of the box]
        box: Parameters and their bounds.
    """

    parameters: tuple[str, ...]
    theta: Float[np.ndarray, " n_parameters"]
    draws: Float[np.ndarray, "replications n_parameters"]
    sd: Float[np.ndarray, " n_parameters"]
    box: Box

    @property
    def bias(self) -> Float[np.ndarray, " n_parameters"]:
        """Mean of the replications less the value that produced them. [units of the box]"""
        return self.draws.mean(axis=0) - self.theta

    @property
    def spread(self) -> Float[np.ndarray, " n_parameters"]:
        """Standard deviation of the replications. [units of the box]"""
        return self.draws.std(axis=0, ddof=1)

    @property
    def at_edge(self) -> Float[np.ndarray, " n_parameters"]:
        """Share of the replications that end at a bound of the box. [-]"""
        slack = EDGE * (self.box.high - self.box.low)
        return np.mean((self.draws <= self.box.low + slack) | (self.draws >= self.box.high - slack), axis=0)

    def interval(self, level: float = 0.9) -> Float[np.ndarray, "n_parameters 2"]:
        """Intervals from the quantiles of the errors that replications made, cut at the bounds of the box."""
        low, high = np.quantile(self.draws - self.theta, [0.5 - level / 2, 0.5 + level / 2], axis=0)
        return np.clip(np.stack([self.theta - high, self.theta - low], axis=1).T, self.box.low, self.box.high).T

    def table(self) -> Table:
        """Estimate, bias, spread beside the standard error, and intervals of 90 %."""
        rows = {
            name: {
                "estimate": float(self.theta[i]),
                "bias": float(self.bias[i]),
                "spread": float(self.spread[i]),
                "standard error": float(self.sd[i]),
                "5 %": float(self.interval()[i, 0]),
                "95 %": float(self.interval()[i, 1]),
            }
            for i, name in enumerate(self.parameters)
        }
        note = (
            "Bias: mean of the replications less the estimate; spread: their standard deviation. The interval of 90 % "
            "comes from their errors and is cut at the bounds of the box."
        )
        return table(rows, "parameter", title=f"Bootstrap of {len(self.draws)} replications", note=note)

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().to_html()


def bootstrap(
    found: Estimate, model: Any, paths: Simulated, *, box: Box | None = None, replications: int = 200, seed: int = 1
) -> Bootstrap:
    """Estimates from data sets that the estimated model produces.

    Args:
        found: What `smm` returned.
        model: The moments as `smm` took them: a surrogate makes every replication a matter of milliseconds.
        paths: `simulated(family, names)`: where the data sets come from, whatever its own length and number of paths.
        box: Parameters and their bounds; default: those of `model`.
        replications: Number of data sets.
        seed: Of their shocks; one that differs from that of the simulated moments.

    Returns:
        Their estimates, bias, spread and intervals.

    Raises:
        ConfigError: Names of moments differ, a seed is used twice, or a count is none.
    """
    require_whole("replications", replications, 10)
    box = box or getattr(model, "box", None)
    if box is None or paths.names != found.data.names or paths.box.entries != found.parameters:
        raise ConfigError(
            f"the bootstrap needs paths of the moments {', '.join(found.data.names)} over {', '.join(found.parameters)}"
            f", got {', '.join(paths.names)} over {', '.join(paths.box.entries)}; give simulated(family, data.names)."
        )
    if isinstance(model, Simulated) and model.seed == seed:
        raise ConfigError(f"seed {seed} already draws the simulated moments; give the bootstrap another one.")
    source = dataclasses.replace(paths, periods=found.data.periods, paths=replications, seed=seed, each=True)
    with jax.enable_x64(True):
        samples = np.asarray(source.by_path(jnp.asarray(found.theta)))
        runs = [
            search(model, dataclasses.replace(found.data, values=sample), box, found.weights, [found.theta])
            for sample in samples
        ]
    return Bootstrap(found.parameters, found.theta, np.array(runs), found.sd, box)
