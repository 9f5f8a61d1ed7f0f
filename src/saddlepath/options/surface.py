"""A deep surrogate of implied volatility: prices and Greeks in microseconds, differentiable in every parameter.

A network learns the implied volatility as a multiple of sigma_atm from what it depends on (`inputs.features`); prices
follow from Black and Scholes, so that bounds of prices and put-call parity hold exactly.

References:
    Chen, Didisheim and Scheidegger (2026, JFE), Deep surrogates for finance: with an application to option pricing.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath._version import __version__
from saddlepath.container import PathLike, read_file, read_tree, understood, write_file
from saddlepath.nn.training import Log
from saddlepath.options.black_scholes import call as black_scholes_call
from saddlepath.options.black_scholes import forward_price
from saddlepath.options.characteristic import Number, PriceLaw
from saddlepath.options.inputs import feature_box, features, law_of, named, parameters_of, standard_deviation
from saddlepath.options.labels import OUTPUT
from saddlepath.options.pricing import Bool
from saddlepath.prior import Box
from saddlepath.surrogate.base import Kind, Labels, Prediction, StoredSurrogate
from saddlepath.surrogate.deep import Deep, DeepEnsemble
from saddlepath.surrogate.gaussian_process import GaussianProcess
from saddlepath.surrogate.polynomial import PolynomialFit

FILE = "surface"
CLASSES = {cls.__name__: cls for cls in (DeepEnsemble, GaussianProcess, PolynomialFit)}
"""What a file may hold."""
DEEP = Deep(width=128, depth=4, members=1, epochs=200, batch=1024, rate=2e-3, polish=0, precision="float32")
"""Networks for a million labels and more."""


class VolatilitySurface(StoredSurrogate):
    """A fitted surrogate of implied volatility.

    Attributes:
        box: Inputs with names as in `inputs.HESTON`.
        outputs: `("volatility",)`.
        ratio: Surrogate of the volatility as a multiple of sigma_atm, as a function of the features.
    """

    box: Box
    outputs: tuple[str, ...] = eqx.field(static=True)
    ratio: StoredSurrogate

    def at(self, theta: Float[Array, " n_inputs"]) -> Prediction:
        """Implied volatility and its standard deviation at one point of the box, `[1]`. [1/sqrt(year)]"""
        inputs = named(self.box, theta)
        tau = inputs["tau"]
        unit = standard_deviation(law_of(inputs), tau) / jnp.sqrt(tau)
        mean, sd = self.ratio.at(features(inputs))
        return Prediction(unit * mean, unit * sd)

    def volatility(self, law: PriceLaw, k: Array, tau: Array) -> Array:
        """Implied volatility of one option, pure: the surrogate of `pricing.implied`.

        Args:
            law: Heston's or, where the box has jumps, that with double-exponential jumps.
            k: log(K/F). [-]
            tau: Time to maturity. [years]

        Returns:
            `[]`. [1/sqrt(year)]
        """
        tau = jnp.asarray(tau, dtype=float)
        unit = standard_deviation(law, tau)
        seen = features(parameters_of(law) | {"tau": tau, "moneyness": k / unit})
        return self.ratio.at(seen).mean[0] * unit / jnp.sqrt(tau)

    def value(self, law: PriceLaw, terms: Float[Array, "5"], is_put: Bool) -> Array:
        """Price of one option, the surrogate of `pricing.exact_value`: give it to `price` and `greeks`. [currency]"""
        spot, strike, tau, rate, dividend = terms
        forward = forward_price(spot, tau, rate, dividend)
        volatility = self.volatility(law, jnp.log(strike / forward), tau)
        worth = jnp.exp(-rate * tau) * (forward - strike)
        return black_scholes_call(spot, strike, tau, volatility, rate, dividend) - jnp.where(is_put, worth, 0.0)

    def call(
        self, law: PriceLaw, spot: Number, strike: Number, tau: Number, rate: Number = 0.0, dividend: Number = 0.0
    ) -> Array:
        """Price of one call, pure and differentiable; arguments and units of `pricing.call`."""
        terms = jnp.stack([jnp.asarray(a, dtype=float) for a in (spot, strike, tau, rate, dividend)])
        return self.value(law, terms, False)

    def draw(self, key: PRNGKeyArray) -> "SurfaceDraw":
        """A surface that the surrogate holds possible."""
        return SurfaceDraw(self.box, self.ratio.draw(key))

    def table(self) -> dict[str, Any]:
        """Structure and shapes."""
        bounds = zip(self.box.names, self.box.lower, self.box.upper, strict=True)
        box = {name: [low.tolist(), high.tolist()] for name, low, high in bounds}
        return {"box": box, "class": type(self.ratio).__name__, "ratio": self.ratio.table()}

    @classmethod
    def skeleton(cls, table: Mapping[str, Any]) -> "VolatilitySurface":
        """A surface of this structure without numbers."""
        ratio = CLASSES[table["class"]].skeleton(table["ratio"])
        return cls(Box(**table["box"]), (OUTPUT,), ratio)

    def save(self, path: PathLike) -> None:
        """Write the surface to one file, which `load_surface` reads.

        Raises:
            FileError: The file cannot be written.
        """
        with jax.enable_x64(True):
            write_file(path, FILE, {"versions": {"saddlepath": __version__}, "table": self.table()}, self)


class SurfaceDraw(eqx.Module):
    """A surface drawn from a surrogate, callable at a point of the box.

    Attributes:
        box: Inputs.
        ratio: Of volatility to sigma_atm, a function of features.
    """

    box: Box
    ratio: Any

    def __call__(self, theta: Float[Array, " n_inputs"]) -> Float[Array, "1"]:
        """Implied volatility. [1/sqrt(year)]"""
        inputs = named(self.box, theta)
        tau = inputs["tau"]
        return self.ratio(features(inputs)) * standard_deviation(law_of(inputs), tau) / jnp.sqrt(tau)


def load_surface(path: PathLike) -> VolatilitySurface:
    """Read a surface that `VolatilitySurface.save` wrote.

    Raises:
        FileError: Not such a file, truncated or damaged.
    """
    header, stream = read_file(path, FILE)
    with jax.enable_x64(True), understood(path):
        return read_tree(path, stream, VolatilitySurface.skeleton(header["table"]))


def fit_surface(labels: Labels, kind: Kind = DEEP, seed: int = 0, log: Log | None = None) -> VolatilitySurface:
    """Fit a surrogate of implied volatility.

    Args:
        labels: From `label_volatilities`. [1/sqrt(year)]
        kind: How the network is fitted.
        seed: Of the fit.
        log: Called with a record per part of the training of a network.

    Returns:
        The surface.

    Raises:
        ConfigError: Too few labels.
    """
    box = labels.box
    with jax.enable_x64(True):
        seen, unit = _seen(box, jnp.asarray(labels.theta))
    inner = Labels(feature_box(box), np.asarray(seen), labels.values / np.asarray(unit)[:, None], ("ratio",))
    fitted = kind.fit(inner, seed, log) if isinstance(kind, Deep) else kind.fit(inner, seed)
    return VolatilitySurface(box, (OUTPUT,), fitted)


@eqx.filter_jit
def _seen(box: Box, theta: Float[Array, "n n_inputs"]) -> tuple[Array, Array]:
    """Features and sigma_atm of points."""

    def one(theta: Array) -> tuple[Array, Array]:
        inputs = named(box, theta)
        tau = inputs["tau"]
        return features(inputs), standard_deviation(law_of(inputs), tau) / jnp.sqrt(tau)

    return jax.vmap(one)(theta)
