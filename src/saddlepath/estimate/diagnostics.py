"""Have the chains of a posterior mixed? The only module that knows ArviZ.

References:
    Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021, Bayesian Analysis): rank-normalised R-hat, bulk and tail
    effective sample size, and the limits 1.01 and 100 effective draws per chain.
"""

import warnings
from typing import Any

import numpy as np
from jaxtyping import Float

from saddlepath.errors import ConfigError

RHAT = 1.01
"""Largest R-hat at which chains count as mixed [-]."""
EFFECTIVE = 100
"""Fewest effective draws per chain, in the bulk and in the tails [-]."""


def require_arviz() -> Any:
    """The ArviZ library.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # it announces at import that a later version will differ
            import arviz
    except ImportError as error:
        raise ConfigError(
            "convergence diagnostics need the package arviz, which is not installed; run pip install "
            "'saddlepath[estimate]'."
        ) from error
    return arviz


def convergence(draws: Float[np.ndarray, "chains draws size"]) -> dict[str, Float[np.ndarray, " size"]]:
    """R-hat and effective numbers of draws of every parameter.

    Args:
        draws: Draws of every chain.

    Returns:
        `R-hat`, `bulk ESS` and `tail ESS`, each `[size]`. [-]
    """
    arviz = require_arviz()
    columns = [draws[:, :, i] for i in range(draws.shape[2])]
    with np.errstate(divide="ignore", invalid="ignore"):  # chains that never move have no variance
        return {
            "R-hat": np.array([float(arviz.rhat(column)) for column in columns]),
            "bulk ESS": np.array([float(arviz.ess(column, method="bulk")) for column in columns]),
            "tail ESS": np.array([float(arviz.ess(column, method="tail")) for column in columns]),
        }


def complaints(
    names: tuple[str, ...], found: dict[str, Float[np.ndarray, " size"]], chains: int, divergences: int, draws: int
) -> list[str]:
    """What speaks against using draws, a sentence each; empty if nothing does.

    Args:
        names: Names of the parameters.
        found: What `convergence` returned.
        chains: Number of chains.
        divergences: Draws whose path diverged.
        draws: Draws in all.
    """
    said = []
    rhat = np.where(np.isfinite(found["R-hat"]), found["R-hat"], np.inf)
    if np.any(rhat > RHAT):
        worst = int(np.argmax(rhat))
        said.append(
            f"the chains did not mix: R-hat of {names[worst]} is {rhat[worst]:.3g}, above {RHAT}; these numbers do not "
            "describe the posterior. Take more draws and warm-up, or look for parameters that the data do not identify"
        )
    effective = np.minimum(found["bulk ESS"], found["tail ESS"])
    effective = np.where(np.isfinite(effective), effective, 0.0)
    if np.any(effective < EFFECTIVE * chains):
        worst = int(np.argmin(effective))
        said.append(
            f"few effective draws: {effective[worst]:.0f} of {names[worst]}, below {EFFECTIVE * chains} "
            f"({EFFECTIVE} per chain); quantiles are imprecise. Take more draws"
        )
    if divergences:
        said.append(
            f"{divergences} of {draws} draws ended in a divergence: parts of the posterior may be missing. Look where "
            "the model has no solution, or tighten the prior"
        )
    return said


def inference_data(
    names: tuple[str, ...], draws: Float[np.ndarray, "chains draws size"], statistics: dict[str, np.ndarray]
) -> Any:
    """Draws as ArviZ's `InferenceData`, for its plots and for netCDF files.

    Args:
        names: Names of the parameters.
        draws: Draws of every chain.
        statistics: Statistics of the sampler `[chains, draws]` by name.
    """
    arviz = require_arviz()
    return arviz.from_dict(posterior={name: draws[:, :, i] for i, name in enumerate(names)}, sample_stats=statistics)
