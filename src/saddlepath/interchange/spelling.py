"""Names of a source as Python writes them: Greek letters spelled out, no keyword, no name that a model has already."""

import keyword
import unicodedata
from collections.abc import Iterable

from saddlepath.errors import ModelError
from saddlepath.model import Model

RESERVED = frozenset(dir(Model)) | {"State", "Policy", "steady", "self", "jnp", "sp"}
"""What a variable or parameter of a generated class may not be called."""


def spelled(name: str) -> str:
    """A name as generated code writes it."""
    plain = "".join(map(_letter, name)).lstrip("_")
    clashes = keyword.iskeyword(plain) or plain in RESERVED or not plain.isidentifier()
    return f"{plain}_" if clashes else plain


def _letter(character: str) -> str:
    """A Greek letter by its name, any other as it is."""
    words = unicodedata.name(character, "").split()
    if words[:1] != ["GREEK"] or "LETTER" not in words:
        return character
    name = words[words.index("LETTER") + 1].lower().replace("lamda", "lambda")
    return name.capitalize() if "CAPITAL" in words else name


def check_distinct(names: Iterable[str], file: str) -> None:
    """Refuse names that would be spelled alike."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(spelled(name), name)
        if other != name:
            raise ModelError(
                f"{file}: {other} and {name} are both spelled {spelled(name)} in Python; rename one of them."
            )
