"""Models that declare exchangeable members: one shared rule, what each member sees, and refused declarations."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float
from tests.economies import TwoTechnologies

import saddlepath as sp
from saddlepath.economy import economy
from saddlepath.files import any_network
from saddlepath.models.irbc import IRBC
from saddlepath.network import SharedNetwork
from saddlepath.rule import state_inputs


class ManyTechnologies(TwoTechnologies):
    """Two productivities that may be exchanged, a stock and a regime that belong to neither."""

    exchangeable = ("z",)


def test_a_row_holds_own_states_then_common_ones():
    eco = economy(ManyTechnologies())
    s = eco.states.unflatten(jnp.asarray([5.0, 0.1, 0.2, 1.0]))
    rows = state_inputs(eco.model, s, jnp.asarray([3.0, 1.0, 2.0]), eco.states)
    np.testing.assert_array_equal(rows, [[1.0, 3.0, 0.0, 1.0], [2.0, 3.0, 0.0, 1.0]])


def test_without_a_declaration_states_are_one_vector():
    eco = economy(TwoTechnologies())
    s = eco.states.unflatten(jnp.asarray([5.0, 0.1, 0.2, 0.0]))
    inputs = state_inputs(eco.model, s, jnp.asarray([3.0, 1.0, 2.0]), eco.states)
    np.testing.assert_array_equal(inputs, [3.0, 1.0, 2.0, 1.0, 0.0])


def test_number_of_weights_does_not_depend_on_the_number_of_members():
    networks = [any_network(sp.Network(width=4), economy(IRBC(countries=n))) for n in (2, 7)]
    assert all(isinstance(network, SharedNetwork) for network in networks)
    sizes = [sum(w.size for w in network.item.weights) for network in networks if isinstance(network, SharedNetwork)]
    assert sizes[0] == sizes[1]


class Misspelt(IRBC):
    exchangeable = ("k", "zz")


class Unequal(TwoTechnologies):
    exchangeable = ("z", "k")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Misspelt(), "Misspelt.exchangeable names 'zz', which is no field of State; did you mean z"),
        (Unequal(), r"Unequal.exchangeable needs fields with one entry per member.*k of shape \(\)"),
    ],
)
def test_declarations_that_do_not_fit_are_refused(model, message):
    with pytest.raises(sp.ModelError, match=message):
        economy(model)


def test_a_group_without_policies_is_refused():
    with pytest.raises(sp.ModelError, match="shared by 2 members, but no field of Policy"):
        any_network(sp.Network(width=4), economy(ManyTechnologies()))


class Firms(sp.Model):
    """Three owners of three firms with full depreciation and log utility, each on its own, productivity in common."""

    taste: float = 0.0  # how much less patient each owner is than the one before [1/period]
    luck: float = 0.0  # how much larger the shocks of each firm are than those of the one before [-]
    weights: float = 0.0  # how much more each firm counts in the common productivity than the one before [-]

    class State(NamedTuple):
        k: Float[Array, "3"]
        z: sp.Scalar

    class Policy(NamedTuple):
        saving: Float[Array, "3"]

    exchangeable = ("k",)

    def state_range(self):
        return self.State(k=sp.Positive((3,)), z=sp.Real())

    def policy_range(self):
        return self.Policy(saving=sp.Unit((3,)))

    def shocks(self):
        return sp.Normal(4)

    def output(self, s):
        return jnp.exp(s.z) * s.k**0.36

    def transition(self, s, x, shock):
        number = jnp.arange(3.0)
        noise = jnp.exp(0.1 * (1 + self.luck * number) * shock[:3])
        drift = 0.01 * jnp.mean((1 + self.weights * number) * jnp.log(s.k / 0.2))
        return self.State(k=x.saving * self.output(s) * noise, z=0.9 * s.z + drift + 0.04 * shock[3])

    def residuals(self, s, x, E):
        beta = 0.96 - self.taste * jnp.arange(3.0)
        owed = lambda s1, x1: 0.36 / (1 - x1.saving)
        return {"euler": beta * (1 - x.saving) / x.saving * E(owed) - 1}


def relabelling(model):
    return [finding.message for finding in sp.check(model).findings if "exchangeable group" in finding.message]


@pytest.mark.slow
def test_members_that_may_trade_places_pass():
    assert relabelling(Firms()) == []


@pytest.mark.slow
def test_countries_whose_tastes_matter_through_a_common_price_pass():
    assert relabelling(IRBC(countries=3)) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "what"),
    [
        (Firms(taste=0.01), "the equation euler"),
        (Firms(luck=0.1), "the transition of k"),
        (Firms(weights=0.1), "the transition of z"),
    ],
)
def test_members_that_differ_are_named(model, what):
    (message,) = relabelling(model)
    assert message.startswith(f"{what} is not the same for every member of the exchangeable group (k): it changes when")
    assert not sp.check(model).passed


class Described(Firms):
    """Owners who differ, and a rule that is told so."""

    def features(self, s):
        common = jnp.broadcast_to(s.z, (3,))
        return jnp.stack([jnp.log(s.k), common, jnp.arange(3.0)], axis=1)


def test_features_may_tell_members_apart():
    assert relabelling(Described(taste=0.01)) == []
