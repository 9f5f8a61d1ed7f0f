"""Normalisation of inputs, fitted on the training part alone and kept with the network."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float

from saddlepath.errors import ConfigError
from saddlepath.model import nearest_names

SCALINGS = ("standard", "minmax", "maxabs", "none")


class Scaler(NamedTuple):
    """z = (x - shift) / size, per input.

    Attributes:
        shift: What is subtracted `[n_inputs]`. [units of the inputs]
        size: What the rest is divided by `[n_inputs]`; one where an input never changes. [units of the inputs]
    """

    shift: Array | np.ndarray
    size: Array | np.ndarray

    def __call__(self, x: Any) -> Any:
        """Inputs `[..., n_inputs]`, scaled. [-]"""
        return (x - self.shift) / self.size


def fit_scaler(kind: str, x: Float[np.ndarray, "n n_inputs"]) -> Scaler:
    """A scaler of inputs.

    Args:
        kind: `standard`: mean zero, standard deviation (not variance) one; `minmax`: from zero to one; `maxabs`:
            largest absolute value one, zero stays zero; `none`.
        x: Inputs of the training part. [units of the inputs]

    Raises:
        ConfigError: An unknown kind.
    """
    if kind not in SCALINGS:
        raise ConfigError(f"no scaling {kind!r}; {nearest_names(kind, list(SCALINGS))}")
    shift, size = np.zeros(x.shape[1]), np.ones(x.shape[1])
    if kind == "standard":
        shift, size = x.mean(axis=0), x.std(axis=0)
    elif kind == "minmax":
        shift, size = x.min(axis=0), np.ptp(x, axis=0)
    elif kind == "maxabs":
        size = np.abs(x).max(axis=0)
    # An input that never changes has a spread of rounding errors at most.
    constant = size <= 1e-13 * np.maximum(np.abs(x).max(axis=0), 1e-300)
    return Scaler(shift, np.where(constant, 1.0, size))
