"""Genz functions against independent formulas, integrals, Monte Carlo; the suite and its measures."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from saddlepath.errors import ConfigError
from saddlepath.nn.genz import CONVENTIONS, FUNCTIONS, GenzFunction, draw
from saddlepath.nn.genz_suite import genz_errors, genz_panels, genz_table, measured, problems


def by_hand(f: GenzFunction, x: np.ndarray) -> float:
    """The value at one point, written with loops and sums only."""
    c, w, d = f.c.tolist(), f.w.tolist(), f.c.size
    if f.name == "oscillatory":
        return math.cos(2 * math.pi * w[0] + math.fsum(ci * xi for ci, xi in zip(c, x, strict=True)))
    if f.name == "product_peak":
        return math.prod(1 / (ci**-2 + (xi - wi) ** 2) for ci, xi, wi in zip(c, x, w, strict=True))
    if f.name == "corner_peak":
        return (1 + math.fsum(ci * xi for ci, xi in zip(c, x, strict=True))) ** (-d - 1)
    if f.name == "gaussian":
        return math.exp(-math.fsum(ci**2 * (xi - wi) ** 2 for ci, xi, wi in zip(c, x, w, strict=True)))
    if f.name == "continuous":
        return math.exp(-math.fsum(ci * abs(xi - wi) for ci, xi, wi in zip(c, x, w, strict=True)))
    if any(xi > wi for xi, wi in list(zip(x, w, strict=True))[:2]):
        return 0.0
    return math.exp(math.fsum(ci * xi for ci, xi in zip(c, x, strict=True)))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("d", [1, 2, 10])
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_values_and_integrals(name: str, d: int, convention: str) -> None:
    """Values to rounding; an average of 100,000 points is the integral up to four standard errors."""
    random = np.random.default_rng([d, FUNCTIONS.index(name)])
    f = draw(name, d, convention, random)
    x = random.random((100_000, d))
    values = f(x)
    # To rounding: near a zero of the cosine, that of its argument, which is up to sixteen.
    expected = [by_hand(f, row) for row in x[:50].tolist()]
    np.testing.assert_allclose(values[:50], expected, rtol=1e-14, atol=4e-15 if name == "oscillatory" else 0)
    error = values.std() / np.sqrt(len(x))
    assert abs(values.mean() - f.integral()) <= 4 * error + 1e-13


@pytest.mark.parametrize("name", FUNCTIONS)
def test_integrals_in_one_dimension(name: str) -> None:
    f = GenzFunction(name, np.array([2.3]), np.array([0.4]))
    whole = quad(lambda t: f(np.array([[t]]))[0], 0, 1, points=[0.4], epsabs=1e-13)[0]
    assert f.integral() == pytest.approx(whole, abs=1e-12)


def test_difficulties_and_places() -> None:
    """Sums of c are those of the conventions; product peaks survive a difficulty of almost zero."""
    random = np.random.default_rng(0)
    sums = [draw(name, 10, "course", random).c.sum() for name in FUNCTIONS]
    np.testing.assert_allclose(sums, [1.5, 10, 1.85, 7.03, 20.4, 4.3], rtol=1e-14)
    sums = [draw(name, 10, "bnr2000", random).c.sum() for name in FUNCTIONS]
    np.testing.assert_allclose(sums, [9.0, 7.25, 1.85, 7.03, 20.4, 4.3], rtol=1e-14)
    assert draw("gaussian", 10, "course", random).w.sum() == pytest.approx(1)
    raw = draw("gaussian", 10, "raw", random)
    assert np.all((raw.c >= 1) & (raw.c <= 3) & (raw.w >= 0.2) & (raw.w <= 0.8))
    flat = GenzFunction("product_peak", np.array([1e-200, 1.0]), np.array([0.5, 0.5]))
    assert np.all(np.isfinite(flat(np.array([[0.5, 0.5], [0.1, 0.9]]))))


def test_problems_are_nested_and_repeat() -> None:
    small, large = problems(2, draws=2, n=20), problems(2, draws=2, n=20)
    np.testing.assert_array_equal(small.x, large.x)
    assert len(small.functions) == 12 and small.x_test.shape == (12, 1000, 2)
    assert not np.isin(small.x_test.ravel(), small.x.ravel()).any()


def test_measures() -> None:
    truth = np.array([0.0, 1.0, 2.0, -4.0])
    found = measured(truth + np.array([0.0, 0.5, -0.5, 1.0]), truth)
    assert found["average"] == 0.5 and found["maximum"] == 1.0
    assert found["average / max|f|"] == 0.125 and found["maximum / max|f|"] == 0.25
    assert measured(np.full(4, truth.mean()), truth)["NRMSE"] == pytest.approx(1)
    assert math.isnan(measured(truth, np.zeros(4))["NRMSE"])


def test_tables_and_panels_of_the_suite() -> None:
    mean = lambda x, y, new: (np.broadcast_to(y.mean(axis=1)[:, None], new.shape[:2]), np.full(len(y), np.nan))
    lines: list[str] = []
    errors = genz_errors(mean, dimensions=(2,), sizes=(10, 50), draws=3, show=lines.append)
    assert len(errors) == 6 * 2 * 3 and len(lines) == 2
    at_fifty = errors[errors["n"] == 50]["NRMSE"]
    assert abs(at_fifty.median() - 1) < 0.1  # the best constant scores one, the mean of fifty points a little more
    shown = genz_table(errors)
    assert len(shown.frame) == 12 and "a constant scores one" in shown.note
    panels = genz_panels(errors, "average")
    assert [panel.title for panel in panels] == list(FUNCTIONS) and panels[0].log_x
    assert all(np.all(line.low <= line.y) and np.all(line.y <= line.high) for panel in panels for line in panel.lines)


def test_bad_input() -> None:
    random = np.random.default_rng(0)
    with pytest.raises(ConfigError, match="no Genz function 'gauss'.*gaussian"):
        draw("gauss", 2, "course", random)
    with pytest.raises(ConfigError, match="no convention 'curse'.*course"):
        draw("gaussian", 2, "curse", random)
    with pytest.raises(ConfigError, match="at least one coordinate, got dimension 0"):
        draw("gaussian", 0, "course", random)
    with pytest.raises(ConfigError, match=r"shape \[n, 2\], got \(5, 3\)"):
        draw("gaussian", 2, "course", random)(np.zeros((5, 3)))
    with pytest.raises(ConfigError, match="vectors of one length"):
        GenzFunction("gaussian", np.ones(2), np.ones(3))


@pytest.mark.slow
def test_networks_of_the_suite_in_two_dimensions() -> None:
    """Half of the errors of networks without a choice of scale and without second-order steps, n = 100 (3 draws)."""
    errors = genz_errors(dimensions=(2,), sizes=(100,), draws=3)
    middle = errors.groupby("function")["NRMSE"].median()
    for name, bar in {"oscillatory": 3e-3, "product_peak": 2e-3, "corner_peak": 2e-3, "gaussian": 1e-2}.items():
        assert middle[name] <= bar
