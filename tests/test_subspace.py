"""Active subspaces: directions known by hand, and what a process of few coordinates still has to do."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import saddlepath as sp
from saddlepath.surrogate.gaussian_process import GaussianProcess
from saddlepath.surrogate.subspace import Subspace, active_subspace

D = 10
CAPITAL = sp.Box(**{f"k{i}": (0.2, 3.0) for i in range(D)})
MIDDLE = np.ones(D) / np.sqrt(D)
FIRST, SECOND = np.linalg.qr(np.random.default_rng(5).standard_normal((D, 2)))[0].T


def of_mean(k):
    """A function of mean capital alone, as the value of equal sectors is."""
    m = k.mean(axis=-1)
    return jnp.log(m) + 0.3 * jnp.sin(2 * m)


def of_two(k):
    u = (k - 0.2) / 2.8 - 0.5
    return jnp.sin(3 * u @ FIRST) + 2 * (u @ SECOND) ** 2


def labels(function: Callable, n: int, gradients: bool = True) -> sp.Labels:
    theta = CAPITAL.design(n)
    slopes = np.asarray(jax.vmap(jax.grad(function))(jnp.asarray(theta))) if gradients else None
    return sp.Labels(CAPITAL, theta, np.asarray(function(jnp.asarray(theta))), ("v",), gradients=slopes)


def new_points(n: int = 200) -> np.ndarray:
    return np.asarray(CAPITAL.low + np.random.default_rng(1).random((n, D)) * (CAPITAL.high - CAPITAL.low))


def worst(gp: sp.Surrogate, function: Callable) -> float:
    at = new_points()
    return float(np.max(np.abs(gp.predict(at).mean[:, 0] - np.asarray(function(jnp.asarray(at))))))


@pytest.mark.slow
def test_the_mean_of_capital_is_found_and_needs_few_points() -> None:
    kind = sp.GP(sp.SquaredExponential(), subspace="auto", restarts=1)
    gp = kind.fit(labels(of_mean, 15))
    assert gp.subspace is not None and gp.subspace.dimension == 1
    assert abs(gp.subspace.directions[:, 0] @ MIDDLE) == pytest.approx(1.0, abs=1e-12)
    assert gp.subspace.eigenvalues.sum() == pytest.approx(1.0)
    full = sp.GP(sp.SquaredExponential(ard=False), restarts=1).fit(labels(of_mean, 60))
    assert worst(gp, of_mean) < 0.1 * worst(full, of_mean)


@pytest.mark.slow
def test_two_directions_are_two() -> None:
    gp = sp.GP(sp.SquaredExponential(), subspace="auto", restarts=1).fit(labels(of_two, 40))
    assert gp.subspace is not None and gp.subspace.dimension == 2
    seen = np.stack([FIRST, SECOND]) @ gp.subspace.directions
    np.testing.assert_allclose(np.linalg.svd(seen)[1], 1.0, atol=1e-12)
    assert worst(gp, of_two) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize(("function", "dimension"), [(of_mean, 1), (of_two, 2)])
def test_directions_are_found_without_gradients(function: Callable, dimension: int) -> None:
    found = sp.GP(subspace="auto").fit(labels(function, 80, gradients=False)).subspace
    assert found is not None and found.dimension == dimension
    truth = MIDDLE[None] if dimension == 1 else np.stack([FIRST, SECOND])
    np.testing.assert_allclose(np.linalg.svd(truth @ found.directions)[1], 1.0, atol=1e-2)


def test_every_direction_stays_where_all_matter() -> None:
    box = sp.Box(a=(0.0, 1.0), b=(0.0, 1.0))
    theta = box.design(20)
    data = sp.Labels(box, theta, np.sum(theta**2, axis=1), gradients=2 * theta[:, None])
    assert sp.GP(restarts=1, subspace="auto").fit(data).subspace is None
    assert active_subspace(2 * theta, box).dimension == 2


def test_units_of_the_box_and_logarithms_do_not_matter() -> None:
    """a b^2 is a function of log a + 2 log b, in whatever units."""
    box = sp.Box(a=(1e-3, 1e-1), b=(10.0, 1000.0))
    theta = np.exp(np.log(box.low) + np.random.default_rng(0).random((20, 2)) * np.log(box.high / box.low))
    a, b = theta.T
    slopes = np.stack([b**2, 2 * a * b], axis=1)
    gp = sp.GP(transform="log", restarts=1, logs=("a", "b"), subspace="auto").fit(
        sp.Labels(box, theta, a * b**2, gradients=slopes[:, None])
    )
    assert gp.subspace is not None
    np.testing.assert_allclose(np.abs(gp.subspace.directions[:, 0]), np.array([1, 2]) / np.sqrt(5), atol=1e-12)
    linear = active_subspace(np.full((5, 2), [3.0, 4.0]), sp.Box(a=(0.0, 2.0), b=(0.0, 0.5)))
    np.testing.assert_allclose(np.abs(linear.directions[:, 0]), np.array([6, 2]) / np.sqrt(40), atol=1e-12)


def test_the_box_reaches_both_ends_of_a_coordinate() -> None:
    subspace = Subspace([3.0, -4.0])
    np.testing.assert_allclose(subspace.directions[:, 0], [0.6, -0.8])
    corners = jnp.asarray([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]])
    np.testing.assert_allclose(subspace.coordinates(corners)[:, 0], [0.0, 0.5, 1.0], atol=1e-15)


@pytest.mark.slow
def test_a_process_of_given_directions_does_all_that_others_do(tmp_path) -> None:
    data = labels(of_two, 40, gradients=False)
    gp = sp.GP(sp.SquaredExponential(), subspace=Subspace(np.stack([FIRST, SECOND], axis=1)), restarts=1).fit(data)
    at = new_points(4)
    mean, sd = gp.predict(at)
    slope = jax.jacfwd(lambda one: gp.at(one).mean[0])(jnp.asarray(at[0]))
    np.testing.assert_allclose(slope, jax.grad(of_two)(jnp.asarray(at[0])), atol=0.05)
    assert gp.leave_one_out().residual.shape == (1, 40)
    np.testing.assert_allclose(
        np.diagonal(gp.covariance(at, at)[0]) + np.asarray(gp.processes.noise),
        (sd[:, 0] / np.asarray(gp.processes.scale.spread)) ** 2,
        atol=1e-12,  # round-off of differences of variances of about 100
    )
    truth = np.asarray(of_two(jnp.asarray(at)))[:, None]
    more = gp.condition(at, truth)
    assert np.all(more.predict(at).sd <= sd + 1e-12)
    np.testing.assert_allclose(more.predict(at).mean, truth, atol=1e-3)
    assert np.isfinite(gp.draw(jax.random.key(0))(jnp.asarray(at[0]))).all()
    sp.save_surrogate(gp, tmp_path / "gp.surrogate")
    again = sp.load_surrogate(tmp_path / "gp.surrogate")
    np.testing.assert_array_equal(again.predict(at).mean, mean)
    np.testing.assert_array_equal(again.predict(at).sd, sd)
    assert isinstance(again, GaussianProcess) and again.subspace == gp.subspace


@pytest.mark.slow
def test_learning_goes_on_along_the_directions() -> None:
    one = lambda row: np.asarray(of_mean(jnp.asarray(row)))
    kind = sp.GP(sp.SquaredExponential(), restarts=1, subspace=Subspace(MIDDLE))
    found = sp.learn(one, CAPITAL, n=10, start=6, kind=kind, every=2)
    assert found.surrogate.x.shape[1] == 1
    assert worst(found.surrogate, of_mean) < 0.02


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: active_subspace(np.ones((5, 3)), CAPITAL), r"shape \[n, 10\] or \[n, n_outputs, 10\].*got shape"),
        (lambda: active_subspace(np.zeros((5, D)), CAPITAL), "not zero at all points"),
        (lambda: active_subspace(np.ones((5, D)), CAPITAL, 11), "between 1 and the 10 inputs, got 11"),
        (lambda: Subspace(np.zeros((D, 1))), "none of them zero"),
        (lambda: sp.GP(subspace="find").fit(labels(of_mean, 15)), "got 'find'"),
        (lambda: sp.GP(subspace=Subspace(np.ones(3))).fit(labels(of_mean, 15)), "directions of 3 inputs"),
        (lambda: sp.Labels(CAPITAL, np.ones((4, D)), np.ones(4), gradients=np.ones((4, 1, 3))), "got shape"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_words(act: Callable, words: str) -> None:
    with pytest.raises(sp.ConfigError, match=words):
        act()
