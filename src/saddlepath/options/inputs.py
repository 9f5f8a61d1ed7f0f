"""What an implied volatility is a function of: boxes of inputs, the law that inputs stand for, features of a network.

Moneyness is standardised, m = log(K/F) / (sqrt(tau) sigma_atm), where sigma_atm^2 is the variance per year that the law
expects until maturity: known in closed form, close to the volatility at the money, and smooth in every parameter. Rates
and dividends move the forward price only; given m, the implied volatility does not depend on them.

Nor does it change, as a multiple of sigma_atm, when time is measured in other units: with v, vbar, kappa, sigma and the
rate of jumps all multiplied by tau, maturity is one. Networks see these products, most as logarithms, and are spared
one dimension.
"""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.options.characteristic import Bates, DoubleExponentialJumps, Heston, Number, PriceLaw
from saddlepath.prior import Box

WEEK, YEAR = 7 / 365, 1.0
HESTON = Box(
    v=(0.01, 0.25),
    vbar=(0.01, 0.25),
    kappa=(0.5, 10.0),
    sigma=(0.1, 1.0),
    rho=(-0.95, 0.0),
    moneyness=(-3.0, 2.0),
    tau=(WEEK, YEAR),
    rate=(0.0, 0.075),
)
"""Heston with eight inputs. [1/year, years, -]"""
JUMPS = Box(
    v=(0.01, 0.9),
    vbar=(0.01, 0.9),
    kappa=(0.1, 50.0),
    sigma=(0.1, 5.0),
    rho=(-1.0, 0.0),
    moneyness=(-9.0, 5.0),
    tau=(1 / 365, YEAR),
    rate=(0.0, 0.075),
    dividend=(0.0, 0.05),
    jumps=(0.0, 4.0),
    up=(0.0, 0.4),
    down=(0.0, 0.4),
    share=(0.0, 1.0),
)
"""Double-exponential jumps, the thirteen inputs of Chen, Didisheim and Scheidegger (2026, JFE, table A.1)."""
SCALED = ("v", "vbar", "kappa", "sigma")
"""What is multiplied with time to maturity and enters as a logarithm."""


def named(box: Box, theta: Float[Array, " n_inputs"]) -> dict[str, Array]:
    """Inputs by name."""
    return {name: jnp.asarray(value) for name, value in box.split(theta).items()}


def law_of(inputs: Mapping[str, Number]) -> PriceLaw:
    """The law that inputs by name stand for."""
    heston = Heston(*(inputs[name] for name in ("v", "kappa", "vbar", "sigma", "rho")))
    if "jumps" not in inputs:
        return heston
    return Bates(heston, DoubleExponentialJumps(*(inputs[name] for name in ("jumps", "up", "down", "share"))))


def parameters_of(law: PriceLaw) -> dict[str, Array]:
    """The parameters of a law by the names of inputs."""
    heston = law.heston if isinstance(law, Bates) else law
    found = {name: jnp.asarray(getattr(heston, name), dtype=float) for name in (*SCALED, "rho")}
    if isinstance(law, Bates) and isinstance(law.jumps, DoubleExponentialJumps):
        jumps = (law.jumps.rate, law.jumps.up, law.jumps.down, law.jumps.share)
        found |= dict(zip(("jumps", "up", "down", "share"), (jnp.asarray(a, dtype=float) for a in jumps), strict=True))
    return found


def standard_deviation(law: PriceLaw, tau: Number) -> Array:
    """sqrt(tau) sigma_atm, the unit of moneyness. [-]"""
    return jnp.sqrt(law.variance(tau))


def features(inputs: Mapping[str, Array]) -> Float[Array, " n_features"]:
    """What a network sees of one option: all that its volatility as a multiple of sigma_atm depends on."""
    tau = inputs["tau"]
    parts = [*(jnp.log(inputs[name] * tau) for name in SCALED), inputs["rho"], inputs["moneyness"]]
    if "jumps" in inputs:
        parts += [inputs["jumps"] * tau, inputs["up"], inputs["down"], inputs["share"]]
    return jnp.stack(parts)


def feature_box(box: Box) -> Box:
    """The smallest box that holds the features of all inputs."""
    low, high = box.split(box.low), box.split(box.high)
    bounds = {f"log {name} tau": tuple(np.log([low[name] * low["tau"], high[name] * high["tau"]])) for name in SCALED}
    bounds |= {name: (low[name], high[name]) for name in ("rho", "moneyness")}
    if "jumps" in box.names:
        bounds["jumps tau"] = (low["jumps"] * low["tau"], high["jumps"] * high["tau"])
        bounds |= {name: (low[name], high[name]) for name in ("up", "down", "share")}
    return Box(**bounds)
