"""The folder of a study: tables as Markdown and CSV, figures as pictures and as TensorBoard images."""

from pathlib import Path

from saddlepath.container import PathLike, write_atomically
from saddlepath.events import EventFiles
from saddlepath.nn.findings import Findings
from saddlepath.report.drawing import picture
from saddlepath.report.study_figures import study_figure


def write_findings(found: Findings, folder: PathLike) -> Path:
    """Write a study into a folder.

    Args:
        found: Its tables and figures.
        folder: Where to write.

    Returns:
        The folder.

    Raises:
        FileError: The folder cannot be written to.
    """
    place = Path(folder)
    for name, shown in found.tables.items():
        write_atomically(place / f"{name}.md", shown.to_markdown().encode())
        write_atomically(place / f"{name}.csv", shown.to_csv().encode())
    events = EventFiles(place / "tensorboard")
    for name, panels in found.figures.items():
        figure = study_figure(panels)
        write_atomically(place / f"{name}.png", picture(figure, "png"))
        events.add_figure(name, figure)
    events.close()
    return place
