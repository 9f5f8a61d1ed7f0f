"""The commands by name; each group has a file of its own."""

import typer

from saddlepath._version import __version__
from saddlepath.cli import (
    answers,
    demonstration,
    estimating,
    forecasting,
    interchange,
    models,
    solving,
    studying,
    uncertainty,
)

app = typer.Typer(
    help="Write an economic model as its equations; solve it globally; see how accurate the answer is.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(asked: bool) -> bool:
    if asked:
        typer.echo(f"saddlepath {__version__}")
        raise typer.Exit()
    return asked


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Write an economic model as its equations; solve it globally; see how accurate the answer is."""


app.command()(models.new)
app.command("import")(interchange.import_file)
app.command("models")(models.list_models)
app.command()(models.describe)
app.command()(models.check)
app.command()(solving.solve)
app.command()(solving.resume)
app.command()(answers.errors)
app.command()(answers.simulate)
app.command()(answers.irf)
app.command()(answers.report)
app.command()(uncertainty.uq)
app.command()(estimating.estimate)
app.command()(studying.study)
app.command()(forecasting.forecast)
app.command()(demonstration.demo)
