"""Euler errors of rules whose errors are known: zero for the closed form, a formula for a wrong saving rate.

With full depreciation and a constant saving rate s the Euler residual is `alpha beta / s - 1` at every state.
"""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.economies import FullDepreciation, TwoTechnologies, exact_family, exact_solution

import saddlepath as sp
from saddlepath.accuracy import assess, rule_distance, tested
from saddlepath.rule import DecisionRule, ExactRule
from saddlepath.verification import FRESH, fresh_points

SMALL = sp.TestPaths(paths=16, burn_in=20, dates=5, repeats=2)


class Wrong(DecisionRule):
    """The closed form with every policy multiplied."""

    factor: float

    def __call__(self, eco: Any, model: sp.Model, y: Any) -> Any:
        x = ExactRule()(eco, model, y)
        return x._replace(saving=self.factor * x.saving)


@pytest.fixture(scope="module")
def exact() -> sp.Solution:
    return exact_solution(FullDepreciation)


def wrong(exact: sp.Solution, factor: float) -> sp.Solution:
    return dataclasses.replace(exact, rule=Wrong(factor))


@pytest.mark.parametrize("model", [FullDepreciation, pytest.param(TwoTechnologies, marks=pytest.mark.slow)])
def test_the_exact_rule_has_no_error(model: type[sp.Model]) -> None:
    solution = exact_solution(model)
    errors = sp.euler_errors(solution)
    assert errors.accuracy.n_states >= 10_000
    assert errors.accuracy.max < 1e-12
    assert sp.certificate(solution, test=SMALL).max < 1e-12


def test_the_error_of_a_wrong_saving_rate(exact: sp.Solution) -> None:
    errors = sp.euler_errors(wrong(exact, 1.001), test=SMALL)
    np.testing.assert_allclose(errors["euler"], 1 / 1.001 - 1, rtol=1e-11)
    assert errors.accuracy.mean == pytest.approx(1 - 1 / 1.001, rel=1e-11)
    assert list(errors) == ["euler"] and len(errors) == 1
    assert errors.states.k.shape == errors["euler"].shape == (160,)
    np.testing.assert_array_equal(errors.worst(), np.abs(errors["euler"]))


def test_at_given_states(exact: sp.Solution) -> None:
    rule = wrong(exact, 0.5)
    batch = sp.euler_errors(rule, FullDepreciation.State(k=np.array([0.1, 0.2, 0.3]), z=np.zeros(3)))
    np.testing.assert_allclose(batch["euler"], 1.0, rtol=1e-12)
    assert batch.accuracy.where == "given states"
    single = sp.euler_errors(rule, FullDepreciation.State(k=0.1, z=0.0))
    assert single["euler"].shape == (1,)


class Jensen(sp.Model):
    """One equation with a known expectation, `E exp(z') = exp(rho z + sigma^2 / 2)`."""

    sigma: float = 0.3
    rho: float = 0.5

    class State(NamedTuple):
        z: sp.Scalar

    class Policy(NamedTuple):
        price: sp.Scalar

    def shocks(self):
        return sp.Normal(1)

    def transition(self, s, x, shock):
        return self.State(z=self.rho * s.z + self.sigma * shock[0])

    def residuals(self, s, x, E):
        return {"price": E(lambda s1, x1: jnp.exp(s1.z)) / x.price - 1}

    def exact(self, s):
        return self.Policy(price=jnp.exp(self.rho * s.z + self.sigma**2 / 2))


def test_errors_are_conditional_expectations_with_the_whole_variance() -> None:
    """One draw instead of the expectation would show errors of sigma, a halved variance of sigma^2 / 4."""
    solution = sp.closed_form(Jensen())
    assert sp.euler_errors(solution, test=SMALL).accuracy.max < 1e-12
    # two nodes, +1 and -1, give cosh(sigma) in place of exp(sigma^2 / 2)
    coarse = sp.euler_errors(solution, quadrature=sp.GaussHermite(2), test=SMALL)
    np.testing.assert_allclose(coarse["price"], np.cosh(0.3) / np.exp(0.3**2 / 2) - 1, rtol=1e-9)


@pytest.mark.slow
def test_a_family_is_tested_over_its_box() -> None:
    family = exact_family()
    assert sp.euler_errors(family, test=SMALL).accuracy.max < 1e-12
    points, _ = fresh_points(family, SMALL, 0)
    assert np.ptp(points[:, 2]) > 0.05 and np.ptp(points[:, 3]) > 0.03  # one calibration per path
    with pytest.raises(sp.ConfigError, match="choose a calibration first"):
        sp.euler_errors(family, FullDepreciation.State(k=0.1, z=0.0))
    assert sp.euler_errors(family.at(alpha=0.31, beta=0.95), test=SMALL).accuracy.max < 1e-12


def test_states_outside_the_box_of_training_are_counted(exact: sp.Solution) -> None:
    eco, rule = tested(exact.economy), exact.rule
    middle = float(np.median(sp.euler_errors(exact, test=SMALL).states.k))
    keys = list(jax.random.split(jax.random.fold_in(jax.random.key(0), FRESH), SMALL.repeats))  # the same states
    for box, share in ((sp.Box(k=(0.0, 10.0)), 0.0), (sp.Box(k=(middle, 10.0)), 0.5)):
        found = assess(eco, rule, exact.cloud, keys, SMALL, {"euler": ()}, box)
        assert found.boundary["outside the sampling box"] == share
        assert found.boundary["at a bound of the range of saving"] == 0.0
    assert found.binding == {}


def test_the_distance_of_two_rules_is_relative_to_their_size(exact: sp.Solution) -> None:
    points = jnp.asarray(fresh_points(exact, SMALL, 0)[0])
    found = rule_distance(exact.economy, exact.rule, Wrong(1.001), points)
    assert found == pytest.approx(1e-3, rel=1e-11)  # roundoff of a difference of two numbers near 0.35
    assert rule_distance(exact.economy, exact.rule, exact.rule, points) == 0.0


def test_seeds_give_fresh_states(exact: sp.Solution) -> None:
    first, second = (sp.euler_errors(exact, test=SMALL, seed=seed).states.k for seed in (0, 1))
    again = sp.euler_errors(exact, test=SMALL, seed=0).states.k
    np.testing.assert_array_equal(first, again)
    assert not np.intersect1d(first, second).size


def test_a_residual_that_is_not_finite_names_equation_and_state(exact: sp.Solution) -> None:
    states = FullDepreciation.State(k=np.array([0.1, -0.2]), z=np.zeros(2))
    with pytest.raises(sp.ModelError, match=r"the equation euler is not finite at k = -0.2, z = 0.0"):
        sp.euler_errors(exact, states)


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ((0.1, 0.0), "fields k, z"),
        (FullDepreciation.State(k=np.ones(3), z=np.ones(2)), "same leading axis"),
    ],
)
def test_states_that_do_not_fit(exact: sp.Solution, at: Any, message: str) -> None:
    with pytest.raises(sp.ConfigError, match=message):
        sp.euler_errors(exact, at)


def test_printed_it_is_a_table(exact: sp.Solution) -> None:
    errors = sp.euler_errors(wrong(exact, 1.01), test=SMALL)
    assert "euler" in str(errors) and "log10" in str(errors) and "160 states" in str(errors)
    assert "<table>" in errors._repr_html_()
