"""The long run of a one-asset household: how many hold how much, from the decision rule alone.

The verb needs a rule of one continuous state and Markov regimes, from whatever solver. Its answer is a histogram
(Young, 2010, J. Econ. Dyn. Control), and its own error is told by halving the distance of the nodes.
"""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.economy import Economy
from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.histogram import level_of, n_regimes, own_field, own_range, state_of, stationary
from saddlepath.inequality import gini, top_share
from saddlepath.model import labels, nearest_names
from saddlepath.prior import Box
from saddlepath.ranges import Interval, NonNegative, Unit
from saddlepath.rule import DecisionRule
from saddlepath.solution import Solution
from saddlepath.table import Table, table

NODES = 1000
FEWEST_NODES = 20
ESCAPED = 1e-10
"""Households that may be held back at an end of the histogram in a period [share]."""
WIDENINGS = 60
FIRST_REACH = 10.0
"""The first histogram reaches so far around the centre of the cloud [scales of the cloud]."""
FINDING_NODES = 200
CURVATURE = 2.0
"""Nodes lie at this power of equal steps above a bound, where households crowd [-]."""
QUANTILES = (0.1, 0.5, 0.9, 0.99)


@dataclasses.dataclass(frozen=True)
class Distribution:
    """How households are distributed over one continuous state and Markov regimes, for ever.

    Attributes:
        variable: Name of the continuous state.
        levels: Its nodes `[n]`, ascending. [units of the model]
        probabilities: Share of households `[n, n_regimes]`; several chains are counted as one, the last fastest. [-]
        values: State, policies and definitions of one number at every node `[n, n_regimes]`, by name.
        error: What halving the distance of the nodes changed in each mean, relative to it or, where this is larger, to
            the standard deviation. [-]
    """

    variable: str
    levels: np.ndarray
    probabilities: np.ndarray
    values: dict[str, np.ndarray]
    error: dict[str, float]

    def mean(self, name: str | None = None) -> float:
        """Mean over households of a variable, by default of the continuous state. [unit of the variable]"""
        return float(np.sum(self.probabilities * self._of(name)))

    def deviation(self, name: str | None = None) -> float:
        """Standard deviation over households. [unit of the variable]"""
        return float(np.sqrt(np.sum(self.probabilities * (self._of(name) - self.mean(name)) ** 2)))

    def share(self, at_most: float, name: str | None = None) -> float:
        """Share of households whose variable is at most a value. [-]"""
        return float(np.sum(self.probabilities[self._of(name) <= at_most]))

    def quantile(self, p: float | np.ndarray, name: str | None = None) -> np.ndarray:
        """The least value that a share `p` of the households does not exceed, of the shape of `p`.

        Raises:
            ConfigError: A share lies outside 0 to 1.
        """
        if np.any((np.asarray(p) < 0) | (np.asarray(p) > 1)):
            raise ConfigError(f"a quantile needs shares between 0 and 1, got {p}.")
        values, shares = self._flat(name)
        order = np.argsort(values, kind="stable")
        values, below = values[order], np.cumsum(shares[order])
        return np.asarray(values[np.searchsorted(below / below[-1], np.asarray(p) * (1 - 1e-15))])

    def gini(self, name: str | None = None) -> float:
        """Gini coefficient, half the mean absolute difference of two households over the mean. [-]"""
        return float(gini(*self._flat(name)))

    def top_share(self, p: float, name: str | None = None) -> float:
        """What the richest share `p` of the households holds of the total. [-]"""
        return float(top_share(*self._flat(name), p))

    def table(self) -> Table:
        """Mean, dispersion and quantiles of every variable."""
        rows = {
            name: {"mean": self.mean(name), "s.d.": self.deviation(name)}
            | {f"{100 * p:g} %": float(self.quantile(p, name)) for p in QUANTILES}
            | {"error of the mean": self.error[name]}
            for name in self.values
        }
        note = f"Histogram of {self.levels.size:,} nodes; the error is relative and found with half as many."
        formats = dict.fromkeys(next(iter(rows.values())), ".4g") | {"error of the mean": ".0e"}
        return table(rows, "variable", title="Stationary distribution", note=note, formats=formats)

    def _of(self, name: str | None) -> np.ndarray:
        name = self.variable if name is None else name
        if name not in self.values:
            raise ConfigError(f"the distribution has no variable {name!r}; {nearest_names(name, list(self.values))}")
        return self.values[name]

    def _flat(self, name: str | None) -> tuple[np.ndarray, np.ndarray]:
        """Values and the shares of households that have them."""
        return self._of(name).ravel(), self.probabilities.ravel()

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().to_html()


def stationary_distribution(solution: Solution, *, nodes: int = NODES, box: Box | None = None) -> Distribution:
    """The stationary distribution of households over their asset and their Markov regimes.

    Every household follows the decision rule; nothing is drawn at random.

    Args:
        solution: A solution at one calibration with one continuous state and no normal innovations, of any solver.
        nodes: Nodes of the histogram; it is computed with half as many too, for its error.
        box: Ends of the histogram, in levels; default: from the bound of the state's range, or where no household
            goes below, to where none goes above. [units of the model]

    Returns:
        The distribution, in NumPy arrays.

    Raises:
        ConfigError: More than one continuous state, a family, normal innovations, or too few nodes.
        ConvergenceError: Households go on for ever, or do not mix.
    """
    eco = solution.economy
    solution._require_calibration()
    if nodes < FEWEST_NODES:
        raise ConfigError(f"a histogram needs at least {FEWEST_NODES} nodes, got {nodes}.")
    with jax.enable_x64(True):
        _require_household(eco)
        low, high = _ends(solution) if box is None else _asked(eco, box)
        coarse, fine = (_on(eco, solution.rule, _levels(eco, low, high, n)) for n in ((nodes + 1) // 2, nodes))
    error = {name: abs(fine.mean(name) - coarse.mean(name)) / _size(fine, name) for name in fine.values}
    return dataclasses.replace(fine, error=error)


def _require_household(eco: Economy) -> None:
    own_field(eco)
    if eco.model.shocks().n_shocks:
        raise ConfigError(
            "a histogram needs shocks with finitely many outcomes, and this model has normal innovations; write them "
            "as a MarkovChain or Discrete, or use sp.simulate."
        )


def _size(found: Distribution, name: str) -> float:
    return max(abs(found.mean(name)), found.deviation(name)) or 1.0


def _asked(eco: Economy, box: Box) -> tuple[float, float]:
    """Ends that were asked for, as features."""
    own = own_field(eco)
    if tuple(box.names) != (own,):
        raise ConfigError(f"the box of a histogram needs the bounds of {own} alone, got {', '.join(box.names)}.")
    low, high = (float(own_range(eco).feature(jnp.asarray(b[0]))) for b in (box.lower, box.upper))
    return low, high


def _lower_bound(eco: Economy) -> float | None:
    """The bound below which the state's range ends, as a feature."""
    r = own_range(eco)
    if isinstance(r, NonNegative | Unit):
        return 0.0
    return float(np.min(r.lower)) if isinstance(r, Interval) else None


def _ends(solution: Solution) -> tuple[float, float]:
    """State features beyond which no household goes, found by widening."""
    eco, cloud = solution.economy, solution.cloud
    centre, scale = float(cloud.centre[0, 0]), float(jnp.exp(cloud.log_scale[0, 0]))
    bound = _lower_bound(eco)
    low = centre - FIRST_REACH * scale if bound is None else bound
    high = max(centre, low) + FIRST_REACH * scale
    for _ in range(WIDENINGS):
        _, below, above = stationary(eco, solution.rule, _levels(eco, low, high, FINDING_NODES))
        if below <= ESCAPED and above <= ESCAPED:
            return low, high
        if below > ESCAPED and bound is not None:
            raise ConvergenceError(
                f"a share of {below:.1e} of the households goes below the bound of State.{own_field(eco)} in a "
                "period; the rule breaks its limit."
            )
        width = high - low
        low, high = low - (width if below > ESCAPED else 0.0), high + (width if above > ESCAPED else 0.0)
    raise ConvergenceError("households go on for ever: no histogram holds them; check the rule.")


def _levels(eco: Economy, low: float, high: float, n: int) -> Float[np.ndarray, " n"]:
    power = 1.0 if _lower_bound(eco) is None else CURVATURE
    features = low + (high - low) * np.linspace(0.0, 1.0, n) ** power
    return np.asarray(level_of(eco, jnp.asarray(features)))


def _on(eco: Economy, rule: DecisionRule, levels: Float[np.ndarray, " n"]) -> Distribution:
    mass, _, _ = stationary(eco, rule, levels)
    values = {name: np.asarray(v).T for name, v in _variables(eco, rule, jnp.asarray(levels)).items()}
    return Distribution(own_field(eco), levels, mass.T, values, {})


@eqx.filter_jit
def _variables(eco: Economy, rule: DecisionRule, levels: Float[Array, " n"]) -> dict[str, Array]:
    """State, policies and definitions of one number, `[n_regimes, n]` each."""
    model, regimes = eco.model, dict(eco.states.regimes)

    def one(level: Array, regime: Array) -> dict[str, Array]:
        s = state_of(eco, level, regime)
        x = rule(eco, model, eco.join(s, jnp.zeros(0)))
        states = {name: getattr(s, name) for name in labels(model.State) if name not in regimes}
        found = states | x._asdict() | dict(model.definitions(s, x))
        return {name: jnp.asarray(v) for name, v in found.items() if jnp.shape(v) == ()}

    numbers = jnp.arange(n_regimes(eco), dtype=jnp.int32)
    return jax.vmap(lambda regime: jax.vmap(lambda level: one(level, regime))(levels))(numbers)
