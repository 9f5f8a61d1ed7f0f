"""Labels from an expensive function: in parallel, failures skipped, every one written when it arrives.

A function to label with takes a row of the box and returns one number per output. Workers import it by its name, so it
must stand in a module; it is called with plain data and returns plain data. A file of labels has one line of JSON per
label and is only ever appended to: what a killed run had computed is not computed again.
"""

import concurrent.futures
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from saddlepath.container import PathLike
from saddlepath.errors import ConfigError, FileError
from saddlepath.jobs import as_they_arrive
from saddlepath.prior import Box

Function = Callable[[np.ndarray], Any]


class LabelFile:
    """Labels on disk, one line each after a header that names box and outputs.

    Attributes:
        path: The file.
        known: Values by the bytes of their point; None where the function failed.
    """

    def __init__(self, path: PathLike, box: Box, outputs: tuple[str, ...]):
        """Open a file of labels, or begin one.

        Raises:
            FileError: It cannot be written, or holds labels of another box or other outputs.
        """
        self.path = Path(path)
        self.known: dict[bytes, np.ndarray | None] = {}
        header = {
            "box": list(box.entries),
            "low": box.low.tolist(),
            "high": box.high.tolist(),
            "outputs": list(outputs),
        }
        lines = _whole_lines(self.path)
        if not lines:
            self._append(header, "w")
        elif lines[0] != header:
            raise FileError(
                f"{self.path} holds labels of another box or of other outputs; choose another file, or remove it."
            )
        for line in lines[1:]:
            values = None if line["values"] is None else np.array(line["values"], dtype=float)
            self.known[_key(np.array(line["theta"], dtype=float))] = values

    def add(self, theta: np.ndarray, values: np.ndarray | None) -> None:
        """Write one label, None for a failure, so that it survives a crash at once."""
        self.known[_key(theta)] = values
        self._append({"theta": theta.tolist(), "values": None if values is None else values.tolist()}, "a")

    def _append(self, record: dict[str, Any], mode: str) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, mode, encoding="utf-8") as stream:
                stream.write(json.dumps(record) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise FileError(
                f"cannot write labels to {self.path}: {error.strerror or error}; choose another path."
            ) from error


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    """Records of a file; one that was being written when the run was killed is cut off."""
    if not path.is_file():
        return []
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    if len(whole) < len(text):
        path.write_bytes(whole)
    try:
        return [json.loads(line) for line in whole.decode().splitlines()]
    except ValueError as error:
        raise FileError(f"{path} is no file of labels ({error}); choose another path.") from error


def _key(theta: np.ndarray) -> bytes:
    return np.ascontiguousarray(theta, dtype=float).tobytes()


def label(
    function: Function,
    thetas: np.ndarray,
    n_outputs: int,
    executor: concurrent.futures.Executor | None = None,
    file: LabelFile | None = None,
) -> list[np.ndarray | None]:
    """Values of a function at points; None where it failed or returned something not finite.

    Args:
        function: From a row `[n_inputs]` to `[n_outputs]`.
        thetas: Points `[n, n_inputs]`.
        n_outputs: Numbers that the function returns.
        executor: Anything with `submit`; None: in this process, one after the other.
        file: Where labels are kept and found again.
    """
    found: dict[int, np.ndarray | None] = {}
    missing = []
    for i, theta in enumerate(thetas):
        if file is not None and _key(theta) in file.known:
            found[i] = file.known[_key(theta)]
        else:
            missing.append(i)
    for position, outcome in as_they_arrive(_attempt, [(function, thetas[i]) for i in missing], executor):
        i, values = missing[position], _finite(outcome, n_outputs)
        found[i] = values
        if file is not None:
            file.add(thetas[i], values)
    return [found[i] for i in range(len(thetas))]


def _attempt(function: Function, theta: np.ndarray) -> Any:
    """The function's value, or None where the model has no solution: the point is then skipped."""
    from saddlepath.errors import ConvergenceError

    try:
        return np.asarray(function(theta), dtype=float)
    except (ConvergenceError, ArithmeticError, np.linalg.LinAlgError):
        return None


def _finite(outcome: Any, n_outputs: int) -> np.ndarray | None:
    if outcome is None:
        return None
    values = np.atleast_1d(np.asarray(outcome, dtype=float))
    if values.shape != (n_outputs,):
        raise ConfigError(
            f"the function to label with must return {n_outputs} {'number' if n_outputs == 1 else 'numbers'}, one per "
            f"output, got shape {values.shape}; name every one of them in outputs."
        )
    return values if np.all(np.isfinite(values)) else None
