"""Tables of a TOML file and the values they stand for: a table is a call of a constructor.

`construct` is the one way from a table to a value: keys are the arguments of the constructor's own signature,
`kind` names the constructor where several fit, and an unknown key is answered with the nearest valid
ones. `table_of` is its inverse.
"""

import dataclasses
import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from saddlepath.errors import ConfigError
from saddlepath.model import nearest_names
from saddlepath.prior import Box

_WORDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
_PLAIN = tuple(_WORDS)
NONE = "none"
"""How a file says None, which TOML does not have."""


def construct(table: Any, kinds: Sequence[type], where: str) -> Any:
    """The value that a table describes.

    Args:
        table: Arguments by name; `kind` names the constructor where there are several.
        kinds: Classes that may be meant, the default first; an abstract one stands for its subclasses.
        where: Name of the table, for messages.

    Returns:
        The value, built by the constructor itself with all its checks.

    Raises:
        ConfigError: An unknown kind or key, a value of the wrong type, a missing key.
    """
    if not isinstance(table, Mapping):
        raise ConfigError(f"[{where}] must be a table of arguments, got {table!r}; write [{where}] and keys below it.")
    candidates = {cls.__name__: cls for kind in kinds for cls in _concrete(kind)}
    name = table.get("kind", next(iter(candidates)))
    if name not in candidates:
        raise ConfigError(f"[{where}] has no kind {name!r}; {nearest_names(str(name), list(candidates))}")
    given = {key: value for key, value in table.items() if key != "kind"}
    return call(candidates[name], given, where)


def call(constructor: Any, given: Mapping[str, Any], where: str) -> Any:
    """Call a class or function with the entries of a table, each turned into what the signature asks for."""
    accepted = arguments(constructor)
    values = {}
    for key, value in given.items():
        if accepted is not None and key not in accepted:
            raise ConfigError(f"[{where}] has no key {key!r}; {nearest_names(key, list(accepted))}")
        values[key] = convert(value, Any if accepted is None else accepted[key][0], f"{where}.{key}")
    missing = [key for key, (_, required) in (accepted or {}).items() if required and key not in values]
    if missing:
        raise ConfigError(f"[{where}] needs {', '.join(missing)}; add {missing[0]} = ... to it.")
    return constructor(**values)


def arguments(constructor: Any) -> dict[str, tuple[Any, bool]] | None:
    """Type and necessity of every argument of a class or function; None if it takes any name."""
    target = constructor.__init__ if isinstance(constructor, type) else constructor
    parameters = [p for p in inspect.signature(target).parameters.values() if p.name != "self"]
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    hints = typing.get_type_hints(constructor)
    return {p.name: (hints.get(p.name, Any), p.default is p.empty) for p in parameters}


def convert(value: Any, hint: Any, where: str) -> Any:
    """A value as TOML knows it, as the type that an argument asks for.

    Raises:
        ConfigError: It does not fit.
    """
    options = _options(hint)
    if value == NONE and _takes_none(hint):
        return None
    kinds = [option for option in options if _is_value_class(option)]
    if isinstance(value, Mapping) and kinds:
        return construct(value, kinds, where)
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        return tuple(convert(item, item_hint, where) for item in value for item_hint in [_item_hint(options)])
    plain = [option for option in options if option in _PLAIN]
    if isinstance(value, _PLAIN):
        return _plain(value, options, plain, where)
    if isinstance(value, list):
        return _sequence(value, options, where)
    return value


def _options(hint: Any) -> list[Any]:
    """The alternatives of a union, without None and annotations."""
    if typing.get_origin(hint) is typing.Annotated:
        return _options(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [o for argument in typing.get_args(hint) for o in _options(argument) if o is not types.NoneType]
    return [hint]


def _takes_none(hint: Any) -> bool:
    return types.NoneType in typing.get_args(hint)


def _is_value_class(option: Any) -> bool:
    return isinstance(option, type) and dataclasses.is_dataclass(option)


def _item_hint(options: list[Any]) -> Any:
    """What the items of a list argument are."""
    for option in options:
        if typing.get_args(option):
            return typing.get_args(option)[0]
    return Any


def _plain(value: Any, options: list[Any], plain: list[type], where: str) -> Any:
    """A number, text or truth value as one of the plain types that the argument takes."""
    if isinstance(value, bool) and (bool in plain or not plain):
        return value
    if not plain:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        if int in plain and isinstance(value, int):
            return value
        if float in plain:
            return float(value)
    if isinstance(value, str) and str in plain:
        return value
    expected = " or ".join(_WORDS[p] for p in plain)
    raise ConfigError(f"{where} must be {expected}, got {value!r}; change the value.")


def _sequence(value: list[Any], options: list[Any], where: str) -> Any:
    """A list as the tuple or array that the argument takes."""
    if all(option in _PLAIN for option in options):
        raise ConfigError(f"{where} must be a single value, got the list {value!r}; give one number or text.")
    if any(option is tuple or typing.get_origin(option) is tuple for option in options) or options == [Any]:
        return tuple(tuple(item) if isinstance(item, list) else item for item in value)
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where} must be a list of numbers, got {value!r}; remove what is no number.") from error


def _concrete(kind: type) -> list[type]:
    """A class, or the package's own concrete subclasses of an abstract one."""
    if not inspect.isabstract(kind):
        return [kind]
    return [cls for sub in kind.__subclasses__() if sub.__module__.startswith("saddlepath.") for cls in _concrete(sub)]


def table_of(value: Any, *, named: bool = True) -> dict[str, Any]:
    """The table that describes a value; `construct` gives the value back.

    Args:
        value: A value of the package, such as a solver, a network, a box.
        named: Whether `kind` is written.

    Raises:
        ConfigError: The value holds something that a file cannot, such as an Optax transformation.
    """
    accepted = arguments(type(value))
    if accepted is None:
        return keywords(value)
    table: dict[str, Any] = {"kind": type(value).__name__} if named else {}
    for key, (hint, _) in accepted.items():
        entry = getattr(value, key)
        if entry is None and _takes_none(hint):
            table[key] = NONE
        elif entry is not None:
            table[key] = file_entry(entry, hint, f"{type(value).__name__}.{key}")
    return table


def keywords(value: Any) -> dict[str, Any]:
    """Arguments of a value whose constructor takes any name: bounds of a box, values of a homotopy."""
    if isinstance(value, Box):
        return {
            name: [np.asarray(low).tolist(), np.asarray(high).tolist()]
            for name, low, high in zip(value.names, value.lower, value.upper, strict=True)
        }
    return {name: file_entry(entries, Any, name) for name, entries in value.values}


def file_entry(entry: Any, hint: Any, where: str) -> Any:
    """A value as a file writes it.

    Args:
        entry: The value.
        hint: What its argument asks for.
        where: Its name, for the message.

    Raises:
        ConfigError: A file cannot hold it.
    """
    if isinstance(entry, _PLAIN):
        return entry
    if dataclasses.is_dataclass(entry) and not isinstance(entry, type):
        kinds = [cls for option in _options(hint) if _is_value_class(option) for cls in _concrete(option)]
        return table_of(entry, named=len(kinds) != 1)
    if isinstance(entry, tuple | list) and not hasattr(entry, "_fields"):
        return [file_entry(item, Any, where) for item in entry]
    try:
        array = np.asarray(entry)
    except TypeError:
        array = np.asarray(None)
    if array.dtype.kind in "biuf":
        return array.tolist()
    raise ConfigError(
        f"{where} holds {type(entry).__name__}, which a file cannot; give it by name, or solve in Python."
    )
