"""`new`, `models`, `describe`, `check`: before a model is solved."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saddlepath.cli.environment import prepare
from saddlepath.cli.solving import Setting

if TYPE_CHECKING:
    from saddlepath.model import Model

Reference = Annotated[str, typer.Argument(metavar="MODEL", help="A shipped model, or my_model.py:MyModel.")]


def new(
    path: Annotated[Path, typer.Argument(help="File to write, such as my_model.py.")],
) -> None:
    """Write a commented model that solves as it stands."""
    from saddlepath.catalogue import class_name
    from saddlepath.cli.template import template
    from saddlepath.container import write_new

    path = path if path.suffix == ".py" else path.with_name(f"{path.name}.py")
    name = class_name(path.stem)
    write_new(path, template(name).encode())
    typer.echo(f"wrote {path}; solve it with: saddlepath solve {path}:{name}")


def list_models() -> None:
    """List the shipped models."""
    from saddlepath.catalogue import shipped_models

    entries = shipped_models()
    width = max((len(entry.reference) for entry in entries), default=0)
    for entry in entries:
        typer.echo(f"{entry.reference:<{width}}  {entry.summary}")


def describe(model: Reference, settings: Setting = None) -> None:
    """Show parameters, states, policies, shocks and equations of a model."""
    prepare()
    from saddlepath.description import describe as description_of

    typer.echo(str(description_of(_calibrated(model, settings))))


def check(model: Reference, settings: Setting = None) -> None:
    """Find mistakes of a model before a solve does; exit code 1 if there are any."""
    prepare()
    from saddlepath.checking import check as check_model

    report = check_model(_calibrated(model, settings))
    typer.echo(str(report))
    if not report.passed:
        raise typer.Exit(1)


def _calibrated(reference: str, settings: list[str] | None) -> "Model":
    """The model of a reference, with the calibration that `--set` gives."""
    from saddlepath.catalogue import model_class
    from saddlepath.config import Config

    config = Config({"model": reference}).override(settings or [])
    return config.build_model(model_class(config.reference))
