"""What both dialects share in reading: arithmetic as expressions, mistakes of spelling with their line."""

from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree, UnexpectedEOF, UnexpectedInput

from saddlepath.errors import ModelError
from saddlepath.interchange.functions import FUNCTIONS
from saddlepath.interchange.syntax import Call, Expression, Name, Negative, Number, Operation, Steady
from saddlepath.model import nearest_names


@cache
def grammar(file: str, start: str) -> Lark:
    """The parser of a dialect's grammar, with that of arithmetic; it is built once."""
    folder = Path(__file__).parent
    rules = "\n".join((folder / name).read_text(encoding="utf-8") for name in ("expressions.lark", file))
    return Lark(rules, parser="lalr", start=start, propagate_positions=True)


class Arithmetic:
    """Turns the tree of an expression into an expression; dialects add their statements.

    The method named after a rule of the grammar gets what the rule's parts have become.

    Args:
        file: Name of the file, for messages.
        first_line: Line of the file at which the parsed text begins.
    """

    def __init__(self, file: str, first_line: int = 1):
        self.file, self.before = file, first_line - 1
        self.here = first_line  # line of the rule whose method runs

    def built(self, node: Any) -> Any:
        """What a tree means; a token means itself."""
        if not isinstance(node, Tree):
            return node
        children = [self.built(child) for child in node.children]
        self.here = self.line(node.meta) if not node.meta.empty else self.here
        return getattr(self, node.data)(*children)

    def line(self, place: Any) -> int:
        """Line of the file where a token or a rule begins."""
        return (place.line or 1) + self.before

    def error(self, line: int, sentence: str) -> ModelError:
        return ModelError(f"{self.file}, line {line}: {sentence}")

    def number(self, token: Token) -> Expression:
        text = token.lower().replace("d", "e")
        return Number(str(int(text)) if text.isdigit() else repr(float(text)))

    def name(self, token: Token) -> Expression:
        return Name(str(token), 0, self.line(token))

    def dated(self, token: Token, shift: Token | None) -> Expression:
        return Name(str(token), int("".join(shift.split())) if shift else 0, self.line(token))

    def call(self, token: Token, *arguments: Expression) -> Expression:
        """A function, a variable at another date, or `STEADY_STATE`."""
        name, first = str(token), arguments[0]
        if name == "STEADY_STATE" and len(arguments) == 1 and isinstance(first, Name):
            return Steady(first.name)
        if name in FUNCTIONS:
            expected = FUNCTIONS[name].arguments
            if len(arguments) != expected:
                raise self.error(self.line(token), f"{name} takes {expected} arguments and has {len(arguments)}.")
            return Call(name, arguments)
        date = _whole(first)
        if len(arguments) == 1 and date is not None:
            return Name(name, date, self.line(token))
        raise self.error(self.line(token), f"there is no function {name!r}; {nearest_names(name, sorted(FUNCTIONS))}")

    def add(self, left: Expression, right: Expression) -> Expression:
        return Operation("+", left, right)

    def subtract(self, left: Expression, right: Expression) -> Expression:
        return Operation("-", left, right)

    def multiply(self, left: Expression, right: Expression) -> Expression:
        return Operation("*", left, right)

    def divide(self, left: Expression, right: Expression) -> Expression:
        return Operation("/", left, right)

    def power(self, left: Expression, right: Expression) -> Expression:
        return Operation("^", left, right)

    def negative(self, operand: Expression) -> Expression:
        return Negative(operand)


def _whole(e: Expression) -> int | None:
    """The whole number that an expression writes, or None."""
    match e:
        case Number(text) if text.isdigit():
            return int(text)
        case Negative(Number(text)) if text.isdigit():
            return -int(text)
        case _:
            return None


def read(parser: Lark, text: str, reader: Arithmetic) -> Any:
    """What a text says.

    Raises:
        ModelError: The text is not of this grammar, or says something that is refused; names the line.
    """
    try:
        tree = parser.parse(text)
    except UnexpectedInput as error:
        raise reader.error(*_misspelt(error, text, reader)) from error
    return reader.built(tree)


def _misspelt(error: UnexpectedInput, text: str, reader: Arithmetic) -> tuple[int, str]:
    """Line and sentence for a text that does not fit the grammar."""
    ended = isinstance(error, UnexpectedEOF) or getattr(getattr(error, "token", None), "type", "") == "$END"
    if ended:
        last = text.rstrip().count("\n") + 1
        return (
            last + reader.before,
            "the text ends in the middle of a statement; look for a missing ';' or 'end;'.",
        )
    line = (error.line if isinstance(error.line, int) else 1) + reader.before
    found = text[error.pos_in_stream or 0 :].split()[0]
    if found.startswith("@"):
        return line, (
            "macro directives (@#, @{}) are not read; expand them first, with Dynare's option savemacro, and import "
            "the file that it writes."
        )
    unknown = _command(error)
    if unknown is not None:
        return line, (
            f"the command {unknown!r} is not read; take it out if the model does not depend on it, else write what it "
            "says as equations."
        )
    return line, (
        f"{found!r} does not fit here; look for a missing ';' or operator before it, or for brackets that do not close."
    )


def _command(error: UnexpectedInput) -> str | None:
    """The first word of a statement, where it is neither a known command nor a name that is given a value."""
    state = getattr(getattr(error, "interactive_parser", None), "parser_state", None)
    stack = state.value_stack if state is not None else []
    statement = len(stack) == 1 or (len(stack) > 1 and not isinstance(stack[-2], Token))
    top = stack[-1] if stack and statement else None
    return str(top) if isinstance(top, Token) and top.type == "NAME" and _only_assigned(error) else None


def _only_assigned(error: UnexpectedInput) -> bool:
    """Whether nothing but '=' could have followed."""
    return set(getattr(error, "accepts", None) or getattr(error, "allowed", None) or ()) <= {"EQUAL"}
