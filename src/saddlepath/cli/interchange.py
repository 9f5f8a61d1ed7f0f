"""`import`: a model file of Dynare or dolo as a model file of this library."""

from pathlib import Path
from typing import Annotated

import typer

from saddlepath.cli.environment import prepare


def import_file(
    file: Annotated[Path, typer.Argument(help="Model file of Dynare (.mod) or dolo (.yaml).")],
    out: Annotated[Path | None, typer.Option(help="File to write; default FILE with the ending .py, here.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the class; default from the file's name.")] = None,
) -> None:
    """Write a model file of Dynare or dolo as a model that you own and edit."""
    prepare()
    from saddlepath.interchange.importing import import_model

    model = import_model(file, name)
    place = model.write(out or Path(f"{file.stem}.py"))
    for note in model.notes:
        typer.echo(note)
    typer.echo(f"wrote {place}; look for mistakes with: saddlepath check {place}:{model.name}")
