"""Choice among kinds of surrogates: the same folds for all, the best wins, the reason is said."""

import numpy as np
import pytest

import saddlepath as sp
from saddlepath.errors import ConfigError
from saddlepath.surrogate.auto import choose, fit
from saddlepath.surrogate.base import Labels
from saddlepath.surrogate.gaussian_process import GaussianProcess
from saddlepath.surrogate.polynomial import Polynomial, PolynomialFit
from saddlepath.surrogate.smooth_polynomial import SmoothPolynomialFit

BOX = sp.Box(a=(0.0, 1.0), b=(0.0, 1.0))


def labels(n: int = 40) -> Labels:
    theta = BOX.design(n)
    return Labels(BOX, theta, np.stack([theta[:, 0] ** 2, theta[:, 0] * theta[:, 1] ** 2], axis=1), ("u", "w"))


def test_the_best_wins_and_is_fitted_to_all_labels() -> None:
    data = labels()
    choice = choose(data, kinds=[Polynomial(1), Polynomial(3), Polynomial(2)])
    assert choice.kind == Polynomial(3)
    assert [one.kind for one in choice.candidates] == [Polynomial(3), Polynomial(2), Polynomial(1)]
    np.testing.assert_array_equal(
        choice.surrogate.predict(data.theta).mean, Polynomial(3).fit(data).predict(data.theta).mean
    )
    assert "Chebyshev polynomial of degree 3 errs by" in choice.reason
    assert "Chebyshev polynomial of degree 2, the next best" in str(choice)


def test_scores_are_errors_of_left_out_labels() -> None:
    """With as many folds as labels they are the closed-form errors of the polynomial itself."""
    data = labels(20)
    score = choose(data, kinds=[Polynomial(2)], folds=20).candidates[0].scores
    fitted = Polynomial(2).fit(data)
    np.testing.assert_allclose(score * data.values.std(axis=0), fitted.sd, rtol=1e-6, atol=1e-12)


def test_close_scores_go_to_the_preferred_kind() -> None:
    """The same polynomials in another basis differ by round-off, so that the order decides."""
    theta = BOX.design(200)
    noisy = Labels(BOX, theta, theta[:, 0] ** 2 + 0.1 * np.random.default_rng(0).normal(size=200))
    for kinds in ([Polynomial(2, "legendre"), Polynomial(2)], [Polynomial(2), Polynomial(2, "legendre")]):
        assert choose(noisy, kinds=kinds).kind == kinds[0]
    # Four terms too many for 200 noisy labels cost about one per cent: root of (1 + 10/200) / (1 + 6/200).
    close = choose(noisy, kinds=[Polynomial(3), Polynomial(2)])
    assert close.candidates[0].kind == Polynomial(2) and close.kind == Polynomial(3)
    assert "up to chance" in close.reason


def test_kinds_that_cannot_be_used_are_said() -> None:
    choice = choose(labels(12), kinds=[Polynomial(4), Polynomial(1)])
    assert choice.kind == Polynomial(1)
    assert "has 15 terms" in choice.candidates[1].note
    with pytest.raises(ConfigError, match="no kind of surrogate can use these 12 labels: .* has 15 terms"):
        choose(labels(12), kinds=[Polynomial(4)])
    with pytest.raises(ConfigError, match="4 labels are too few to choose"):
        choose(labels(4))
    same = Labels(labels(12).box, labels(12).theta, np.ones(12), ("y",))
    with pytest.raises(ConfigError, match="y is the same, 1, at all 12 points; .*: leave it out"):
        choose(same)
    with pytest.raises(ConfigError, match="folds must be between 2 and the 12 labels, got 13"):
        choose(labels(12), folds=13)


def test_fit_takes_kinds_and_names() -> None:
    assert isinstance(fit(labels(), Polynomial(2)), PolynomialFit)
    assert fit(labels(), "polynomial").degree >= 3
    with pytest.raises(ConfigError, match="no kind of surrogate 'polinomial'"):
        fit(labels(), "polinomial")


@pytest.mark.slow
def test_auto_tries_all_and_takes_a_process_for_a_kink() -> None:
    theta = BOX.design(60)
    chosen = fit(Labels(BOX, theta, np.abs(theta[:, 0] - 0.4) + theta[:, 1]))
    assert isinstance(chosen, GaussianProcess)
    smooth = choose(labels(120))
    assert isinstance(smooth.surrogate, PolynomialFit | SmoothPolynomialFit) and len(smooth.candidates) == 4
    assert all(np.isfinite(one.score) for one in smooth.candidates)
