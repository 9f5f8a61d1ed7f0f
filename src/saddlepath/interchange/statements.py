"""Statements of generated code that are no expressions: calls and dictionaries, texts and numbers."""

from saddlepath.interchange.code import INDENT, WIDTH

BODY = 2 * INDENT
"""Indentation of statements of a method."""

Entries = list[tuple[str, str]]
"""Names and the code behind them."""


def called(head: str, entries: Entries) -> list[str]:
    """`head(name=code, ...)` as a statement of a method, in one line or with one argument a line."""
    arguments = [f"{name}={text}" for name, text in entries]
    line = f"{BODY}{head}({', '.join(arguments)})"
    if len(line) <= WIDTH:
        return [line]
    return [f"{BODY}{head}(", *(f"{BODY}{INDENT}{argument}," for argument in arguments), f"{BODY})"]


def returned(entries: Entries) -> list[str]:
    """`return {...}`, in one line or with one entry a line."""
    pairs = [f'"{key}": {text}' for key, text in entries]
    line = f"{BODY}return {{{', '.join(pairs)}}}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{BODY}return {{", *(f"{BODY}{INDENT}{pair}," for pair in pairs), f"{BODY}}}"]


def quoted(text: str, room: int) -> str:
    """A text in double quotes, cut at a word where there is no room for all of it."""
    return f'"{_cut(text, room - 2)}"'


def docstring(description: str) -> list[str]:
    """A description as the docstring of a method, or nothing."""
    sentence = _cut(description[:1].upper() + description[1:].rstrip("."), WIDTH - len(f'{BODY}"""."""'))
    return [f'{BODY}"""{sentence}."""'] if description else []


def _cut(text: str, room: int) -> str:
    plain = text.replace("\\", "/").replace('"', "'")
    return plain if len(plain) <= room else plain[:room].rpartition(" ")[0]


def real(x: float) -> str:
    """A number to twelve digits, with a point, so that it is a real one."""
    return "0.0" if abs(x) < 1e-12 else repr(float(f"{x:.12g}"))
