"""`study`: short experiments with networks, their tables and figures."""

from pathlib import Path
from typing import Annotated

import typer

from saddlepath.cli.environment import prepare


def study(
    name: Annotated[
        str,
        typer.Argument(
            help="descent, optimizers, gradients, overfitting, double-descent, boundaries, backpropagation, "
            "architecture, memory or genz."
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="Folder to write; default runs/study-NAME.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
) -> None:
    """Run an experiment with networks: tables on the screen, and with figures in a folder."""
    prepare()
    from saddlepath.nn.studies import run_study
    from saddlepath.report.study_files import write_findings

    found = run_study(name, seed)
    typer.echo(str(found))
    typer.echo(f"wrote {write_findings(found, out or Path('runs') / f'study-{name}')}")
