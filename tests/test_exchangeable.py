"""Models that declare exchangeable members: one shared rule, what each member sees, and refused declarations."""

import jax.numpy as jnp
import numpy as np
import pytest
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
