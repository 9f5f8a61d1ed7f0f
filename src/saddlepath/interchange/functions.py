"""The functions that expressions may call, with their values and how generated code writes them."""

import dataclasses
from collections.abc import Callable

import numpy as np


@dataclasses.dataclass(frozen=True)
class Function:
    """A function of expressions.

    Attributes:
        code: How generated code calls it.
        value: Its value at numbers.
        arguments: How many it takes.
    """

    code: str
    value: Callable[..., float]
    arguments: int = 1


FUNCTIONS = {
    "exp": Function("jnp.exp", np.exp),
    "log": Function("jnp.log", np.log),
    "ln": Function("jnp.log", np.log),
    "log10": Function("jnp.log10", np.log10),
    "sqrt": Function("jnp.sqrt", np.sqrt),
    "cbrt": Function("jnp.cbrt", np.cbrt),
    "abs": Function("jnp.abs", np.abs),
    "sign": Function("jnp.sign", np.sign),
    "sin": Function("jnp.sin", np.sin),
    "cos": Function("jnp.cos", np.cos),
    "tan": Function("jnp.tan", np.tan),
    "tanh": Function("jnp.tanh", np.tanh),
    "max": Function("jnp.maximum", np.maximum, 2),
    "min": Function("jnp.minimum", np.minimum, 2),
    "fischer_burmeister": Function("sp.fischer_burmeister", lambda a, b: a + b - np.hypot(a, b), 2),
}
"""By the name that both dialects give them."""
