"""The six test functions of Genz on the unit cube, with their parameters drawn by convention, and their integrals.

With vectors c (difficulty) and w (place) of length d:

    oscillatory    cos(2 pi w_1 + sum c_i x_i)
    product_peak   prod 1 / (c_i^-2 + (x_i - w_i)^2)
    corner_peak    (1 + sum c_i x_i)^-(d + 1)
    gaussian       exp(-sum c_i^2 (x_i - w_i)^2)
    continuous     exp(-sum c_i |x_i - w_i|)
    discontinuous  0 where x_1 > w_1 or x_2 > w_2, exp(sum c_i x_i) elsewhere

All six have integrals in closed form, which checks an implementation independently of its values.

References:
    Genz (1984, Tools, Methods and Languages for Scientific and Engineering Computation); Barthelmann, Novak and Ritter
    (2000, Advances in Computational Mathematics 12), whose difficulties are the convention `bnr2000`.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy.special import erf

from saddlepath.errors import ConfigError
from saddlepath.model import nearest_names

FUNCTIONS = ("oscillatory", "product_peak", "corner_peak", "gaussian", "continuous", "discontinuous")
CONVENTIONS = ("course", "bnr2000", "raw")

Vector = Float[np.ndarray, " d"]


def _sums(dimension: int) -> dict[str, tuple[float, ...]]:
    """Sum of the difficulties per function, in the order of `FUNCTIONS`."""
    return {
        "course": (1.5, float(dimension), 1.85, 7.03, 20.4, 4.3),
        "bnr2000": (9.0, 7.25, 1.85, 7.03, 20.4, 4.3),  # given for ten dimensions, kept for others
    }


@dataclasses.dataclass(frozen=True)
class GenzFunction:
    """One of the six functions with its parameters.

    Attributes:
        name: One of `FUNCTIONS`.
        c: Difficulty per coordinate `[d]`. [-]
        w: Place of the peak, kink or jump per coordinate `[d]`. [-]
    """

    name: str
    c: Float[np.ndarray, " _"]
    w: Float[np.ndarray, " _"]

    def __post_init__(self) -> None:
        if self.name not in FUNCTIONS:
            raise ConfigError(f"no Genz function {self.name!r}; {nearest_names(self.name, list(FUNCTIONS))}")
        if self.c.shape != self.w.shape or self.c.ndim != 1:
            raise ConfigError(
                f"c and w of a Genz function are vectors of one length, got shapes {self.c.shape} and {self.w.shape}."
            )

    @property
    def positive(self) -> bool:
        """Whether the function is positive everywhere and has a logarithm."""
        return self.name not in ("oscillatory", "discontinuous")

    def __call__(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Values at points of the unit cube.

        Args:
            x: Points `[n, d]`. [-]

        Returns:
            Values `[n]`. [-]

        Raises:
            ConfigError: The points have another number of coordinates.
        """
        if x.ndim != 2 or x.shape[1] != self.c.size:
            raise ConfigError(f"points of this function must have shape [n, {self.c.size}], got {x.shape}.")
        return _VALUES[self.name](x, self.c, self.w)

    def integral(self) -> float:
        """Integral over the unit cube, in closed form. [-]"""
        return float(_INTEGRALS[self.name](self.c, self.w))


def draw(name: str, dimension: int, convention: str, random: np.random.Generator) -> GenzFunction:
    """A function with random parameters.

    Args:
        name: One of `FUNCTIONS`.
        dimension: Number of coordinates.
        convention: `course`: c and w uniform on [0, 1], then scaled to sums that depend on the function (c) and to one
            (w); `bnr2000`: other sums of c, w as drawn; `raw`: c uniform on [1, 3], w on [0.2, 0.8].
        random: Source of the draws.

    Raises:
        ConfigError: An unknown function or convention, or no coordinate.
    """
    if convention not in CONVENTIONS:
        raise ConfigError(f"no convention {convention!r}; {nearest_names(convention, list(CONVENTIONS))}")
    if dimension < 1:
        raise ConfigError(f"a Genz function needs at least one coordinate, got dimension {dimension}.")
    if name not in FUNCTIONS:
        raise ConfigError(f"no Genz function {name!r}; {nearest_names(name, list(FUNCTIONS))}")
    if convention == "raw":
        return GenzFunction(name, random.uniform(1, 3, dimension), random.uniform(0.2, 0.8, dimension))
    c, w = random.random(dimension), random.random(dimension)
    c = c * _sums(dimension)[convention][FUNCTIONS.index(name)] / c.sum()
    return GenzFunction(name, c, w / w.sum() if convention == "course" else w)


def _oscillatory(x: np.ndarray, c: Vector, w: Vector) -> np.ndarray:
    return np.cos(2 * np.pi * w[0] + x @ c)


def _product_peak(x: np.ndarray, c: Vector, w: Vector) -> np.ndarray:
    # Times c^2 above and below: the difficulty of a coordinate may be almost zero.
    return np.prod(c**2 / (1 + (c * (x - w)) ** 2), axis=1)


def _corner_peak(x: np.ndarray, c: Vector, w: Vector) -> np.ndarray:
    return (1 + x @ c) ** -(c.size + 1.0)


def _gaussian(x: np.ndarray, c: Vector, w: Vector) -> np.ndarray:
    return np.exp(-np.sum((c * (x - w)) ** 2, axis=1))


def _continuous(x: np.ndarray, c: Vector, w: Vector) -> np.ndarray:
    return np.exp(-np.abs(x - w) @ c)


def _discontinuous(x: np.ndarray, c: Vector, w: Vector) -> np.ndarray:
    below = np.all(x[:, :2] <= w[:2], axis=1)  # with one coordinate, that one decides
    return np.where(below, np.exp(x @ c), 0.0)


def _oscillatory_integral(c: Vector, w: Vector) -> float:
    # exp(i c) - 1 over i c, written with sin so that a tiny c loses no digits.
    factors = np.exp(0.5j * c) * np.sinc(c / (2 * np.pi))
    return float(np.real(np.exp(2j * np.pi * w[0]) * np.prod(factors)))


def _product_peak_integral(c: Vector, w: Vector) -> float:
    return float(np.prod(c * (np.arctan(c * (1 - w)) + np.arctan(c * w))))


def _corner_peak_integral(c: Vector, w: Vector) -> float:
    """Inclusion and exclusion over the corners of the cube; terms cancel, so they are summed exactly."""
    d = c.size
    corners = (np.arange(2**d)[:, None] >> np.arange(d)[None, :]) & 1
    terms = (-1.0) ** corners.sum(axis=1) / (1 + corners @ c)
    return math.fsum(terms) / (math.factorial(d) * float(np.prod(c)))


def _gaussian_integral(c: Vector, w: Vector) -> float:
    return float(np.prod(np.sqrt(np.pi) / (2 * c) * (erf(c * (1 - w)) + erf(c * w))))


def _continuous_integral(c: Vector, w: Vector) -> float:
    # A place may lie beyond the cube only by its scaling to sum one, which keeps it inside.
    return float(np.prod((2 - np.exp(-c * w) - np.exp(-c * (1 - w))) / c))


def _discontinuous_integral(c: Vector, w: Vector) -> float:
    upper = np.concatenate([np.clip(w[:2], 0, 1), np.ones(max(c.size - 2, 0))])
    return float(np.prod(np.expm1(c * upper) / c))


_VALUES: dict[str, Callable[[np.ndarray, Vector, Vector], np.ndarray]] = {
    "oscillatory": _oscillatory,
    "product_peak": _product_peak,
    "corner_peak": _corner_peak,
    "gaussian": _gaussian,
    "continuous": _continuous,
    "discontinuous": _discontinuous,
}
_INTEGRALS: dict[str, Callable[[Vector, Vector], float]] = {
    "oscillatory": _oscillatory_integral,
    "product_peak": _product_peak_integral,
    "corner_peak": _corner_peak_integral,
    "gaussian": _gaussian_integral,
    "continuous": _continuous_integral,
    "discontinuous": _discontinuous_integral,
}
