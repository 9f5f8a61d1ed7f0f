"""Sums of discounted harm within the steps of a crude plan against the years one by one."""

import jax
import jax.numpy as jnp
import numpy as np

from saddlepath.climate.crude_plan import LENGTHS
from saddlepath.climate.projection import discounted

RATE = 0.02


def test_lines_through_two_years_stand_for_all_years_of_a_step() -> None:
    """Sums over the years of a step, even and weighed by the year, of harm on a line times an exponential.

    A line through two such points is exact for cubics; what is left is at most a fourth derivative over 4320.
    """
    harm = 0.02 + 0.001 * np.arange(len(LENGTHS) + 1.0)
    with jax.enable_x64(True):
        first, last = map(np.asarray, discounted(jnp.asarray(harm), jnp.asarray(np.exp(-RATE * LENGTHS))))
    for step, years in enumerate(LENGTHS):
        shares = np.arange(1, years + 1) / years
        exact = (harm[step] + shares * (harm[step + 1] - harm[step])) * np.exp(-RATE * years * shares)
        line = first[step] + shares * (last[step] - first[step])
        span, rise = RATE * years, harm[step + 1] / harm[step] - 1
        third, fourth = span**3 + 3 * rise * span**2, span**4 + 4 * rise * span**3
        assert abs(np.mean(line - exact)) < harm[step] * fourth / 4320 + 1e-15
        assert abs(np.mean(shares * (line - exact))) < harm[step] * (4 * third + fourth) / 4320 + 1e-15
