"""The report of a solution: one self-contained page, and the same tables and figures as files beside it."""

import base64
import html
import inspect
import os
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from saddlepath._version import __version__
from saddlepath.container import write_atomically
from saddlepath.files import write_accuracy
from saddlepath.report.content import Content, Section, content
from saddlepath.report.drawing import picture
from saddlepath.solution import Solution
from saddlepath.table import Table
from saddlepath.verdict import Verdict


def write_report(
    solution: Solution, folder: str | os.PathLike[str], *, seed: int = 0, referee: bool | Verdict = False
) -> Path:
    """Write `report.html`, `accuracy.json`, `tables/` and `figures/` into a folder.

    The page carries its figures inside and needs no network. A family is shown at the centre of its box.

    Args:
        solution: A solution.
        folder: Where to write; made if it does not exist.
        seed: Seed of simulations and fresh paths.
        referee: Whether to solve the model by collocation too and show the distance; for up to three continuous
            states. Or the verdict that `saddlepath.referee` gave before.

    Returns:
        Path of the page.

    Raises:
        FileError: The folder cannot be written to.
    """
    place = Path(folder)
    shown = content(solution, seed=seed, judged=referee)
    write_accuracy(shown.accuracy, place / "accuracy.json")
    for section in shown.sections:
        write_parts(section, place)
    path = place / "report.html"
    write_atomically(path, render(shown).encode())
    return path


def write_parts(section: Section, place: Path) -> None:
    """Tables and figures of a section as files."""
    for name, table in section.tables.items():
        for ending, text in (("md", table.to_markdown()), ("tex", table.to_latex()), ("csv", table.to_csv())):
            write_atomically(place / "tables" / f"{name}.{ending}", text.encode())
    for name, shown in section.figures.items():
        shown.figure.draw_without_rendering()
        shown.figure.set_layout_engine("none")  # it is laid out; every file would do that again, and draw twice
        for kind in ("png", "pdf"):
            write_atomically(place / "figures" / f"{name}.{kind}", picture(shown.figure, kind))


def render(shown: Content) -> str:
    """The page of a solution."""
    return page(
        title=shown.title,
        summary=shown.summary,
        outcome=shown.solution.outcome.sentence,
        converged=shown.solution.outcome.converged,
        warnings=shown.accuracy.warnings,
        family=shown.family,
        facts=shown.facts,
        sections=shown.sections,
    )


def page(*, sections: list[Section], **words: Any) -> str:
    """A page from its sections and the words above them, which `page.html` names."""
    from jinja2 import Environment

    template = files("saddlepath.report").joinpath("page.html").read_text(encoding="utf-8")
    made = Environment(autoescape=True, trim_blocks=True).from_string(template)
    return made.render(sections=[_section(section) for section in sections], version=__version__, **words)


def _section(section: Section) -> dict[str, Any]:
    from markupsafe import Markup

    return {
        "anchor": section.anchor,
        "title": section.title,
        "text": section.text,
        "notes": [Markup(paragraph(note)) for note in section.notes],
        "tables": [{"html": Markup(table.to_html()), "words": _words(table)} for table in section.tables.values()],
        "figures": [
            {"title": p.title, "caption": p.caption, "data": _embedded(p.figure)} for p in section.figures.values()
        ],
    }


def paragraph(text: str) -> str:
    """A paragraph of a docstring as HTML: indented ones are equations, words in backquotes are code."""
    if all(line.startswith("    ") for line in text.splitlines() if line.strip()):
        return f"<pre>{html.escape(inspect.cleandoc(text))}</pre>"
    words = html.escape(" ".join(text.split()), quote=False)
    coded = re.sub("`([^`]+)`", r"<code>\1</code>", words)
    return f"<p>{coded}</p>"


def _words(table: Table) -> bool:
    """Whether a table holds text rather than numbers and is set flush left."""
    return any(kind.kind not in "fiu" for kind in table.frame.dtypes)


def _embedded(figure: Any) -> str:
    """A figure as an address that carries it."""
    return "data:image/svg+xml;base64," + base64.b64encode(picture(figure, "svg")).decode()
