"""Run folders as input of a command: their class and their solution, without running anybody else's code."""

from pathlib import Path

from saddlepath.catalogue import is_file_reference, model_class
from saddlepath.config import Config
from saddlepath.errors import FileError
from saddlepath.files import load
from saddlepath.runs import RunFolder
from saddlepath.solution import Solution


def class_of_run(config: Config, allowed: str | None) -> type:
    """The model class of a run; a user's file is run only if the caller names the same reference.

    Raises:
        FileError: The run names a file and the caller does not, or another one.
    """
    if is_file_reference(config.reference) and allowed != config.reference:
        raise FileError(
            f"this run was solved from {config.reference}, and that file is run only if you say so; if you "
            "trust "
            f"it, add --model {config.reference}"
        )
    return model_class(config.reference)


def solution_of(place: Path, allowed: str | None) -> Solution:
    """The solution of a run folder or of a solution file.

    Raises:
        FileError: There is none, or its class is a user's and was not named.
    """
    if place.is_dir():
        folder = RunFolder(place)
        config = folder.require_run()
        if not folder.solution.is_file():
            raise FileError(f"the run in {place} has not ended; continue it with: saddlepath resume {place}")
        return load(folder.solution, model=class_of_run(config, allowed))
    return load(place, model=None if allowed is None else model_class(allowed))
