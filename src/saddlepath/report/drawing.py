"""One look for all figures: colours that colour-blind readers can tell apart, quiet axes, names with units.

Colours are from Okabe and Ito (2008, "Color universal design"); ordered families of lines use the viridis
map, which keeps its order in grey print. Figures are built without pyplot, so that no global state is
touched.
"""

import functools
import io
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GREY, PALE = "#222222", "#767676", "#dddddd"
BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9"
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
WIDTH = 7.2
"""Width of a figure in a report [inch]."""
SOLID: dict[str, Any] = {"linewidth": 1.5}
DASHED: dict[str, Any] = {"linewidth": 1.1, "linestyle": (0, (4, 2))}
THIN = {"linewidth": 0.9, "linestyle": (0, (1, 1.5))}
SMALL = 8
"""Size of all words in a figure [pt]."""


def panels(n: int, *, columns: int = 3, height: float = 2.1, width: float = WIDTH) -> tuple["Figure", list["Axes"]]:
    """A figure with `n` quiet panels in rows of `columns`.

    Args:
        n: Number of panels.
        columns: Most panels in a row.
        height: Height of a row. [inch]
        width: Width of the figure. [inch]
    """
    columns = min(n, columns)
    rows = math.ceil(n / columns)
    figure = _shown()(
        figsize=(width * columns / 3 if columns < 2 else width, height * rows + 0.35), layout="constrained"
    )
    axes = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for spare in axes[n:]:
        spare.set_axis_off()
    for panel in axes[:n]:
        _quiet(panel)
    return figure, axes[:n]


@functools.cache
def _shown() -> type["Figure"]:
    """The class of figures: a notebook shows them although pyplot does not know them."""
    from matplotlib.figure import Figure

    class Shown(Figure):
        def _repr_png_(self) -> bytes:
            return picture(self, "png", dpi=100)

    return Shown


def _quiet(axes: "Axes") -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(which="both", labelsize=SMALL - 1, color=GREY, labelcolor=INK, length=3, width=0.6)
    axes.grid(axis="y", color=PALE, linewidth=0.5)
    axes.set_axisbelow(True)
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_offset_text().set_fontsize(SMALL - 1)


def steady_scale(axes: "Axes", size: float) -> None:
    """Do not let a panel magnify rounding: show a line that hardly moves as flat.

    Args:
        axes: A panel with its lines.
        size: Size of the variable elsewhere; a spread below a millionth of it counts as none.
    """
    low, high = axes.dataLim.intervaly
    if high - low <= 1e-6 * size or size < 1e-12:
        room = 0.1 * size if size >= 1e-12 else 1.0
        axes.set_ylim((low + high) / 2 - room, (low + high) / 2 + room)


def words(axes: "Axes", *, title: str = "", x: str = "", y: str = "") -> None:
    """Title and axis names in the common size; a name stands above its panel, where it has room."""
    axes.set_title(_wrapped(title), fontsize=SMALL, color=INK, loc="left")
    axes.set_xlabel(_wrapped(x), fontsize=SMALL, color=INK)
    axes.set_ylabel(y, fontsize=SMALL, color=INK)


def _wrapped(text: str, width: int = 36) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, width))


def legend(figure: "Figure", handles: Any) -> None:
    """One legend for the whole figure, below the panels.

    Args:
        figure: The figure.
        handles: Lines and patches with labels, or a panel whose own are shown.
    """
    own = handles if isinstance(handles, list) else handles.get_legend_handles_labels()[0]
    if len(own) > 1:
        columns = min(len(own), 5)
        figure.legend(handles=own, loc="outside lower center", ncols=columns, frameon=False, fontsize=SMALL)


def line(colour: Any, label: str, **style: Any) -> Any:
    """A line for a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], color=colour, label=label, **(SOLID | style))


def entry_lines(n: int) -> list[Any]:
    """What the colours of an array field mean, for a legend."""
    if n <= 1:
        return []
    shades = colours(n)
    return [line(shades[0], "first entry"), line(shades[-1], "last entry")]


def named(label: Any) -> str:
    """`capital [goods]` from a label or a variable's attributes; no brackets for pure numbers."""
    name, unit = (label.get("long_name"), label.get("units")) if isinstance(label, dict) else (label.name, label.unit)
    text = f"{name} [{unit}]" if unit not in ("", "-", None) else str(name)
    return text[:1].upper() + text[1:]


def colours(n: int) -> list[Any]:
    """Colours of `n` lines: distinct ones for a few, an ordered map for many."""
    if n <= 1:
        return [BLUE]
    from matplotlib import colormaps

    return [colormaps["viridis"](v) for v in np.linspace(0.0, 0.88, n)]


def line_colours(n: int) -> list[Any]:
    """Colours of `n` lines without an order: distinct ones as far as there are."""
    return list(CYCLE[:n]) if n <= len(CYCLE) else colours(n)


def entries(values: np.ndarray, leading: int) -> Iterator[tuple[str, np.ndarray]]:
    """The entries of an array field, each with its index as text; axes after the first `leading` count."""
    for index in np.ndindex(values.shape[leading:]):
        yield ",".join(map(str, index)), values[(..., *index)]


def picture(figure: "Figure", kind: str, dpi: int = 200) -> bytes:
    """A figure as `png`, `pdf` or `svg`; without a date, so that equal figures are equal files."""
    stream = io.BytesIO()
    date = {"png": {}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}[kind]
    figure.savefig(stream, format=kind, dpi=dpi, metadata=date, facecolor="white")
    return stream.getvalue()
