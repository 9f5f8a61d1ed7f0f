"""Which models are shipped, and which class a reference such as `growth` or `my_model.py:MyModel` means.

The list is read from the source text, so that it costs no import. Importing a shipped model runs code of this
package alone; `own_class` runs the user's file and is called only for a file that the user named.
"""

import ast
import dataclasses
import functools
import importlib
import importlib.util
import keyword
import re
import sys
from pathlib import Path
from types import ModuleType

from saddlepath.errors import ConfigError, FileError, ModelError

_FOLDER = Path(__file__).parent / "models"
_PACKAGE = "saddlepath.models"
USER_MODULE = "saddlepath_user_"
"""Beginning of the module name under which a user's file is run."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """A shipped model.

    Attributes:
        module: Name of its file.
        name: Name of its class.
        summary: First line of its docstring.
    """

    module: str
    name: str
    summary: str

    @property
    def reference(self) -> str:
        """How the command line names it: `growth`, or `growth:Variant` where the file holds several."""
        return self.module if self.name == _main_class(self.module) else f"{self.module}:{self.name}"


def shipped_models() -> list[Entry]:
    """Every shipped model, by file and in the order of the file."""
    return [entry for path in sorted(_FOLDER.glob("*.py")) for entry in _entries(path)]


@functools.cache
def _entries(path: Path) -> list[Entry]:
    """Classes of a file that derive from `Model`, directly or through another class of the file."""
    models, entries = {"Model"}, []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.ClassDef):
            continue
        if models & {_last_name(base) for base in node.bases}:
            models.add(node.name)
            summary = (ast.get_docstring(node) or "").partition("\n")[0]
            entries.append(Entry(path.stem, node.name, summary))
    return [entry for entry in entries if not entry.name.startswith("_")]


def _last_name(base: ast.expr) -> str:
    """`Model` for `sp.Model` and for `Model`."""
    return base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")


def _main_class(module: str) -> str:
    """The class that the file's own name stands for: the one called alike, else the first."""
    names = [entry.name for entry in _entries(_FOLDER / f"{module}.py")]
    return next((name for name in names if name.lower() == module.replace("_", "")), names[0] if names else "")


def shipped_class(module: str, name: str) -> type | None:
    """A shipped model's class by file and class name; None where the package has none."""
    if not any(entry.module == module and entry.name == name for entry in shipped_models()):
        return None
    return getattr(importlib.import_module(f"{_PACKAGE}.{module}"), name)


def is_file_reference(reference: str) -> bool:
    """Whether a reference names a file of the user's, `my_model.py:MyModel`."""
    return reference.partition(":")[0].endswith(".py")


def model_class(reference: str) -> type:
    """The class of a reference: a shipped model's name, or `my_model.py:MyModel`, whose file is then run.

    Raises:
        ModelError: No such model; the message lists the nearest.
        FileError: No such file.
    """
    if is_file_reference(reference):
        return own_class(reference)
    module, _, name = reference.partition(":")
    for entry in shipped_models():
        if reference in (entry.name, entry.reference) or (entry.module == module and entry.name == name):
            found = shipped_class(entry.module, entry.name)
            assert found is not None  # it was just listed
            return found
    from saddlepath.model import nearest_names

    known = [entry.reference for entry in shipped_models()]
    raise ModelError(
        f"no shipped model is called {reference!r}; {nearest_names(reference, known)} A model of your own is "
        "named my_model.py:MyModel."
    )


def class_name(stem: str) -> str:
    """`MyModel` for the file `my_model.py`.

    Raises:
        ConfigError: No class can be called like this file.
    """
    name = "".join(part[:1].upper() + part[1:] for part in re.split(r"[\W_]+", stem) if part)
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ConfigError(f"no class can be named after {stem!r}; choose a file name of letters, such as my_model.py.")
    return name


def own_class(reference: str) -> type:
    """The class that `my_model.py:MyModel` names; runs that file."""
    place, _, name = reference.partition(":")
    path = Path(place)
    if not path.is_file():
        raise FileError(f"there is no model file {place}; check the path, or write one with: saddlepath new {place}")
    module = _run_file(path)
    from saddlepath.model import Model, nearest_names

    models = [
        key
        for key, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Model) and value.__module__ == module.__name__
    ]
    if not name and len(models) == 1:
        name = models[0]
    if name not in models:
        raise ModelError(f"{place} has no model {name!r}; {nearest_names(name, models)} Write {place}:NAME.")
    return getattr(module, name)


def _run_file(path: Path) -> ModuleType:
    """A user's file as a module of its own name; a mistake in it is told with its line."""
    name = f"{USER_MODULE}{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # the path ends in .py
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ModelError(f"{path} cannot be run: {_where(error, path)}{type(error).__name__}: {error}") from error
    return module


def _where(error: Exception, path: Path) -> str:
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: "
    trace, line = error.__traceback__, None
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename).resolve() == path.resolve():
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"line {line}: " if line else ""
