"""Learning about the feedback: Bayes' rule, its closed forms, and how fast tails are rejected."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from saddlepath.climate import FeedbackLearning, feedback_of

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
