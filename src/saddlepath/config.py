"""Run files: a TOML file as a model with its calibration and the arguments of `solve`.

    model = "growth"                  # a shipped model, or my_model.py:MyModel
    [calibration]                     # fields of the model
    [solve]                           # plain arguments of solve(): tol, steps, seed, ...
    [solver], [network], [sampling], [quadrature], [over], [homotopy], [test]

Which tables and keys exist is read from the signature of `solve` and of the constructors; nothing is listed
twice.
"""

import copy
import dataclasses
import inspect
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from saddlepath.accuracy import TestPaths
from saddlepath.constructors import arguments, call, construct, convert, file_entry, table_of
from saddlepath.container import PathLike
from saddlepath.errors import ConfigError, FileError
from saddlepath.files import load
from saddlepath.model import Model, nearest_names
from saddlepath.network import Network
from saddlepath.prior import Box
from saddlepath.quadrature import Quadrature
from saddlepath.solvers.collocation import Collocation
from saddlepath.solvers.endogenous_grid import EndogenousGrid
from saddlepath.solvers.first_order import FirstOrder
from saddlepath.solvers.homotopy import Homotopy
from saddlepath.solvers.levenberg_marquardt import LevenbergMarquardt
from saddlepath.solvers.passages import Passages
from saddlepath.solvers.sampling import FromStates, Mixture, Paths, Region, Replay
from saddlepath.solvers.solve import solve
from saddlepath.solvers.start import STARTS
from saddlepath.solvers.time_iteration import TimeIteration

TABLES: dict[str, tuple[type, ...]] = {
    "solver": (LevenbergMarquardt, FirstOrder, TimeIteration, Collocation, EndogenousGrid),
    "network": (Network,),
    "sampling": (Paths, Mixture, Region, FromStates, Replay, Passages),
    "quadrature": (Quadrature,),
    "over": (Box,),
    "homotopy": (Homotopy,),
    "test": (TestPaths,),
}
"""Arguments of `solve` that are values, each a table of its own, with the constructors it may name."""
_PYTHON_ONLY = {"model", "mesh", "throw", "log", "save", "resume"}


def _plain_arguments() -> dict[str, tuple[Any, bool]]:
    """Arguments of `solve` that are numbers or text: the keys of `[solve]`."""
    accepted = arguments(solve) or {}
    return {key: hint for key, hint in accepted.items() if key not in TABLES and key not in _PYTHON_ONLY}


@dataclasses.dataclass(frozen=True)
class Config:
    """A run file.

    Attributes:
        table: Its content.
    """

    table: dict[str, Any]

    def __post_init__(self) -> None:
        valid = ["model", "calibration", "solve", *TABLES]
        for key in self.table:
            if key not in valid:
                raise ConfigError(f"a run file has no key {key!r}; {_nearest(key, valid)}")
        if not isinstance(self.table.get("model"), str):
            raise ConfigError(
                "a run file needs model = ..., the name of a shipped model or my_model.py:MyModel; add it as "
                "its first line."
            )

    @property
    def reference(self) -> str:
        """The model's name, as the command line takes it."""
        return self.table["model"]

    def build_model(self, cls: type[Model]) -> Model:
        """The model with its calibration.

        Raises:
            ConfigError: A key is no parameter, or a value has the wrong type.
            ModelError: A value lies outside its domain.
        """
        return call(cls, self.table.get("calibration", {}), "calibration")

    def arguments(self, cls: type[Model]) -> dict[str, Any]:
        """Arguments of `solve`, built by their constructors."""
        values = {key: self._value(key) for key in TABLES if key in self.table}
        values |= self._plain()
        if isinstance(values.get("sampling"), FromStates):
            values["sampling"] = _with_states(values["sampling"], cls)
        start = values.get("start")
        if start is not None and start not in STARTS and Path(start).exists():
            values["start"] = load(start, model=cls)
        return values

    def _plain(self) -> dict[str, Any]:
        accepted, given = _plain_arguments(), self.table.get("solve", {})
        for key in given:
            if key not in accepted:
                raise ConfigError(f"[solve] has no key {key!r}; {nearest_names(key, list(accepted))}")
        return {key: convert(value, accepted[key][0], f"solve.{key}") for key, value in given.items()}

    def _value(self, key: str) -> Any:
        entry = self.table[key]
        if key == "solver" and isinstance(entry, list):
            return tuple(construct(stage, TABLES[key], f"solver.{i}") for i, stage in enumerate(entry))
        return construct(entry, TABLES[key], key)

    def resolved(self, cls: type[Model]) -> dict[str, Any]:
        """The same run with every default written out, calibration included."""
        defaults = {p: v for p, v in _defaults().items() if v is not None}
        values = defaults | self.arguments(cls)
        given = self.table.get("solve", {})
        plain = {key: values[key] for key in _plain_arguments() if key in values} | given
        table: dict[str, Any] = {"model": self.reference}
        table["calibration"] = table_of(self.build_model(cls), named=False)
        table["solve"] = plain
        return table | {key: _table(key, values[key]) for key in TABLES if values.get(key) is not None}

    def override(self, assignments: Sequence[str]) -> "Config":
        """The same run with some values set, each written `table.key=value`.

        Raises:
            ConfigError: Not of this form, or a key leads through something that is no table.
        """
        table = copy.deepcopy(self.table)
        for assignment in assignments:
            _assign(table, assignment)
        return Config(table)


def _defaults() -> dict[str, Any]:
    parameters = inspect.signature(solve).parameters.values()
    return {p.name: p.default for p in parameters if p.name not in _PYTHON_ONLY}


def settable() -> list[str]:
    """Arguments of `solve` that a run file can set."""
    return [*_plain_arguments(), *TABLES]


def config_of(model: Model, arguments: Mapping[str, Any]) -> Config:
    """The run file of `solve(model, **arguments)`.

    Args:
        model: The model with its calibration.
        arguments: Arguments of `solve`.

    Raises:
        ConfigError: A value cannot be written to a file.
    """
    given = {key: value for key, value in arguments.items() if value is not None}
    tables = {key: _table(key, given.pop(key)) for key in TABLES if key in given}
    plain = {key: file_entry(value, Any, key) for key, value in given.items()}
    calibration = table_of(model, named=False)
    return Config({"model": type(model).__name__, "calibration": calibration, "solve": plain} | tables)


def _table(key: str, value: Any) -> Any:
    """The table of an argument; `kind` is written where there are several."""
    named = len(TABLES[key]) > 1 or key == "quadrature"
    if isinstance(value, tuple):
        return [table_of(stage, named=named) for stage in value]
    return table_of(value, named=named)


def _nearest(key: str, valid: list[str]) -> str:
    """The nearest keys; a key that belongs into `[solve]` is told so."""
    if key in _plain_arguments():
        return f"it belongs into the table [solve]; write solve.{key}."
    return nearest_names(key, valid)


def _with_states(sampling: FromStates, cls: type[Model]) -> FromStates:
    """Start states given as a table of lists, as the model's `State`."""
    if not isinstance(sampling.states, dict):
        return sampling
    unknown = [name for name in sampling.states if name not in cls.State._fields]
    missing = [name for name in cls.State._fields if name not in sampling.states]
    if unknown or missing:
        raise ConfigError(
            f"sampling.states needs a list for every state ({', '.join(cls.State._fields)}), got "
            f"{', '.join(sampling.states)}; name each of them once."
        )
    states = cls.State(**{name: convert(v, list, name) for name, v in sampling.states.items()})
    return dataclasses.replace(sampling, states=states)


def _assign(table: dict[str, Any], assignment: str) -> None:
    path, equals, text = assignment.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise ConfigError(f"--set expects table.key=value, got {assignment!r}; write for example solve.seed=1.")
    target: Any = table
    for key in keys[:-1]:
        target = _item(target, key, assignment) if isinstance(target, list) else target.setdefault(key, {})
        if not isinstance(target, dict | list):
            raise ConfigError(f"--set {assignment}: {key} is a value, not a table; set {key} itself.")
    if isinstance(target, list):
        raise ConfigError(f"--set {assignment}: name a key of one of the {len(target)} tables, such as 0.steps.")
    value = _toml_value(text.strip())
    if value is None:
        target.pop(keys[-1], None)
    else:
        target[keys[-1]] = value


def _item(tables: list[Any], key: str, assignment: str) -> Any:
    if not key.isdigit() or int(key) >= len(tables):
        raise ConfigError(f"--set {assignment}: {key!r} is none of the tables 0 to {len(tables) - 1}.")
    return tables[int(key)]


def _toml_value(text: str) -> Any:
    """A value as TOML reads it; `none` for the default, and text may come without quotes."""
    if text == "none":
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def read_config(path: PathLike) -> Config:
    """A run file from disk.

    Raises:
        FileError: It cannot be read.
        ConfigError: It is no TOML, or has unknown tables.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"cannot read the run file {path}: {error}; check the path.") from error
    try:
        return Config(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}; correct that line.") from error
