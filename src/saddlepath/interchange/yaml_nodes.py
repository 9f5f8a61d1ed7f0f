"""A YAML file as nodes that know their lines; nothing in it is constructed, whatever its tags say."""

import dataclasses
from collections.abc import Iterator

import yaml

from saddlepath.errors import ModelError


@dataclasses.dataclass(frozen=True)
class Entry:
    """A piece of text and the line where it stands."""

    text: str
    line: int


@dataclasses.dataclass(frozen=True)
class Document:
    """A YAML file.

    Attributes:
        file: Its name, for messages.
        root: Its outermost mapping.
    """

    file: str
    root: yaml.MappingNode

    def error(self, node: yaml.Node, sentence: str) -> ModelError:
        """A mistake at a node."""
        return ModelError(f"{self.file}, line {line(node)}: {sentence}")

    def items(self, node: yaml.Node) -> list[tuple[str, yaml.Node]]:
        """Keys and values of a mapping; a node that is none is refused."""
        if not isinstance(node, yaml.MappingNode):
            raise self.error(node, "expected `name: value` pairs here; indent them below their key.")
        return [(key.value, value) for key, value in node.value]

    def entries(self, node: yaml.Node) -> list[Entry]:
        """The lines of a block, or the members of a list."""
        if isinstance(node, yaml.SequenceNode):
            return [entry for member in node.value for entry in self.entries(member)]
        if not isinstance(node, yaml.ScalarNode):
            raise self.error(node, "expected one equation a line, or a list of equations.")
        if node.style == "|":
            return [Entry(text, number) for number, text in _numbered(node) if text.partition("#")[0].strip()]
        return [Entry(node.value, line(node))]


def read_yaml(text: str, file: str) -> Document:
    """The nodes of a YAML text.

    Raises:
        ModelError: The text is no YAML, or no mapping; the message names the line.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ModelError(
            f"{file}, line {place}: this is no YAML ({error.problem}); correct the indentation."
        ) from error
    if not isinstance(root, yaml.MappingNode):
        raise ModelError(f"{file}, line 1: expected the keys symbols, equations and calibration; this holds none.")
    return Document(file, root)


def line(node: yaml.Node) -> int:
    """The line where a node begins, counted from one."""
    return node.start_mark.line + 1


def _numbered(block: yaml.ScalarNode) -> Iterator[tuple[int, str]]:
    """Lines of a block, which begins below its sign."""
    return enumerate(block.value.splitlines(), line(block) + 1)
