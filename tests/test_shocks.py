"""Laws of the shocks: nodes, draws and steady-state values agree with each other and with closed forms."""

import math
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from saddlepath.errors import ModelError
from saddlepath.quadrature import GaussHermite, Monomial, Quadrature, QuasiMonteCarlo
from saddlepath.shocks import Discrete, Independent, MarkovChain, Normal, NoShocks, Shocks

ROUNDOFF = 1e-13  # sums of a few dozen terms of size one, in float64
N_DRAWS = 20_000

TRANSITION = np.array([[0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [0.0, 0.4, 0.6]])
CORRELATED = np.array([[0.04, 0.01], [0.01, 0.09]])


class State(NamedTuple):
    k: Any
    z: Any


def at_regime(z: int) -> State:
    return State(k=jnp.asarray(2.0), z=jnp.asarray(z, dtype=jnp.int32))


def rising_odds(s: State) -> jax.Array:
    """Two regimes; the odds of regime 1 tomorrow rise with capital and with being in it today."""
    p = jax.nn.sigmoid(s.k - 2.0 + jnp.where(s.z == 1, 0.5, 0.0))
    return jnp.stack([1 - p, p])


LAWS: dict[str, Shocks] = {
    "normal": Normal(2),
    "correlated": Normal(covariance=CORRELATED),
    "discrete": Discrete([[1.0, 0.0], [2.0, 1.0], [4.0, 0.5]], [0.5, 0.3, 0.2]),
    "chain": MarkovChain(TRANSITION, "z", values=[0.9, 1.0, 1.2]),
    "state-dependent chain": MarkovChain(rising_odds, "z", n_regimes=2),
    "independent": Independent(tfp=Normal(2, correlation=0.5), tax=MarkovChain(TRANSITION, "z"), news=Normal(1)),
    "none": NoShocks(),
}
every_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS.keys())


def table(shocks: Any) -> np.ndarray:
    """All numbers of a shock side by side, one row for each node or draw."""
    leaves = [np.asarray(leaf, dtype=float) for leaf in jax.tree.leaves(shocks)]
    return np.concatenate([leaf.reshape(len(leaf), -1) for leaf in leaves], axis=1)


def mean_and_covariance(law: Shocks, s: State, rule: Quadrature | None = None) -> tuple[np.ndarray, np.ndarray]:
    shocks, weights = law.nodes(s, rule)
    points, weights = table(shocks), np.asarray(weights)
    mean = weights @ points
    return mean, (weights * (points - mean).T) @ (points - mean)


@every_law
@pytest.mark.parametrize("rule", [None, QuasiMonteCarlo(8)])
def test_weights_add_to_one_and_shapes_agree(law, rule):
    shocks, weights = law.nodes(at_regime(1), rule)
    assert float(weights.sum()) == pytest.approx(1, abs=ROUNDOFF)
    draw = law.draw(jax.random.key(0), at_regime(1))
    assert jax.tree.structure(draw) == jax.tree.structure(shocks)
    for node, one in zip(jax.tree.leaves(shocks), jax.tree.leaves(draw), strict=True):
        assert node.shape == (len(weights), *one.shape) and node.dtype == one.dtype


@every_law
def test_draws_have_the_law_of_the_nodes(law):
    s = at_regime(1)
    draws = jax.vmap(lambda key: law.draw(key, s))(jax.random.split(jax.random.key(3), N_DRAWS))
    drawn = table(draws)
    mean, covariance = mean_and_covariance(law, s, GaussHermite(5))
    # Five standard errors; the fourth moments of all these laws are at most three squared variances.
    spread = np.sqrt(np.diag(covariance))
    assert np.all(np.abs(drawn.mean(axis=0) - mean) <= 5 * spread / math.sqrt(N_DRAWS))
    sampled = (drawn - mean).T @ (drawn - mean) / N_DRAWS
    assert np.all(np.abs(sampled - covariance) <= 5 * np.outer(spread, spread) * math.sqrt(3 / N_DRAWS))


@every_law
def test_same_key_same_draw(law):
    keys = jax.random.split(jax.random.key(5), 2)
    first, again = (law.draw(keys[0], at_regime(0)) for _ in range(2))
    assert all(jax.tree.leaves(jax.tree.map(lambda a, b: bool(np.array_equal(a, b)), first, again)))


@every_law
def test_jit_and_vmap_agree_with_plain_calls(law):
    rule = GaussHermite(3)
    states = jax.tree.map(lambda *leaves: jnp.stack(leaves), at_regime(0), at_regime(1))
    mapped = eqx.filter_jit(lambda law, s: jax.vmap(lambda one: law.nodes(one, rule))(s))(law, states)
    for z in range(2):
        plain = law.nodes(at_regime(z), rule)
        one = jax.tree.map(lambda leaf, z=z: leaf[z], mapped)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=ROUNDOFF), one, plain)


@every_law
def test_every_law_says_what_it_is(law):
    assert "  " not in law.describe() and "\n" not in law.describe() and len(law.describe()) > 5


@pytest.mark.usefixtures("plain_interpreter")
def test_a_law_keeps_float64_where_a_user_never_asked_for_it():
    for law in (Normal(covariance=CORRELATED), MarkovChain(TRANSITION, "z", values=[0.1, 0.2, 0.3])):
        assert {leaf.dtype for leaf in jax.tree.leaves(law)} == {np.dtype(np.float64)}


# Normal


def test_covariance_of_the_nodes():
    covariance = mean_and_covariance(Normal(covariance=CORRELATED), at_regime(0), Monomial(3))[1]
    np.testing.assert_allclose(covariance, CORRELATED, rtol=0, atol=ROUNDOFF)


@given(arrays(np.float64, (3, 2), elements=st.floats(-1, 1)))
@example(np.array([[0.0, 1.0], [0.0, 5.7e-159], [1.0, 0.0]]))  # a subnormal variance
def test_any_semi_definite_covariance(root):
    covariance = root @ root.T  # of rank two at most: singular
    factor = Normal(3, covariance=covariance).factor
    np.testing.assert_allclose(factor @ factor.T, covariance, rtol=0, atol=ROUNDOFF)


def test_one_number_correlates_all_pairs():
    covariance = mean_and_covariance(Normal(3, correlation=0.5), at_regime(0))[1]
    np.testing.assert_allclose(covariance, 0.5 * np.ones((3, 3)) + 0.5 * np.eye(3), rtol=0, atol=ROUNDOFF)


def second_moments(covariance: Any) -> jax.Array:
    shocks, weights = Normal(covariance=covariance).nodes(at_regime(0), GaussHermite(3))
    return jnp.einsum("n,ni,nj->ij", weights, shocks, shocks)


@pytest.mark.slow
def test_covariance_built_from_traced_parameters():
    def moments(sigma: jax.Array, correlation: jax.Array) -> jax.Array:
        off = sigma * 0.2 * correlation
        return second_moments([[sigma**2, off], [off, 0.04]])

    sigma, correlation = jnp.asarray(0.1), jnp.asarray(-0.4)
    expected = [[0.01, -0.008], [-0.008, 0.04]]
    np.testing.assert_allclose(jax.jit(moments)(sigma, correlation), expected, rtol=0, atol=ROUNDOFF)
    slopes = jax.jacobian(moments)(sigma, correlation)
    np.testing.assert_allclose(slopes, [[0.2, -0.08], [-0.08, 0.0]], rtol=0, atol=ROUNDOFF)


def test_traced_variance_may_be_switched_off():
    # A homotopy in the size of a shock starts at zero, where a plain Cholesky factor is not a number.
    moments = jax.jit(lambda variance: second_moments([[variance, 0.0], [0.0, 0.04]]))
    for variance in (0.0, 0.01):
        expected = np.diag([variance, 0.04])
        np.testing.assert_allclose(moments(jnp.asarray(variance)), expected, rtol=0, atol=ROUNDOFF)


def test_traced_correlation_of_unit_variances():
    law = eqx.filter_jit(lambda rho: Normal(2, correlation=rho))(jnp.asarray(0.6))
    np.testing.assert_allclose(law.factor, [[1.0, 0.0], [0.6, 0.8]], rtol=0, atol=ROUNDOFF)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Normal(covariance=[[1.0, 0.5], [0.4, 1.0]]), "symmetric"),
        (lambda: Normal(covariance=[[1.0, math.nan], [math.nan, 1.0]]), "finite"),
        (lambda: Normal(covariance=[[1.0, 2.0], [2.0, 1.0]]), "semi-definite.*eigenvalue -1;"),
        (lambda: Normal(3, correlation=-0.9), "semi-definite.*eigenvalue -0.8;"),
        (lambda: Normal(covariance=[[1.0, 2e-6], [2e-6, 1e-12]]), "1e-12.*eigenvalue -1;"),
        (lambda: Normal(covariance=[[0.0, 0.1], [0.1, 1.0]]), "eigenvalue -0.0099;"),
        (lambda: Normal(covariance=[[-1.0]]), "eigenvalue -1;"),
        (lambda: Normal(correlation=[[2.0, 0.0], [0.0, 1.0]]), "ones on the diagonal"),
        (lambda: Normal(correlation=0.5), "number of innovations"),
        (lambda: Normal(covariance=[[1.0, 0.0]]), r"square matrix and received the shape \(1, 2\)"),
        (lambda: Normal(3, covariance=CORRELATED), r"Normal\(3\) received a matrix for 2 innovations"),
        (lambda: Normal(correlation=np.eye(2), covariance=np.eye(2)), "received both"),
        (lambda: Normal(), "whole number of innovations"),
        (lambda: Normal(0), r"received 0; a model without innovations has NoShocks\(\)"),
    ],
)
def test_bad_normal(build, sentence):
    with pytest.raises(ModelError, match=sentence):
        build()


# Discrete


def test_discrete_sums_exactly_whatever_the_rule():
    law = Discrete([0.5, 1.0, 2.0], [0.25, 0.5, 0.25])
    for rule in (None, GaussHermite(9), QuasiMonteCarlo(16)):
        shocks, weights = law.nodes(at_regime(0), rule)
        np.testing.assert_array_equal(shocks, [0.5, 1.0, 2.0])
        np.testing.assert_array_equal(weights, [0.25, 0.5, 0.25])
    assert float(law.mean()) == 1.125


def test_impossible_outcome_is_never_drawn():
    law = Discrete([1.0, 2.0, 3.0, 4.0], [0.0, 0.5, 0.0, 0.5])
    draws = jax.vmap(lambda key: law.draw(key, at_regime(0)))(jax.random.split(jax.random.key(1), N_DRAWS))
    assert set(np.unique(draws)) == {2.0, 4.0}


@pytest.mark.parametrize(
    ("values", "probabilities", "sentence"),
    [
        ([1.0, 2.0], [0.5, 0.3, 0.2], r"shape \(2,\) and probabilities of shape \(3,\)"),
        ([1.0, 2.0], [0.5, 0.6], "sum 1.1"),
        ([1.0, 2.0], [1.5, -0.5], "non-negative"),
        ([1.0, 2.0], [math.nan, 1.0], "non-negative"),
    ],
)
def test_bad_discrete(values, probabilities, sentence):
    with pytest.raises(ModelError, match=sentence):
        Discrete(values, probabilities)


# Markov chains


@pytest.mark.parametrize("z", [0, 1, 2])
def test_chain_sums_its_row(z):
    shocks, weights = LAWS["chain"].nodes(at_regime(z))
    np.testing.assert_array_equal(shocks, [0, 1, 2])
    assert shocks.dtype == jnp.int32
    np.testing.assert_array_equal(weights, TRANSITION[z])


def test_chain_given_probabilities_of_today():
    s = at_regime(0)._replace(z=jnp.array([0.5, 0.25, 0.25]))
    _, weights = LAWS["chain"].nodes(s)
    np.testing.assert_allclose(weights, s.z @ TRANSITION, rtol=0, atol=ROUNDOFF)


def test_state_dependent_chain():
    law = LAWS["state-dependent chain"]
    s = at_regime(1)
    np.testing.assert_allclose(law.nodes(s)[1], rising_odds(s), rtol=0, atol=ROUNDOFF)
    rows = np.stack([rising_odds(at_regime(z)) for z in range(2)])
    np.testing.assert_allclose(law.matrix(s), rows, rtol=0, atol=ROUNDOFF)
    mixed = s._replace(z=jnp.array([0.3, 0.7]))
    np.testing.assert_allclose(law.nodes(mixed)[1], mixed.z @ rows, rtol=0, atol=ROUNDOFF)
    stationary = law.mean(mixed)
    np.testing.assert_allclose(stationary @ rows, stationary, rtol=0, atol=ROUNDOFF)
    slope = jax.grad(lambda k: law.nodes(s._replace(k=k))[1][1])(s.k)
    p = rising_odds(s)[1]
    assert float(slope) == pytest.approx(float(p * (1 - p)), abs=ROUNDOFF)


@given(arrays(np.float64, (4, 4), elements=st.floats(0.01, 1)))
def test_stationary_distribution(positive):
    matrix = positive / positive.sum(axis=1, keepdims=True)
    stationary = MarkovChain(matrix, "z").stationary()
    # The condition number of the system is at most about a hundred for entries bounded away from zero.
    np.testing.assert_allclose(stationary @ matrix, stationary, rtol=0, atol=1e-12)
    assert float(stationary.sum()) == pytest.approx(1, abs=1e-12)


def test_stationary_distribution_of_special_chains():
    periodic = MarkovChain([[0.0, 1.0], [1.0, 0.0]], "z")
    np.testing.assert_allclose(periodic.stationary(), [0.5, 0.5], rtol=0, atol=ROUNDOFF)
    absorbing = MarkovChain([[0.9, 0.1], [0.0, 1.0]], "z")
    np.testing.assert_allclose(absorbing.stationary(), [0.0, 1.0], rtol=0, atol=ROUNDOFF)
    with pytest.raises(ModelError, match="several recurrent classes"):
        MarkovChain(np.eye(2), "z").stationary()


def test_stationary_distribution_is_differentiable():
    def share(p: jax.Array) -> jax.Array:
        return MarkovChain([[1 - p, p], [0.3, 0.7]], "z").mean()[1]

    # p / (p + q) has the slope q / (p + q)^2.
    assert float(jax.grad(share)(jnp.asarray(0.2))) == pytest.approx(0.3 / 0.25, abs=1e-12)


def test_values_of_regimes():
    chain = LAWS["chain"]
    assert float(chain.value(jnp.int32(2))) == 1.2
    assert float(chain.value(jnp.array([0.5, 0.0, 0.5]))) == pytest.approx(1.05, abs=ROUNDOFF)
    table = MarkovChain(TRANSITION, "z", values=np.arange(6.0).reshape(3, 2))
    np.testing.assert_array_equal(table.value(jnp.int32(1)), [2.0, 3.0])
    np.testing.assert_array_equal(table.value(jnp.array([0.5, 0.0, 0.5])), [2.0, 3.0])


def test_a_simulated_chain_visits_regimes_as_often_as_it_should():
    chain = LAWS["chain"]

    def step(z: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        return chain.draw(key, at_regime(0)._replace(z=z)), z

    visits = jax.lax.scan(step, jnp.int32(0), jax.random.split(jax.random.key(2), N_DRAWS))[1]
    frequencies = np.bincount(visits, minlength=3) / N_DRAWS
    # Five standard errors. Persistence (second root of the transition matrix: 0.82) makes the variance of a
    # mean at most (1 + 0.82) / (1 - 0.82) < 11 times that of independent visits, which is 1/4 at most.
    np.testing.assert_allclose(frequencies, chain.mean(), rtol=0, atol=5 * 0.5 * math.sqrt(11 / N_DRAWS))


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: MarkovChain([[0.5, 0.4], [0.5, 0.5]], "z"), r"row 0 is \[0.5, 0.4\] with the sum 0.9"),
        (lambda: MarkovChain([[1.5, -0.5], [0.5, 0.5]], "z"), "non-negative"),
        (lambda: MarkovChain([[0.5, 0.5]], "z"), r"square matrix and received the shape \(1, 2\)"),
        (lambda: MarkovChain(np.eye(2), "z", values=[1.0, 2.0, 3.0]), "transition says 2, values says 3"),
        (lambda: MarkovChain(rising_odds, "z"), "none of these"),
        (lambda: MarkovChain(np.eye(2), "z").value(0), "no values to look up"),
        (
            lambda: MarkovChain(np.eye(2), "regime").nodes(at_regime(0)),
            "field regime of State.*State has k, z",
        ),
        (lambda: MarkovChain(np.eye(2), "k").nodes(at_regime(0)), "integer from 0 to 1.*float64"),
        (
            lambda: MarkovChain(rising_odds, "z", n_regimes=3).nodes(at_regime(0)),
            r"\(3,\).*returned \(2,\)",
        ),
        (lambda: MarkovChain(rising_odds, "z", n_regimes=2).mean(), "no state was given"),
    ],
)
def test_bad_chain(build, sentence):
    with pytest.raises(ModelError, match=sentence):
        build()


# Independent laws and none


def test_product_of_a_normal_and_a_chain():
    law = Independent(tfp=Normal(1), tax=MarkovChain(TRANSITION, "z"))
    assert (law.n_shocks, law.n_outcomes) == (1, 3)
    shocks, weights = law.nodes(at_regime(1), GaussHermite(5))
    assert weights.shape == (15,)
    terms = np.asarray(shocks["tfp"])[:, 0] ** 2 * (np.asarray(shocks["tax"]) == 2)
    assert np.asarray(weights) @ terms == pytest.approx(TRANSITION[1, 2], abs=ROUNDOFF)


def test_normal_members_share_one_rule():
    law = Independent(a=Normal(2), b=Independent(c=Normal(covariance=[[0.25]]), d=Discrete([1.0, 3.0], [0.5, 0.5])))
    assert len(law.nodes(at_regime(0), Monomial(3))[1]) == 6 * 2  # degree 3 for three normals, not 4 x 2 nodes
    mean, covariance = mean_and_covariance(law, at_regime(0), Monomial(3))
    np.testing.assert_allclose(mean, [0, 0, 0, 2], rtol=0, atol=ROUNDOFF)
    np.testing.assert_allclose(covariance, np.diag([1, 1, 0.25, 1]), rtol=0, atol=ROUNDOFF)


def test_members_are_ordered_by_name():
    # A dictionary that travels through jit comes back sorted; nodes and draws must not depend on that.
    one = Independent(b=Normal(1), a=Normal(covariance=[[4.0]]))
    other = eqx.filter_jit(lambda law: law)(one)
    key = jax.random.key(0)
    jax.tree.map(np.testing.assert_array_equal, one.draw(key, None), other.draw(key, None))


def test_steady_state_values():
    s = at_regime(0)
    mean = LAWS["independent"].mean()
    np.testing.assert_array_equal(mean["tfp"], [0.0, 0.0])
    np.testing.assert_allclose(mean["tax"], LAWS["chain"].mean(), rtol=0, atol=ROUNDOFF)
    for name in ("normal", "correlated", "discrete"):
        mean = mean_and_covariance(LAWS[name], s, GaussHermite(3))[0]
        np.testing.assert_allclose(LAWS[name].mean(), mean, rtol=0, atol=ROUNDOFF)


def test_no_shocks():
    shocks, weights = NoShocks().nodes(at_regime(0))
    assert shocks.shape == (1, 0) and weights.tolist() == [1.0]
    assert NoShocks().draw(jax.random.key(0), at_regime(0)).shape == NoShocks().mean().shape == (0,)


def test_bad_independent():
    with pytest.raises(ModelError, match="at least one law"):
        Independent()


def test_descriptions():
    assert LAWS["correlated"].describe() == "2 jointly normal innovations"
    assert LAWS["independent"].describe() == (
        "news: 1 independent standard normal innovation; "
        "tax: a Markov chain of 3 regimes in z, summed exactly; tfp: 2 jointly normal innovations"
    )
