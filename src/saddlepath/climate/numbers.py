"""What the climate accepts as numbers: Python's, NumPy's, JAX's, traced or not."""

from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Real

AnyArray = Array | np.ndarray
Number = float | int | Float[Array, ""]
"""One number, such as a parameter."""
Numbers = float | int | Real[AnyArray, "..."]
"""One number or many, such as dates."""
Value = TypeVar("Value")


def as_arrays(value: Value) -> Value:
    """A value with every parameter as an array, so that all calibrations share one compiled function."""
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype=jnp.result_type(float)), value)
