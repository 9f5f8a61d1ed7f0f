"""What a study returns: tables, and curves as plain data, which the report layer draws."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from saddlepath.table import Table


class Line(NamedTuple):
    """One line of a panel.

    Attributes:
        name: For the legend.
        x: Places.
        y: Values.
        low: Lower end of a band, or None.
        high: Upper end of a band, or None.
        points: Draw points instead of a line.
    """

    name: str
    x: Float[np.ndarray, " n"]
    y: Float[np.ndarray, " n"]
    low: Float[np.ndarray, " n"] | None = None
    high: Float[np.ndarray, " n"] | None = None
    points: bool = False


class Panel(NamedTuple):
    """One panel of a figure.

    Attributes:
        title: What it shows.
        lines: What is in it.
        x: Name of the horizontal axis, with its unit.
        y: Name of the vertical axis, with its unit.
        log_x: Logarithmic horizontal axis.
        log_y: Logarithmic vertical axis.
    """

    title: str
    lines: tuple[Line, ...]
    x: str = ""
    y: str = ""
    log_x: bool = False
    log_y: bool = False


class Findings(NamedTuple):
    """What a study found.

    Attributes:
        tables: By name.
        figures: Panels of every figure, by name.
    """

    tables: dict[str, Table]
    figures: dict[str, tuple[Panel, ...]]

    def __str__(self) -> str:
        return "\n\n".join(str(one) for one in self.tables.values())
