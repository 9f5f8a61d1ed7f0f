"""Implied volatilities at many points of a box, computed on all cores, with a bar that shows how far they are."""

import contextlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.options.filling import BATCH, filled
from saddlepath.options.inputs import SCALED, law_of, named, standard_deviation
from saddlepath.options.pricing import implied
from saddlepath.prior import Box
from saddlepath.surrogate.base import Labels

CHUNK = 16_384
"""Options per call; threads take one after the other."""
OUTPUT = "volatility"
MARGIN = 0.02
"""Designs reach beyond the box by this share of its width: what is fitted errs most at the edges [-]."""


def design(box: Box, n: int, seed: int = 0) -> Float[np.ndarray, "n n_inputs"]:
    """Points for training: a scrambled Sobol' sequence that thins out towards large values of positive inputs.

    Between uniform levels, which leave few short maturities, and uniform logarithms: inputs whose products enter as
    logarithms are uniform in their roots. All reach slightly beyond the box where the law allows it.
    """
    from scipy.stats import qmc

    power = int(np.ceil(np.log2(max(n, 2))))
    points = qmc.Sobol(box.size, rng=seed).random_base2(power)[:n]
    columns = []
    for name, low, high, u in zip(box.entries, box.low, box.high, points.T, strict=True):
        if name in (*SCALED, "tau"):
            low, high = low * (1 - MARGIN), high * (1 + MARGIN)
            columns.append((np.sqrt(low) + u * (np.sqrt(high) - np.sqrt(low))) ** 2)
        else:
            beyond = MARGIN * (high - low) * (name in ("rho", "moneyness"))
            low, high = max(low - beyond, -1.0) if name == "rho" else low - beyond, high + beyond
            columns.append(low + u * (high - low))
    return np.stack(columns, axis=1)


def exact_volatility(box: Box, theta: Float[Array, " n_inputs"]) -> Array:
    """Implied volatility at one point of a box. [1/sqrt(year)]"""
    inputs = named(box, theta)
    law, tau = law_of(inputs), inputs["tau"]
    return implied(law, inputs["moneyness"] * standard_deviation(law, tau), tau)


@eqx.filter_jit
def _volatilities(box: Box, theta: Float[Array, "n n_inputs"]) -> Float[Array, " n"]:
    return jax.lax.map(partial(exact_volatility, box), theta, batch_size=BATCH)


def volatilities(box: Box, theta: Float[np.ndarray, "n n_inputs"], progress: bool = False) -> Float[np.ndarray, " n"]:
    """Implied volatilities at points, on all cores.

    A compiled function keeps one core busy and a second one in part; a thread per core fills the rest. Processes of
    their own would each have to load and compile first.

    Args:
        box: Names of the inputs, such as `HESTON`.
        theta: Points. [units of the box]
        progress: Whether a bar on standard error shows how far the labels are.

    Returns:
        Volatilities; NaN where the price is too small to have one. [1/sqrt(year)]
    """
    starts = range(0, len(theta), CHUNK)

    def chunk(start: int) -> np.ndarray:
        part = theta[start : start + CHUNK]
        with jax.enable_x64(True):
            return np.asarray(_volatilities(box, jnp.asarray(filled(part))))[: len(part)]

    with ThreadPoolExecutor(os.cpu_count()) as pool, _bar(len(starts), progress) as advance:
        parts = []
        for part in pool.map(chunk, starts):
            parts.append(part)
            advance()
    return np.concatenate(parts)


@contextlib.contextmanager
def _bar(total: int, shown: bool) -> Iterator[Callable[[], None]]:
    if not shown:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("labels", total=total)
        yield lambda: progress.advance(task)


def label_volatilities(box: Box, n: int, seed: int = 0, progress: bool = False) -> Labels:
    """Labels of a surrogate of the implied volatility.

    Args:
        box: Inputs, such as `HESTON` or a smaller box with the same names.
        n: Number of points; those whose price is too small to have a volatility are left out.
        seed: Of the design.
        progress: Whether a bar shows how far the labels are.

    Returns:
        Points of `design` and implied volatilities. [1/sqrt(year)]
    """
    theta = design(box, n, seed)
    values = volatilities(box, theta, progress)
    keep = np.isfinite(values)
    return Labels(box, theta[keep], values[keep], (OUTPUT,))
