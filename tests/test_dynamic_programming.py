"""Value functions of planners: against closed forms, another method, and the steady state known by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.planners import EatenCake

import saddlepath as sp
from saddlepath.dynamic_programming.bellman import bellman
from saddlepath.dynamic_programming.design import spread_points
from saddlepath.dynamic_programming.sloped_process import fit, labelled_points
from saddlepath.dynamic_programming.value_iteration import contracts
from saddlepath.models.multisector_growth import MultisectorGrowth
from saddlepath.surrogate.kernels import SquaredExponential


class Cake(EatenCake):
    """A stock that shrinks by what is eaten: eat (1 - beta) k, V = log(k)/(1 - beta) + constant."""

    def transition(self, s, x, shock):
        return self.State(k=1.1 * (1 - x.eaten) * s.k)


class Torn(Cake):
    """The same with at most a twentieth eaten."""

    def constraints(self, s, x):
        return {"limit": 0.05 - x.eaten}

    def transition(self, s, x, shock):
        return self.State(k=(1 - x.eaten) * s.k)


BOX = sp.Box(k=(0.5, 2.0))
HALF = lambda s: Cake.Policy(eaten=0.095)


@pytest.mark.slow
def test_a_cake_is_eaten_as_in_the_closed_form() -> None:
    """The box keeps tomorrow's stock above its lower end, so that shares are compared away from it."""
    found = sp.iterate_values(Cake(), BOX, points=12, logs=("k",), start=HALF)
    assert found.outcome.converged
    k = np.array([[0.8], [1.3], [1.9]])
    np.testing.assert_allclose(found.policy(k).eaten, 0.1, atol=1e-4)
    beta = 0.9
    constant = (np.log(1 - beta) + beta / (1 - beta) * np.log(1.1 * beta)) / (1 - beta)
    np.testing.assert_allclose(found(k), np.log(k[:, 0]) / (1 - beta) + constant, atol=2e-3)
    assert np.all(found.sd(k) < 0.01)
    assert np.nanmax(found.bellman_errors()) < 1e-3
    assert "Converged" in found.sentence and "iteration" in str(found)


@pytest.mark.slow
def test_a_constraint_that_binds() -> None:
    """A stock that does not grow, of which a twentieth at most may be eaten; a tenth would be."""
    found = sp.iterate_values(Torn(), BOX, points=12, logs=("k",), tol=1e-5, start=lambda s: Cake.Policy(eaten=5e-4))
    np.testing.assert_allclose(found.policy(np.array([[0.9], [1.8]])).eaten, 0.05, atol=1e-7)


@pytest.mark.slow
def test_one_sector_agrees_with_collocation() -> None:
    """Ten points; investment within 2e-5 of the first-order conditions' own solution, its tenth digit known."""
    box = sp.Box(k=(np.full(1, 0.2), np.full(1, 3.0)))
    found = sp.iterate_values(MultisectorGrowth(), box, logs=("k",))
    other = sp.solve(MultisectorGrowth(), solver=sp.Collocation())
    k = np.linspace(0.7, 1.4, 8)[:, None]
    exact = [float(other(k=at).investment[0]) for at in k]
    np.testing.assert_allclose(found.policy(k).investment[:, 0], exact, atol=2e-5)
    assert np.nanmean(found.bellman_errors()) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("seen", ["active", "pooled"])
def test_ten_sectors_with_a_hundred_points(seen: str) -> None:
    """The change ends below 1e-4, the first direction is mean capital, and at rest nobody is told apart."""
    box = sp.Box(k=(np.full(10, 0.2), np.full(10, 3.0)))
    coordinates = sp.PooledMoments(box, ("k",)) if seen == "pooled" else seen
    found = sp.iterate_values(MultisectorGrowth(sectors=10), box, seen=coordinates, tol=1e-5)
    assert found.outcome.converged
    assert np.nanmean(found.bellman_errors()) < 1e-3
    if seen == "active":
        assert abs(found.process.seen.directions[:, 0].sum()) / np.sqrt(10) > 1 - 1e-6
    x = found.policy(np.ones((1, 10)))
    np.testing.assert_allclose(x.investment, 0.06, atol=2e-3)
    np.testing.assert_allclose(np.ptp(x.investment), 0.0, atol=1e-6)


@pytest.mark.slow
def test_steady_state_of_many_sectors() -> None:
    """k = l = 1, i = delta, c = a, without value but for risk (Scheidegger and Bilionis 2019)."""
    model = MultisectorGrowth(sectors=3)
    assert sp.check(model).passed
    rest = sp.steady_state(model)
    for found, exact in ((rest.state.k, 1.0), (rest.policy.labour, 1.0), (rest.policy.investment, model.delta)):
        np.testing.assert_allclose(found, exact, atol=1e-8)
    s, x = model.steady_guess()
    np.testing.assert_allclose(model.period_return(s, x), 0.0, atol=1e-12)
    np.testing.assert_allclose(model.consumption(s, x), model.productivity)


@pytest.mark.slow
def test_slopes_and_values_are_those_of_the_function() -> None:
    """A process of values and slopes at nine points of the plane, between them, and its own derivative."""
    box = sp.Box(a=(0.0, 2.0), b=(1.0, 4.0))
    function = lambda s: jnp.sin(s[0]) * jnp.log(s[1])
    with jax.enable_x64(True):
        s = jnp.asarray(box.design(16))
        labelled = labelled_points(box, (False, True), None, s)
        slopes = jax.vmap(lambda at, ways: ways @ jax.grad(function)(at))(s, labelled.along)
        found = fit(
            box,
            SquaredExponential(),
            (False, True),
            None,
            labelled,
            np.asarray(jax.vmap(function)(s)),
            np.asarray(slopes),
            None,
        )
        new = jnp.asarray(box.design(64, seed=3))
        np.testing.assert_allclose(jax.vmap(found)(new), jax.vmap(function)(new), atol=1e-3)
        np.testing.assert_allclose(jax.vmap(jax.grad(found))(s), jax.vmap(jax.grad(function))(s), atol=1e-3)
        assert float(found.sd(s[0])) < 1e-3


def test_pooled_moments_know_no_order() -> None:
    box = sp.Box(k=(np.zeros(4), np.ones(4)), a=(np.zeros(4), np.ones(4)), z=(0.0, 1.0))
    pooled = sp.PooledMoments(box, ("k", "a"), order=2)
    u = jnp.asarray(np.random.default_rng(0).random(9))
    order = np.r_[[2, 0, 3, 1], 4 + np.array([2, 0, 3, 1]), 8]
    z = pooled.coordinates(u)
    assert z.shape == (1 + 5,)  # z, and k, a, k^2, k a, a^2
    np.testing.assert_allclose(pooled.coordinates(u[order]), z, rtol=1e-6)
    np.testing.assert_allclose(z[0], u[8])
    np.testing.assert_allclose(np.sort(z[1:3]), np.sort([u[:4].mean(), u[4:8].mean()]), rtol=1e-6)
    with pytest.raises(sp.ConfigError, match="pooled moments need fields of the box"):
        sp.PooledMoments(box, ("k", "z"))


def test_points_cover_levels_of_a_group() -> None:
    box = sp.Box(k=(np.full(50, 0.2), np.full(50, 3.0)))
    s = spread_points(bellman(MultisectorGrowth(sectors=50), box), box, 512, 0)
    assert np.all((s >= box.low) & (s <= box.high))
    assert s.mean(axis=1).min() < 0.6 and s.mean(axis=1).max() > 2.6  # independent members: 1.6 with deviation 0.11


def test_contraction_is_told_by_the_spectral_radius() -> None:
    turned = np.array([[0.0, 5.0], [-0.15, 0.0]])  # norm 5, eigenvalues of length 0.87
    assert contracts(turned)
    assert not contracts(1.2 * turned)


def test_refusals_are_sentences() -> None:
    class Bounded(Cake):
        def policy_range(self):
            return self.Policy(eaten=sp.NonNegative())

    with pytest.raises(sp.ModelError, match="may be zero; in dynamic programming declare it Real"):
        sp.iterate_values(Bounded(), BOX)
    with pytest.raises(sp.ConfigError, match="bounds of all states in the order k, got z"):
        sp.iterate_values(Cake(), sp.Box(z=(0.0, 1.0)))
    with pytest.raises(sp.ConfigError, match="first policy is not strictly inside the constraints at"):
        sp.iterate_values(Cake(), BOX, start=lambda s: Cake.Policy(eaten=0.9))
    with pytest.raises(sp.ConfigError, match="seen must be active"):
        sp.iterate_values(Cake(), BOX, seen="activ")
    with pytest.raises(sp.ConfigError, match="logs names 'kk'"):
        sp.iterate_values(Cake(), BOX, logs=("kk",))
