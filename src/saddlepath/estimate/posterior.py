"""The verb `posterior`: draws of parameters given data, and whether they can be trusted."""

import dataclasses
import functools
import time
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.estimate.diagnostics import complaints, convergence, inference_data
from saddlepath.estimate.log_likelihood import LogLikelihood
from saddlepath.estimate.samplers import Chains, nuts, require_blackjax, smc
from saddlepath.model import nearest_names
from saddlepath.prior import Box, Prior
from saddlepath.simulation import require_whole
from saddlepath.table import Table, table

AnyArray = Array | np.ndarray

NUTS, SMC = "nuts", "smc"
SAMPLERS = (NUTS, SMC)
TRIALS = 16
"""Draws from the prior of which a chain of NUTS starts at the likeliest [-]."""


class Plain(LogLikelihood):
    """A function that someone wrote as a log likelihood.

    Attributes:
        function: From parameters `[size]` to a number, pure and differentiable JAX.
        low: Minus infinity, for the function says itself where it is defined.
        high: Infinity.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    differentiable: bool = eqx.field(static=True, default=True, init=False)
    function: Callable[[Array], Array]
    low: AnyArray
    high: AnyArray

    def inside(self, theta: Float[Array, " size"]) -> Float[Array, ""]:
        return self.function(theta)


@dataclasses.dataclass(frozen=True, eq=False)
class Posterior:
    """Draws from a posterior.

    Attributes:
        names: A name per parameter.
        draws: `[chains, draws, size]`. [units of the parameters]
        sampler: `nuts` or `smc`.
        divergent: Draws whose path diverged `[chains, draws]`.
        acceptance: Acceptance rates `[chains, draws]`. [-]
        log_evidence: With `smc` the log marginal likelihood of every run `[chains]`, else None.
        seconds: Time that sampling took, compilation included. [s]
    """

    names: tuple[str, ...]
    draws: Float[np.ndarray, "chains draws size"]
    sampler: str
    divergent: np.ndarray
    acceptance: np.ndarray
    log_evidence: np.ndarray | None
    seconds: float

    @property
    def flat(self) -> Float[np.ndarray, "n size"]:
        """All draws, chain after chain. [units of the parameters]"""
        return self.draws.reshape(-1, len(self.names))

    @property
    def mean(self) -> dict[str, float]:
        """Posterior means by name. [units of the parameters]"""
        return dict(zip(self.names, self.flat.mean(axis=0).tolist(), strict=True))

    @property
    def sd(self) -> dict[str, float]:
        """Posterior standard deviations by name. [units of the parameters]"""
        return dict(zip(self.names, self.flat.std(axis=0, ddof=1).tolist(), strict=True))

    @functools.cached_property
    def convergence(self) -> dict[str, np.ndarray]:
        """`R-hat`, `bulk ESS` and `tail ESS` of every parameter. [-]"""
        return convergence(self.draws)

    @property
    def complaints(self) -> list[str]:
        """What speaks against using these draws, a sentence each."""
        chains, n = self.draws.shape[:2]
        return complaints(self.names, self.convergence, chains, int(self.divergent.sum()), chains * n)

    @property
    def log_marginal_likelihood(self) -> tuple[float, float]:
        """Log marginal likelihood over all runs of SMC, and its standard deviation between runs.

        Raises:
            ConfigError: NUTS does not know it.
        """
        if self.log_evidence is None:
            raise ConfigError("NUTS gives no marginal likelihood; sample again with sampler='smc'.")
        runs = self.log_evidence
        return float(np.logaddexp.reduce(runs) - np.log(runs.size)), float(np.std(runs, ddof=1))

    def require_converged(self) -> "Posterior":
        """This posterior, if nothing speaks against it.

        Raises:
            ConvergenceError: The chains did not mix, too few draws are effective, or paths diverged.
        """
        if self.complaints:
            raise ConvergenceError(f"the posterior is not to be used: {'; '.join(self.complaints)}.")
        return self

    def table(self) -> Table:
        """Moments, quantiles and diagnostics; what speaks against them stands in the first line."""
        flat, found = self.flat, self.convergence
        low, middle, high = np.quantile(flat, [0.05, 0.5, 0.95], axis=0)
        rows = {
            name: {
                "mean": self.mean[name],
                "sd": self.sd[name],
                "5 %": float(low[i]),
                "median": float(middle[i]),
                "95 %": float(high[i]),
            }
            | {key: float(values[i]) for key, values in found.items()}
            for i, name in enumerate(self.names)
        }
        formats = {"R-hat": ".3f", "bulk ESS": ".0f", "tail ESS": ".0f"}
        return table(rows, "parameter", title=self._title(), note=self._note(), formats=formats)

    def _title(self) -> str:
        if self.complaints:
            return f"NOT CONVERGED: {'; '.join(self.complaints)}."
        chains, n = self.draws.shape[:2]
        return f"Posterior: {chains} {'chains' if self.sampler == NUTS else 'runs'} of {n} draws mixed."

    def _note(self) -> str:
        note = f"Sampler {self.sampler.upper()}, {self.seconds:.1f} s."
        if self.log_evidence is None:
            return note
        value, sd = self.log_marginal_likelihood
        return f"{note} Log marginal likelihood {value:.2f}, s.d. between runs {sd:.2f}."

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().to_html()

    def to_arviz(self) -> Any:
        """The draws as ArviZ's `InferenceData`."""
        statistics = {"diverging": self.divergent, "acceptance_rate": self.acceptance}
        return inference_data(self.names, self.draws, statistics)


def posterior(
    log_likelihood: LogLikelihood | Callable[[Array], Array],
    prior: Prior,
    *,
    sampler: str = NUTS,
    chains: int = 4,
    draws: int = 1000,
    warmup: int = 1000,
    seed: int = 0,
) -> Posterior:
    """Draws from the posterior of parameters.

    Args:
        log_likelihood: What `likelihood` or `synthetic_likelihood` returned, or a pure JAX function of the parameters
            in the order of the prior.
        prior: The prior, of the same parameters.
        sampler: `nuts` for likelihoods with a gradient; `smc` for any, with the marginal likelihood.
        chains: Chains of NUTS, or independent runs of SMC. At least two, for mixing is judged between them.
        draws: Draws per chain after warm-up, or particles per run.
        warmup: Draws of NUTS before those, in which it adapts.
        seed: Seed.

    Returns:
        Draws with diagnostics. A table of chains that did not mix says so in its first line.

    Raises:
        ConfigError: Names of prior and likelihood differ, the prior reaches outside the box of a family, NUTS meets a
            likelihood without gradient, counts are no whole numbers, or a library is missing.
        ConvergenceError: The likelihood is zero wherever the prior was tried.
    """
    if sampler not in SAMPLERS:
        raise ConfigError(f"no sampler {sampler!r}; {nearest_names(str(sampler), list(SAMPLERS))}")
    for name, value, least in (("chains", chains, 2), ("draws", draws, 10), ("warmup", warmup, 20)):
        require_whole(name, value, least)
    require_blackjax()
    target, prior = _fitted(log_likelihood, prior)
    if sampler == NUTS and not target.differentiable:
        raise ConfigError(
            "NUTS needs the gradient of the likelihood, and a particle filter has none, for resampling jumps; use "
            "sampler='smc', which moves by random walks, or a Kalman or synthetic likelihood."
        )
    began = time.perf_counter()
    # BlackJAX mixes types and ranks of arrays, which a caller may have forbidden.
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        keys = jax.random.split(jax.random.key(seed), chains)
        found = _nuts(target, prior, keys, draws, warmup) if sampler == NUTS else _smc(target, prior, keys, draws)
        theta = np.asarray(prior.from_normal(found.z))
    evidence = np.asarray(found.log_evidence) if sampler == SMC else None
    statistics = (np.asarray(found.divergent), np.asarray(found.acceptance))
    return Posterior(prior.names, theta, sampler, *statistics, evidence, time.perf_counter() - began)


def _fitted(log_likelihood: Any, prior: Prior) -> tuple[LogLikelihood, Prior]:
    """The likelihood as a value, and the prior in its order and inside its bounds."""
    if not isinstance(log_likelihood, LogLikelihood):
        unbounded = np.full(prior.size, np.inf)
        return Plain(names=prior.names, function=log_likelihood, low=-unbounded, high=unbounded), prior
    prior = prior.ordered(log_likelihood.names)
    bounds = zip(prior.names, np.asarray(log_likelihood.low), np.asarray(log_likelihood.high), strict=True)
    boxed = {name: (float(low), float(high)) for name, low, high in bounds if np.isfinite(high - low)}
    if boxed:
        laws = dict(zip(prior.names, prior.marginals, strict=True))
        Prior(**{name: laws[name] for name in boxed}).require_inside(Box(**boxed))
    return log_likelihood, prior


def _nuts(target: LogLikelihood, prior: Prior, keys: Array, draws: int, warmup: int) -> Chains:
    starts, values = _starts(target, prior, keys)
    _require_possible(values, prior)
    return _run_nuts(target, prior, keys, starts, values, draws, warmup)


@eqx.filter_jit
def _starts(target: LogLikelihood, prior: Prior, keys: Array) -> tuple[Array, Array]:
    """The likeliest of several draws from the prior for every chain, in standard normal coordinates, and its value."""

    def best(key: Array) -> tuple[Array, Array]:
        z = jax.random.normal(jax.random.fold_in(key, 1), (TRIALS, prior.size))
        values = jax.vmap(lambda one: target.at(prior.from_normal(one)))(z)
        first = jnp.argmax(values)
        return z[first], values[first]

    return jax.vmap(best)(keys)


def _require_possible(values: Array, prior: Prior) -> None:
    if not np.all(np.isfinite(values)):
        raise ConvergenceError(
            f"the likelihood is zero at {TRIALS} draws of {', '.join(prior.names)} from the prior: no unique stable "
            "solution there, or data that no such parameters explain; narrow the prior, or check model and data."
        )


@eqx.filter_jit
def _run_nuts(
    target: LogLikelihood, prior: Prior, keys: Array, starts: Array, values: Array, draws: int, warmup: int
) -> Chains:
    return nuts(lambda z: target.at(prior.from_normal(z)), keys, starts, values, draws, warmup)


def _smc(target: LogLikelihood, prior: Prior, keys: Array, draws: int) -> Chains:
    """Runs one after the other, so that their number costs no memory."""
    runs = [_run_smc(target, prior, key, draws) for key in keys]
    found = Chains(*(jnp.concatenate(parts) for parts in zip(*runs, strict=True)))
    if not np.all(np.isfinite(found.log_evidence)):
        raise ConvergenceError(
            f"tempering never reached the posterior of {', '.join(prior.names)}: the likelihood is zero almost "
            "everywhere under the prior; narrow the prior, or take more draws."
        )
    return found


@eqx.filter_jit
def _run_smc(target: LogLikelihood, prior: Prior, key: PRNGKeyArray, draws: int) -> Chains:
    # A particle filter fills a core by itself; small likelihoods are faster side by side.
    return smc(lambda z: target.at(prior.from_normal(z)), key, draws, prior.size, 0 if target.differentiable else 1)
