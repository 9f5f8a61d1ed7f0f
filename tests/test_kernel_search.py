"""The search for a kernel: structure that data were made with is found, and what cannot be told apart is said."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process import kernels as other

import saddlepath as sp
from saddlepath.surrogate.kernel_search import formula, grown
from saddlepath.surrogate.kernels import Linear, Matern, Periodic, Product, SquaredExponential, Sum

LINE = sp.Box(x=(-5.0, 5.0))
FEW = np.linspace(-5, 5, 10)[:, None]
SMOOTH_AND_ROUGH = (SquaredExponential(), Matern(1.5))


def noisy(function: Callable[[np.ndarray], np.ndarray], n: int = 40, outputs: int = 1) -> sp.Labels:
    random = np.random.default_rng(0)
    t = np.sort(random.random(n))[:, None] * 4
    values = np.hstack([function(t + j) for j in range(outputs)]) + 0.02 * random.standard_normal((n, outputs))
    return sp.Labels(sp.Box(t=(0.0, 4.0)), t, values)


@pytest.mark.slow
def test_the_sine_of_the_textbook_is_smooth() -> None:
    """sin 0.9x at ten points: figures are those of scikit-learn's best fit, in the units of the values."""
    data = sp.Labels(LINE, FEW, np.sin(0.9 * FEW[:, 0]))
    found = sp.search_kernel(data, SMOOTH_AND_ROUGH, process=sp.GP(noise=1e-3, transform="none"))
    assert found.kernel == SquaredExponential() and not found.ties
    for score, theirs in zip(found.scores, (other.RBF(3.0), other.Matern(3.0, nu=1.5)), strict=True):
        reference = GaussianProcessRegressor(other.ConstantKernel(2.0) * theirs, alpha=1e-6).fit(FEW, data.values[:, 0])
        assert score.lml == pytest.approx(reference.log_marginal_likelihood_value_, abs=1e-4)
        assert score.bic == pytest.approx(2 * np.log(10) - 2 * score.lml)
    for criterion in ("lml", "loo"):
        again = sp.search_kernel(data, SMOOTH_AND_ROUGH, criterion=criterion, process=sp.GP(noise=1e-3))
        assert again.kernel == SquaredExponential()


def test_standardising_changes_no_figure() -> None:
    data = sp.Labels(LINE, FEW, 7 * np.sin(0.9 * FEW[:, 0]))
    plain, scaled = (
        sp.search_kernel(data, SMOOTH_AND_ROUGH[:1], process=sp.GP(noise=1e-2, transform=name, restarts=2)).scores[0]
        for name in ("none", "standardise")
    )
    # The mean of the values is zero here, so that nothing but the scale differs.
    assert (plain.lml, plain.loo) == pytest.approx((scaled.lml, scaled.loo), abs=1e-4)


@pytest.mark.slow
def test_a_period_is_found() -> None:
    found = sp.search_kernel(
        noisy(lambda t: np.sin(2 * np.pi * t / 0.7) ** 3),
        (SquaredExponential(), Periodic()),
    )
    assert found.kernel == Periodic()
    assert np.exp(found.surrogate.process(0).p[1]) * 4 == pytest.approx(0.7, rel=0.01)
    assert str(found).count("yes") == 1
    assert "Periodic has a BIC of" in found.reason and "the next best" in found.reason


@pytest.mark.slow
def test_the_default_search_finds_it_too() -> None:
    found = sp.search_kernel(noisy(lambda t: np.sin(2 * np.pi * t / 0.7) ** 3))
    assert found.kernel == Periodic() and len(found.scores) == 6


@pytest.mark.slow
def test_a_trend_beside_a_period_is_a_sum() -> None:
    found = sp.search_kernel(
        noisy(lambda t: np.sin(2 * np.pi * t / 0.7) ** 3 + 0.8 * t, 60),
        (SquaredExponential(), Periodic(), Linear()),
        depth=3,
    )
    assert isinstance(found.kernel, Sum)
    assert Periodic() in found.kernel.terms
    base = max(one.lml for one in found.scores if not isinstance(one.kernel, Sum | Product))
    assert found.scores[0].lml > base + 50


@pytest.mark.slow
def test_kernels_that_labels_cannot_tell_apart_are_ties() -> None:
    """A plane of one input has one length scale, whether there is one per input or one for all."""
    found = sp.search_kernel(noisy(np.sin, 20), (SquaredExponential(), SquaredExponential(ard=False)), process=sp.GP())
    assert len(found.ties) == 1
    assert "cannot tell it from SquaredExponential(ard=False)" in found.reason
    assert "tie" in str(found)


@pytest.mark.slow
def test_all_outputs_share_the_kernel() -> None:
    data = noisy(lambda t: np.sin(2 * t), 20, outputs=2)
    found = sp.search_kernel(data, SMOOTH_AND_ROUGH, process=sp.GP(restarts=1))
    assert found.surrogate.predict(data.theta).mean.shape == (20, 2)
    assert found.scores[0].parameters == 2 * 3
    assert found.scores[0].lml == pytest.approx(found.surrogate.log_density().sum())


def test_kernels_grow_by_one() -> None:
    se, periodic, linear = SquaredExponential(), Periodic(), Linear()
    shown = {formula(kernel) for kernel in grown(se, (se, linear))}
    assert shown == {
        "SquaredExponential + SquaredExponential",
        "Linear + SquaredExponential",
        "Linear * SquaredExponential",
    }
    assert "(Linear + Periodic) * SquaredExponential" in {formula(kernel) for kernel in grown(se * periodic, (linear,))}
    assert formula(Matern(1.5, ard=False)) == "Matern(1.5, ard=False)"
    assert sum(1 for _ in grown(se + periodic, (linear,))) == 2 + 2 * 2


def test_a_search_is_a_kind_of_surrogate() -> None:
    data = sp.Labels(LINE, FEW, np.sin(0.9 * FEW[:, 0]))
    kind = sp.KernelSearch(SMOOTH_AND_ROUGH, criterion="loo", process=sp.GP(restarts=1))
    gp = sp.fit(data, kind)
    assert isinstance(gp, sp.Surrogate)
    assert gp.predict([0.3]).mean[0] == pytest.approx(np.sin(0.27), abs=0.01)
    assert "the best by loo of 2 kernels" in kind.describe()


def same() -> sp.Labels:
    return sp.Labels(sp.Box(t=(0.0, 4.0)), np.arange(4.0)[:, None], np.ones(4))


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: sp.search_kernel(noisy(np.sin), criterion="aic"), "no criterion 'aic'"),
        (lambda: sp.search_kernel(noisy(np.sin), depth=0), "depth"),
        (lambda: sp.search_kernel(same()), "y1 is the same, .* leave it out"),
        (lambda: sp.search_kernel(noisy(np.sin, 2), SMOOTH_AND_ROUGH), "2 labels are too few .* asks least, 3"),
    ],
)  # fmt: skip
def test_what_cannot_be_searched_is_refused_in_words(act: Callable, words: str) -> None:
    with pytest.raises(sp.ConfigError, match=words):
        act()
