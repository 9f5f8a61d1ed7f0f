"""First weights of a layer, drawn on the host, and which of them suits an activation.

A layer keeps the size of its signal where the variance of its weights is about one over its inputs, and that of its
gradients where it is one over its outputs; what an activation takes away must be added.

References:
    LeCun, Bottou, Orr and Mueller (1998, Neural Networks: Tricks of the Trade); Glorot and Bengio (2010, AISTATS); He,
    Zhang, Ren and Sun (2015, ICCV), rectified units; Saxe, McClelland and Ganguli (2014, ICLR), orthogonal.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

Initialiser = Callable[[np.random.Generator, int, int], Float[np.ndarray, "n_out n_in"]]
"""Weights `[n_out, n_in]` from a source of draws, n_in and n_out."""


def _normal(variance: Callable[[int, int], float]) -> Initialiser:
    return lambda random, n_in, n_out: np.sqrt(variance(n_in, n_out)) * random.normal(size=(n_out, n_in))


def _uniform(variance: Callable[[int, int], float]) -> Initialiser:
    def drawn(random: np.random.Generator, n_in: int, n_out: int) -> np.ndarray:
        bound = np.sqrt(3 * variance(n_in, n_out))
        return random.uniform(-bound, bound, size=(n_out, n_in))

    return drawn


def _orthogonal(random: np.random.Generator, n_in: int, n_out: int) -> np.ndarray:
    """Orthonormal rows or columns, whichever are fewer."""
    tall = random.normal(size=(max(n_in, n_out), min(n_in, n_out)))
    q, r = np.linalg.qr(tall)
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)[None, :]  # uniform among orthogonal matrices only with these signs
    return q if n_out >= n_in else q.T


_GLOROT = lambda n_in, n_out: 2 / (n_in + n_out)
_HE = lambda n_in, n_out: 2 / n_in
_LECUN = lambda n_in, n_out: 1 / n_in

INITIALISERS: dict[str, Initialiser] = {
    "glorot_normal": _normal(_GLOROT),
    "glorot_uniform": _uniform(_GLOROT),
    "he_normal": _normal(_HE),
    "he_uniform": _uniform(_HE),
    "lecun_normal": _normal(_LECUN),
    "lecun_uniform": _uniform(_LECUN),
    "fan_in_uniform": _uniform(lambda n_in, n_out: 1 / (3 * n_in)),  # on +-1 / sqrt(n_in): PyTorch's and Equinox's
    "standard_normal": _normal(lambda n_in, n_out: 1.0),  # explodes with depth: for lessons
    "orthogonal": _orthogonal,
}


def suited_to(activation: str) -> str:
    """The usual initialiser of an activation: He for rectified units, Glorot for all others."""
    return "he_normal" if activation == "relu" else "glorot_normal"
