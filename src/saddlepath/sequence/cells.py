"""One step of a recurrent network: the plain cell, the gated recurrent unit, and long short-term memory.

Weights stand in the order of PyTorch's layers, gates one below the other: i, f, g, o of the LSTM, r, z, n of the GRU.
What the inputs contribute depends on no state and is computed for all dates at once, by `project`.

References:
    Elman (1990, Cognitive Science); Hochreiter and Schmidhuber (1997, Neural Computation); Gers, Schmidhuber and
    Cummins (2000, Neural Computation), the forget gate; Cho et al. (2014, EMNLP), the gated recurrent unit; Jozefowicz,
    Zaremba and Sutskever (2015, ICML), a forget bias of one.
"""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

FORGET_BIAS = 1.0
"""Added to the first bias of the forget gate: a cell that has learned nothing yet remembers [-]."""
State = tuple[Float[Array, " hidden"], ...]


class Cell(eqx.Module):
    """Weights of a cell; what it does with them is up to its kind.

    Attributes:
        from_input: `[gates * hidden, n_inputs]`.
        from_state: `[gates * hidden, hidden]`.
        bias: `[gates * hidden]`.
    """

    from_input: Float[Array, "gated n_inputs"]
    from_state: Float[Array, "gated hidden"]
    bias: Float[Array, " gated"]

    def __init__(self, gates: int, inputs: int, hidden: int, *, key: PRNGKeyArray):
        """First weights are uniform on +-1 / sqrt(hidden).

        Args:
            gates: Sums per unit.
            inputs: Inputs per date.
            hidden: Units.
            key: Of the draws.
        """
        rows = gates * hidden
        one, two, three = jax.random.split(key, 3)
        bound = hidden**-0.5
        uniform = lambda key, shape: jax.random.uniform(key, shape, minval=-bound, maxval=bound)
        self.from_input, self.from_state = uniform(one, (rows, inputs)), uniform(two, (rows, hidden))
        self.bias = uniform(three, (rows,))

    def project(self, x: Float[Array, "time n_inputs"]) -> Float[Array, "time gated"]:
        """What the inputs contribute at every date."""
        return x @ self.from_input.T + self.bias[None, :]

    def start(self) -> State:
        """The state before the first date."""
        return (jnp.zeros(self.from_state.shape[1], self.from_state.dtype),)

    @abc.abstractmethod
    def step(self, projected: Float[Array, " gated"], state: State) -> State:
        """The next state; its first part is the output."""


class RNNCell(Cell):
    """h' = tanh(W_x x + W_h h + b)."""

    def __init__(self, inputs: int, hidden: int, *, key: PRNGKeyArray):
        """One sum per unit."""
        super().__init__(1, inputs, hidden, key=key)

    def step(self, projected: Float[Array, " gated"], state: State) -> State:
        """The next state (h,)."""
        return (jnp.tanh(projected + state[0] @ self.from_state.T),)


class GRUCell(Cell):
    """h' = (1 - z) n + z h with gates r and z and the candidate n = tanh(W_x x + b + r (W_h h + d)).

    Attributes:
        bias_state: The second bias d of the candidate `[hidden]`.
    """

    bias_state: Float[Array, " hidden"]

    def __init__(self, inputs: int, hidden: int, *, key: PRNGKeyArray):
        """Three sums per unit; the second bias starts at zero."""
        super().__init__(3, inputs, hidden, key=key)
        self.bias_state = jnp.zeros(hidden)

    def step(self, projected: Float[Array, " gated"], state: State) -> State:
        """The next state (h,)."""
        (h,) = state
        r, z, n = jnp.split(projected, 3)
        from_r, from_z, from_n = jnp.split(h @ self.from_state.T, 3)
        candidate = jnp.tanh(n + jax.nn.sigmoid(r + from_r) * (from_n + self.bias_state))
        return (candidate + jax.nn.sigmoid(z + from_z) * (h - candidate),)


class LSTMCell(Cell):
    """c' = f c + i g and h' = o tanh(c') with gates i, f, o and the candidate g, all of inputs and h."""

    def __init__(self, inputs: int, hidden: int, *, key: PRNGKeyArray):
        """Four sums per unit, the bias of the forget gate raised by one."""
        super().__init__(4, inputs, hidden, key=key)
        self.bias = self.bias.at[hidden : 2 * hidden].add(FORGET_BIAS)

    def start(self) -> State:
        """Zeros (h, c)."""
        return super().start() * 2

    def step(self, projected: Float[Array, " gated"], state: State) -> State:
        """The next state (h, c)."""
        h, c = state
        # sigmoid(z) = (1 + tanh(z / 2)) / 2: one call of tanh for all gates halves the time of a step.
        half = jnp.repeat(jnp.asarray([0.5, 0.5, 1.0, 0.5], h.dtype), len(h))
        i, f, g, o = jnp.split(jnp.tanh(half * (projected + h @ self.from_state.T)), 4)
        c = (0.5 + 0.5 * f) * c + (0.5 + 0.5 * i) * g
        return (0.5 + 0.5 * o) * jnp.tanh(c), c
