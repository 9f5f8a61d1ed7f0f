"""`forecast`: models beside baselines on a series of the user's."""

from pathlib import Path
from typing import Annotated

import typer

from saddlepath.cli.environment import prepare


def forecast(
    data: Annotated[Path, typer.Argument(help="CSV file with a line of column names.")],
    target: Annotated[str, typer.Option(help="Column to forecast.")],
    horizon: Annotated[int, typer.Option(help="Steps ahead.")] = 1,
    models: Annotated[
        str, typer.Option(help="With commas: rnn, gru, lstm, transformer, hybrid-lstm and so on; baselines always run.")
    ] = "hybrid-lstm",
    date: Annotated[
        str | None, typer.Option(help="Column of the dates; default: the first that reads as dates.")
    ] = None,
    beside: Annotated[str, typer.Option(help="Further columns for networks and VAR, with commas.")] = "",
    transform: Annotated[
        str, typer.Option(help="log, difference, season, with commas, or none; auto: chosen on the past.")
    ] = "auto",
    period: Annotated[float | None, typer.Option(help="Observations per season; default: by frequency.")] = None,
    first: Annotated[float, typer.Option(help="Observations before the first forecast, or their share.")] = 0.8,
    refit: Annotated[int | None, typer.Option(help="Origins between fits; default: one fit.")] = None,
    window: Annotated[int | None, typer.Option(help="Rolling past of so many observations; default: all.")] = None,
    gap: Annotated[int, typer.Option(help="Observations that are not known yet at an origin.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder to write; default runs/forecast-TARGET.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of networks.")] = 0,
) -> None:
    """Forecast a series by networks and by all baselines, walking forward; tables, figures and a report."""
    prepare()
    from saddlepath.cli.progress import StatusLine
    from saddlepath.forecast.series import read_series
    from saddlepath.forecast.study import compare_forecasts
    from saddlepath.forecast.walking import WalkForward
    from saddlepath.report.forecast_page import ahead_table, write_forecast_report

    series = read_series(data, target, date=date, beside=_names(beside), period=period)
    walk = WalkForward(horizon, first, refit=refit, window=window, gap=gap)
    steps = None if transform == "auto" else [name for name in _names(transform) if name != "none"]
    with StatusLine() as line:
        study = compare_forecasts(series, _names(models), walk, transform=steps, seed=seed, say=line.show)
    typer.echo(f"{study}\n\n{ahead_table(study)}")
    folder = out or Path("runs") / f"forecast-{target}"
    typer.echo(f"wrote {write_forecast_report(study, folder, title=f'Forecasts of {target}')}")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
