"""Which series of a model are observed, with what error, and the data that belong to them.

A series is a variable of the model (a state, a policy, a definition) after a transform: `log:output`,
`dlog:consumption` (growth rate), `diff:z` or the variable itself.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from saddlepath.economy import Economy, shapes_in_order
from saddlepath.errors import ConfigError
from saddlepath.layout import entry_names
from saddlepath.model import nearest_names
from saddlepath.prior import Box
from saddlepath.rule import DecisionRule
from saddlepath.simulation import variables
from saddlepath.statistics import Series, statistic

AnyArray = Array | np.ndarray


class Measurement(eqx.Module):
    """Series that are observed and the standard deviations of their measurement errors.

    Attributes:
        series: The series.
        positions: Place of each series' variable among all entries of the model's variables.
        parameters: For each series the parameter that is its standard deviation, or an empty name.
        known: Standard deviations of the others `[n_series]`, zero where observed exactly. [units of the series]
    """

    series: tuple[Series, ...] = eqx.field(static=True)
    positions: tuple[int, ...] = eqx.field(static=True)
    parameters: tuple[str, ...] = eqx.field(static=True)
    known: Float[AnyArray, " n_series"]

    @property
    def names(self) -> tuple[str, ...]:
        """A name per series."""
        return tuple(map(str, self.series))

    @property
    def unknown(self) -> tuple[str, ...]:
        """Parameters that are standard deviations of measurement errors, each once."""
        return tuple(dict.fromkeys(name for name in self.parameters if name))

    @property
    def exact(self) -> tuple[str, ...]:
        """Series that are observed without error."""
        free = zip(self.names, self.parameters, np.asarray(self.known), strict=True)
        return tuple(name for name, parameter, sd in free if not parameter and sd == 0)

    @property
    def differenced(self) -> Bool[np.ndarray, " n_series"]:
        """Whether a series is a change from the period before."""
        return np.array([one.transform in ("dlog", "diff") for one in self.series])

    def sd(self, values: Float[AnyArray, " n_unknown"]) -> Float[Array, " n_series"]:
        """Standard deviations of all measurement errors, given those that are parameters."""
        column = np.array([self.unknown.index(name) if name else -1 for name in self.parameters], dtype=int)
        padded = jnp.concatenate([jnp.asarray(values), jnp.zeros(1)])
        return jnp.where(column >= 0, padded[column], jnp.asarray(self.known))

    def levels(self, values: Mapping[str, Array]) -> Float[Array, " n_series"]:
        """Levels or logs of the variables at one point, before any difference is taken."""
        entries = [jnp.ravel(jnp.asarray(value, dtype=jnp.result_type(float))) for value in values.values()]
        chosen = jnp.concatenate(entries)[np.array(self.positions, dtype=int)]
        logs = np.array([one.transform in ("log", "dlog") for one in self.series])
        return jnp.where(logs, jnp.log(jnp.where(logs, chosen, 1.0)), chosen)


def measured(given: Mapping[str, Any], eco: Economy, rule: DecisionRule) -> Measurement:
    """The measurement that a mapping from names of series to standard deviations describes.

    Args:
        given: By series a number (zero: observed exactly), or the name of a parameter to estimate.
        eco: The economy, for the names of its variables.
        rule: Any rule of it.

    Raises:
        ConfigError: No series, an unknown variable or transform, or what is no standard deviation.
    """
    if not isinstance(given, Mapping) or not given:
        raise ConfigError(
            f"measurement must map observed series to standard deviations of their errors, got {given!r}; write for "
            'example measurement={"dlog:consumption": 0.002}.'
        )
    shapes = shapes_in_order(lambda: variables(eco, rule, jnp.ones(eco.n_points)))
    entries = entry_names(shapes.items())
    series = tuple(statistic(f"mean:{name}").series[0] for name in given)
    for one in series:
        if one.variable not in entries:
            raise ConfigError(
                f"the series {str(one)!r} needs the variable {one.variable!r} of {type(eco.model).__name__}; "
                f"{nearest_names(one.variable, entries)}"
            )
    sds = [_sd(name, value) for name, value in given.items()]
    positions = tuple(entries.index(one.variable) for one in series)
    return Measurement(series, positions, tuple(name for name, _ in sds), np.array([value for _, value in sds]))


def bounds(box: Box, measurement: Measurement) -> tuple[Float[np.ndarray, " size"], Float[np.ndarray, " size"]]:
    """Least and largest values of a box's parameters and of standard deviations that are estimated."""
    free = len(measurement.unknown)
    low = np.concatenate([np.asarray(box.low), np.zeros(free)])
    return low, np.concatenate([np.asarray(box.high), np.full(free, np.inf)])


def _sd(series: str, value: Any) -> tuple[str, float]:
    """The parameter that is a standard deviation, or its known value."""
    if isinstance(value, str) and value:
        return value, 0.0
    if isinstance(value, bool | str) or not np.ndim(value) == 0 or not 0 <= float(value) < np.inf:
        raise ConfigError(
            f"the measurement error of {series!r} needs a standard deviation of at least 0 or the name of a parameter "
            f"to estimate, got {value!r}."
        )
    return "", float(value)


def observations(data: Any, measurement: Measurement) -> Float[np.ndarray, "time n_series"]:
    """The data of a measurement.

    Args:
        data: A mapping, data frame or dataset with one column `[time]` per series: under the name of the series, as it
            is observed, or under the name of its variable, to which the transform is then applied. NaN is missing.
        measurement: The series.

    Raises:
        ConfigError: A series has no column, no value or an infinite one, or columns have different lengths.
    """
    columns = {str(one): _column(data, one) for one in measurement.series}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise ConfigError(f"all series must cover the same periods, but {shown}; fill what is missing with NaN.")
    for name, values in columns.items():
        if not np.any(np.isfinite(values)):
            raise ConfigError(f"the data on {name!r} are missing in every period; drop the series, or give its values.")
        if np.any(np.isinf(values)):
            raise ConfigError(
                f"the data on {name!r} are infinite in period {int(np.argmax(np.isinf(values)))}; put NaN where a "
                "value is missing."
            )
    return np.stack([*columns.values()], axis=1)


def _column(data: Any, series: Series) -> np.ndarray:
    known = [str(name) for name in data]
    name = str(series) if str(series) in known else series.variable
    if name not in known:
        raise ConfigError(f"the data have no series {str(series)!r}; {nearest_names(str(series), known)}")
    values = np.asarray(data[name], dtype=float)
    values = values[0] if values.ndim == 2 and len(values) == 1 else values
    if values.ndim != 1 or len(values) < 2:
        raise ConfigError(
            f"the data on {name!r} must be one path [time] of at least two periods, got shape {values.shape}; choose "
            "one path, as in data.isel(path=0)."
        )
    if name == str(series):
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.log(values) if series.transform in ("log", "dlog") else values
    return np.diff(values, prepend=np.nan) if series.transform in ("dlog", "diff") else values
