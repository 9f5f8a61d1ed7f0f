"""Complementarity residuals: zero where they should be, precise at extremes, with finite slopes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from saddlepath.complementarity import fischer_burmeister, smooth_maximum, split

REAL = st.floats(-1e3, 1e3, allow_subnormal=False)
POSITIVE = st.floats(1e-8, 1e8)
GRADIENT = jax.jit(jax.grad(fischer_burmeister, (0, 1)))
EPS = np.finfo(np.float64).eps


@given(POSITIVE)
def test_zero_exactly_on_both_branches(a):
    assert float(fischer_burmeister(a, 0.0)) == 0.0
    assert float(fischer_burmeister(0.0, a)) == 0.0


@given(REAL, REAL)
def test_sign_tells_feasibility(a, b):
    # phi > 0 if and only if both are positive, phi < 0 if and only if one is negative.
    assume(min(abs(a), abs(b)) > 1e-100)  # smaller products are zero in float64
    assert np.sign(float(fischer_burmeister(a, b))) == (1 if a > 0 and b > 0 else -1)


@given(POSITIVE, POSITIVE)
def test_no_digits_are_lost(a, b):
    # The textbook formula returns 0 for a = 1e8, b = 1e-8, where the answer is 1e-8.
    value = float(fischer_burmeister(a, b))
    smaller, larger = min(a, b), max(a, b)
    exact = smaller * 2 / (1 + smaller / larger + np.hypot(1, smaller / larger))
    assert value == pytest.approx(exact, rel=8 * EPS)


def test_a_closed_form_reports_zero():
    # A slack constraint with its multiplier of zero, exactly or with roundoff of either sign.
    assert abs(float(fischer_burmeister(1e6, 0.0))) < 1e-12
    assert abs(float(fischer_burmeister(1e6, 1e-16))) < 1e-12
    assert abs(float(fischer_burmeister(-1e-16, 1e6))) < 1e-12


@given(REAL, REAL)
def test_agrees_with_the_textbook_formula(a, b):
    textbook = a + b - np.hypot(a, b)
    assert float(fischer_burmeister(a, b)) == pytest.approx(textbook, abs=1e-12)


@given(REAL, REAL)
def test_gradient(a, b):
    assume(np.hypot(a, b) > 1e-3)
    gradient = GRADIENT(a, b)
    np.testing.assert_allclose(gradient, 1 - np.array([a, b]) / np.hypot(a, b), rtol=0, atol=1e-12)


def test_gradient_at_the_kink():
    np.testing.assert_array_equal(jax.grad(fischer_burmeister, (0, 1))(0.0, 0.0), (1.0, 1.0))
    batched = jax.jit(jax.vmap(jax.grad(fischer_burmeister)))(jnp.zeros(3), jnp.array([0.0, 1.0, -1.0]))
    np.testing.assert_array_equal(batched, [1.0, 1.0, 1.0])


@given(st.floats(1e-3, 1e3), st.floats(1e-4, 1.0))
def test_smoothed_root_is_the_central_path(a, smoothing):
    assert float(fischer_burmeister(a, smoothing**2 / (2 * a), smoothing)) == pytest.approx(0, abs=4 * EPS)


@given(REAL, REAL, st.floats(1e-6, 1.0))
def test_smoothing_lowers_by_at_most_its_width(a, b, smoothing):
    gap = float(fischer_burmeister(a, b) - fischer_burmeister(a, b, smoothing))
    assert -1e-12 <= gap <= smoothing + 1e-12


def test_smoothing_is_differentiable_and_vanishes():
    slopes = jax.grad(fischer_burmeister, (0, 1, 2))(0.0, 0.0, 0.1)
    np.testing.assert_allclose(slopes, [1.0, 1.0, -1.0], rtol=0, atol=4 * EPS)
    assert float(jax.grad(fischer_burmeister, 2)(1.0, 1.0, 0.0)) == 0.0
    assert float(fischer_burmeister(1.0, 2.0, 0.0)) == float(fischer_burmeister(1.0, 2.0))


@given(REAL)
def test_split_satisfies_complementarity_by_construction(v):
    quantity, multiplier = (float(part) for part in split(v))
    assert quantity >= 0 and multiplier >= 0 and quantity * multiplier == 0
    assert quantity - multiplier == v
    assert float(fischer_burmeister(quantity, multiplier)) == 0


def test_slopes_of_split():
    slopes = [[float(jax.grad(lambda u, i=i: split(u)[i])(v)) for v in (-1.0, 0.0, 1.0)] for i in range(2)]
    assert slopes == [[0.0, 0.5, 1.0], [-1.0, -0.5, 0.0]]


@given(REAL, REAL, st.floats(1e-6, 10.0))
def test_smooth_maximum_is_the_maximum_outside_its_corner(a, b, width):
    value = float(smooth_maximum(a, b, width))
    if abs(a - b) >= width:
        assert value == max(a, b)
    excess = value - max(a, b)
    # Roundoff of numbers up to 1e3, squared over a width no smaller than their distance.
    assert -1e-12 <= excess <= width / 4 + 1e-12


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 10.0))
def test_smooth_maximum_reaches_zero(v, width):
    value = float(smooth_maximum(v, 0.0, width))
    assert value >= 0
    assert (value == 0) == (v <= -width) or abs(v + width) < 1e-150  # squares below 1e-300 are zero


@pytest.mark.parametrize("edge", [-0.5, 0.5])
def test_smooth_maximum_has_a_continuous_slope(edge):
    slope = jax.grad(smooth_maximum, (0, 1))
    inside, outside = (slope(1.0 + edge * scale, 1.0, 0.5) for scale in (1 - 1e-9, 1 + 1e-9))
    np.testing.assert_allclose(inside, outside, rtol=0, atol=1e-8)  # the slope changes by 1 per unit of distance
    assert float(sum(inside)) == pytest.approx(1, abs=4 * EPS)


def test_width_zero_is_the_plain_maximum():
    assert float(smooth_maximum(1.0, 2.0, 0.0)) == 2.0
    np.testing.assert_array_equal(jax.grad(smooth_maximum, (0, 1, 2))(1.0, 2.0, 0.0), (0.0, 1.0, 0.0))


def test_shapes_and_precision():
    a, b = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3), np.float32(0.5)
    for value in (fischer_burmeister(a, b), smooth_maximum(a, b, 0.1), *split(a)):
        assert value.shape == (2, 3) and value.dtype == np.float32
