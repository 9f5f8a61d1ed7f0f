"""What features and complete share of a state is found once, and means the same to both."""

import operator
from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.economies import FullDepreciation

import saddlepath as sp
from saddlepath.economy import economy
from saddlepath.solvers.start import initial_rule

found: list[str] = []
"""One entry for every time that the harvest is traced."""


class Harvest(FullDepreciation):
    """Full depreciation; what is harvested is seen by the network, and consumed but for what is saved."""

    class Policy(NamedTuple):
        saving: Annotated[sp.Scalar, sp.label("share of output saved")]
        eaten: Annotated[sp.Scalar, sp.label("consumption", "goods")]

    def policy_range(self):
        return self.Policy(saving=sp.Unit(), eaten=sp.Completed())

    def known(self, s):
        found.append("harvest")
        return sp.Known(s, harvest=self.output(s))

    def features(self, s):
        return jnp.stack([jnp.log(s.harvest), s.z])

    def complete(self, s, x):
        return x._replace(eaten=(1 - x.saving) * s.harvest)

    def exact(self, s: Any) -> None:
        return None


def test_it_is_found_once_for_network_and_algebra() -> None:
    with jax.enable_x64(True):
        eco = economy(Harvest())
        rule, _ = initial_rule(eco, sp.Network(width=4), "steady", 0)
        s = Harvest.State(k=jnp.asarray(0.3), z=jnp.asarray(0.1))
        found.clear()
        x = jax.jit(lambda y: rule(eco, eco.model, y))(eco.states.flatten(s, "here"))
        assert found == ["harvest"]
        assert float(x.eaten) == pytest.approx(float((1 - x.saving) * Harvest().output(s)), rel=1e-14)
        centre, scale = rule.frame.feature_centre, rule.frame.feature_scale
        assert centre.shape == (2,) and bool(jnp.all(scale > 0))


def test_a_model_that_knows_more_is_solved() -> None:
    """To the closed form's share; the tolerance is that of the solver."""
    solution = sp.solve(Harvest(), network=sp.Network(width=8), steps=400, every=50, tol=1e-5)
    assert solution.outcome is sp.Outcome.CONVERGED
    data = sp.simulate(solution, periods=20, paths=4, seed=0)
    np.testing.assert_allclose(data["saving"].values, 0.36 * 0.96, rtol=1e-4)


def test_an_unknown_name_is_an_attribute_error_of_the_state() -> None:
    known = sp.Known(Harvest.State(k=jnp.asarray(1.0), z=jnp.asarray(0.0)), harvest=2.0)
    assert (known.k, known.z, known.harvest) == (1.0, 0.0, 2.0)
    with pytest.raises(AttributeError, match="crop"):
        operator.attrgetter("crop")(known)
