"""Derived conditions against hand-written twins in the same controls, and against what theory says.

Problem and twin are evaluated at random states under a smooth rule that has nothing to do with a solution, so
that no condition holds and every term counts. Tolerance of equality: 1e-10, for roundoff of derivatives.
"""

import json
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests import planners
from tests.cases import mostly_slow

import saddlepath as sp
from saddlepath.derived import as_written
from saddlepath.economy import economy, policy_from_coordinates, state_features
from saddlepath.errors import ModelError
from saddlepath.model import Model, labels
from saddlepath.rule import DecisionRule

EXACT = 1e-10
REFERENCE = json.loads((Path(__file__).parent / "referee" / "growth_reference.json").read_text())


class Waves(DecisionRule):
    """A smooth rule without meaning, inside the ranges of the policy: waves around a centre."""

    centre: np.ndarray

    def __call__(self, eco, model, y):
        s = eco.states.unflatten(y[: eco.states.size])
        features = state_features(model, s, eco.states)
        slopes = np.random.default_rng(1).normal(size=(eco.policies.size, features.size))
        coordinates = jnp.asarray(self.centre) + 0.05 * jnp.sin(slopes @ features)
        return policy_from_coordinates(model, coordinates, eco.policies)


def residuals(model: Model, states: np.ndarray, centre: list[float], **how) -> dict[str, np.ndarray]:
    """Named residuals at several points under `Waves`, each with a leading axis."""
    eco, rule = economy(model, **how), Waves(np.asarray(centre))
    return jax.jit(jax.vmap(lambda y: eco.named_residuals(rule, y)))(jnp.asarray(states))


def around(centre: list[float], spread: list[float]) -> np.ndarray:
    """Twenty random states."""
    draws = np.random.default_rng(2).uniform(-1, 1, (20, len(centre)))
    return np.asarray(centre) + np.asarray(spread) * draws


GROWTH = around([6.0, 0.0], [4.0, 0.1])
COUNTRIES = around([1.0, 1.0, 0.0, 0.0], [0.05, 0.05, 0.1, 0.1])  # consumption is positive
CASES = {
    "growth": (planners.GrowthProblem(), planners.GrowthTwin(), GROWTH, [-0.7]),
    "full_depreciation": (planners.GrowthProblem(delta=1.0), planners.GrowthTwin(delta=1.0), GROWTH, [0.3]),
    "regimes": (
        planners.RegimeProblem(), planners.RegimeTwin(),
        np.column_stack([np.linspace(3, 9, 21), np.arange(21) % 3]), [-0.7],
    ),
    "labour": (planners.LabourProblem(), planners.LabourTwin(), GROWTH[GROWTH[:, 0] > 4], [-0.1, 1.6]),
    "cap": (planners.CapProblem(), planners.CapTwin(), GROWTH[GROWTH[:, 0] > 4], [-0.1, 1.6, -1.0]),
    "irreversible": (planners.IrreversibleProblem(), planners.IrreversibleTwin(), GROWTH, [-2.0, -1.0]),
    "two_countries": (
        planners.TwoCountriesProblem(), planners.TwoCountriesTwin(), COUNTRIES, [-0.12, -0.1, 0.2],
    ),
    "two_irreversible": (
        planners.TwoIrreversibleProblem(), planners.TwoIrreversibleTwin(), COUNTRIES,
        [-0.12, -0.1, 0.2, -1.0, -2.0],
    ),
    "capital_quality": (planners.QualityProblem(), planners.QualityTwin(), GROWTH, [-0.7, 0.4]),
}  # fmt: skip


ONE_OF_EACH_KIND = ("growth", "regimes", "irreversible")


@pytest.mark.parametrize("case", mostly_slow(CASES, ONE_OF_EACH_KIND))
def test_derived_conditions_equal_their_hand_written_twin(case: str) -> None:
    problem, twin, states, centre = CASES[case]
    derived, by_hand = residuals(problem, states, centre), residuals(twin, states, centre)
    assert list(derived) == list(by_hand)
    for name, values in derived.items():
        assert np.max(np.abs(values)) > 1e-3, f"{name} nearly holds, so that nothing is compared"
        np.testing.assert_allclose(values, by_hand[name], rtol=0, atol=EXACT, err_msg=name)


def test_parameters_of_a_problem_can_be_pseudo_states() -> None:
    how = {"over": sp.Box(beta=(0.9, 0.99), alpha=(0.3, 0.4))}
    points = np.column_stack([GROWTH, np.linspace(0.9, 0.99, 20), np.linspace(0.4, 0.3, 20)])
    derived = residuals(planners.GrowthProblem(), points, [-0.7], **how)
    by_hand = residuals(planners.GrowthTwin(), points, [-0.7], **how)
    np.testing.assert_allclose(derived["euler_k"], by_hand["euler_k"], rtol=0, atol=EXACT)


@pytest.mark.slow
def test_steady_states_of_problems() -> None:
    """The capped steady state of the referee; a chain at its mean, one."""
    capped = sp.steady_state(planners.CapProblem(theta=1.0, cap=0.975))
    reference = REFERENCE["labour_cap_0.975"]["steady_state"]
    assert float(capped.state.k) == pytest.approx(reference["k"], rel=1e-7)
    assert float(capped.policy.labour) == pytest.approx(reference["labour"], abs=1e-7)
    regimes = sp.steady_state(planners.RegimeProblem())
    reference = REFERENCE["partial_depreciation"]["steady_state"]
    assert float(regimes.state.k) == pytest.approx(reference["k"], rel=1e-7)


@pytest.mark.slow
def test_costates_and_euler_equation_give_one_rule() -> None:
    """Without quality shocks both forms describe one economy; the form must not depend on the calibration."""
    euler, costate = sp.linearise(planners.GrowthProblem()), sp.linearise(planners.QualityProblem(omega=0.0))
    assert costate.steady.policy._fields == ("saving", "costate_k")
    np.testing.assert_allclose(costate.steady.policy.saving, euler.steady.policy.saving, atol=1e-9)
    np.testing.assert_allclose(costate.slopes[0], euler.slopes[0], atol=1e-6)


@pytest.mark.slow
def test_a_state_without_a_control_of_its_own_has_a_costate() -> None:
    model = planners.Habit()
    steady = sp.steady_state(model)
    golden = ((1 / model.beta - 1 + model.delta) / model.alpha) ** (1 / (model.alpha - 1))
    assert float(steady.state.k) == pytest.approx(golden, rel=1e-8)
    assert float(steady.policy.costate_habit) < 0 < float(steady.policy.costate_k)


class Samuelson(DecisionRule):
    """Closed form of `Portfolio`; the costate is `1 / ((1 - beta) w)` over marginal utility of the share."""

    risky: float

    def __call__(self, eco, model, y):
        return eco.policies.point(1 - model.discount, jnp.asarray(self.risky), 1 / y[0])


@pytest.mark.slow
def test_portfolio_choice_has_its_closed_form() -> None:
    model = planners.Portfolio()
    eco = economy(model)
    shocks, weights = model.shocks().nodes(None, eco.quadrature)
    excess = np.asarray(jax.vmap(model.excess)(jnp.asarray(shocks)))
    low, high = 0.0, 2.0
    for _ in range(60):  # bisection: the expected marginal gain of risk falls with risk
        risky = (low + high) / 2
        low, high = (risky, high) if weights @ (excess / (model.safe + risky * excess)) > 0 else (low, risky)
    for name, value in eco.named_residuals(Samuelson(low), jnp.asarray([3.0])).items():
        assert abs(value) < 1e-12, name


def test_added_policies_are_named_labelled_and_bounded() -> None:
    model = economy(planners.TwoIrreversibleProblem()).model
    assert type(model).__name__ == "TwoIrreversibleProblem"
    assert model.Policy._fields == ("k_next", "share", "multiplier_irreversible")
    described = labels(model.Policy)["multiplier_irreversible"].name
    assert described == "multiplier of irreversible, over marginal utility"
    added = model.policy_range().multiplier_irreversible
    assert isinstance(added, sp.NonNegative) and added.shape == (2,)
    one_country = economy(planners.IrreversibleProblem()).model
    assert labels(one_country.Policy)["saving"].name == "share of output saved"


def test_a_problem_without_constraints_keeps_its_policy() -> None:
    model = economy(planners.GrowthProblem()).model
    assert model.Policy is planners.GrowthProblem.Policy


def test_the_author_finds_the_model_as_written() -> None:
    problem = planners.GrowthProblem(beta=0.95)
    model = economy(problem).model
    assert type(as_written(model)) is planners.GrowthProblem and as_written(problem) is problem
    assert float(model.beta) == 0.95 and float(model.replace(beta=0.9).beta) == 0.9
    s, x = model.State(jnp.asarray(4.0), jnp.asarray(0.0)), model.Policy(jnp.asarray(0.3))
    assert float(model.definitions(s, x)["output"]) == pytest.approx(4.0**0.36)
    with pytest.raises(AttributeError, match="GrowthProblem"):
        _ = model.betta


def test_one_problem_is_one_structure_whatever_its_parameters() -> None:
    """Classes and layouts agree between calls, so that compiled functions are used again."""
    one, other = economy(planners.CapProblem()), economy(planners.CapProblem(beta=0.95))
    assert jax.tree.structure(one) == jax.tree.structure(other)
    assert one.policies == other.policies


def _with(base: type[Model], **methods) -> Model:
    return type(base)("Faulty", (base,), {"__module__": __name__, **methods})()


class Undiscounted(sp.Model):
    class State(NamedTuple):
        k: sp.Scalar

    class Policy(NamedTuple):
        c: sp.Scalar

    def period_return(self, s, x):
        return jnp.log(x.c)

    def transition(self, s, x, shock):
        return self.State(s.k - x.c)


PROBLEM = planners.IrreversibleProblem
WRONG = {
    "no discount": (Undiscounted, {}, "no discount factor"),
    "two discounts": (PROBLEM, {"discount": property(lambda self: jnp.ones(2))}, "discount must be one"),
    "vector return": (
        PROBLEM, {"period_return": lambda self, s, x: jnp.ones(3) * x.saving},
        r"period_return\(s, x\) must return one number",
    ),
    "unnamed slack": (PROBLEM, {"constraints": lambda self, s, x: x.saving}, "must return slacks by name"),
    "odd name": (PROBLEM, {"constraints": lambda self, s, x: {"i >= 0": x.saving}}, "constraint 'i >= 0'"),
    "both": (PROBLEM, {"residuals": lambda self, s, x, E: {}}, "gives both residuals"),
    "completed": (PROBLEM, {"complete": lambda self, s, x: x}, "free choice"),
    "moves nothing": (PROBLEM, {"transition": lambda self, s, x, shock: s}, "no policy moves any state"),
    "no marginal utility": (
        planners.QualityProblem, {"period_return": lambda self, s, x: s.k}, "no marginal utility",
    ),
    "not finite": (
        PROBLEM, {"transition": lambda self, s, x, shock: s._replace(k=jnp.log(-x.saving))}, "is not finite",
    ),
    "wrong state": (PROBLEM, {"transition": lambda self, s, x, shock: s.k}, "must return a State"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_faulty_problem_is_answered_with_a_sentence(case: str) -> None:
    base, methods, message = WRONG[case]
    with pytest.raises(ModelError, match=message):
        economy(_with(base, **methods))


def test_names_of_multipliers_are_reserved() -> None:
    class Taken(planners.IrreversibleProblem):
        class Policy(NamedTuple):
            saving: sp.Scalar
            multiplier_irreversible: sp.Scalar

        def policy_range(self):
            return self.Policy(sp.Unit(), sp.Real())

    with pytest.raises(ModelError, match="add themselves"):
        economy(Taken())


def gaps(solution: sp.Solution, rows: list[dict]) -> list[float]:
    """Distance of capital tomorrow to the referee's, relative."""
    model, found = solution.model, []
    for row in rows:
        s = model.State(k=row["k"], z=row["log_z"])
        after = model.transition(s, solution(s), np.zeros(1)).k
        found.append(abs(float(after) / row["k_next"] - 1))
    return found


@pytest.mark.slow
def test_solve_takes_a_problem_like_any_model(tmp_path: Path) -> None:
    """The referee's rule of growth with partial depreciation; saved and loaded by the author's class."""
    solution = sp.solve(planners.GrowthProblem(), tol=1e-5, seconds=60.0)
    assert solution.outcome.converged and type(solution.model) is planners.GrowthProblem
    rows = [row for row in REFERENCE["partial_depreciation"]["rows"] if 4 <= row["k"] <= 8]
    assert max(gaps(solution, rows)) < 1e-4  # ten times tol: some rows are at the edge of the ergodic set
    solution.save(tmp_path / "growth.spl")
    again = sp.load(tmp_path / "growth.spl", planners.GrowthProblem)
    assert again(k=5.0, z=0.1) == solution(k=5.0, z=0.1)


@pytest.mark.slow
def test_two_countries_have_their_steady_state_and_saddle_path() -> None:
    """Capital of one by the choice of scale; the slowest root moves wealth, or productivity with 0.95."""
    linear = sp.linearise(planners.TwoCountriesProblem())
    np.testing.assert_allclose(linear.steady.state.k, 1.0, atol=1e-8)
    by_hand = sp.linearise(planners.TwoCountriesTwin())
    np.testing.assert_allclose(linear.slopes, by_hand.slopes, atol=1e-6)
    assert 0.95 <= linear.spectral_radius < 1


@pytest.mark.slow
def test_irreversible_investment_by_homotopy() -> None:
    """With the full shock at once the rule may settle at far too much capital, where it never binds."""
    problem = planners.IrreversibleProblem()
    solution = sp.solve(problem, tol=1e-4, homotopy=sp.Homotopy(sigma=(0.03, 0.06, 0.10)))
    assert max(gaps(solution, REFERENCE["irreversible"]["rows"])) < 3e-3  # at a kink, 2.5 s.d. from the mean
    for row in REFERENCE["irreversible"]["rows"]:
        found = solution(k=row["k"], z=row["log_z"])
        multiplier = float(found.multiplier_irreversible) / row["c"]
        assert multiplier == pytest.approx(row["multiplier"], abs=1e-2)  # typically 0.1
