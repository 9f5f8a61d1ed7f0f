"""Value functions of lives that end: a closed form, a fine grid in plain NumPy, published errors of portfolios."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from tests.planners import EatenCake

import saddlepath as sp
from saddlepath.dynamic_programming.bellman import bellman
from saddlepath.dynamic_programming.inaction import outer_points, region_of_inaction
from saddlepath.economy import economy
from saddlepath.models.portfolio_choice import PortfolioChoice
from saddlepath.surrogate.kernels import Matern, Radial, RationalQuadratic, SquaredExponential


class Cake(EatenCake):
    """A stock that grows by a tenth, eaten for `horizon` days; then there is utility of what is left."""

    horizon: int = 3

    def transition(self, s, x, shock):
        return self.State(k=1.1 * (1 - x.eaten) * s.k)

    def terminal_value(self, s):
        return jnp.log(s.k)


def portfolio_box(assets: int) -> sp.Box:
    return sp.Box(x=(np.zeros(assets), np.ones(assets)))


def solved(model: PortfolioChoice, points: int, **settings: Any) -> sp.ValuePath:
    box = portfolio_box(model.assets)
    return sp.backward_induction(
        model, box, points=points, inaction=PortfolioChoice.rebalanced, start=model.cautious, **settings
    )


@pytest.mark.slow
def test_a_cake_lasts_as_long_as_life() -> None:
    """With n days left one eats 1/(1 + beta + .. + beta^n); forty points know the value between them to five digits."""
    cautious = lambda s: Cake.Policy(eaten=1 - (0.015 + 0.95 * s.k) / (1.1 * s.k))  # tomorrow's stock is in the box
    path = sp.backward_induction(Cake(), sp.Box(k=(0.2, 2.0)), points=40, start=cautious)
    k = np.array([[1.0], [1.4], [1.9]])
    for date in range(3):
        share = 1 / np.sum(0.9 ** np.arange(4 - date))
        np.testing.assert_allclose(path.policy(k, date).eaten, share, atol=1e-3)
    np.testing.assert_allclose(path(k, 2), np.log(k[:, 0] / 1.9) + 0.9 * np.log(1.1 * k[:, 0] * 0.9 / 1.9), atol=1e-4)
    assert np.nanmax(path.bellman_errors(k)) < 1e-4
    assert "largest slope" in str(path)
    with pytest.raises(sp.ConfigError, match="dates run from 0 to 2, got 3"):
        path(k, 3)


def on_a_fine_grid(model: PortfolioChoice, parts: int = 1600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One risky asset on a grid: values of the first date by share, and where nobody trades.

    For every share after trade the best consumption by golden sections, then the best share to trade to, by trying all.
    """
    x = np.linspace(0.0, 1.0, parts + 1)
    y = x[x <= 0.9]
    z, weights = np.polynomial.hermite_e.hermegauss(5)
    weights = weights / weights.sum()
    variance = model.covariance[0, 0]
    gross = np.exp(model.drift[0] - variance / 2 + np.sqrt(variance) * z)
    utility = lambda c: c ** (1 - model.gamma) / (1 - model.gamma)
    value = utility(1 - model.cost * x)
    traded = (y[None] - x[:, None]) / (1 + np.sign(y[None] - x[:, None]) * model.cost * y[None])
    wealth = 1 - model.cost * np.abs(traded)
    best = np.zeros(0)
    for _ in range(model.horizon):
        later = CubicSpline(x, value)

        def kept(c: np.ndarray, later: CubicSpline = later) -> np.ndarray:
            risky = y[:, None] * gross[None]
            total = (1 - y - c)[:, None] * np.exp(model.rate) + risky
            return utility(c) + model.beta * (total ** (1 - model.gamma) * later(risky / total)) @ weights

        low, high = np.full(y.size, 1e-3), 1 - y - 1e-3
        for _ in range(60):
            step = 0.381966 * (high - low)
            left = kept(low + step) > kept(high - step)
            low, high = np.where(left, low, low + step), np.where(left, high - step, high)
        by_share = wealth ** (1 - model.gamma) * kept((low + high) / 2)[None]
        best = y[np.argmax(by_share, axis=1)]
        value = by_share.max(axis=1)
    return x, value, x[np.isclose(best, x, atol=1e-12)]


@pytest.mark.slow
def test_one_risky_asset_agrees_with_a_fine_grid() -> None:
    """Values to 2e-6 of themselves, where the grid of 1/1600 errs by 1e-7; the region to two steps of that grid."""
    model = PortfolioChoice(assets=1, horizon=3)
    path = solved(model, 60)
    x, value, at_rest = on_a_fine_grid(model)
    rows = slice(0, None, 40)
    np.testing.assert_allclose(path(x[rows, None]), value[rows], rtol=2e-6)
    low, high = path.dates[0].region.vertices[:, 0]
    np.testing.assert_allclose([low, high], [at_rest.min(), at_rest.max()], atol=2 / 1600)
    assert np.nanmax(path.bellman_errors()) < 5e-6


@pytest.mark.slow
def test_assets_that_are_alike_are_treated_alike() -> None:
    """The vertex that is low in one asset and high in the other is its own mirror image; nobody trades between them."""
    alike = np.array([[0.04, 0.01], [0.01, 0.04]])
    model = PortfolioChoice(assets=2, horizon=1, drift=np.full(2, 0.08), covariance=alike)
    path = solved(model, 40)
    vertices = path.dates[0].region.vertices
    np.testing.assert_allclose(vertices[1], vertices[2][::-1], atol=1e-7)
    np.testing.assert_allclose(vertices[[0, 3], 0], vertices[[0, 3], 1], atol=1e-7)
    middle = path.policy(vertices.mean(axis=0, keepdims=True))
    np.testing.assert_allclose(middle.buy + middle.sell, 0.0, atol=1e-7)
    outside = path.policy(np.array([[0.0, 0.0], [0.5, 0.5]]))
    assert np.all(outside.buy[0] > 1e-3) and np.all(outside.sell[1] > 1e-3)


@pytest.mark.slow
def test_the_published_errors_of_a_hundred_points() -> None:
    """Gaegauf, Scheidegger and Trojani (2023): 0.0070 % on average, 0.110 % at most; two of the six dates."""
    path = solved(PortfolioChoice(assets=2, horizon=2), 100, quadrature=sp.Monomial(5))
    errors = 100 * path.bellman_errors()
    assert not np.isnan(errors).any()
    assert errors.mean() < 0.0070 and errors.max() < 0.110


def test_budget_and_calibration_of_the_portfolio() -> None:
    model = PortfolioChoice(assets=2)
    s = model.State(x=jnp.array([0.5, 0.2]))
    x = model.Policy(consumption=jnp.asarray(0.1), buy=jnp.array([0.0, 0.1]), sell=jnp.array([0.2, 0.0]))
    np.testing.assert_allclose(model.bond(s, x), 0.3 - 0.1 - 1.01 * 0.1 + 0.99 * 0.2)
    everything = model.bond(s, x) + jnp.sum(model.held(s, x)) + x.consumption
    np.testing.assert_allclose(everything, 1 - 0.01 * 0.3)  # wealth less the costs of trade
    np.testing.assert_allclose(model.rebalanced(s, x).x, np.array([0.3, 0.3]) / 0.997)
    nothing = model.Policy(consumption=jnp.asarray(0.1), buy=jnp.zeros(2), sell=jnp.zeros(2))
    grown = model.value_growth(s, nothing, jnp.zeros(2)) ** (1 / (1 - model.gamma))
    risky = np.array([0.5, 0.2]) * np.exp(model.drift[:2] - np.diag(model.covariance)[:2] / 2)
    np.testing.assert_allclose(grown, 0.2 * np.exp(0.04) + risky.sum())
    np.testing.assert_allclose(model.transition(s, nothing, jnp.zeros(2)).x, risky / grown)
    np.testing.assert_allclose(model.merton_shares(), [0.1507730, 0.1830725], atol=1e-7)  # two by two, by hand
    assert np.all(np.linalg.eigvalsh(model.covariance) > 0)


def test_shares_of_a_whole() -> None:
    shares = sp.Shares(3)
    inside = jnp.array([0.2, 0.1, 0.4])
    np.testing.assert_allclose(shares.value(shares.coordinate(inside)), inside, atol=1e-12)
    assert bool(jnp.all(shares.contains(jnp.array([0.0, 0.3, 0.7]))))
    assert not bool(jnp.all(shares.contains(jnp.array([0.2, 0.4, 0.5]))))
    assert np.asarray(shares.at_bound(jnp.array([0.0, 0.2, 0.3]))).tolist() == [True, False, False]
    assert np.asarray(shares.at_bound(jnp.array([0.5, 0.2, 0.3]))).all()
    assert shares.default().sum() == 0.75


def test_outer_points_are_portfolios_and_states_keep_themselves_inside() -> None:
    problem = bellman(PortfolioChoice(assets=3), portfolio_box(3))
    outer = outer_points(problem, portfolio_box(3))
    held = outer > 0
    expected = held / np.maximum(held.sum(axis=1, keepdims=True), 1)  # equal shares of those that are held
    np.testing.assert_allclose(outer, expected, atol=1e-12)
    assert len(np.unique(held, axis=0)) == 8
    assert problem.kept == ()
    assert bellman(Cake(), sp.Box(k=(0.2, 2.0))).kept == (0, 1)


def test_distances_to_a_region() -> None:
    box = sp.Box(x=(np.zeros(2), np.full(2, 2.0)))
    problem = bellman(PortfolioChoice(assets=2), box)
    corners = np.array([[0.4, 0.4], [0.4, 0.8], [0.8, 0.4], [0.8, 0.8]])
    stay = lambda model, s, x: s
    region = region_of_inaction(problem, box, stay, jnp.asarray(corners), jnp.zeros((4, 5)))
    np.testing.assert_allclose(region.distances(np.array([[0.6, 0.6], [0.8, 0.6], [0.6, 1.0]])), [-0.1, 0.0, 0.1])
    around = region.around()
    np.testing.assert_allclose([around.low, around.high], [[0.38, 0.38], [0.82, 0.82]])
    with pytest.raises(sp.ConvergenceError, match="enclose no region of inaction"):
        region_of_inaction(problem, box, stay, jnp.zeros((4, 2)), jnp.zeros((4, 5)))


@pytest.mark.slow
@pytest.mark.parametrize("kernel", [SquaredExponential(), Matern(1.5), Matern(2.5), RationalQuadratic()], ids=str)
def test_bends_are_derivatives(kernel: Radial) -> None:
    p, squared = jnp.full(1 + kernel.shapes, 0.3), jnp.array([1e-4, 0.3, 2.0])
    first = jax.vmap(jax.grad(lambda q: kernel.of_squared(p, q)))(squared)
    second = jax.vmap(jax.hessian(lambda q: kernel.of_squared(p, q)))(squared)
    found = kernel.bends(p, squared)
    np.testing.assert_allclose(found[0], -2 * first, rtol=1e-9)
    np.testing.assert_allclose(found[1], 4 * second, rtol=1e-6)  # differences of nearly equal numbers near zero


def test_refusals_are_sentences() -> None:
    class Endless(Cake):
        terminal_value = sp.Model.terminal_value

    with pytest.raises(sp.ModelError, match="gives no terminal_value"):
        sp.backward_induction(Endless(), sp.Box(k=(0.2, 2.0)))

    class Unmeasured(PortfolioChoice):
        horizon: None = None

    with pytest.raises(sp.ModelError, match="gives terminal_value.s. and no horizon; add a field horizon"):
        sp.backward_induction(Unmeasured(), portfolio_box(2))
    with pytest.raises(sp.ModelError, match="gives terminal_value; conditions are derived for a life without end"):
        economy(PortfolioChoice())
    with pytest.raises(sp.ConfigError, match="first policy is not strictly inside the constraints"):
        sp.backward_induction(PortfolioChoice(), portfolio_box(2))
    with pytest.raises(sp.ConfigError, match=r"region of inaction of 11 states has 2\^11 vertices"):
        outer_points(bellman(PortfolioChoice(), portfolio_box(2)), sp.Box(x=(np.zeros(11), np.ones(11))))
    with pytest.raises(sp.ConfigError, match="points must be a whole number of at least 32"):
        solved(PortfolioChoice(), 3)
    with pytest.raises(sp.ConfigError, match="no slopes; take 1.5 or 2.5"):
        Matern(0.5).bends(jnp.zeros(1), jnp.ones(1))
