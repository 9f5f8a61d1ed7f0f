"""Where records of a training go: JSON lines always, TensorBoard event files where tensorboardX is installed.

Solver and supervised training write through the same sink. A record is plain data with an `event`: `attempt` opens a
new folder of curves, `test` (of a solve) and `epoch` (of a training) add their numbers, and `histograms` of an epoch,
arrays by name, go to TensorBoard alone.
"""

import importlib.util
import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from saddlepath.container import PathLike, finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVES = {
    "test": ("step", ("mean", "p99", "max", "best", "loss", "rate", "accepted")),
    "epoch": ("epoch", ("training", "validation", "best", "rate", "gradient")),
}
"""Per event: the number that is the horizontal axis, and those that are curves."""
ARRAYS = "histograms"


def stamped(record: dict[str, Any]) -> dict[str, Any]:
    """A record as it is written: plain numbers, and the time. [s]"""
    plain = {key: value for key, value in record.items() if key != ARRAYS}
    return finite(plain) | {"time": round(time.time(), 3)}


def append_line(path: Path, line: dict[str, Any]) -> None:
    """Add one line to a log of JSON lines."""
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")


class EventFiles:
    """Training curves for TensorBoard, one folder per attempt; nothing where tensorboardX is missing."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.attempts = 0
        self.writer: Any = None
        if folder.is_dir():
            shutil.rmtree(folder)

    def add(self, line: dict[str, Any]) -> None:
        """Curves of a record; those of an epoch open the first folder by themselves."""
        event = line["event"]
        if event == "attempt" or (event == "epoch" and self.attempts == 0):
            self.open()
        if event not in CURVES or self.writer is None:
            return
        axis, names = CURVES[event]
        curves = {name: line.get(name) for name in names} | {f"loss/{k}": v for k, v in line.get("losses", {}).items()}
        for name, value in curves.items():
            if value is not None:
                self.writer.add_scalar(name, value, line[axis], walltime=line["time"])

    def add_histograms(self, arrays: dict[str, np.ndarray], step: int) -> None:
        """Distributions of arrays by name."""
        if self.writer is not None:
            for name, values in arrays.items():
                self.writer.add_histogram(name, np.ravel(values), step)

    def add_settings(self, settings: dict[str, Any], results: dict[str, float]) -> None:
        """Settings of one training and what it reached, for the table of TensorBoard's `hparams`."""
        self.open()
        if self.writer is not None:
            simple = {k: v if isinstance(v, bool | int | float | str) else str(v) for k, v in settings.items()}
            self.writer.add_hparams(simple, results, name="settings")

    def add_figure(self, name: str, figure: "Figure") -> None:
        """A figure as an image."""
        if self.attempts == 0:
            self.open()
        if self.writer is not None:
            self.writer.add_figure(name, figure, close=False)

    def open(self) -> None:
        """Begin the folder of another attempt."""
        self.close()
        self.attempts += 1
        if importlib.util.find_spec("tensorboardX") is not None:
            from tensorboardX import SummaryWriter

            self.writer = SummaryWriter(str(self.folder / f"attempt-{self.attempts}"))

    def close(self) -> None:
        """Write what is pending."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None


class TrainingLog:
    """A log for `fit_network` and `train`: `metrics.jsonl` and TensorBoard events in a folder.

    Attributes:
        path: The file of JSON lines.
        events: The TensorBoard files.
    """

    def __init__(self, folder: PathLike):
        """Args:
        folder: Where to write; earlier logs there are replaced.
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        self.path = place / "metrics.jsonl"
        self.path.write_text("", encoding="utf-8")
        self.events = EventFiles(place / "tensorboard")

    def __call__(self, record: dict[str, Any]) -> None:
        line = stamped(record)
        append_line(self.path, line)
        self.events.add(line)
        if ARRAYS in record:
            self.events.add_histograms(record[ARRAYS], record["epoch"])

    def close(self) -> None:
        """Write what is pending."""
        self.events.close()
