"""Laws of the innovations that hit a model between today and tomorrow.

The law belongs to the model: simulation draws from it, expectations sum over its nodes, reports describe it.
Every law maps two independent sources to a shock: a vector of standard normals, which a quadrature rule or a
random draw supplies, and one of finitely many outcomes, whose probabilities may depend on today's state and
which are summed exactly.

- `Normal`: correlated or independent normal innovations with mean zero.
- `Discrete`: finitely many values, independent over time.
- `MarkovChain`: the shock is next period's regime; today's is an integer field of `State`.
- `Independent`: several laws side by side. `NoShocks`: a deterministic model.

All methods take ONE state, without a batch axis, and work under `jit`, `vmap` and `grad`, so that covariances
and probabilities may be built from parameters. Values that are known are checked; traced values cannot be.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, Float, Int, PRNGKeyArray, PyTree

from saddlepath.errors import ModelError
from saddlepath.quadrature import Quadrature, default_quadrature

AnyArray = Array | np.ndarray
Shock = PyTree[AnyArray]
Numbers = ArrayLike | Sequence[Any]  # a number, an array, or nested lists whose entries may be traced

# Probabilities and covariances typed by hand or computed in float64 pass; a digit lost in a table does not.
_ROUNDOFF = 1e-9


class Shocks(eqx.Module):
    """The law of the innovations, seen from one point.

    Attributes:
        n_shocks: Number of independent standard normals behind a shock, which the quadrature covers. [-]
        n_outcomes: Number of discrete outcomes, which are summed exactly. [-]
    """

    n_shocks: eqx.AbstractVar[int]
    n_outcomes: eqx.AbstractVar[int]

    @abc.abstractmethod
    def probabilities(self, s: PyTree) -> Float[Array, " n_outcomes"]:
        """Probabilities of the discrete outcomes, given today's state. [-]"""

    @abc.abstractmethod
    def realise(self, normals: Float[AnyArray, " n_shocks"], outcome: Int[AnyArray, ""]) -> Shock:
        """The shock that belongs to a vector of standard normals and a discrete outcome."""

    @abc.abstractmethod
    def mean(self, s: PyTree = None) -> Shock:
        """The shock of the steady state: its mean or, for a Markov chain, the stationary probabilities.

        Args:
            s: Today's state; needed only where the probabilities of a Markov chain depend on it.
        """

    @abc.abstractmethod
    def describe(self) -> str:
        """The law in words, for reports."""

    def nodes(self, s: PyTree, rule: Quadrature | None = None) -> tuple[Shock, Float[Array, " n_nodes"]]:
        """Shocks and weights that replace the conditional expectation by a sum.

        Args:
            s: Today's state, one point.
            rule: Rule for the normal innovations, `default_quadrature` if None; outcomes are summed exactly.

        Returns:
            The shocks, each array with a leading axis `n_nodes`, and weights `[n_nodes]` that add to one. [-]
        """
        points, weights = (rule or default_quadrature(self.n_shocks)).nodes(self.n_shocks)
        outcomes = np.arange(self.n_outcomes, dtype=np.int32)
        n_nodes = len(weights) * self.n_outcomes
        shocks = jax.vmap(self.realise)(np.repeat(points, self.n_outcomes, axis=0), np.tile(outcomes, len(weights)))
        return shocks, jnp.outer(weights, self.probabilities(s)).reshape(n_nodes)

    def draw(self, key: PRNGKeyArray, s: PyTree) -> Shock:
        """One random shock, given today's state.

        Args:
            key: Random key, used up here.
            s: Today's state, one point.

        Returns:
            The shock, without the axis of nodes.
        """
        if self.n_outcomes == 1:  # half the compiled code of a step would draw the only outcome
            return self.realise(jax.random.normal(key, (self.n_shocks,)), jnp.zeros((), dtype=jnp.int32))
        normal_key, outcome_key = jax.random.split(key)
        normals = jax.random.normal(normal_key, (self.n_shocks,))
        outcome = jax.random.choice(outcome_key, self.n_outcomes, p=self.probabilities(s))
        return self.realise(normals, outcome.astype(jnp.int32))


class Normal(Shocks):
    """Normal innovations with mean zero; the shock is an array `[n_shocks]`.

    `Normal(2)` has unit variances and no correlation, so that the model scales each innovation itself.
    """

    n_shocks: int = eqx.field(static=True)
    n_outcomes: int = eqx.field(static=True, default=1, init=False)
    factor: Float[AnyArray, "n_shocks n_shocks"] | None

    def __init__(
        self,
        n_shocks: int | None = None,
        *,
        correlation: Numbers | None = None,
        covariance: Numbers | None = None,
    ):
        """States the law of the innovations.

        Args:
            n_shocks: Number of innovations; may be left out where a matrix says it. [-]
            correlation: Matrix `[n_shocks, n_shocks]` with unit diagonal, or one number for all pairs. [-]
            covariance: Matrix `[n_shocks, n_shocks]`, symmetric positive semi-definite; if it is traced, its
                correlations must be positive definite, while variances may be zero. [units squared]

        Raises:
            ModelError: The matrix is not a covariance or correlation, or sizes disagree.
        """
        if correlation is not None and covariance is not None:
            raise ModelError("Normal expects a correlation or a covariance and received both; keep one of them.")
        matrix = covariance if correlation is None else _correlation_matrix(n_shocks, correlation)
        matrix = None if matrix is None else _as_array(matrix)
        self.n_shocks = _count_innovations(n_shocks, matrix)
        self.factor = None if matrix is None else _factor(matrix)

    def probabilities(self, s: PyTree) -> Float[Array, " n_outcomes"]:
        return jnp.ones(1)

    def realise(self, normals: Float[AnyArray, " n_shocks"], outcome: Int[AnyArray, ""]) -> Shock:
        return normals if self.factor is None else self.factor @ normals

    def mean(self, s: PyTree = None) -> Shock:
        return np.zeros(self.n_shocks)

    def describe(self) -> str:
        kind = "independent standard normal" if self.factor is None else "jointly normal"
        return f"{self.n_shocks} {kind} innovation{'s' if self.n_shocks > 1 else ''}"


class Discrete(Shocks):
    """Finitely many values, independent over time; the shock is an entry of `values` along its first axis."""

    values: Float[AnyArray, "n_outcomes ..."]
    weights: Float[AnyArray, " n_outcomes"]
    n_shocks: int = eqx.field(static=True, default=0, init=False)
    n_outcomes: int = eqx.field(static=True)

    def __init__(self, values: Numbers, probabilities: Numbers):
        """States the law.

        Args:
            values: Values `[n, n_shocks]`, or `[n]` for a shock that is one number. [units of the shock]
            probabilities: Their probabilities `[n]`, which sum to one. [-]

        Raises:
            ModelError: Sizes disagree, or the probabilities are not probabilities.
        """
        self.values, self.weights = _as_array(values), _as_array(probabilities)
        if self.weights.ndim != 1 or self.values.ndim == 0 or len(self.values) != len(self.weights):
            raise ModelError(
                "Discrete expects one probability for each value along the first axis and received values of "
                f"shape {self.values.shape} and probabilities of shape {self.weights.shape}; make them agree."
            )
        _require_probabilities("Discrete(probabilities)", self.weights)
        self.n_outcomes = len(self.weights)

    def probabilities(self, s: PyTree) -> Float[Array, " n_outcomes"]:
        return jnp.asarray(self.weights)

    def realise(self, normals: Float[AnyArray, " n_shocks"], outcome: Int[AnyArray, ""]) -> Shock:
        return jnp.asarray(self.values)[outcome]

    def mean(self, s: PyTree = None) -> Shock:
        return jnp.tensordot(self.weights, self.values, axes=1)

    def describe(self) -> str:
        return f"a discrete law with {self.n_outcomes} outcomes, summed exactly"


class MarkovChain(Shocks):
    """A finite Markov chain; the shock is next period's regime, an integer from 0 to n - 1.

    Today's regime is the integer field of `State` called `regime`, and the model's `transition` returns the
    shock as tomorrow's. In the steady state and the linearisation it is the stationary probabilities `[n]`.
    """

    transition: Float[AnyArray, "n_regimes n_regimes"] | Callable[[Any], Any]
    values: Float[AnyArray, "n_regimes ..."] | None
    regime: str = eqx.field(static=True)
    n_shocks: int = eqx.field(static=True, default=0, init=False)
    n_outcomes: int = eqx.field(static=True)

    def __init__(
        self,
        transition: Numbers | Callable[[Any], Any],
        regime: str,
        values: Numbers | None = None,
        n_regimes: int | None = None,
    ):
        """States the law.

        Args:
            transition: Matrix `[n, n]`, row today and column tomorrow, or a function that takes today's state
                and returns the probabilities `[n]` of tomorrow's regimes. [-]
            regime: Name of the field of `State` that holds today's regime.
            values: What the regimes stand for, `[n, ...]`; see `value`. [units of the model]
            n_regimes: Number of regimes; needed only for a function `transition` without `values`. [-]

        Raises:
            ModelError: The matrix is not square, a row is not a probability distribution, or sizes disagree.
        """
        self.transition = transition if callable(transition) else _as_array(transition)
        self.values = None if values is None else _as_array(values)
        self.regime = regime
        self.n_outcomes = _count_regimes(self.transition, self.values, n_regimes)
        if not callable(self.transition):
            _require_probabilities("MarkovChain(transition)", self.transition)

    @property
    def n_regimes(self) -> int:
        """Number of regimes. [-]"""
        return self.n_outcomes

    def matrix(self, s: PyTree = None) -> Float[Array, "n_regimes n_regimes"]:
        """Transition matrix at a state, row today and column tomorrow.

        Args:
            s: Today's state; its regime does not matter. May be left out where the matrix is constant.

        Returns:
            Probabilities `[n, n]`. [-]

        Raises:
            ModelError: The probabilities depend on the state and none was given.
        """
        law = self.transition
        if not callable(law):
            return jnp.asarray(law)
        if s is None:
            raise ModelError(
                f"The probabilities of the Markov chain in State.{self.regime} depend on the state, and no "
                "state was given; pass one."
            )
        today = jnp.arange(self.n_regimes, dtype=jnp.int32)
        return jax.vmap(lambda z: self._require_row(law(s._replace(**{self.regime: z}))))(today)

    def probabilities(self, s: PyTree) -> Float[Array, " n_outcomes"]:
        z = self._regime_today(s)
        if z.ndim == 1:
            return z @ self.matrix(s)
        return self._require_row(self.transition(s)) if callable(self.transition) else self.matrix()[z]

    def realise(self, normals: Float[AnyArray, " n_shocks"], outcome: Int[AnyArray, ""]) -> Shock:
        return outcome

    def mean(self, s: PyTree = None) -> Shock:
        return self.stationary(s)

    def stationary(self, s: PyTree = None) -> Float[Array, " n_regimes"]:
        """Stationary distribution pi = pi P of a chain with one recurrent class, by one linear solve.

        Adding the matrix of ones to I - P' imposes that pi sums to one and leaves a regular system.

        Args:
            s: State at which the probabilities are held fixed; may be left out where they are constant.

        Returns:
            Probabilities `[n]`. [-]

        Raises:
            ModelError: The chain has several recurrent classes (seen only where the matrix is known).
        """
        system = np.eye(self.n_regimes) + 1.0 - self.matrix(s).T
        if not _is_traced(system) and np.linalg.matrix_rank(system) < self.n_regimes:
            raise ModelError(
                f"The Markov chain in State.{self.regime} has several recurrent classes of regimes, and its "
                "stationary distribution is unique only with one; let the regimes reach each other."
            )
        return jnp.linalg.solve(system, np.ones(self.n_regimes))

    def value(self, z: ArrayLike) -> Array:
        """What a regime stands for.

        Args:
            z: A regime, or probabilities `[n]` of all regimes, for which the mean is returned. [-]

        Returns:
            The entry of `values` along its first axis, or their mean. [units of `values`]

        Raises:
            ModelError: The chain was given no values.
        """
        if self.values is None:
            raise ModelError(
                f"The Markov chain in State.{self.regime} has no values to look up; give MarkovChain(..., values=...)."
            )
        return jnp.tensordot(z, self.values, axes=1) if jnp.ndim(z) == 1 else jnp.asarray(self.values)[z]

    def describe(self) -> str:
        moving = " with state-dependent probabilities" if callable(self.transition) else ""
        return f"a Markov chain of {self.n_regimes} regimes in {self.regime}{moving}, summed exactly"

    def _regime_today(self, s: PyTree) -> Array:
        fields = getattr(s, "_fields", ())
        if self.regime not in fields:
            raise ModelError(
                f"MarkovChain expects today's regime in the field {self.regime} of State, and State has "
                f"{', '.join(fields) or 'no fields'}; name the field in MarkovChain(..., regime=...)."
            )
        z = jnp.asarray(getattr(s, self.regime))
        is_regime = z.ndim == 0 and jnp.issubdtype(z.dtype, jnp.integer)
        if not is_regime and z.shape != (self.n_regimes,):
            raise ModelError(
                f"State.{self.regime} is the regime of a Markov chain and must be an integer from 0 to "
                f"{self.n_regimes - 1} (in the steady state, {self.n_regimes} probabilities); received shape "
                f"{z.shape} of type {z.dtype}; let transition return the shock as it is."
            )
        return z

    def _require_row(self, probabilities: Any) -> Float[Array, " n_regimes"]:
        row = jnp.asarray(probabilities)
        if row.shape != (self.n_regimes,):
            raise ModelError(
                f"The transition function of the Markov chain in State.{self.regime} must return the shape "
                f"({self.n_regimes},), a probability for each regime, and returned {row.shape}; correct it."
            )
        return row


class Independent(Shocks):
    """Several laws, independent of each other given the state; the shock is a dictionary with their names.

    The normal innovations of all members share one quadrature rule, which is crossed with their outcomes.
    """

    laws: dict[str, Shocks]
    n_shocks: int = eqx.field(static=True)
    n_outcomes: int = eqx.field(static=True)

    def __init__(self, **laws: Shocks):
        """States the law.

        Args:
            **laws: The members under the names by which `transition` finds their shocks, as in
                `Independent(tfp=Normal(1), tax=MarkovChain(...))`.

        Raises:
            ModelError: There is no member, or a member is not a law.
        """
        if not laws:
            raise ModelError("Independent expects at least one law and received none; use NoShocks().")
        for name, law in laws.items():
            if not isinstance(law, Shocks):
                raise ModelError(
                    f"Independent({name}=...) expects a law such as Normal(1), received {law!r}; replace it."
                )
        self.laws = {name: laws[name] for name in sorted(laws)}  # JAX rebuilds dictionaries in this order
        self.n_shocks = sum(law.n_shocks for law in laws.values())
        self.n_outcomes = math.prod(law.n_outcomes for law in laws.values())

    def probabilities(self, s: PyTree) -> Float[Array, " n_outcomes"]:
        joint = jnp.ones(1)
        for law in self.laws.values():
            joint = jnp.outer(joint, law.probabilities(s)).ravel()
        return joint

    def realise(self, normals: Float[AnyArray, " n_shocks"], outcome: Int[AnyArray, ""]) -> Shock:
        laws = self.laws.values()
        outcomes = jnp.unravel_index(outcome, [law.n_outcomes for law in laws])
        parts = jnp.split(normals, np.cumsum([law.n_shocks for law in laws])[:-1])
        shocks = [law.realise(*own) for law, *own in zip(laws, parts, outcomes, strict=True)]
        return dict(zip(self.laws, shocks, strict=True))

    def mean(self, s: PyTree = None) -> Shock:
        return {name: law.mean(s) for name, law in self.laws.items()}

    def describe(self) -> str:
        return "; ".join(f"{name}: {law.describe()}" for name, law in self.laws.items())


class NoShocks(Shocks):
    """A deterministic model; the shock is an array of length zero."""

    n_shocks: int = eqx.field(static=True, default=0, init=False)
    n_outcomes: int = eqx.field(static=True, default=1, init=False)

    def probabilities(self, s: PyTree) -> Float[Array, " n_outcomes"]:
        return jnp.ones(1)

    def realise(self, normals: Float[AnyArray, " n_shocks"], outcome: Int[AnyArray, ""]) -> Shock:
        return normals

    def mean(self, s: PyTree = None) -> Shock:
        return np.zeros(0)

    def describe(self) -> str:
        return "no shocks"


def _is_traced(value: Any) -> bool:
    return any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(value))


def _as_array(value: Numbers) -> AnyArray:
    """A float64 array on the host where the entries are known, a JAX array where some are being traced."""
    return jnp.asarray(value) if _is_traced(value) else np.asarray(value, dtype=np.float64)


def _correlation_matrix(n_shocks: int | None, correlation: Numbers) -> AnyArray:
    matrix = _as_array(correlation)
    if matrix.ndim == 0:
        if n_shocks is None:
            raise ModelError("Normal(correlation=number) expects the number of innovations; write Normal(n, ...).")
        return matrix + (1.0 - matrix) * np.eye(n_shocks)
    if not _is_traced(matrix) and not np.allclose(np.diagonal(matrix), 1.0, rtol=0, atol=_ROUNDOFF):
        raise ModelError(
            f"Normal(correlation) expects ones on the diagonal and received {np.diagonal(matrix)}; "
            "use Normal(covariance=...) for innovations with other variances."
        )
    return matrix


def _count_innovations(n_shocks: int | None, matrix: AnyArray | None) -> int:
    if matrix is not None and (matrix.ndim != 2 or len(set(matrix.shape)) != 1):
        raise ModelError(f"Normal expects a square matrix and received the shape {matrix.shape}; correct it.")
    count = n_shocks if matrix is None else len(matrix)
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ModelError(
            f"Normal expects a whole number of innovations, at least one, and received {count!r}; "
            "a model without innovations has NoShocks()."
        )
    if n_shocks not in (None, count):
        raise ModelError(f"Normal({n_shocks}) received a matrix for {count} innovations; make the two agree.")
    return count


def _factor(covariance: AnyArray) -> AnyArray:
    """A square root L with L L' = covariance."""
    if _is_traced(covariance):
        return _traced_factor(jnp.asarray(covariance))
    variances = np.diagonal(covariance)
    # A subnormal variance has lost its digits: correlations formed from it can exceed one. It counts as zero.
    scale = np.sqrt(np.where(variances >= np.finfo(float).tiny, variances, 1.0))
    correlation = covariance / np.outer(scale, scale)
    if not np.all(np.isfinite(correlation)) or np.abs(correlation - correlation.T).max() > _ROUNDOFF:
        raise ModelError(
            "Normal expects a symmetric matrix of finite numbers and received "
            f"{covariance.tolist()}; correct its entries."
        )
    eigenvalues, vectors = np.linalg.eigh(correlation)
    if eigenvalues[0] < -_ROUNDOFF:
        raise ModelError(
            f"Normal expects a positive semi-definite matrix, and the correlations in {covariance.tolist()} "
            f"have the eigenvalue {eigenvalues[0]:.3g}; no innovations move so, make correlations smaller."
        )
    if eigenvalues[0] > _ROUNDOFF:
        return scale[:, None] * np.linalg.cholesky(correlation)
    return scale[:, None] * vectors * np.sqrt(np.maximum(eigenvalues, 0.0))


def _traced_factor(covariance: Array) -> Array:
    """Cholesky factor of the correlations, rescaled: a zero variance switches its innovation off."""
    variances = jnp.diagonal(covariance)
    moves = variances > 0
    scale = jnp.sqrt(jnp.where(moves, variances, 1.0))
    correlation = jnp.where(np.eye(len(scale), dtype=bool), 1.0, covariance / jnp.outer(scale, scale))
    return jnp.where(moves, scale, 0.0)[:, None] * jnp.linalg.cholesky(correlation)


def _count_regimes(transition: AnyArray | Callable, values: AnyArray | None, n_regimes: int | None) -> int:
    if not callable(transition) and (transition.ndim != 2 or len(set(transition.shape)) != 1):
        raise ModelError(
            "MarkovChain(transition) expects a square matrix and received the shape "
            f"{transition.shape}; give a row for each regime today and a column for each regime tomorrow."
        )
    counts = {
        "transition": None if callable(transition) else len(transition),
        "values": None if values is None else (np.shape(values) or (1,))[0],
        "n_regimes": n_regimes,
    }
    known = {name: count for name, count in counts.items() if count is not None}
    if len(set(known.values())) != 1:
        received = ", ".join(f"{name} says {count}" for name, count in known.items()) or "none of these"
        raise ModelError(
            "MarkovChain expects one number of regimes from transition, values and n_regimes and received: "
            f"{received}; make them agree."
        )
    return next(iter(known.values()))


def _require_probabilities(name: str, rows: AnyArray) -> None:
    """Refuses rows that are known and are not probability distributions."""
    if _is_traced(rows):
        return
    for i, row in enumerate(np.atleast_2d(rows)):
        if not (np.all(row >= 0) and abs(row.sum() - 1) <= _ROUNDOFF):
            raise ModelError(
                f"{name} expects non-negative probabilities that sum to one, and row {i} is {row.tolist()} "
                f"with the sum {row.sum():.12g}; divide it by its sum or correct its entries."
            )
