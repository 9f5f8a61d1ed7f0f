"""The report of an estimation: one page, its numbers as JSON, its tables and figures as files."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from saddlepath.container import PathLike, write_atomically
from saddlepath.estimate.plan import Estimated, Matched
from saddlepath.estimate.posterior import Posterior
from saddlepath.estimate.second_look import SecondLook
from saddlepath.prior import Prior
from saddlepath.report.content import Picture, Section
from saddlepath.report.estimate_figures import bootstrap_panels, chain_panels, moment_fit, posterior_panels
from saddlepath.report.html import page, write_parts
from saddlepath.report.tables import prior_table
from saddlepath.statistics import statistic
from saddlepath.table import Table, table

REJECTED = 0.05
"""Level at which a report says that the J test rejects [-]."""


def write_estimate_report(found: Estimated, folder: PathLike, *, title: str = "Estimation") -> Path:
    """Write `estimate.html`, `estimate.json`, `tables/` and `figures/` into a folder.

    The page carries its figures inside and needs no network.

    Args:
        found: What a plan found.
        folder: Where to write; made if it does not exist.
        title: Heading of the page.

    Returns:
        Path of the page.

    Raises:
        FileError: The folder cannot be written to.
    """
    place = Path(folder)
    write_atomically(place / "estimate.json", (json.dumps(found.as_dict(), indent=1) + "\n").encode())
    sections = []
    if found.matched is not None:
        sections += _moment_sections(found.matched)
    if found.posterior is not None:
        assert found.plan.prior is not None  # a plan without one is refused
        sections.append(_posterior_section(found.posterior, found.plan.prior))
    sections.append(_data_section(found.plan.data))
    for section in sections:
        write_parts(section, place)
    warnings = _warnings(found)
    shown = page(
        title=title,
        summary=_summary(found),
        outcome="nothing speaks against these estimates" if not warnings else "read the warnings before the numbers",
        converged=not warnings,
        warnings=warnings,
        family="",
        facts=_facts(found),
        sections=sections,
    )
    path = place / "estimate.html"
    write_atomically(path, shown.encode())
    return path


def _moment_sections(matched: Matched) -> list[Section]:
    estimate = matched.estimate
    fit = Picture(
        moment_fit(estimate), "How far the model is from the data", "At the estimate; dotted: two standard errors."
    )
    sections = [
        Section(
            "moments",
            "Simulated moments",
            _meanings(estimate.data.names),
            tables={"smm": estimate.table(), "fit": estimate.fit_table()},
            figures={"fit": fit},
        ),
        Section(
            "identification",
            "What the moments tell apart",
            "A singular value below one belongs to a direction through the box that moves the moments by less than "
            "their standard error.",
            tables={"identification": matched.identification.table()},
        ),
        Section(
            "errors",
            "How exact the moments are",
            "First the family beside a solution at the estimate alone, then a surrogate of the family's moments, "
            "through which the bootstrap runs, beside the family; each at its own estimate.",
            tables={
                "finer": _titled(matched.finer, "The family (used) and a solution at the estimate alone (finer)"),
                "surrogate": _titled(matched.surrogate, "A surrogate (used) and the family (finer)"),
            },
        ),
    ]
    if matched.bootstrap is not None:
        again = Picture(
            bootstrap_panels(matched.bootstrap),
            "Estimates from data sets of the estimated model",
            "Where the histogram is not the normal law, take its intervals rather than the standard error.",
        )
        tables = {"bootstrap": matched.bootstrap.table()}
        sections.append(Section("bootstrap", "Bootstrap", tables=tables, figures={"bootstrap": again}))
    return sections


def _meanings(names: Sequence[str]) -> str:
    """What the names of the moments mean."""
    return f"{'; '.join(f'{name} is the {statistic(name).words}' for name in names)}."


def _titled(look: SecondLook, title: str) -> Table:
    """The table of a second look, under a title that says of what; one that matters says so itself."""
    return look.table() if look.matters else dataclasses.replace(look.table(), title=title)


def _data_section(data: Any) -> Section:
    """The series, and when they were observed."""
    rows = {
        str(name): {
            "mean": float(data[name].mean()),
            "s.d.": float(data[name].std()),
            "missing": int(data[name].isna().sum()),
        }
        for name in data
    }
    note = f"{len(data)} periods, from {data.index[0]} to {data.index[-1]}."
    return Section("data", "Data", tables={"data": table(rows, "series", title="Series", note=note)})


def _posterior_section(found: Posterior, prior: Prior) -> Section:
    densities = Picture(posterior_panels(found, prior), "What the data say", "Densities before and after the data.")
    chains = Picture(chain_panels(found), "The chains", "Colours are chains; they should lie on one another.")
    return Section(
        "posterior",
        "Posterior",
        tables={"posterior": found.table(), "prior": prior_table(prior)},
        figures={"posterior": densities, "chains": chains},
    )


def _warnings(found: Estimated) -> list[str]:
    """What a reader must know before the numbers, a sentence each."""
    warnings = []
    if found.matched is not None:
        one = found.matched.estimate
        if one.at_edge:
            warnings.append(f"{', '.join(one.at_edge)} ended at the edge of the box; solve over a larger one.")
        if one.j is not None and one.j[2] < REJECTED:
            warnings.append(f"The J test rejects the model (p = {one.j[2]:.3f}): no parameters fit all moments.")
        if found.matched.identification.weak:
            weak = "; ".join(found.matched.identification.weak)
            warnings.append(f"Not identified by these moments: {weak}; add a moment or fix a parameter.")
        if found.matched.finer.matters:
            warnings.append(
                "The family's own error moves the estimate by half a standard error; solve it to a lower tol."
            )
        warnings += _wider(found.matched)
    if found.posterior is not None:
        warnings += [f"The posterior is not to be used: {words}." for words in found.posterior.complaints]
    return warnings


WIDER = 1.5
"""Spread of the bootstrap over the standard error from which on a report warns [-]."""
AT_EDGE = 0.05
"""Share of the bootstrap at an edge of the box from which on a report warns [-]."""


def _wider(matched: Matched) -> list[str]:
    """What the bootstrap says against an estimate: piled up at an edge, or spread wider than the standard error."""
    if matched.bootstrap is None:
        return []
    again, warnings = matched.bootstrap, []
    for i, name in enumerate(again.parameters):
        share, ratio = again.at_edge[i], again.spread[i] / again.sd[i]
        if share > AT_EDGE:
            warnings.append(
                f"{name} ends at an edge of the box in {100 * share:.0f} % of the bootstrap's data sets, so that bias, "
                "spread and interval depend on the box; solve over a larger one where the model allows it."
            )
        if ratio > WIDER:
            advice = "do not quote it" if share > AT_EDGE else "quote the bootstrap's interval"
            warnings.append(
                f"The standard error of {name} is too small: estimates from data sets of the model spread {ratio:.1f} "
                f"times as far; {advice}."
            )
    return warnings


def _summary(found: Estimated) -> str:
    parts = []
    if found.matched is not None:
        one = found.matched.estimate
        pairs = zip(one.parameters, one.theta, one.sd, strict=True)
        parts.append(f"by simulated moments {', '.join(f'{n} = {v:.4g} (s.e. {s:.2g})' for n, v, s in pairs)}")
    if found.posterior is not None:
        sd = found.posterior.sd
        words = ", ".join(f"{name} = {mean:.4g} (s.d. {sd[name]:.2g})" for name, mean in found.posterior.mean.items())
        parts.append(f"by likelihood and prior {words}")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _facts(found: Estimated) -> list[tuple[str, Any, str]]:
    facts: list[tuple[str, Any, str]] = [("Periods", len(found.plan.data), "of data")]
    if found.matched is not None:
        facts.append(
            ("Moments", len(found.matched.estimate.data.names), f"{len(found.matched.estimate.theta)} parameters")
        )
    if found.posterior is not None:
        facts.append(("Draws", f"{found.posterior.flat.shape[0]:,}", found.posterior.sampler.upper()))
    return facts
