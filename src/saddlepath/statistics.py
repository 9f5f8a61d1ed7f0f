"""Statistics of simulated or observed series by name: `mean:c`, `sd:dlog:c`, `autocorr:log:y`, `corr:dlog:c,dlog:y`.

In calendar time one asks for a date: `at:85:scc` is the mean over paths, 85 periods after the first.

One definition serves as moment to estimate with, as quantity of interest of a family of models, and for data. All are
smooth functions of the series, so that they can be differentiated through a simulation.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.cloud import Cloud
from saddlepath.economy import Economy
from saddlepath.errors import ConfigError
from saddlepath.model import nearest_names
from saddlepath.prior import Box
from saddlepath.rule import DecisionRule
from saddlepath.simulation import DRAWN, dispersed, paths_from, require_whole, variables_along
from saddlepath.solution import Solution, member
from saddlepath.summary import scalar_series

KINDS = {"mean": 1, "sd": 1, "autocorr": 1, "corr": 2, "at": 1}
"""How many series each kind of statistic takes."""
WORDS = {"mean": "mean", "sd": "standard deviation", "autocorr": "first-order autocorrelation", "corr": "correlation"}
PERIODS, PATHS = 2000, 8
"""Length and number of paths where there is no first date."""
BURN_IN = 200
"""Periods before the first that counts, where paths come to rest; in calendar time none. [periods]"""
TRANSFORMS = ("level", "log", "dlog", "diff")
BATCH = 16
"""Parameter vectors whose panels are simulated at once: memory grows with it, speed hardly."""

Panel = Mapping[str, Array | np.ndarray]


@dataclasses.dataclass(frozen=True)
class Series:
    """A variable and what is done to it first: `level`, `log`, `dlog` (growth rate) or `diff`."""

    transform: str
    variable: str

    def of(self, panel: Panel) -> Float[Array, "paths time"]:
        """The series of a panel; growth rates and differences are one period shorter."""
        values = jnp.asarray(panel[self.variable])
        values = jnp.log(values) if self.transform in ("log", "dlog") else values
        return jnp.diff(values, axis=1) if self.transform in ("dlog", "diff") else values

    @property
    def words(self) -> str:
        """What it is, in words."""
        return {"level": "", "log": "log ", "dlog": "the growth rate of ", "diff": "the change of "}[
            self.transform
        ] + self.variable

    def __str__(self) -> str:
        return self.variable if self.transform == "level" else f"{self.transform}:{self.variable}"


@dataclasses.dataclass(frozen=True)
class Statistic:
    """A number that summarises series.

    Attributes:
        kind: `mean`, `sd`, `autocorr` (first order), `corr` or `at` (a period).
        series: What it is of.
        period: Which one, counted from 0, for `at`.
    """

    kind: str
    series: tuple[Series, ...]
    period: int = 0

    def of(self, panel: Panel) -> Float[Array, ""]:
        """Its value in a panel `[paths, time]` by variable; all paths and periods count alike."""
        first, *others = (one.of(panel) for one in self.series)
        if self.kind == "mean":
            return jnp.mean(first)
        if self.kind == "at":  # growth rates have no first period, so that periods are counted from the last
            return jnp.mean(first[:, self.period - jnp.shape(panel[self.series[0].variable])[1]])
        if self.kind == "sd":
            return jnp.std(first)
        a = first - jnp.mean(first)
        if self.kind == "autocorr":
            return jnp.mean(a[:, 1:] * a[:, :-1]) / jnp.mean(a**2)
        length = min(a.shape[1], others[0].shape[1])  # a growth rate is aligned with the later of its two periods
        a, b = a[:, -length:], others[0][:, -length:]
        b = b - jnp.mean(b)
        return jnp.mean(a * b) / jnp.sqrt(jnp.mean(a**2) * jnp.mean(b**2))

    @property
    def words(self) -> str:
        """What it is, in words."""
        if self.kind == "at":
            return f"{self.series[0].words} in period {self.period}"
        return f"{WORDS[self.kind]} of {' and '.join(one.words for one in self.series)}"

    def __str__(self) -> str:
        kind = f"at:{self.period}" if self.kind == "at" else self.kind
        return f"{kind}:{','.join(map(str, self.series))}"


def statistic(name: str) -> Statistic:
    """The statistic of a name.

    Raises:
        ConfigError: The name is not of the form `kind:series`.
    """
    kind, colon, rest = name.partition(":")
    if kind not in KINDS or not colon:
        raise ConfigError(
            f"{name!r} is no statistic: {nearest_names(kind, list(KINDS))} Write for example mean:c or sd:dlog:c."
        )
    period = 0
    if kind == "at":
        number, _, rest = rest.partition(":")
        if not number.isdecimal() or not rest:
            raise ConfigError(f"{name!r} names no period; write for example at:85:c, with periods counted from 0.")
        period = int(number)
    series = tuple(_series(part.strip(), name) for part in _parts(rest))
    if len(series) != KINDS[kind]:
        raise ConfigError(f"{kind} needs {KINDS[kind]} series, got {len(series)} in {name!r}; separate two by a comma.")
    return Statistic(kind, series, period)


def _parts(text: str) -> list[str]:
    """Split at commas, but not inside the brackets of an entry such as k[0,1]."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _series(text: str, name: str) -> Series:
    transform, colon, variable = text.rpartition(":")
    transform = transform if colon else "level"
    if transform not in TRANSFORMS:
        raise ConfigError(f"{name!r} transforms by {transform!r}; {nearest_names(transform, list(TRANSFORMS))}")
    return Series(transform, variable)


def statistics_of(panel: Panel, names: Sequence[str]) -> Float[np.ndarray, " n"]:
    """Values of named statistics in a panel or in data.

    Args:
        panel: Arrays `[paths, time]` or `[time]` by name of the variable.
        names: Names of statistics.

    Raises:
        ConfigError: A name is no statistic, or its variable is not in the panel.
    """
    wanted = checked(names, list(panel), min((np.shape(values)[-1] for values in panel.values()), default=0))
    series = {name: np.atleast_2d(np.asarray(values, dtype=float)) for name, values in panel.items()}
    with jax.enable_x64(True):
        return np.array([float(one.of(series)) for one in wanted])


def checked(names: Sequence[str], variables: list[str], periods: int) -> tuple[Statistic, ...]:
    """Statistics by name, all of whose variables and periods are known.

    Raises:
        ConfigError: A name is no statistic, or names an unknown variable or a period after the last.
    """
    found = tuple(statistic(name) for name in names)
    for one in found:
        first = int(one.series[0].transform in ("dlog", "diff"))  # a growth rate needs the period before
        if one.kind == "at" and not first <= one.period < periods:
            raise ConfigError(
                f"{one} asks for period {one.period}, the series have periods {first} to {periods - 1}; choose one of "
                "them, or longer paths."
            )
        for series in one.series:
            if series.variable not in variables:
                raise ConfigError(
                    f"{one} needs the variable {series.variable!r}; {nearest_names(series.variable, variables)}"
                )
    return found


class Simulated(eqx.Module):
    """Statistics of long simulated panels as a function of the pseudo-states of a family.

    The same shocks and starts serve every parameter vector, so that the function is smooth.

    Attributes:
        economy: The economy of a family.
        rule: Its decision rule.
        cloud: Where its paths start.
        names: Names of the statistics.
        periods: Length of every path. [periods]
        paths: Number of paths.
        burn_in: Periods before the first that counts. [periods]
        seed: Seed of starts and shocks.
        each: Whether statistics are those of each path, averaged, instead of those of all paths together: what data of
            that length show on average, small-sample bias included.
    """

    economy: Economy
    rule: DecisionRule
    cloud: Cloud
    names: tuple[str, ...] = eqx.field(static=True)
    periods: int = eqx.field(static=True)
    paths: int = eqx.field(static=True)
    burn_in: int = eqx.field(static=True)
    seed: int = eqx.field(static=True)
    each: bool = eqx.field(static=True)

    @property
    def box(self) -> Box:
        """The pseudo-states."""
        return self.economy.box

    def at(self, theta: Float[Array, " n_theta"]) -> Float[Array, " n_statistics"]:
        """The statistics at one parameter vector, pure and differentiable."""
        if self.each:
            return jnp.mean(self.by_path(theta), axis=0)
        return self._of(self.panel(theta))

    def by_path(self, theta: Float[Array, " n_theta"]) -> Float[Array, "paths n_statistics"]:
        """The statistics of every path."""
        return jax.vmap(lambda path: self._of({name: series[None] for name, series in path.items()}))(self.panel(theta))

    def _of(self, panel: Panel) -> Float[Array, " n_statistics"]:
        return jnp.stack([statistic(name).of(panel) for name in self.names])

    def panel(self, theta: Float[Array, " n_theta"]) -> dict[str, Array]:
        """Every series `[paths, periods]` at one parameter vector."""
        eco, rule, cloud = member(self.economy, self.rule, self.cloud, theta)
        start_key, key = jax.random.split(jax.random.key(self.seed))
        starts = dispersed(eco, cloud, jax.random.split(start_key, self.paths))
        points = paths_from(eco, rule, starts, key, jnp.asarray(self.burn_in), None, periods=self.periods, mode=DRAWN)
        return scalar_series(variables_along(eco, rule, points))

    def __call__(self, theta: Any) -> Float[np.ndarray, "n n_statistics"]:
        """The statistics at many parameter vectors `[n, n_theta]`.

        Raises:
            ConfigError: The last axis is not that of the pseudo-states.
        """
        if np.ndim(theta) != 2 or np.shape(theta)[1] != self.box.size:
            raise ConfigError(
                f"theta must have shape [n, {self.box.size}], one column per pseudo-state "
                f"({', '.join(self.box.entries)}), got shape {np.shape(theta)}."
            )
        with jax.enable_x64(True):
            return np.asarray(_at_many(self, jnp.asarray(theta, dtype=float)))


def simulated(
    solution: Solution,
    names: Sequence[str],
    *,
    periods: int | None = None,
    paths: int | None = None,
    burn_in: int | None = None,
    seed: int = 0,
    each: bool = False,
) -> Simulated:
    """Statistics of a family of solutions as a function of its pseudo-states.

    Args:
        solution: A family, solved with `over=Box(...)`.
        names: Names of statistics, such as `mean:c`.
        periods: Length of every path; default 2,000, in calendar time the horizon. [periods]
        paths: Number of paths; default 8, or one where nothing is random.
        burn_in: Periods before the first that counts; default 200, in calendar time none. [periods]
        seed: Seed of starts and shocks.
        each: Statistics of each path, averaged, instead of those of all paths together. For comparison with data, give
            paths of the data's length.

    Returns:
        A function from `[n, n_theta]` to `[n, n_statistics]`.

    Raises:
        ConfigError: The solution is no family, a name is no statistic of its variables, a count is none, or in
            calendar time a period lies beyond the horizon.
    """
    if not solution.box.names:
        raise ConfigError(
            f"this solution of {type(solution.model).__name__} holds at one calibration only; solve a family first: "
            "over=Box(beta=(0.9, 0.99)), or the table [over] of a run file."
        )
    with jax.enable_x64(True):
        horizon = solution.economy.horizon
    law = solution.economy.model.shocks()
    alone = horizon is not None and law.n_shocks == 0 and law.n_outcomes == 1
    periods = (horizon or PERIODS) if periods is None else periods
    paths = (1 if alone else PATHS) if paths is None else paths
    burn_in = (0 if horizon else BURN_IN) if burn_in is None else burn_in
    for name, value, least in (("periods", periods, 3), ("paths", paths, 1), ("burn_in", burn_in, 0)):
        require_whole(name, value, least)
    if horizon is not None and burn_in + periods > horizon:
        raise ConfigError(
            f"{type(solution.model).__name__} was solved for {horizon} periods from its first date, so that nothing "
            f"is known of period {burn_in + periods - 1}; ask for an earlier one, or solve with a longer horizon."
        )
    parts = (solution.economy, solution.rule, solution.cloud)
    found = Simulated(*parts, tuple(names), int(periods), int(paths), int(burn_in), int(seed), each)
    with jax.enable_x64(True):
        known = jax.eval_shape(found.panel, jnp.asarray(solution.box.centre))
    checked(names, list(known), periods)
    return found


@eqx.filter_jit
def _at_many(statistics: Simulated, thetas: Float[Array, "n n_theta"]) -> Float[Array, "n n_statistics"]:
    return jax.lax.map(statistics.at, thetas, batch_size=BATCH)


def influence(data: Panel, names: Sequence[str]) -> Float[np.ndarray, "time n"]:
    """What each period of a single path adds to the error of each statistic, to first order.

    The long-run covariance of these scores over the number of periods is the sampling covariance of the statistics.

    Args:
        data: Series `[time]` by name.
        names: Names of statistics.

    Raises:
        ConfigError: A name is no statistic, or its variable is not in the data.
    """
    wanted = checked(names, list(data), min((np.shape(values)[-1] for values in data.values()), default=0))
    series = {name: np.atleast_2d(np.asarray(values, dtype=float)) for name, values in data.items()}
    with jax.enable_x64(True):
        scores = [np.asarray(_scores(one, series)) for one in wanted]
    length = min(len(score) for score in scores)
    return np.stack([score[-length:] for score in scores], axis=1)


def _scores(one: Statistic, panel: Panel) -> Float[Array, " time"]:
    first, *others = (series.of(panel)[0] for series in one.series)
    a = first - jnp.mean(first)
    variance = jnp.mean(a**2)
    if one.kind == "mean":
        return a
    if one.kind == "sd":
        return (a**2 - variance) / (2 * jnp.sqrt(variance))
    if one.kind == "autocorr":
        rho = jnp.mean(a[1:] * a[:-1]) / variance
        return (a[1:] * a[:-1] - rho * (a[1:] ** 2 + a[:-1] ** 2) / 2) / variance
    length = min(a.size, others[0].size)
    u, v = (x - jnp.mean(x) for x in (first[-length:], others[0][-length:]))
    u, v = u / jnp.sqrt(jnp.mean(u**2)), v / jnp.sqrt(jnp.mean(v**2))
    return u * v - jnp.mean(u * v) * (u**2 + v**2) / 2
