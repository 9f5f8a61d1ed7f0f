"""Turns a model file of Dynare or dolo into a model file of this library, which its owner then reads and edits."""

import ast
import dataclasses
from pathlib import Path

from saddlepath.catalogue import class_name
from saddlepath.container import PathLike, write_new
from saddlepath.errors import FileError
from saddlepath.interchange.dates import aligned
from saddlepath.interchange.dolo import read_dolo
from saddlepath.interchange.dynare import read_dynare
from saddlepath.interchange.emission import class_text
from saddlepath.interchange.resolution import resolved
from saddlepath.interchange.rest_point import known_values
from saddlepath.interchange.structure import Structure, sorted_model
from saddlepath.interchange.syntax import Source, Steady, everything
from saddlepath.interchange.vocabulary import Vocabulary

READERS = {".mod": read_dynare, ".dyn": read_dynare, ".yaml": read_dolo, ".yml": read_dolo}
"""How a file is read, by its ending."""


@dataclasses.dataclass(frozen=True)
class ImportedModel:
    """A model that was read from another program's file.

    Attributes:
        name: Name of its class.
        text: The text of the model file.
        notes: What happened to the model on the way, one sentence each.
    """

    name: str
    text: str
    notes: tuple[str, ...]

    def write(self, path: PathLike) -> Path:
        """Write the model file.

        Args:
            path: Where; nothing is overwritten.

        Raises:
            FileError: The file exists already, or its place cannot be written to.
        """
        write_new(path, self.text.encode())
        return Path(path)


def import_model(path: PathLike, name: str | None = None) -> ImportedModel:
    """Read a model from a Dynare file (`.mod`) or a dolo file (`.yaml`).

    Args:
        path: The file.
        name: Name of the class; from the file's name if None.

    Returns:
        The model as the text of a class, with notes on what was done.

    Raises:
        FileError: The file cannot be read, or its ending says that it is of neither kind.
        ModelError: The model cannot be read; the message names the file and the line.
    """
    place = Path(path)
    if place.suffix not in READERS:
        raise FileError(
            f"a model file ends in {', '.join(READERS)}, got {place.name}; rename it if it is one of these."
        )
    try:
        text = place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{place} cannot be read ({error}); check the path and that it is text in UTF-8.") from error
    source = aligned(resolved(READERS[place.suffix](text, place.name)))
    at, found = known_values(source)
    if not (found or source.closed_form):
        _check_unasked(source)
    structure = sorted_model(source, at)
    chosen = name or class_name(place.stem)
    written = class_text(chosen, Vocabulary(source, structure, at))
    ast.parse(written)  # a mistake of the generator would show here, not in its user's hands
    return ImportedModel(chosen, written, (*source.notes, *_notes(structure, found)))


def _check_unasked(source: Source) -> None:
    """Refuse equations that ask for a steady state which is not known."""
    sides = [(e.line, side) for e in source.equations for side in (e.left, e.right)]
    for line, e in [*sides, *((a.line, a.value) for a in source.local)]:
        for part in everything(e):
            if isinstance(part, Steady):
                raise source.error(
                    line,
                    f"STEADY_STATE({part.name}) needs the steady state, and none was found from the block initval; "
                    "give the block steady_state_model, or a better guess.",
                )


def _notes(structure: Structure, found: bool) -> list[str]:
    """What became of the variables, and what could not be found."""
    states = ", ".join(state.name for state in structure.states) or "none"
    notes = [f"states: {states}; decisions: {', '.join(structure.policies)}."]
    if not found:
        notes.append(
            "no steady state was found from the values of the file, so that signs of variables are those of its first "
            "guess; look at the ranges, and give a better steady_guess() if the library finds none either."
        )
    return notes
