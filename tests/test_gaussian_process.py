"""Gaussian processes: against scikit-learn, refits, finite differences and answers known by hand."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process import kernels as other

import saddlepath as sp
from saddlepath.nn.transforms import Scale
from saddlepath.surrogate.base import Labels
from saddlepath.surrogate.files import load_surrogate, save_surrogate
from saddlepath.surrogate.gaussian_process import GP, GaussianProcess, _process, pad
from saddlepath.surrogate.kernels import (
    Constant,
    Kernel,
    Linear,
    Matern,
    Periodic,
    RationalQuadratic,
    SquaredExponential,
    White,
)
from saddlepath.surrogate.likelihood import objective

PLANE = sp.Box(a=(0.0, 1.0), b=(0.0, 1.0))
ROUNDOFF = 1e-10


def labels(n: int = 24, seed: int = 0, box: sp.Box = PLANE) -> Labels:
    theta = np.random.default_rng(seed).random((n, box.size)) * (box.high - box.low) + box.low
    return Labels(box, theta, np.sin(3 * theta[:, 0]) + theta[:, -1] ** 2, ("y",))


def process_with(kernel: Kernel, levels: list[float], noise: float, data: Labels) -> GaussianProcess:
    """A process with given parameters on values as they are."""
    points = pad(data.theta, data.values[:, 0], np.zeros(len(data)))
    one = _process(kernel, points, jnp.log(jnp.asarray(levels)), jnp.asarray(noise), Scale(jnp.zeros(()), jnp.ones(())))
    stacked = jax.tree.map(lambda leaf: leaf[None], one)
    return GaussianProcess(
        data.box, data.outputs, kernel, ("none",), (False,) * data.box.size, points.x, points.used, stacked
    )


def likelihood_of(gp: GaussianProcess, name: str = "likelihood") -> float:
    one = gp.process(0)
    from saddlepath.surrogate.likelihood import Points

    return float(objective(gp.kernel, name, one.p, Points(gp.x, one.y, one.known, gp.used), one.noise))


@pytest.mark.parametrize(
    ("kernel", "levels", "theirs"),
    [
        (SquaredExponential(), [2.0, 0.3, 0.7], other.RBF([0.3, 0.7])),
        (Matern(0.5), [2.0, 0.3, 0.7], other.Matern([0.3, 0.7], nu=0.5)),
        (Matern(1.5), [2.0, 0.3, 0.7], other.Matern([0.3, 0.7], nu=1.5)),
        (Matern(2.5, ard=False), [2.0, 0.4], other.Matern(0.4, nu=2.5)),
        (RationalQuadratic(ard=False), [2.0, 1.5, 0.4], other.RationalQuadratic(0.4, alpha=1.5)),
    ],
    ids=lambda value: str(value) if isinstance(value, Kernel) else "",
)
def test_likelihood_mean_and_deviation_are_scikit_learns(kernel: Kernel, levels: list[float], theirs: Any) -> None:
    data = labels()
    gp = process_with(kernel, levels, 1e-3, data)
    reference = GaussianProcessRegressor(other.ConstantKernel(2.0) * theirs, alpha=1e-3, optimizer=None)
    reference.fit(data.theta, data.values[:, 0])
    new = np.random.default_rng(1).random((7, 2))
    mean, sd = reference.predict(new, return_std=True)
    found = gp.predict(new)
    # Round-off times the condition of a matrix with a noise of 1e-3.
    np.testing.assert_allclose(found.mean[:, 0], mean, atol=1e-8)
    np.testing.assert_allclose(found.sd[:, 0], sd, atol=1e-8)
    assert likelihood_of(gp) == pytest.approx(reference.log_marginal_likelihood_value_, abs=1e-8)


@pytest.mark.parametrize(
    ("kernel", "levels"),
    [
        (Periodic(), [2.0, 0.7, 0.9, 0.8, 1.2]),
        (Linear() + Constant(), [2.0, 3.0, 0.5, 0.7]),
        (SquaredExponential() * Linear(), [2.0, 0.4, 0.6, 0.8, 0.9]),
    ],
    ids=["periodic", "sum", "product"],
)  # fmt: skip
def test_other_covariances_are_their_formulas(kernel: Kernel, levels: list[float]) -> None:
    a, b = np.array([0.2, 0.9]), np.array([0.6, 0.4])
    inner = (a - 0.5) * (b - 0.5)
    by_hand = {
        Periodic(): np.exp(-2 * np.sum((np.sin(np.pi * (a - b) / [0.7, 0.9]) / [0.8, 1.2]) ** 2)),
        Linear() + Constant(): np.sum(inner / np.array([0.5, 0.7]) ** 2) + 3.0,
        SquaredExponential() * Linear(): np.exp(-0.5 * np.sum(((a - b) / [0.4, 0.6]) ** 2))
        * np.sum(inner / np.array([0.8, 0.9]) ** 2),
    }
    found = kernel.value(jnp.log(jnp.asarray(levels[1:])), jnp.asarray(a), jnp.asarray(b))
    assert float(found) == pytest.approx(by_hand[kernel], abs=1e-14)
    assert float(White().value(jnp.zeros(0), jnp.asarray(a), jnp.asarray(a))) == 1.0


@pytest.mark.slow
def test_leaving_out_is_fitting_without() -> None:
    data = labels(16)
    gp = process_with(Matern(1.5), [2.0, 0.5, 0.8], 1e-2, data)
    found = gp.leave_one_out()
    for i in range(len(data)):
        rest = np.delete(np.arange(len(data)), i)
        fewer = Labels(PLANE, data.theta[rest], data.values[rest], ("y",))
        mean, sd = process_with(Matern(1.5), [2.0, 0.5, 0.8], 1e-2, fewer).predict(data.theta[i])
        assert abs(found.residual[0, i] - (data.values[i, 0] - mean[0])) < ROUNDOFF
        assert abs(found.variance[0, i] - (sd[0] ** 2 + 1e-2)) < ROUNDOFF
    terms = -0.5 * (np.log(2 * np.pi * found.variance) + found.residual**2 / found.variance)
    assert likelihood_of(gp, "loo") == pytest.approx(terms.sum(), abs=1e-9)


@pytest.mark.parametrize("name", ["likelihood", "loo"])
def test_slopes_are_finite_differences(name: str) -> None:
    data = labels()
    points = pad(data.theta, data.values[:, 0], np.zeros(len(data)))
    value = jax.jit(lambda v: objective(Matern(2.5), name, v[:-1], points, jnp.exp(v[-1])))
    v, step = jnp.log(jnp.asarray([2.0, 0.3, 0.7, 1e-3])), 1e-5
    found = jax.grad(value)(v)
    for i, unit in enumerate(np.eye(4)):
        central = (value(v + step * unit) - value(v - step * unit)) / (2 * step)
        assert float(found[i]) == pytest.approx(float(central), abs=1e-6 * max(1.0, abs(float(central))))


@pytest.mark.slow
def test_the_sine_of_the_textbook() -> None:
    """sin 0.9x at ten points: the smooth covariance wins by thirteen log points."""
    box = sp.Box(x=(-5.0, 5.0))
    theta = np.linspace(-5, 5, 10)[:, None]
    data = Labels(box, theta, np.sin(0.9 * theta[:, 0]))
    smooth, rough = (
        GP(kernel, noise=1e-5, transform="none").fit(data) for kernel in (SquaredExponential(), Matern(1.5))
    )
    assert likelihood_of(smooth) > likelihood_of(rough) + 5


@pytest.mark.slow
def test_the_parameter_that_a_curve_was_drawn_with() -> None:
    """argmin over a of the distance of (x-a)^3 + (x-a) from one, whose exact answer is 1.925871."""
    box = sp.Box(a=(1.0, 2.0), x=(0.0, 4.0))
    curve = lambda theta: (theta[:, 1] - theta[:, 0]) ** 3 + theta[:, 1] - theta[:, 0]
    theta = box.low + np.random.default_rng(123).random((40, 2)) * (box.high - box.low)
    gp = GP(SquaredExponential()).fit(Labels(box, theta, curve(theta)))
    grid = np.linspace(1, 2, 501)
    points = np.stack(np.broadcast_arrays(grid[:, None], np.linspace(0, 4, 50)), axis=-1)
    distance = np.sum((gp.predict(points).mean[..., 0] - 1) ** 2, axis=1)
    assert grid[np.argmin(distance)] == pytest.approx(1.925871, abs=0.005)
    assert gp.q2()[0] > 0.9999


@pytest.mark.slow
def test_both_zeros_of_a_misfit_are_found() -> None:
    """(t-2)^2 + 0.5 sin 5t equals one at 0.815622 and 2.739773."""
    t = np.linspace(0, 4, 50)[:, None]
    gp = GP(SquaredExponential()).fit(Labels(sp.Box(t=(0.0, 4.0)), t, (t[:, 0] - 2) ** 2 + 0.5 * np.sin(5 * t[:, 0])))
    zero = lambda a, b: brentq(lambda at: gp.predict([at]).mean[0] - 1, a, b)
    assert zero(0.5, 1.5) == pytest.approx(0.815622, abs=1e-4)
    assert zero(2.0, 3.5) == pytest.approx(2.739773, abs=1e-4)


@pytest.mark.slow
def test_points_that_coincide_survive() -> None:
    data = labels(12)
    again = [0, 1, 2, 3, 0, 1]
    theta = np.vstack([data.theta, data.theta[again] + 1e-12 * (np.arange(6) > 3)[:, None]])
    twice = Labels(PLANE, theta, np.vstack([data.values, data.values[again]]))
    gp = GP().fit(twice)
    np.testing.assert_allclose(gp.predict(data.theta).mean[:, 0], data.values[:, 0], atol=1e-3)
    slope = jax.jacfwd(lambda at: gp.at(at).mean)(jnp.asarray(data.theta[0]))
    assert np.isfinite(slope).all()


@pytest.mark.slow
def test_several_outputs_are_those_of_one_at_a_time() -> None:
    data = labels()
    both = dataclasses.replace(data, values=np.hstack([data.values, np.exp(data.values)]), outputs=("y", "z"))
    gp, alone = GP().fit(both), GP().fit(data)
    np.testing.assert_allclose(gp.predict(data.theta).mean[:, 0], alone.predict(data.theta).mean[:, 0], rtol=1e-9)
    assert gp.predict(np.full((3, 5, 2), 0.4)).sd.shape == (3, 5, 2)


@pytest.mark.slow
def test_a_scale_is_chosen_inside_the_data() -> None:
    data = labels()
    steep = dataclasses.replace(data, values=np.exp(6 * data.theta[:, :1] + np.sin(5 * data.theta[:, 1:])))
    gp = GP(transform="auto", restarts=2).fit(steep)
    assert gp.transforms == ("log",)
    new = np.random.default_rng(5).random((50, 2))
    truth = np.exp(6 * new[:, 0] + np.sin(5 * new[:, 1]))
    plain = GP().fit(steep).predict(new).mean[:, 0]
    error = lambda values: np.max(np.abs(values / truth - 1))
    assert error(gp.predict(new).mean[:, 0]) < 0.1 * error(plain)


@pytest.mark.slow
def test_given_noise_weighs_the_labels() -> None:
    data = labels(40)
    noise = np.where(np.arange(40) % 2 == 0, 1e-4, 0.5)
    values = data.values[:, 0] + noise * np.random.default_rng(2).standard_normal(40)
    gp = GP(noise="given").fit(Labels(PLANE, data.theta, values, ("y",), noise))
    exact = gp.predict(data.theta[::2])
    assert np.max(np.abs(exact.mean[:, 0] - data.values[::2, 0])) < 5e-4  # five deviations of the exact labels


@pytest.mark.slow
def test_more_labels_at_the_same_parameters() -> None:
    data = labels(20)
    gp = GP().fit(Labels(PLANE, data.theta[:14], data.values[:14], ("y",)))
    more = gp.condition(data.theta[14:], data.values[14:])
    found = more.predict(data.theta[14:])
    assert np.all(found.sd < gp.predict(data.theta[14:]).sd + 1e-12)
    np.testing.assert_allclose(found.mean, data.values[14:], atol=1e-4)


@pytest.mark.slow
def test_draws_have_the_mean_and_deviation_of_the_process() -> None:
    data = labels(8)
    gp = process_with(Matern(2.5), [1.0, 0.4, 0.6], 1e-6, data)
    new = jnp.asarray(np.random.default_rng(3).random((4, 2)))
    values = eqx.filter_jit(lambda draw: jax.vmap(draw)(new)[:, 0])
    draws = np.stack([np.asarray(values(gp.draw(key))) for key in jax.random.split(jax.random.key(0), 100)])
    mean, sd = gp.predict(new)
    np.testing.assert_allclose(draws.mean(axis=0), mean[:, 0], atol=4 * sd.max() / 10)  # four standard errors of 100
    np.testing.assert_allclose(draws.std(axis=0), sd[:, 0], rtol=0.3)  # four standard errors of a deviation
    assert (
        np.max(np.abs(jax.vmap(gp.draw(jax.random.key(1)))(jnp.asarray(data.theta))[:, 0] - data.values[:, 0])) < 0.01
    )


@pytest.mark.slow
def test_the_delta_of_a_put_is_the_slope_of_the_mean() -> None:
    """Puts of Black and Scholes (1973) at strike 70, rate 0.0002, volatility 0.4, two years."""
    strike, r, sigma, t = 70.0, 0.0002, 0.4, 2.0

    def price(s):
        d1 = (jnp.log(s / strike) + (r + sigma**2 / 2) * t) / (sigma * t**0.5)
        cdf = jax.scipy.stats.norm.cdf
        return strike * jnp.exp(-r * t) * cdf(sigma * t**0.5 - d1) - s * cdf(-d1)

    spots = np.geomspace(1.0, 300, 100)
    data = Labels(sp.Box(s=(1.0, 300.0)), spots[:, None], np.asarray(price(spots)))
    gp = GP(SquaredExponential(), logs=("s",)).fit(data)
    inside = jnp.linspace(10, 280, 271)
    delta = jax.vmap(jax.grad(lambda s: gp.at(s[None]).mean[0]))(inside)
    assert np.max(np.abs(delta - jax.vmap(jax.grad(price))(inside))) < 1e-4


def test_a_file_holds_the_whole_process(tmp_path) -> None:
    gp = GP(SquaredExponential() + Periodic(ard=False), restarts=1).fit(labels(30))
    save_surrogate(gp, tmp_path / "gp.surrogate")
    again = load_surrogate(tmp_path / "gp.surrogate")
    new = np.random.default_rng(4).random((5, 2))
    np.testing.assert_array_equal(again.predict(new).mean, gp.predict(new).mean)
    np.testing.assert_array_equal(again.predict(new).sd, gp.predict(new).sd)
    by_name = dict(zip(again.inputs, new[0], strict=True))  # compares with the box: plain arrays, no warning
    np.testing.assert_allclose(again.predict(by_name).mean, gp.predict(new[0]).mean, rtol=1e-12)
    content = (tmp_path / "gp.surrogate").read_bytes()
    (tmp_path / "half.surrogate").write_bytes(content[: len(content) // 2])
    with pytest.raises(sp.FileError, match="truncated"):
        load_surrogate(tmp_path / "half.surrogate")


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: GP().fit(labels(3)), "3 labels are too few"),
        (lambda: GP().fit(Labels(PLANE, labels().theta, np.ones(24), ("flat",))), "flat is the same, 1, at all 24"),
        (lambda: GP(transform="log").fit(labels(24, 3, sp.Box(a=(-3.0, 0.0), b=(0.0, 0.1)))), "need positive ones"),
        (lambda: GP(noise="given").fit(labels()), "the labels have none"),
        (lambda: GP(noise="much").fit(labels()), "got 'much'"),
        (lambda: GP(objective="guess").fit(labels()), "got 'guess'"),
        (lambda: GP(logs=("a",)).fit(labels()), "a can be zero or negative in its box"),
        (lambda: GP(logs=("c",)).fit(labels()), "logs names 'c'"),
        (lambda: Matern(1.0), "0.5, 1.5 or 2.5, got 1.0"),
        (lambda: Labels(PLANE, np.zeros((3, 1)), np.zeros(3)), r"shape \[n, 2\], one column per entry"),
        (lambda: Labels(PLANE, np.zeros((3, 2)), np.array([0.0, np.nan, 1.0]), ("c",)), "1 of 3 labels .* the first c"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_words(act, words: str) -> None:
    with pytest.raises(sp.ConfigError, match=words):
        act()
