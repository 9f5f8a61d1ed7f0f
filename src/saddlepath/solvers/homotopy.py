"""A path of easier calibrations that leads to the one asked for."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import numpy as np

from saddlepath.errors import ConfigError
from saddlepath.model import Model
from saddlepath.outcome import Outcome


class Homotopy(eqx.Module):
    """Values of parameters to solve for one after the other, `Homotopy(sigma=(0.01, 0.05))`, before the model's own.

    Every solve starts from the rule of the one before. Any real-valued parameter serves, shock sizes included.
    """

    values: tuple[tuple[str, tuple[Any, ...]], ...] = eqx.field(static=True)

    def __init__(self, **values: Any):
        """Args:
            values: Sequence of values by name of the parameter; all sequences of one length.

        Raises:
            ConfigError: No values, or sequences of different lengths.
        """
        self.values = tuple((name, tuple(np.asarray(v, dtype=float).tolist())) for name, v in values.items())
        lengths = {name: len(v) for name, v in self.values}
        if len(set(lengths.values())) != 1 or 0 in lengths.values():
            raise ConfigError(f"a Homotopy needs sequences of one length by parameter, got lengths {lengths}.")

    def climb(self, model: Model, start: Any, solve: Callable[[Model, Any], Any]) -> Any:
        """Solve along the path and return the last solution, from which the model itself starts.

        Raises:
            KeyboardInterrupt: A solve on the way was stopped by hand.
        """
        for step in range(len(self.values[0][1])):
            start = solve(model.replace(**{name: v[step] for name, v in self.values}), start)
            if start.outcome is Outcome.INTERRUPTED:
                raise KeyboardInterrupt
        return start
