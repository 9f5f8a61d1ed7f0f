"""Estimation as a value: what a TOML file asks for, and what comes of it.

A plan names data and one or both of two routes: simulated moments of a family (`Matching`), and a likelihood with a
prior from which a posterior is drawn (`Sampling`).
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from saddlepath.errors import ConfigError
from saddlepath.estimate.bootstrap import Bootstrap, bootstrap
from saddlepath.estimate.identification import Identification, identification
from saddlepath.estimate.likelihood import KALMAN, likelihood
from saddlepath.estimate.posterior import NUTS, Posterior, posterior
from saddlepath.estimate.second_look import SecondLook, second_look
from saddlepath.estimate.smm import Estimate, moments_of, smm
from saddlepath.model import Model
from saddlepath.prior import Box, Prior
from saddlepath.solution import Solution
from saddlepath.solvers.solve import solve
from saddlepath.statistics import simulated
from saddlepath.surrogate.auto import fit
from saddlepath.surrogate.base import Labels
from saddlepath.surrogate.gaussian_process import GP

if TYPE_CHECKING:
    import pandas as pd


FINER = 1e-6
"""Mean Euler error of the solution at the estimate, by which the family is judged [-]."""


@dataclasses.dataclass(frozen=True)
class Matching:
    """Estimation by simulated moments.

    Attributes:
        moments: Names of statistics, such as `sd:dlog:output`.
        weighting: As `smm` takes it.
        sampling: As `smm` takes it.
        paths: Simulated paths of the data's length.
        burn_in: Periods before the first that counts. [periods]
        starts: Starts of the search.
        points: Points at which a surrogate of the moments is fitted, whose error is then reported at the estimate and
            through which the bootstrap runs.
        replications: Data sets of the bootstrap; 0 leaves it out.
        seed: Of shocks and starts.
    """

    moments: tuple[str, ...]
    weighting: str = "efficient"
    sampling: str = "model"
    paths: int = 100
    burn_in: int = 200
    starts: int = 4
    points: int = 80
    replications: int = 200
    seed: int = 0

    def run(self, family: Solution, data: "pd.DataFrame") -> "Matched":
        """The estimate with everything that says how far to trust it."""
        observed = moments_of({name: data[name].to_numpy() for name in data}, self.moments)
        exact = simulated(
            family, self.moments, periods=observed.periods, paths=self.paths, burn_in=self.burn_in, seed=self.seed,
            each=True,
        )  # fmt: skip
        how = {"weighting": self.weighting, "starts": self.starts, "seed": self.seed}
        found = smm(exact, observed, sampling=self.sampling, **how)
        apart = identification(exact, found.data, found.theta)
        theta = family.box.design(self.points, self.seed)
        surrogate = fit(Labels(family.box, theta, exact(theta), self.moments), GP(), self.seed)
        quick = smm(surrogate, found.data, simulated=float(self.paths), **how)
        again = None
        if self.replications:
            again = bootstrap(found, surrogate, exact, replications=self.replications, seed=self.seed + 1)
        finer = solve(family.at(**family.box.split(found.theta)).model, tol=FINER, seed=self.seed)
        return Matched(found, apart, second_look(found, finer, exact), second_look(quick, exact), again)


@dataclasses.dataclass(frozen=True)
class Matched:
    """What simulated moments say.

    Attributes:
        estimate: From moments simulated with the family itself.
        identification: At the estimate.
        finer: The family's own error: its moments beside those of a solution at the estimate alone.
        surrogate: The estimate by a surrogate of the moments, and its error there.
        bootstrap: Estimates from data sets of the estimated model, or None.
    """

    estimate: Estimate
    identification: Identification
    finer: SecondLook
    surrogate: SecondLook
    bootstrap: Bootstrap | None


@dataclasses.dataclass(frozen=True)
class Sampling:
    """Draws from the posterior of a likelihood.

    Attributes:
        measurement: As `likelihood` takes it.
        method: As `likelihood` takes it.
        particles: Of a particle filter.
        sampler: As `posterior` takes it.
        chains: Chains, or runs.
        draws: Draws per chain.
        warmup: Draws before those.
        seed: Of particles and chains.
    """

    measurement: dict
    method: str = KALMAN
    particles: int = 1000
    sampler: str = NUTS
    chains: int = 4
    draws: int = 1000
    warmup: int = 1000
    seed: int = 0

    def run(self, model: Model | Solution, over: Box | None, data: "pd.DataFrame", prior: Prior) -> Posterior:
        """The draws."""
        kwargs: dict[str, Any] = {} if isinstance(model, Solution) else {"over": over}
        given = likelihood(
            model, data, measurement=self.measurement, method=self.method, particles=self.particles, seed=self.seed,
            **kwargs,
        )  # fmt: skip
        return posterior(
            given, prior, sampler=self.sampler, chains=self.chains, draws=self.draws, warmup=self.warmup, seed=self.seed
        )


@dataclasses.dataclass(frozen=True)
class Plan:
    """Data and what to do with them.

    Attributes:
        data: The series.
        matching: Simulated moments, or None.
        sampling: Likelihood and posterior, or None.
        prior: Prior of the second; its parameters are those of the likelihood.
    """

    data: "pd.DataFrame"
    matching: Matching | None = None
    sampling: Sampling | None = None
    prior: Prior | None = None

    def __post_init__(self) -> None:
        if self.matching is None and self.sampling is None:
            raise ConfigError("a plan of estimation needs [smm] or [posterior]; add one of these tables.")
        if self.sampling is not None and self.prior is None:
            raise ConfigError("[posterior] needs a prior; add a table [prior.NAME] per parameter.")

    @property
    def needs_family(self) -> bool:
        """Whether the model has to be solved globally, or its equations are enough."""
        return self.matching is not None or (self.sampling is not None and self.sampling.method != KALMAN)

    def run(self, model: Model, over: Box, family_of: Callable[[], Solution]) -> "Estimated":
        """Estimate.

        Args:
            model: The model.
            over: The parameters that may be estimated.
            family_of: Gives the family; called at most once, and only where it is needed.
        """
        family = family_of() if self.needs_family else None
        matched = drawn = None
        if self.matching is not None:
            assert family is not None
            matched = self.matching.run(family, self.data)
        if self.sampling is not None:
            assert self.prior is not None
            known = Box(**{n: b for n, b in _bounds(over).items() if n in self.prior.names})
            economy = model if family is None or self.sampling.method == KALMAN else family
            drawn = self.sampling.run(economy, known, self.data, self.prior)
        return Estimated(self, matched, drawn)


@dataclasses.dataclass(frozen=True)
class Estimated:
    """What a plan found.

    Attributes:
        plan: The plan.
        matched: By simulated moments, or None.
        posterior: Draws, or None.
    """

    plan: Plan
    matched: Matched | None
    posterior: Posterior | None

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers for a JSON file."""
        found: dict[str, Any] = {"periods": len(self.plan.data)}
        if self.matched is not None:
            found["smm"] = _smm_numbers(self.matched)
        if self.posterior is not None:
            found["posterior"] = {
                "mean": self.posterior.mean,
                "sd": self.posterior.sd,
                "complaints": self.posterior.complaints,
                "seconds": self.posterior.seconds,
            }
        return found


def _smm_numbers(matched: Matched) -> dict[str, Any]:
    one, look = matched.estimate, matched.surrogate
    numbers: dict[str, Any] = {
        "estimate": one.values,
        "standard errors": dict(zip(one.parameters, one.sd.tolist(), strict=True)),
        "J": None if one.j is None else list(one.j),
        "moments of data": dict(zip(one.data.names, one.data.values.tolist(), strict=True)),
        "moments of model": dict(zip(one.data.names, one.model.tolist(), strict=True)),
        "at the edge": list(one.at_edge),
        "condition": matched.identification.condition,
        "estimate by surrogate": look.found.values,
        "shift by its error": dict(zip(one.parameters, look.shift.tolist(), strict=True)),
        "shift by the family's error": dict(zip(one.parameters, matched.finer.shift.tolist(), strict=True)),
    }
    if matched.bootstrap is not None:
        low, high = matched.bootstrap.interval().T.tolist()
        numbers["bootstrap"] = {
            name: {"spread": s, "5 %": a, "95 %": b}
            for name, s, a, b in zip(one.parameters, matched.bootstrap.spread.tolist(), low, high, strict=True)
        }
    return numbers


def _bounds(box: Box) -> Mapping[str, tuple[Any, Any]]:
    return {name: (low, high) for name, low, high in zip(box.names, box.lower, box.upper, strict=True)}
