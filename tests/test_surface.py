"""The deep surrogate of implied volatility: what must hold of any, and the accuracy of a small one."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import saddlepath as sp
from saddlepath.errors import ConfigError, FileError
from saddlepath.options.black_scholes import implied_volatility
from saddlepath.options.calibration import Quotes, calibrate, parameter_box
from saddlepath.options.characteristic import Bates, DoubleExponentialJumps, Heston
from saddlepath.options.inputs import HESTON, JUMPS, feature_box, features, law_of, named, standard_deviation
from saddlepath.options.labels import design, exact_volatility, label_volatilities, volatilities
from saddlepath.options.pricing import greeks, implied_volatilities, price
from saddlepath.options.surface import VolatilitySurface, fit_surface, load_surface
from saddlepath.surrogate.base import Labels
from saddlepath.surrogate.deep import Deep
from saddlepath.surrogate.polynomial import Polynomial

SMALL = sp.Box(
    v=(0.03, 0.06),
    vbar=(0.03, 0.06),
    kappa=(1.0, 3.0),
    sigma=(0.2, 0.5),
    rho=(-0.8, -0.4),
    moneyness=(-1.5, 1.0),
    tau=(0.2, 0.5),
    rate=(0.0, 0.05),
)
LAW = Heston(0.04, 2.0, 0.045, 0.35, -0.6)
TERMS = {"rate": 0.02, "dividend": 0.01}


@pytest.fixture(scope="module")
def surface() -> VolatilitySurface:
    """Of a formula instead of prices: everything but accuracy can be seen in it."""
    theta = design(SMALL, 256)
    inputs = {name: theta[:, i] for i, name in enumerate(SMALL.names)}
    m, steep = inputs["moneyness"], inputs["rho"] * inputs["sigma"]
    unit = np.asarray(standard_deviation(law_of(inputs), inputs["tau"])) / np.sqrt(inputs["tau"])
    values = unit * (1 + 0.3 * steep * m + 0.1 * inputs["sigma"] * m**2)
    return fit_surface(Labels(SMALL, theta, values, ("volatility",)), Polynomial(4))


@pytest.mark.slow
def test_labels_are_exact_and_reach_beyond_the_box() -> None:
    labels = label_volatilities(SMALL, 64)
    law = Heston(*(labels.theta[:, SMALL.names.index(name)] for name in ("v", "kappa", "vbar", "sigma", "rho")))
    tau = labels.theta[:, SMALL.names.index("tau")]
    k = labels.theta[:, SMALL.names.index("moneyness")] * np.asarray(standard_deviation(law, tau))
    np.testing.assert_allclose(labels.values[:, 0], implied_volatilities(law, k, tau), rtol=1e-12)
    strike = np.exp(k)
    exact = implied_volatility(price(law, 1.0, strike, tau), 1.0, strike, tau)
    np.testing.assert_allclose(labels.values[:, 0], exact, rtol=1e-9)  # round-off of prices in the money over vega
    assert np.any(labels.theta < SMALL.low) and np.any(labels.theta > SMALL.high)
    assert np.all(design(HESTON, 512)[:, HESTON.names.index("rho")] > -1)


@pytest.mark.slow
def test_the_unit_of_time_is_free() -> None:
    """Twice the speed and half the time: the volatility per unit of time doubles, its features stay."""
    inputs = {"v": 0.04, "vbar": 0.05, "kappa": 2.0, "sigma": 0.4, "rho": -0.6, "moneyness": -1.0, "tau": 0.5}
    fast = inputs | {name: 2 * inputs[name] for name in ("v", "vbar", "kappa", "sigma")} | {"tau": 0.25}
    one, two = (np.array([[x.get(name, 0.0) for name in SMALL.names]]) for x in (inputs, fast))
    np.testing.assert_allclose(volatilities(SMALL, two), np.sqrt(2) * volatilities(SMALL, one), rtol=1e-11)
    np.testing.assert_allclose(*(features(named(SMALL, jnp.asarray(x[0]))) for x in (one, two)), rtol=1e-14)


@pytest.mark.parametrize("box", [HESTON, JUMPS])
def test_features_fill_their_box(box: sp.Box) -> None:
    inner = feature_box(box)
    for end in (box.low, box.high, box.centre):
        seen = np.asarray(features(named(box, jnp.asarray(end))))
        assert len(seen) == inner.size
        assert np.all((seen >= inner.low - 1e-12) & (seen <= inner.high + 1e-12))


@pytest.mark.slow
def test_prices_and_greeks_come_from_the_volatility(surface: VolatilitySurface) -> None:
    strikes, tau = np.array([90.0, 100.0, 108.0]), 0.3
    calls = price(LAW, 100.0, strikes, tau, **TERMS, value=surface.value)
    puts = price(LAW, 100.0, strikes, tau, **TERMS, kind="put", value=surface.value)
    worth = 100 * np.exp(-0.01 * tau) - strikes * np.exp(-0.02 * tau)
    np.testing.assert_allclose(calls - puts, worth, atol=1e-12)
    k = np.log(strikes / 100) - 0.01 * tau
    direct = jax.vmap(surface.volatility, (None, 0, None))(LAW, jnp.asarray(k), jnp.asarray(tau))
    np.testing.assert_allclose(implied_volatility(calls, 100.0, strikes, tau, **TERMS), direct, rtol=1e-10)
    found = greeks(LAW, 100.0, strikes, tau, **TERMS, value=surface.value)
    step = 1e-3
    up, down = (price(LAW, 100.0 + s, strikes, tau, **TERMS, value=surface.value) for s in (step, -step))
    np.testing.assert_allclose(found.delta, (up - down) / (2 * step), atol=1e-7)
    np.testing.assert_allclose(found.gamma, (up - 2 * calls + down) / step**2, atol=1e-6)
    assert isinstance(found.law, Heston) and np.all(np.asarray(found.law.v) > 0)


@pytest.mark.slow
def test_calibration_finds_the_parameters_of_its_own_quotes(surface: VolatilitySurface) -> None:
    m, tau = (part.ravel() for part in np.meshgrid(np.linspace(-1.2, 0.8, 7), [0.2, 0.35, 0.5]))
    k = m * np.asarray(standard_deviation(LAW, jnp.asarray(tau)))
    quoted = jax.vmap(surface.volatility, (None, 0, 0))(LAW, jnp.asarray(k), jnp.asarray(tau))
    found = calibrate(surface, Quotes(k, tau, np.asarray(quoted)), starts=3)
    assert tuple(found.parameters) == parameter_box(surface).names == ("v", "vbar", "kappa", "sigma", "rho")
    for name, value in found.parameters.items():
        assert value == pytest.approx(getattr(LAW, name), rel=1e-4)  # the stopping rule, over weak directions
    assert found.error < 1e-8 and not found.at_bounds
    assert list(found.starts) == sorted(found.starts)


def test_calibration_refuses(surface: VolatilitySurface) -> None:
    with pytest.raises(ConfigError, match="at least 5 for v, vbar, kappa, sigma, rho; got 2, 2, 2"):
        calibrate(surface, Quotes(np.zeros(2), np.full(2, 0.3), np.full(2, 0.2)))
    with pytest.raises(ConfigError, match="6 quotes have maturities outside of the 0.2 to 0.5 years"):
        calibrate(surface, Quotes(np.zeros(6), np.full(6, 1.0), np.full(6, 0.2)))
    with pytest.raises(ConfigError, match="6 quotes are not positive volatilities"):
        calibrate(surface, Quotes(np.zeros(6), np.full(6, 0.3), np.full(6, -0.2)))


@pytest.mark.slow
def test_files_and_draws(surface: VolatilitySurface, tmp_path: Path) -> None:
    theta = SMALL.design(4)
    surface.save(tmp_path / "small.surface")
    again = load_surface(tmp_path / "small.surface")
    np.testing.assert_array_equal(again.predict(theta).mean, surface.predict(theta).mean)
    drawn = jax.vmap(surface.draw(jax.random.key(0)))(jnp.asarray(theta))
    apart = np.abs(np.asarray(drawn) - surface.predict(theta).mean) / surface.predict(theta).sd
    assert 0 < apart.max() < 6
    (tmp_path / "other").write_text("nothing")
    with pytest.raises(FileError, match="not a surface file"):
        load_surface(tmp_path / "other")


@pytest.mark.slow
def test_a_network_learns_heston_over_the_whole_box() -> None:
    """Some seconds of training already meet the accuracy asked of half an hour: 95 % of errors below 2e-3."""
    kind = Deep(width=64, depth=3, members=1, epochs=60, batch=512, rate=3e-3, polish=0, precision="float32")
    surface = fit_surface(label_volatilities(HESTON, 60_000), kind)
    theta = HESTON.low + (HESTON.high - HESTON.low) * np.random.default_rng(1).random((10_000, HESTON.size))
    error = np.abs(surface.predict(theta).mean[:, 0] - volatilities(HESTON, theta))
    assert np.quantile(error, 0.95) < 2e-3
    assert 1 / 3 < np.sqrt(np.mean(error**2)) / np.mean(surface.predict(theta).sd) < 3


@pytest.mark.slow
def test_jumps_have_volatilities_almost_everywhere_in_their_box() -> None:
    theta = JUMPS.low + (JUMPS.high - JUMPS.low) * np.random.default_rng(1).random((4_000, JUMPS.size))
    found = volatilities(JUMPS, theta)
    assert np.mean(np.isfinite(found)) > 0.99  # prices below 1e-300 have none
    law = Bates(Heston(0.2, 1.0, 0.2, 1.0, -0.5), DoubleExponentialJumps(0.0, 0.1, 0.1, 0.5))
    plain = exact_volatility(HESTON, jnp.asarray([0.2, 0.2, 1.0, 1.0, -0.5, 0.3, 0.5, 0.0]))
    values = {"v": 0.2, "vbar": 0.2, "kappa": 1.0, "sigma": 1.0, "rho": -0.5, "moneyness": 0.3, "tau": 0.5}
    theta = [values.get(name, {"up": 0.1, "down": 0.1, "share": 0.5}.get(name, 0.0)) for name in JUMPS.names]
    assert float(exact_volatility(JUMPS, jnp.asarray(theta))) == pytest.approx(float(plain), rel=1e-10)
    assert float(law.variance(0.5)) == pytest.approx(0.1)


@pytest.mark.slow
def test_labels_show_a_bar() -> None:
    code = "from saddlepath.options.labels import *; from saddlepath.options.inputs import HESTON\n"
    code += "label_volatilities(HESTON, 64, progress=True)"
    done = subprocess.run([sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=True)
    assert "labels" in done.stderr and "100%" in done.stderr
