"""Constraints are found in the equations, today's alone; they bind where the slack is below the multiplier."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float
from tests.planners import IrreversibleProblem

import saddlepath as sp
from saddlepath.binding import watched_residuals
from saddlepath.economy import Economy, economy
from saddlepath.rule import DecisionRule


class Limits(sp.Model):
    """One policy that may not be negative, two fees that are paid at limits, and a third limit in the future only."""

    class State(NamedTuple):
        z: sp.Scalar

    class Policy(NamedTuple):
        free: sp.Scalar
        held: sp.Scalar
        fee: Float[Array, "2"]

    def policy_range(self):
        return self.Policy(free=sp.Real(), held=sp.Completed(), fee=sp.NonNegative((2,)))

    def shocks(self):
        return sp.Normal(1)

    def complete(self, s, x):
        return x._replace(held=sp.split(x.free)[0])

    def transition(self, s, x, shock):
        return self.State(z=0.5 * s.z + 0.1 * shock[0])

    def residuals(self, s, x, E):
        later = E(lambda s1, x1: sp.fischer_burmeister(s1.z, x1.held))
        low, high = sp.fischer_burmeister(s.z, x.fee[0]), sp.fischer_burmeister(1.0 - s.z, x.fee[1])
        limits = jnp.stack([s.z, 1.0 - s.z])
        return {"free": later - x.free, "fees": sp.fischer_burmeister(limits, x.fee), "sum": low + high}


class Plain(DecisionRule):
    """`free = z - 0.2` and fees of a half."""

    def __call__(self, eco: Economy, model: Any, y: Array) -> Any:
        s = eco.states.unflatten(y)
        half = jnp.asarray([0.5, 0.5])
        return model.complete(s, model.Policy(free=s.z - 0.2, held=jnp.asarray(0.0), fee=half))


@pytest.mark.parametrize(
    ("z", "held", "fees"), [(0.1, True, [True, False]), (0.45, False, [True, False]), (0.7, False, [False, True])]
)
def test_a_constraint_binds_where_its_slack_is_below_its_multiplier(z: float, held: bool, fees: list[bool]) -> None:
    eco, y = economy(Limits()), jnp.asarray([z])
    residuals, x, binding = jax.jit(lambda point: watched_residuals(eco, Plain(), point))(y)
    np.testing.assert_array_equal(residuals, eco.residuals(Plain(), y))
    assert float(x.free) == z - 0.2
    found = {name: np.asarray(value).tolist() for name, value in binding.items()}
    assert found == {"held": held, "sum": fees[0], "sum (2)": fees[1], "fees": fees}


def test_the_constraints_of_a_planner_have_names() -> None:
    eco = economy(IrreversibleProblem())

    class Middle(DecisionRule):
        def __call__(self, eco: Economy, model: Any, y: Array) -> Any:
            return model.Policy(*(jnp.asarray(r.default()) for r in model.policy_range()))

    shapes = jax.eval_shape(lambda y: watched_residuals(eco, Middle(), y)[2], jnp.ones(eco.n_points))
    assert {name: (value.shape, value.dtype) for name, value in shapes.items()} == {
        "complementarity_irreversible": ((), np.dtype(bool))
    }


def test_bounds_that_can_be_in_the_way() -> None:
    values = jnp.asarray([0.0, 5e-5, 0.5, 1.0])
    assert np.asarray(sp.Unit().at_bound(values)).tolist() == [True, True, False, True]
    assert np.asarray(sp.Interval(-1.0, 1.0).at_bound(values)).tolist() == [False, False, False, True]
    assert np.asarray(sp.Simplex(4).at_bound(values)).tolist() == [True, True, False, False]
    assert sp.NonNegative().at_bound(values) is None and sp.Positive().at_bound(values) is None
