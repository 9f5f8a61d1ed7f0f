"""Shapley effects against exact values, for independent and dependent inputs."""

import numpy as np
import pytest
from tests.uq_cases import (
    G_SHAPLEY,
    ISHIGAMI,
    ISHIGAMI_SHAPLEY,
    LINEAR_SHAPLEY,
    G,
    g_function,
    ishigami,
    linear_prior,
    total,
    within,
)

import saddlepath as sp
from saddlepath.marginals import Gaussian, Uniform
from saddlepath.prior import Prior
from saddlepath.uq.hybrids import all_sets, gains
from saddlepath.uq.sensitivity import Check, sensitivity
from saddlepath.uq.shapley import by_permutations, shapley, shapley_weights
from saddlepath.uq.target import target


def test_ishigami() -> None:
    found = shapley(ishigami, ISHIGAMI)["y1"].effects
    assert np.all(within(found, ISHIGAMI_SHAPLEY)) and found.margin.max() < 1e-2


def test_g_function() -> None:
    found = shapley(g_function, G)["y1"].effects
    # Nominal coverage is 95 %: one of six intervals may miss by a hair, none by half its width.
    assert np.all(np.abs(found.value - G_SHAPLEY) < 1.5 * found.margin + 1e-6)
    np.testing.assert_allclose(found.value, G_SHAPLEY, atol=1e-2)
    np.testing.assert_allclose(found.value[4:], G_SHAPLEY[4:], rtol=2e-2)


@pytest.mark.parametrize("correlation", LINEAR_SHAPLEY)
def test_dependent_normal_inputs(correlation: float) -> None:
    exact = LINEAR_SHAPLEY[correlation]
    found = shapley(total, linear_prior(correlation))["y1"].effects
    assert np.all(np.abs(found.value - exact) < 1.5 * found.margin + 1e-6)
    np.testing.assert_allclose(found.value, exact, atol=1e-2)


@pytest.mark.slow
def test_many_dependent_inputs_by_permutations() -> None:
    """Twelve standard normal inputs, the first two correlated: conditional variances are known."""
    r = 0.6
    prior = Prior(**{f"x{i}": Gaussian(0.0, 1.0) for i in range(12)}, correlation={("x0", "x1"): r})
    found = shapley(total, prior, base=4096)["y1"].effects
    variance = 12 + 2 * r
    exact = np.r_[np.full(2, 1 + r), np.ones(10)] / variance  # the pair is symmetric and independent of all others
    assert np.all(np.abs(found.value - exact) < 2 * found.margin)
    np.testing.assert_allclose(found.value, exact, atol=2e-2)  # about four standard errors of 4,096 points
    assert found.value.sum() == pytest.approx(1.0, abs=1e-12)


def test_permutations_agree_with_all_sets() -> None:
    made = target(ishigami, ISHIGAMI, 0, 0)
    found = by_permutations(made, 8192, 0)["y1"].effects
    assert np.all(np.abs(found.value - ISHIGAMI_SHAPLEY) < 2 * found.margin)
    assert found.margin.max() < 5e-2  # so that the comparison says something


def test_weights_are_the_formula() -> None:
    """With T_u the square of the size of u in two players, and for an additive T, by hand."""
    sets = all_sets(2)
    np.testing.assert_allclose(shapley_weights(2) @ (sets.sum(axis=1) ** 2.0), [2.0, 2.0])
    parts = np.array([1.0, 2.0, 5.0])
    np.testing.assert_allclose(shapley_weights(3) @ (all_sets(3) @ parts), parts)


def test_gains_are_conditional_means() -> None:
    """Of two normal numbers with correlation r, the mean of the second given the first is r times it."""
    found = gains(np.array([[1.0, 0.4], [0.4, 1.0]]), np.array([[False, True], [True, True], [False, False]]))
    np.testing.assert_allclose(found[0], [[1.0, 0.0], [0.4, 0.0]], atol=1e-15)
    np.testing.assert_allclose(found[1], np.zeros((2, 2)))
    np.testing.assert_allclose(found[2], np.eye(2), atol=1e-15)


def test_inequalities_and_sums_are_checked() -> None:
    found = sensitivity(ishigami, ISHIGAMI, base=2048)["y1"]
    assert all(check.holds for check in found.checks)
    assert {check.rule for check in found.checks} >= {
        "S <= Shapley, a",
        "Shapley <= ST, c",
        "Shapley effects sum to one",
    }
    broken = Check("S <= Shapley, a", 0.05, 0.01)
    assert not broken.holds
    text = str(found)
    assert "first order" in text and "Checks" in text
    assert "<table" in found._repr_html_()


@pytest.mark.slow
def test_dependent_inputs_have_no_sobol_indices() -> None:
    found = sensitivity(total, linear_prior(0.5), base=1024)["y1"]
    assert found.sobol is None and found.table().columns == ["Shapley", "Shapley ±"]
    assert all(check.holds for check in found.checks)


def test_same_seed_same_numbers() -> None:
    prior = Prior(a=Uniform(0.0, 1.0), b=Uniform(0.0, 1.0))
    first, again, other = (shapley(total, prior, base=512, seed=s)["y1"].effects.value for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)


@pytest.mark.slow
def test_intervals_cover_at_their_level() -> None:
    cases = [(g_function, G, G_SHAPLEY), (total, linear_prior(0.9), LINEAR_SHAPLEY[0.9])]
    for function, prior, exact in cases:
        inside = [within(shapley(function, prior, base=2048, seed=s)["y1"].effects, exact, 0.0) for s in range(100)]
        assert np.all(np.mean(inside, axis=0) >= 0.88)  # 100 events of 95 %: below 88 with probability 0.1 %


@pytest.mark.slow
def test_draws_of_a_gaussian_process_are_compiled_with_the_sample() -> None:
    """An additive function of which five points tell little: the interval of the surrogate is not zero."""
    box = sp.Box(a=(0.0, 1.0), b=(0.0, 1.0))
    theta = box.design(5)
    process = sp.GP(sp.SquaredExponential(), restarts=1).fit(sp.Labels(box, theta, theta @ [2.0, 1.0], ("y",)))
    prior = sp.Prior(a=sp.Uniform(0.0, 1.0), b=sp.Uniform(0.0, 1.0))
    found = shapley(process, prior, base=256, draws=4)["y"].effects
    np.testing.assert_allclose(found.value, [0.8, 0.2], atol=0.1)
    assert np.all(found.surrogate > 0)
