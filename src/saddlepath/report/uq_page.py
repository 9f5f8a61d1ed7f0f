"""The report of a sensitivity analysis: one page, its numbers as JSON, its tables and figures as files."""

import json
import os
from pathlib import Path
from typing import Any

from saddlepath.container import write_atomically
from saddlepath.errors import ConfigError
from saddlepath.report.content import Picture, Section
from saddlepath.report.html import page, write_parts
from saddlepath.report.tables import prior_table
from saddlepath.report.uq_figures import check_figure, quantity_density, shapley_bars, tornado, univariate_panels
from saddlepath.statistics import statistic
from saddlepath.uq.sensitivity import Sensitivity, SensitivityResult


def write_uq_report(
    result: SensitivityResult, folder: str | os.PathLike[str], *, title: str = "Which input matters"
) -> Path:
    """Write `uq.html`, `uq.json`, `tables/` and `figures/` into a folder.

    The page carries its figures inside and needs no network.

    Args:
        result: What `sensitivity` returned.
        folder: Where to write; made if it does not exist.
        title: Heading of the page.

    Returns:
        Path of the page.

    Raises:
        FileError: The folder cannot be written to.
    """
    place = Path(folder)
    write_atomically(place / "uq.json", (json.dumps(result.as_dict(), indent=1) + "\n").encode())
    sections = [part for one in result.found.values() for part in uq_sections(one)]
    sections.append(Section("prior", "Prior of the inputs", tables={"prior": prior_table(result.prior)}))
    for section in sections:
        write_parts(section, place)
    shown = page(
        title=title,
        summary=_summary(result),
        outcome=_outcome(result),
        converged=not _broken(result),
        warnings=_warnings(result),
        family="",
        facts=_facts(result),
        sections=sections,
    )
    path = place / "uq.html"
    write_atomically(path, shown.encode())
    return path


def uq_sections(found: Sensitivity) -> list[Section]:
    """The parts of a report about one quantity of interest."""
    stem = "".join(c if c.isalnum() else "-" for c in found.qoi).strip("-")
    figure = lambda name, picture: {f"{stem}-{name}": picture}
    shares = Picture(
        shapley_bars(found),
        f"Shares of the variance of {found.qoi}",
        "Shapley effects add up to one and lie between the first-order and the total Sobol' index of the same input, "
        "which exist for independent inputs only. Bars: intervals of 95 % from sampling and surrogate error.",
    )
    swings = Picture(
        tornado(found.univariate),
        f"What one input does to {found.qoi}",
        "The mean over all other inputs, given a low and a high value of one. Dotted: the mean over all inputs.",
    )
    along = Picture(
        univariate_panels(found.univariate),
        f"Mean of {found.qoi} along every input",
        "All panels share one scale. The wide band is where the quantity itself lies while all other inputs vary.",
    )
    law = Picture(
        quantity_density(found.propagation),
        f"Law of {found.qoi}",
        f"What the prior of the inputs says about the {_words(found.qoi)}. Dotted: quantiles at 5, 50 and 95 %.",
    )
    tables = {f"{stem}-inputs": found.table()}
    if found.sobol is not None and found.sobol.second is not None and len(found.inputs) > 1:
        tables[f"{stem}-second"] = found.sobol.second.table("Interaction of two inputs, second-order indices", "inputs")
    sections = [
        Section(
            f"{stem}-shares",
            f"Which input moves {found.qoi}",
            f"The quantity is the {_words(found.qoi)}." if ":" in found.qoi else "",
            tables=tables,
            figures=figure("shares", shares),
        ),
        Section(
            f"{stem}-effects",
            f"How {found.qoi} responds",
            tables={f"{stem}-univariate": found.univariate.table()},
            figures=figure("tornado", swings) | figure("univariate", along),
        ),
        Section(
            f"{stem}-law",
            f"What to expect of {found.qoi}",
            tables={f"{stem}-law": found.propagation.table()},
            figures=figure("law", law),
        ),
        Section(f"{stem}-checks", f"Checks of {found.qoi}", tables={f"{stem}-checks": found.checks_table()}),
    ]
    if found.left_out is not None:
        sections[-1].figures.update(figure("surrogate", _left_out(found)))
    return sections


def _words(qoi: str) -> str:
    """A statistic in words; a quantity of another kind by its name."""
    try:
        return statistic(qoi).words
    except ConfigError:
        return qoi


def _left_out(found: Sensitivity) -> Picture:
    check = found.left_out
    assert check is not None
    return Picture(
        check_figure(check),
        "The surrogate at points left out of its fit",
        f"It predicts {100 * check.q2:.2f} % of their variance; {100 * check.covered:.0f} % of {len(check.actual)} "
        "points lie within two of its standard deviations.",
    )


def _broken(result: SensitivityResult) -> list[str]:
    return [f"{qoi}: {check.rule}" for qoi, one in result.found.items() for check in one.checks if not check.holds]


def _outcome(result: SensitivityResult) -> str:
    broken, total = _broken(result), sum(len(one.checks) for one in result.found.values())
    if broken:
        return f"{len(broken)} of {total} rules that exact indices obey fail by more than the intervals allow"
    return f"all {total} rules that exact indices obey hold within the intervals"


def _warnings(result: SensitivityResult) -> list[str]:
    """Rules that fail, and a surrogate that leaves much of a variance unexplained."""
    warnings = [f"{rule} fails; raise the base sample or distrust the surrogate." for rule in _broken(result)]
    for qoi, one in result.found.items():
        if one.left_out is not None and one.left_out.q2 < ENOUGH:
            warnings.append(
                f"The surrogate of {qoi} predicts only {100 * one.left_out.q2:.1f} % of its variance at points left "
                "out; first-order indices ask for 95 %. Add points."
            )
    return warnings


ENOUGH = 0.95
"""Predicted share of the variance below which a report warns: the bar that Friedl et al. (2023) quote [-]."""


def _summary(result: SensitivityResult) -> str:
    leading = []
    for qoi, one in result.found.items():
        effects = one.shapley.effects
        i = int(effects.value.argmax())
        leading.append(f"{effects.names[i]} carries {100 * effects.value[i]:.0f} % of the variance of {qoi}")
    return f"{'; '.join(leading[:3])}."


def _facts(result: SensitivityResult) -> list[tuple[str, Any, str]]:
    how = result.how
    return [
        ("Inputs", len(result.inputs), "dependent" if how["dependent inputs"] else "independent"),
        ("Quantities of interest", len(result.found), ""),
        ("Base sample", f"{how['base']:,}", "scrambled Sobol' points"),
        ("Functions drawn", how["draws"], "from the surrogate" if how["draws"] else "no surrogate error"),
        ("Time", f"{how['seconds']:.1f} s", ""),
    ]
