"""A table for people and programs: printed, in a notebook, as Markdown, LaTeX, HTML or CSV.

Numbers are kept in full and rounded only for display, so that the CSV file serves as data.
"""

import dataclasses
import html
import math
from typing import Any

import numpy as np

_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    character: f"\\{character}" for character in "&%$#_{}"
}


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """Rows and columns with a title and a note.

    Attributes:
        frame: The numbers in full precision; the index names the rows.
        title: What the table shows.
        note: What a reader must know to read it.
        formats: Format of a column's numbers, `.2e` or `.4f`; columns without one show five digits.
    """

    frame: Any
    title: str = ""
    note: str = ""
    formats: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """Heads of the columns."""
        return [str(name) for name in self.frame.columns]

    def cells(self) -> list[list[str]]:
        """Rows as they are shown, each with its name first."""
        values = [self.frame.iloc[:, j].tolist() for j in range(self.frame.shape[1])]
        shown = [
            [_show(v, self.formats.get(name, ".5g")) for v in column]
            for name, column in zip(self.columns, values, strict=True)
        ]
        return [[str(name), *row] for name, row in zip(self.frame.index, zip(*shown, strict=True), strict=True)]

    def to_markdown(self) -> str:
        """Pipe table; title and note stand above and below."""
        head = [str(self.frame.index.name or ""), *self.columns]
        rows = [[cell.replace("|", "\\|") for cell in row] for row in [head, *self.cells()]]
        widths = [max(3, *(len(row[j]) for row in rows)) for j in range(len(head))]
        aligned = [_aligned(row, widths) for row in rows]
        rule = ["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]
        lines = [f"| {' | '.join(row)} |" for row in [aligned[0], rule, *aligned[1:]]]
        above = [f"**{self.title}**", ""] if self.title else []
        below = ["", self.note] if self.note else []
        return "\n".join([*above, *lines, *below, ""])

    def to_latex(self) -> str:
        """A `table` environment with booktabs rules."""
        head = [str(self.frame.index.name or ""), *self.columns]
        rows = [" & ".join(_latex(cell) for cell in row) + r" \\" for row in [head, *self.cells()]]
        caption = [rf"\caption{{{_latex(self.title)}}}"] if self.title else []
        note = [rf"\par\smallskip\footnotesize {_latex(self.note)}"] if self.note else []
        return "\n".join(
            [
                r"\begin{table}",
                r"\centering",
                *caption,
                rf"\begin{{tabular}}{{l{'r' * len(self.columns)}}}",
                r"\toprule",
                rows[0],
                r"\midrule",
                *rows[1:],
                r"\bottomrule",
                r"\end{tabular}",
                *note,
                r"\end{table}",
                "",
            ]
        )

    def to_html(self) -> str:
        """A `table` element; title and note are its caption and a paragraph."""
        head = [str(self.frame.index.name or ""), *self.columns]
        top = "".join(f"<th scope='col'>{html.escape(cell)}</th>" for cell in head)
        body = "\n".join(_html_row(row) for row in self.cells())
        caption = f"<caption>{html.escape(self.title)}</caption>" if self.title else ""
        note = f"<p class='note'>{html.escape(self.note)}</p>" if self.note else ""
        return f"<table>{caption}<thead><tr>{top}</tr></thead>\n<tbody>\n{body}\n</tbody></table>{note}\n"

    def to_csv(self) -> str:
        """Comma-separated, in full precision."""
        return self.frame.to_csv(float_format="%.17g")

    def __str__(self) -> str:
        head = [str(self.frame.index.name or ""), *self.columns]
        rows = [head, *self.cells()]
        widths = [max(len(row[j]) for row in rows) for j in range(len(head))]
        lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
        return "\n".join([*([self.title] if self.title else []), *lines, *([self.note] if self.note else [])])

    def _repr_html_(self) -> str:
        return self.to_html()


def table(rows: dict[str, dict[str, Any]], index: str, **about: Any) -> Table:
    """A table from its rows, `{name of the row: {head of the column: value}}`.

    Args:
        rows: The rows in order; all have the same columns.
        index: Head of the column of names.
        about: Title, note and formats of `Table`.
    """
    import pandas as pd

    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame.index.name = index
    return Table(frame, **about)


def log10(value: Any) -> Any:
    """Decimal logarithm of an absolute error; minus infinity of zero, without a warning."""
    with np.errstate(divide="ignore"):
        return np.log10(np.abs(value))


def _show(value: Any, spec: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | np.integer):
        return str(value)
    if value is None or math.isnan(value):
        return ""
    return f"{value:z{spec}}"  # z: no minus before a zero


def _aligned(row: list[str], widths: list[int]) -> list[str]:
    first, *rest = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def _html_row(row: list[str]) -> str:
    name, *values = (html.escape(cell) for cell in row)
    return f"<tr><th scope='row'>{name}</th>{''.join(f'<td>{value}</td>' for value in values)}</tr>"
