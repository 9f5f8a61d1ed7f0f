"""Recurrent networks: cells along time, in one or several layers, in one or both directions.

A date whose mask is False changes nothing: the state is carried over it, so that sequences of different lengths can be
filled up at either end, and the last output is that of the last date that counts.
"""

import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from saddlepath.errors import ConfigError
from saddlepath.sequence.cells import Cell, GRUCell, LSTMCell, RNNCell, State


class Recurrent(eqx.Module):
    """What the three networks share; use `RNN`, `GRU` or `LSTM`.

    Attributes:
        forward: Cells, one per layer.
        backward: Cells that read from the end, one per layer; none in one direction.
        dropout: Share of outputs switched off between layers in training. [-]
    """

    forward: tuple[Cell, ...]
    backward: tuple[Cell, ...]
    dropout: float = eqx.field(static=True)

    def __init__(
        self,
        kind: Callable[..., Cell],
        inputs: int,
        hidden: int,
        layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        key: PRNGKeyArray,
    ):
        """A network with random weights.

        Args:
            kind: Of the cells, built from inputs and units.
            inputs: Inputs per date.
            hidden: Units per layer and direction.
            layers: Layers; every one reads the outputs of the one below it.
            dropout: Share of outputs switched off between layers in training. [-]
            bidirectional: A second network reads from the end; the outputs of both stand side by side.
            key: Of the draws.

        Raises:
            ConfigError: A size below one, or a dropout outside [0, 1).
        """
        check_sizes(inputs=inputs, hidden=hidden, layers=layers)
        check_dropout(dropout)
        directions = 1 + bidirectional
        keys = jax.random.split(key, (layers, directions))
        sizes = [inputs] + [directions * hidden] * (layers - 1)
        cells = [[kind(n, hidden, key=k) for k in pair] for n, pair in zip(sizes, keys, strict=True)]
        self.forward = tuple(pair[0] for pair in cells)
        self.backward = tuple(pair[1] for pair in cells) if bidirectional else ()
        self.dropout = dropout

    def __call__(
        self,
        x: Float[Array, "time n_inputs"],
        mask: Bool[Array, " time"] | None = None,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "time n_outputs"]:
        """Outputs of the last layer at every date.

        Args:
            x: One sequence `[time, inputs]`.
            mask: True at dates that count `[time]`; None: all do.
            key: Of dropout; None: nothing is switched off.

        Returns:
            `[time, hidden]`, or `[time, 2 * hidden]` in two directions.

        Raises:
            ConfigError: Another number of inputs than the network was built for.
        """
        check_inputs(x, self.forward[0].from_input.shape[1])
        keys = [None] * len(self.forward) if key is None else list(jax.random.split(key, len(self.forward)))
        for layer, cell in enumerate(self.forward):
            if layer:
                x = eqx.nn.Dropout(self.dropout)(x, key=keys[layer], inference=key is None)
            ahead = along(cell, x, mask)
            back = [along(self.backward[layer], x, mask, reverse=True)] if self.backward else []
            x = jnp.concatenate([ahead, *back], axis=1)
        return x


class RNN(Recurrent):
    """The plain recurrent network; its gradients vanish or explode over long lags, see the study `memory`."""

    def __init__(
        self,
        inputs: int,
        hidden: int,
        layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        key: PRNGKeyArray,
    ):
        """A network with random weights; the arguments are those of `Recurrent` after its cells."""
        super().__init__(RNNCell, inputs, hidden, layers, dropout, bidirectional, key=key)


class GRU(Recurrent):
    """Gated recurrent units: two gates, no state beside the output."""

    def __init__(
        self,
        inputs: int,
        hidden: int,
        layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        key: PRNGKeyArray,
    ):
        """A network with random weights; the arguments are those of `Recurrent` after its cells."""
        super().__init__(GRUCell, inputs, hidden, layers, dropout, bidirectional, key=key)


class LSTM(Recurrent):
    """Long short-term memory: three gates and a second state that is only added to."""

    def __init__(
        self,
        inputs: int,
        hidden: int,
        layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        key: PRNGKeyArray,
    ):
        """A network with random weights; the arguments are those of `Recurrent` after its cells."""
        super().__init__(LSTMCell, inputs, hidden, layers, dropout, bidirectional, key=key)

    def remembering(self, periods: int | float) -> "LSTM":
        """The same network with gates that start at a memory of so many periods.

        The biases of the forget gates are log(periods - 1), and minus that of the input gates. A forget bias of one,
        with which an LSTM is built, forgets a quarter of its state at every date.

        Args:
            periods: Mean life of what is stored, above one.

        Raises:
            ConfigError: A life of one period or less.

        References:
            Tallec and Ollivier (2018, ICLR), section 2.
        """
        if periods <= 1:
            raise ConfigError(f"a memory lasts for more than one period, got {periods}; pass about the longest lag.")

        def longer(cell: Cell) -> Cell:
            hidden = cell.from_state.shape[1]
            bias = cell.bias.at[:hidden].set(-math.log(periods - 1))
            bias = bias.at[hidden : 2 * hidden].set(math.log(periods - 1))
            return eqx.tree_at(lambda c: c.bias, cell, bias)

        cells = (tuple(longer(cell) for cell in side) for side in (self.forward, self.backward))
        return eqx.tree_at(lambda net: (net.forward, net.backward), self, tuple(cells))


def along(
    cell: Cell, x: Float[Array, "time n_inputs"], mask: Bool[Array, " time"] | None = None, *, reverse: bool = False
) -> Float[Array, "time hidden"]:
    """Outputs of one cell at every date; in reverse, that at a date has seen the dates from it to the end."""

    def step(state: State, given: tuple[Array, Array | None]) -> tuple[State, Array]:
        projected, counts = given
        new = cell.step(projected, state)
        if counts is not None:
            new = jax.tree.map(lambda after, before: jnp.where(counts, after, before), new, state)
        return new, new[0]

    return jax.lax.scan(step, cell.start(), (cell.project(x), mask), reverse=reverse)[1]


def check_sizes(**sizes: int) -> None:
    """Refuse sizes below one.

    Raises:
        ConfigError: Names the first such size.
    """
    for name, size in sizes.items():
        if size < 1:
            raise ConfigError(f"{name} must be a whole number of at least 1, got {size}.")


def check_dropout(dropout: float) -> None:
    """Refuse a dropout that is no share.

    Raises:
        ConfigError: A dropout outside [0, 1).
    """
    if not 0 <= dropout < 1:
        raise ConfigError(f"dropout is a share of units from 0 to below 1, got {dropout}; 0.1 is usual.")


def check_inputs(x: Float[Array, "time n_inputs"], inputs: int) -> None:
    """Refuse a sequence of another number of inputs.

    Raises:
        ConfigError: Says both numbers.
    """
    if x.shape[1] != inputs:
        raise ConfigError(
            f"the network was built for {inputs} inputs per date, got a sequence of shape {x.shape}; pass "
            f"[time, {inputs}], or build it with inputs={x.shape[1]}."
        )
