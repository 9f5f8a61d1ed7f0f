"""What the climate accepts as numbers: Python's, NumPy's, JAX's, traced or not."""

import numpy as np
from jaxtyping import Array, Float, Real

AnyArray = Array | np.ndarray
Number = float | int | Float[Array, ""]
"""One number, such as a parameter."""
Numbers = float | int | Real[AnyArray, "..."]
"""One number or many, such as dates."""
