"""Boxes over parameters or states with designs of experiments inside them, and priors over parameters."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.container import PathLike
from saddlepath.errors import ConfigError, FileError
from saddlepath.layout import entry_names
from saddlepath.marginal import REACH, Marginal
from saddlepath.model import Model, nearest_names, parameters

AnyArray = Array | np.ndarray


class Box(eqx.Module):
    """A hyper-rectangle, `Box(beta=(0.85, 0.97), alpha=(0.3, 0.4))`; bounds of an array field may be arrays.

    As `solve(..., over=Box(...))` it names parameters that the decision rule takes as inputs (pseudo-states).

    Attributes:
        names: Names of the fields.
        lower: Lower bound of each field, in the order of `names`. [unit of the field]
        upper: Upper bound of each field.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    lower: tuple[np.ndarray, ...]
    upper: tuple[np.ndarray, ...]

    def __init__(self, **bounds: Any):
        """Args:
            bounds: `(lower, upper)` by name.

        Raises:
            ConfigError: Not a pair, not finite, or lower is not below upper.
        """
        pairs = {name: _bounds(name, pair) for name, pair in bounds.items()}
        self.names = tuple(pairs)
        self.lower = tuple(low for low, _ in pairs.values())
        self.upper = tuple(high for _, high in pairs.values())

    @property
    def size(self) -> int:
        return sum(low.size for low in self.lower)

    @property
    def entries(self) -> tuple[str, ...]:
        """A name per entry of the flat vector."""
        return tuple(entry_names((name, low.shape) for name, low in zip(self.names, self.lower, strict=True)))

    @property
    def slices(self) -> dict[str, slice]:
        """Where each field stands in the flat vector."""
        ends = np.cumsum([low.size for low in self.lower]).tolist()
        return {name: slice(end - low.size, end) for name, low, end in zip(self.names, self.lower, ends, strict=True)}

    @property
    def low(self) -> Float[AnyArray, " size"]:
        return _joined(self.lower)

    @property
    def high(self) -> Float[AnyArray, " size"]:
        return _joined(self.upper)

    @property
    def centre(self) -> Float[AnyArray, " size"]:
        return (self.low + self.high) / 2

    def standardise(self, theta: Float[AnyArray, " size"]) -> Float[AnyArray, " size"]:
        """Positions in the box, -1 at the lower and 1 at the upper bounds."""
        return (theta - self.centre) / ((self.high - self.low) / 2)

    def draw(self, key: PRNGKeyArray, n: int | None = None) -> Array:
        """Uniform draws, `[size]` or `[n, size]`."""
        shape = (self.size,) if n is None else (n, self.size)
        return jax.random.uniform(key, shape, minval=jnp.asarray(self.low), maxval=jnp.asarray(self.high))

    def draw_toward_edges(self, key: PRNGKeyArray) -> Float[Array, " size"]:
        """A draw with the arcsine density, which crowds at the bounds like Chebyshev nodes.

        What is fitted to uniform draws errs most at the edges of a box.
        """
        angle = jax.random.uniform(key, (self.size,), maxval=np.pi)
        return jnp.asarray(self.centre) - jnp.cos(angle) * jnp.asarray((self.high - self.low) / 2)

    def design(self, n: int, seed: int = 0) -> Float[np.ndarray, "n size"]:
        """A scrambled Sobol' design of `n` points, the centre first."""
        return np.asarray(self.place(unit_design(self.size, n, seed)))

    def place(self, unit: Float[AnyArray, "n size"]) -> Float[AnyArray, "n size"]:
        """Points of the box at positions in the unit cube."""
        return self.low[None] + unit * (self.high - self.low)[None]

    def split(self, theta: Float[AnyArray, " size"]) -> dict[str, AnyArray]:
        """A flat vector as fields by name."""
        parts = zip(self.slices.items(), self.lower, strict=True)
        return {name: theta[where].reshape(low.shape) for (name, where), low in parts}

    def join(self, values: dict[str, Any]) -> Float[np.ndarray, " size"]:
        """Fields by name as a flat vector; the inverse of `split`.

        Raises:
            ConfigError: A name is missing or unknown, or a value lies outside the box.
        """
        unknown = [name for name in values if name not in self.names]
        if unknown:
            raise ConfigError(f"{unknown[0]!r} is not a pseudo-state; {nearest_names(unknown[0], list(self.names))}")
        missing = [name for name in self.names if name not in values]
        if missing:
            raise ConfigError(f"the rule needs a value of {', '.join(missing)}; give every pseudo-state by name.")
        return np.concatenate([np.zeros(0), *(self._inside(name, values[name]) for name in self.names)])

    def _inside(self, name: str, value: Any) -> np.ndarray:
        position = self.names.index(name)
        low, high = self.lower[position], self.upper[position]
        entries = np.broadcast_to(np.asarray(value, dtype=float), low.shape)
        if not np.all((entries >= low) & (entries <= high)):
            raise ConfigError(
                f"{name} = {value} lies outside the box [{low}, {high}] over which the rule was solved; "
                "choose a value inside, or solve over a larger box."
            )
        return entries.ravel()

    def check_parameters(self, model: Model) -> None:
        """Refuse names that are not real-valued parameters of the model, or bounds of another shape."""
        for name, low, high in zip(self.names, self.lower, self.upper, strict=True):
            self._check_parameter(model, name, low, high)

    def _check_parameter(self, model: Model, name: str, low: np.ndarray, high: np.ndarray) -> None:
        known = list(parameters(model))
        if name not in known:
            raise ConfigError(f"{type(model).__name__} has no parameter {name!r}; {nearest_names(name, known)}")
        value = getattr(model, name)
        if isinstance(value, bool | int | str) or np.asarray(value).dtype.kind != "f":
            raise ConfigError(
                f"{name} = {value!r} of {type(model).__name__} is structure, not a real number, and cannot be a "
                "pseudo-state; solve once for each of its values."
            )
        if np.shape(value) != low.shape:
            raise ConfigError(
                f"{name} has shape {np.shape(value)}, its bounds have shape {low.shape}; give bounds per entry."
            )
        within = parameters(model)[name].within
        if within is not None and not np.all(within.contains(jnp.asarray(low)) & within.contains(jnp.asarray(high))):
            raise ConfigError(f"the bounds {low}, {high} of {name} must be {within.describe()}; shrink the box.")


def unit_design(size: int, n: int, seed: int = 0) -> Float[np.ndarray, "n size"]:
    """A scrambled Sobol' design of `n` points in the unit cube, the centre first; one point if it has no sides."""
    if size == 0:
        return np.zeros((1, 0))
    from scipy.stats import qmc

    power = int(np.ceil(np.log2(max(n, 2))))
    return np.vstack([np.full(size, 0.5), qmc.Sobol(size, rng=seed).random_base2(power)[: n - 1]])


class Prior(eqx.Module):
    """A joint law of named parameters: one law per parameter, joined by a Gaussian copula.

    `Prior(beta=Beta(0.95, 0.02, 0.9, 0.99), gamma=Gamma(2, 0.5), correlation={("beta", "gamma"): 0.3})`. Names with an
    index, such as those of entries of an array parameter, are given as `Prior(**{"a[0]": ...})`.

    Attributes:
        names: A name per parameter.
        marginals: Their laws, in the order of `names`.
        correlation: Correlation of the normal scores of the parameters, `[size, size]`. [-]
        factor: Its lower Cholesky factor.
        dependent: Whether any two parameters are correlated.

    References:
        Lebrun and Dutfoy (2009, Probabilistic Engineering Mechanics), the Gaussian copula and Nataf's transformation.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    marginals: tuple[Marginal, ...]
    correlation: Float[AnyArray, "size size"]
    factor: Float[AnyArray, "size size"]
    dependent: bool = eqx.field(static=True)

    def __init__(self, correlation: Any = None, **marginals: Any):
        """Args:
            correlation: None, a matrix in the order of the names, or a mapping from pairs of names to numbers:
                `{("a", "b"): 0.5}`, `{"a, b": 0.5}` or `{"a": {"b": 0.5}}`. [-]
            marginals: A law by name, of `saddlepath.marginals`.

        Raises:
            ConfigError: No law, an unknown name, or correlations that no joint law has.
        """
        for name, law in marginals.items():
            if not isinstance(law, Marginal):
                raise ConfigError(
                    f"a Prior needs a law ({name} = Uniform(lower, upper), Gaussian(mean, sd), ...), got "
                    f"{name} = {law!r}; give one."
                )
        if not marginals:
            raise ConfigError("a Prior needs at least one parameter; name one, as in Prior(beta=Uniform(0.9, 0.99)).")
        self.names = tuple(marginals)
        self.marginals = tuple(marginals.values())
        self.correlation, self.factor = _correlation(self.names, correlation)
        self.dependent = bool(np.any(self.correlation != np.eye(len(self.names))))

    @property
    def size(self) -> int:
        return len(self.names)

    @property
    def support(self) -> tuple[Float[np.ndarray, " size"], Float[np.ndarray, " size"]]:
        """Least and largest values. [units of the parameters]"""
        low, high = zip(*(law.support for law in self.marginals), strict=True)
        return np.array(low), np.array(high)

    @property
    def mean(self) -> Float[np.ndarray, " size"]:
        return np.array([law.moments()[0] for law in self.marginals])

    @property
    def sd(self) -> Float[np.ndarray, " size"]:
        return np.array([law.moments()[1] for law in self.marginals])

    @eqx.filter_jit
    def from_scores(self, scores: Float[AnyArray, "*batch size"]) -> Float[Array, "*batch size"]:
        """Parameters from correlated normal scores, one law at a time. [units of the parameters]"""
        scores = jnp.asarray(scores)
        return jnp.stack([law.from_normal(scores[..., i]) for i, law in enumerate(self.marginals)], axis=-1)

    def from_normal(self, z: Float[AnyArray, "*batch size"]) -> Float[Array, "*batch size"]:
        """Parameters from independent standard normal numbers: the map that a sampler walks through. Pure JAX."""
        return self.from_scores(jnp.asarray(z) @ jnp.asarray(self.factor).T)

    def from_uniform(self, u: Float[AnyArray, "*batch size"]) -> Float[Array, "*batch size"]:
        """Parameters from independent uniform numbers between 0 and 1. Pure JAX."""
        return self.from_normal(jax.scipy.special.ndtri(jnp.asarray(u)))

    @eqx.filter_jit
    def scores(self, theta: Float[AnyArray, "*batch size"]) -> Float[Array, "*batch size"]:
        """The inverse of `from_scores`. [-]"""
        theta = jnp.asarray(theta)
        return jnp.stack([law.to_normal(theta[..., i]) for i, law in enumerate(self.marginals)], axis=-1)

    def to_normal(self, theta: Float[AnyArray, "*batch size"]) -> Float[Array, "*batch size"]:
        """The inverse of `from_normal`. Pure JAX."""
        scores = self.scores(theta)
        flat = scores.reshape(-1, self.size)
        z = jax.scipy.linalg.solve_triangular(jnp.asarray(self.factor), flat.T, lower=True).T
        return z.reshape(scores.shape)

    def log_density(self, theta: Float[AnyArray, "*batch size"]) -> Float[Array, "*batch"]:
        """Logarithm of the joint density of the parameters; minus infinity outside the support. Pure JAX.

        Args:
            theta: Parameters in the order of `names`. [units of the parameters]
        """
        theta = jnp.asarray(theta)
        own = [law.log_density(theta[..., i]) for i, law in enumerate(self.marginals)]
        total = jnp.sum(jnp.stack(own, axis=-1), axis=-1)
        if not self.dependent:
            return total
        ends = jnp.asarray([-REACH, REACH], dtype=theta.dtype)
        edges = self.from_scores(jnp.broadcast_to(ends[:, None], (2, self.size)))
        # Outside the support scores are not numbers, and the gradient of a discarded branch would be none either.
        held = jnp.clip(theta, jnp.broadcast_to(edges[0], theta.shape), jnp.broadcast_to(edges[1], theta.shape))
        scores, z = self.scores(held), self.to_normal(held)
        bend = 0.5 * jnp.sum(scores**2 - z**2, axis=-1) - jnp.sum(jnp.log(jnp.diagonal(jnp.asarray(self.factor))))
        return jnp.where(jnp.isfinite(total), total + bend, -jnp.inf)

    def draw(self, key: PRNGKeyArray, n: int) -> Float[AnyArray, "n size"]:
        """Independent draws, in float64.

        Args:
            key: Random key.
            n: Number of draws.

        Returns:
            `[n, size]`, NumPy outside of compiled functions. [units of the parameters]
        """
        if isinstance(key, jax.core.Tracer):
            return self.from_normal(jax.random.normal(key, (n, self.size)))
        with jax.enable_x64(True):
            return np.asarray(_draw(self, key, n))

    def box(self, share: float = 1.0) -> Box:
        """The central box: of every parameter the values between equal tails.

        Args:
            share: Probability of each parameter's values inside, one for the whole support. [-]

        Raises:
            ConfigError: `share` is not in (0, 1], or the support is unbounded and `share` is one.
        """
        if not 0 < share <= 1:
            raise ConfigError(f"the share of a central box must be above 0 and at most 1, got {share}; change it.")
        low, high = self.support
        if share < 1:
            with jax.enable_x64(True):
                z = float(jax.scipy.special.ndtri(jnp.asarray(0.5 + share / 2)))
                low, high = np.asarray(self.from_scores(np.array([[-z] * self.size, [z] * self.size])))
        unbounded = [name for name, a, b in zip(self.names, low, high, strict=True) if not np.isfinite(b - a)]
        if unbounded:
            raise ConfigError(
                f"{unbounded[0]} has no bounds and so no box holds all its values; give the law lower and upper, or a "
                "share below one."
            )
        return Box(**{n: (float(a), float(b)) for n, a, b in zip(self.names, low, high, strict=True)})

    def ordered(self, names: Sequence[str]) -> "Prior":
        """The same law with parameters in another order.

        Raises:
            ConfigError: The names are not those of the prior.
        """
        unknown = [name for name in names if name not in self.names]
        if unknown:
            raise ConfigError(f"the prior gives no law of {unknown[0]!r}, only of {', '.join(self.names)}; add it.")
        spare = [name for name in self.names if name not in names]
        if spare:
            raise ConfigError(f"the prior gives a law of {spare[0]!r}; {nearest_names(spare[0], list(names))}")
        order = [self.names.index(name) for name in names]
        marginals = {name: self.marginals[i] for name, i in zip(names, order, strict=True)}
        return Prior(correlation=np.asarray(self.correlation)[np.ix_(order, order)], **marginals)

    def require_inside(self, box: Box) -> None:
        """Refuse a prior that gives probability to values outside a box, or that names other parameters.

        Raises:
            ConfigError: Names the first such parameter, its probability inside and both ranges.
        """
        prior = self.ordered(box.entries)
        for name, law, low, high in zip(box.entries, prior.marginals, box.low, box.high, strict=True):
            share = law.mass(float(low), float(high))
            if share < 1 - ROUNDING:
                least, most = law.support
                raise ConfigError(
                    f"the prior of {name} reaches from {least:.6g} to {most:.6g}, the box that was solved from "
                    f"{low:.6g} to {high:.6g}: only {_percent(share)} of its probability lies inside; bound the "
                    f"law (lower = {low:.6g}, upper = {high:.6g}), or solve over a larger box."
                )


ROUNDING = 1e-12
"""A prior with all but this probability inside a box counts as inside [-]."""


@eqx.filter_jit
def _draw(prior: Prior, key: PRNGKeyArray, n: int) -> Float[Array, "n size"]:
    return prior.from_normal(jax.random.normal(key, (n, prior.size)))


def _percent(share: float) -> str:
    """A share below one in per cent, with as many digits as it takes not to read as 100."""
    digits = max(0, int(np.ceil(-np.log10(max(1 - share, 1e-12)))) - 1)
    return f"{100 * share:.{digits}f} %"


def prior_from_table(table: Mapping[str, Any]) -> Prior:
    """The prior that a TOML file describes.

    A table per parameter, `[beta]` with `kind = "Beta"`, `mean = 0.95`, `sd = 0.02`; `kind` is Uniform where it is
    missing. A table `[correlation]` holds pairs, `"beta, gamma" = 0.3`.

    Args:
        table: What `tomllib.load` returned.

    Raises:
        ConfigError: An unknown law, key or name, a missing key, a value that a law refuses.
    """
    from saddlepath.constructors import construct
    from saddlepath.marginals import LAWS

    laws = {name: construct(entry, LAWS, name) for name, entry in table.items() if name != "correlation"}
    return Prior(correlation=table.get("correlation"), **laws)


def read_prior(path: PathLike) -> Prior:
    """The prior of a TOML file.

    Raises:
        FileError: It cannot be read.
        ConfigError: It is no TOML, or describes no prior.
    """
    try:
        return prior_from_table(tomllib.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"cannot read the prior {path}: {error}; check the path.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}; correct that line.") from error


def _correlation(names: tuple[str, ...], given: Any) -> tuple[np.ndarray, np.ndarray]:
    """The matrix and its lower Cholesky factor."""
    if given is None or isinstance(given, Mapping):
        matrix = np.eye(len(names))
        for first, second, value in _pairs(given or {}):
            for name in (first, second):
                if name not in names:
                    raise ConfigError(f"a correlation names {name!r}; {nearest_names(name, list(names))}")
            i, j = names.index(first), names.index(second)
            if i == j or isinstance(value, bool | str) or not -1 < float(value) < 1:
                raise ConfigError(
                    f"the correlation of {first} and {second} must be a number between -1 and 1 for two different "
                    f"parameters, got {value!r}; change it."
                )
            matrix[i, j] = matrix[j, i] = float(value)
    else:
        matrix = np.array(given, dtype=float)
        if matrix.shape != (len(names),) * 2 or not np.allclose(matrix, matrix.T) or np.any(np.diag(matrix) != 1):
            raise ConfigError(
                f"correlation must be a symmetric matrix [{len(names)}, {len(names)}] with ones on its diagonal, got "
                f"shape {matrix.shape}; repair it, or name pairs."
            )
    try:
        return matrix, np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError as error:
        least = float(np.linalg.eigvalsh(matrix)[0])
        raise ConfigError(
            f"no joint law has these correlations: the least eigenvalue of their matrix is {least:.3g}, not positive; "
            "reduce some of them."
        ) from error


def _pairs(given: Mapping[Any, Any]) -> list[tuple[str, str, Any]]:
    """Pairs of names with their correlation, from any of the three ways to write them."""
    pairs = []
    for key, value in given.items():
        if isinstance(value, Mapping):
            pairs += [(str(key), str(other), number) for other, number in value.items()]
            continue
        names = [part.strip() for part in key.split(",")] if isinstance(key, str) else list(key)
        if len(names) != 2:
            raise ConfigError(f'a correlation needs a pair of names, "beta, gamma" = 0.3, got {key!r}; name two.')
        pairs.append((*names, value))
    return pairs


def _joined(bounds: tuple[Any, ...]) -> Float[AnyArray, " size"]:
    """Bounds as one vector, on the host unless a compiled function is being traced."""
    parts = [bound.ravel() for bound in bounds]
    if any(isinstance(part, jax.core.Tracer) for part in parts):
        return jnp.concatenate(parts)
    return np.concatenate([np.zeros(0), *parts])


def _bounds(name: str, pair: Any) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise ConfigError(f"a Box needs a pair ({name} = (lower, upper)), got {name} = {pair!r}; give both bounds.")
    low, high = np.broadcast_arrays(*(np.asarray(bound, dtype=float) for bound in pair))
    if not (np.all(np.isfinite(low)) and np.all(np.isfinite(high)) and np.all(low < high)):
        raise ConfigError(f"a Box needs finite bounds with lower < upper, got {name} = {pair!r}; change them.")
    return np.array(low), np.array(high)
