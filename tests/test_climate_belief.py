"""Learning about the feedback: Bayes' rule, its closed forms, and how fast tails are rejected."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from saddlepath.climate import (
    FeedbackLearning,
    PlannerProblem,
    feedback_of,
    optimum,
    tail_learning_time,
    temperature_boxes,
)

PHI = 0.137 * 3.45 / 1.2
"""Friedl et al. (2023): c1 F2x / ECS0, .393875."""
WIDE = FeedbackLearning(PHI, 0.01, -20.0, 20.0)
NARROW = FeedbackLearning(PHI, 0.01)


def test_bayes_rule_of_two_normals() -> None:
    """The posterior of a normal mean from one signal `phi T f + eps`, by precision weights."""
    with jax.enable_x64(True):
        m, s, warmth, signal = 0.65, 0.0169, 1.1, 0.35
        found = WIDE.learnt(m, s, warmth, signal)
        precision = 1 / s + (PHI * warmth) ** 2 / 0.01
        mean = (m / s + PHI * warmth * signal / 0.01) / precision
    np.testing.assert_allclose(found, [mean, 1 / precision], rtol=1e-13)


def test_variance_falls_by_what_was_seen() -> None:
    """`1/S_t = 1/S_0 + sum (phi T_j)^2 / noise`, whatever the signals."""
    warmth = np.linspace(1.1, 3.0, 50)
    with jax.enable_x64(True):
        s = 0.0169
        for degrees in warmth:
            s = WIDE.learnt(0.65, s, degrees, 0.4)[1]
    assert float(s) == pytest.approx(1 / (1 / 0.0169 + np.sum((PHI * warmth) ** 2) / 0.01), rel=1e-12)


def test_the_mean_is_a_martingale_without_truncation() -> None:
    z, weights = np.polynomial.hermite_e.hermegauss(9)
    weights = weights / weights.sum()
    with jax.enable_x64(True):
        m, s, warmth = 0.65, 0.0169, 1.5
        f = jax.vmap(lambda draw: WIDE.believed(draw, m, s))(jnp.asarray(z))
        mean = 0.0
        for feedback, weight in zip(f, weights, strict=True):
            for draw, other in zip(z, weights, strict=True):
                after = WIDE.learnt(m, s, warmth, PHI * warmth * feedback + 0.1 * draw)[0]
                mean += weight * other * float(after)
    assert mean == pytest.approx(m, abs=1e-10)


def test_draws_from_the_truncated_belief() -> None:
    from scipy.stats import truncnorm

    with jax.enable_x64(True):
        z = jax.random.normal(jax.random.key(0), (20_000,))
        for m, s in ((0.65, 0.0169), (0.8, 0.04), (0.5, 1e-4)):
            f = np.asarray(jax.vmap(lambda draw, m=m, s=s: NARROW.believed(draw, m, s))(z))
            law = truncnorm((0.45 - m) / s**0.5, (0.85 - m) / s**0.5, m, s**0.5)
            assert f.min() >= 0.45 and f.max() <= 0.85
            assert f.mean() == pytest.approx(law.mean(), abs=4 * law.std() / 20_000**0.5)
            assert f.std() == pytest.approx(law.std(), rel=0.02)  # s.e. of an s.d. from 20,000 draws: .5 %


def test_feedback_of_a_sensitivity() -> None:
    assert feedback_of(1.2 / 0.35) == pytest.approx(0.65)


def test_probability_of_a_large_sensitivity() -> None:
    from scipy.stats import truncnorm

    with jax.enable_x64(True):
        for m, s, ecs in ((0.65, 0.0169, 4.92), (0.8, 1e-3, 5.0), (0.5, 1e-4, 3.0), (0.65, 0.0169, 30.0)):
            law = truncnorm((0.45 - m) / s**0.5, (0.85 - m) / s**0.5, m, s**0.5)
            assert float(NARROW.exceeds(ecs, m, s)) == pytest.approx(law.sf(1 - 1.2 / ecs), abs=1e-12)


def test_a_tail_is_rejected_for_good_after_the_last_year_in_which_it_is_likely() -> None:
    """99 % of a normal belief are below m + 2.326 s.d.; the tail begins at `1 - 1.2/(1.2/(1-m) + 1.5)`."""
    m = 0.65
    sd = (1 - 1.2 / (1.2 / (1 - m) + 1.5) - m) / 2.3263479
    likely, unlikely = (1.01 * sd) ** 2, (0.99 * sd) ** 2
    variances = np.array([[likely, unlikely, likely, unlikely, unlikely], [unlikely] * 5, [likely] * 5])
    found = tail_learning_time(WIDE, np.full((3, 5), m), variances)
    np.testing.assert_array_equal(found, [3, 0, np.nan])


@pytest.mark.parametrize(
    ("ecs", "published"),
    [
        pytest.param(2.0, (5.46, 9.06), marks=pytest.mark.slow),
        (3.42, (16.40, 24.23)),
        pytest.param(4.5, (27.26, 38.57), marks=pytest.mark.slow),
    ],
)
def test_speed_of_learning_on_a_given_path_of_temperature(ecs: float, published: tuple[float, float]) -> None:
    """Without an economy: the temperatures of CDICE's optimum with that sensitivity, a thousand draws of the weather.

    Friedl et al. (2023) let the weather also change the temperature; two years cover this and their own sampling.
    """
    boxes = dataclasses.replace(temperature_boxes("cdice"), ecs=ecs)
    warmth = optimum(PlannerProblem(temperature=boxes, psi=1.5), horizon=300).temperature.values[:, 0]
    rng, paths, years = np.random.default_rng(0), 1000, 100
    m, s = np.full((paths, years), 0.65), np.full(years, 0.0169)
    with jax.enable_x64(True):
        for t in range(1, years):
            signal = PHI * warmth[t - 1] * feedback_of(ecs) + 0.1 * rng.standard_normal(paths)
            m[:, t], s[t] = NARROW.learnt(m[:, t - 1], s[t - 1], warmth[t - 1], signal)
    for level, expected in zip((0.01, 0.001), published, strict=True):
        found = tail_learning_time(NARROW, m, np.broadcast_to(s, m.shape), level)
        assert found.mean() == pytest.approx(expected, abs=2.0)
