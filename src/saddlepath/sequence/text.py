"""Text as numbers, and the windows and rows that networks are trained on."""

import dataclasses
import re
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Int

from saddlepath.errors import ConfigError

UNITS = ("character", "word")
NOTHING = 0
"""Number of what says nothing: filled-up places, and words that the vocabulary lacks."""
WORD = re.compile(r"[a-z0-9]+|[^\sa-z0-9]")


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """Symbols and their numbers, from one on.

    Attributes:
        symbols: Characters, or words in small letters.
        unit: `character` or `word`.
    """

    symbols: tuple[str, ...]
    unit: str = "character"

    @classmethod
    def of(cls, texts: Iterable[str], unit: str = "character") -> "Vocabulary":
        """The symbols of some texts, in alphabetical order.

        Args:
            texts: At least one that is not empty.
            unit: `character` or `word`.

        Raises:
            ConfigError: No such unit, or no symbol at all.
        """
        if unit not in UNITS:
            raise ConfigError(f"unit must be one of {', '.join(UNITS)}, got {unit!r}.")
        found = sorted({symbol for text in texts for symbol in pieces(text, unit)})
        if not found:
            raise ConfigError("the texts are empty, so there is nothing to learn from; pass at least one sentence.")
        return cls(tuple(found), unit)

    def __len__(self) -> int:
        return len(self.symbols) + 1

    def encode(self, text: str) -> Int[np.ndarray, " time"]:
        """Numbers of the symbols of a text; a word that is not in the vocabulary says nothing.

        Raises:
            ConfigError: A character that is not in the vocabulary.
        """
        numbers = {symbol: number for number, symbol in enumerate(self.symbols, start=1)}
        found = pieces(text, self.unit)
        missing = sorted(set(found) - set(numbers))
        if missing and self.unit == "character":
            raise ConfigError(
                f"the vocabulary has no {missing[0]!r}; build it with Vocabulary.of over all texts, this one included."
            )
        return np.array([numbers.get(symbol, NOTHING) for symbol in found], dtype=int)

    def decode(self, tokens: Int[np.ndarray, " time"]) -> str:
        """The text behind some numbers; what says nothing is left out."""
        found = [self.symbols[token - 1] for token in tokens if token != NOTHING]
        return ("" if self.unit == "character" else " ").join(found)

    def rows(self, texts: Sequence[str], length: int) -> Int[np.ndarray, "n length"]:
        """One text per row, filled up at its end; of a longer text the first symbols."""
        filled = np.full((len(texts), length), NOTHING)
        for row, text in zip(filled, texts, strict=True):
            tokens = self.encode(text)[:length]
            row[: len(tokens)] = tokens
        return filled


def pieces(text: str, unit: str) -> list[str]:
    """Characters as they are, or words and punctuation marks in small letters."""
    return list(text) if unit == "character" else WORD.findall(text.lower())


def windows(tokens: Int[np.ndarray, " time"], context: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows side by side, and the same one symbol later.

    Args:
        tokens: A text.
        context: Symbols per window.

    Raises:
        ConfigError: A text that is no longer than the context.
    """
    n = (len(tokens) - 1) // context
    if n < 1:
        raise ConfigError(
            f"a text of {len(tokens)} symbols has no window of {context} with a symbol after it; use a longer text or "
            f"a shorter context."
        )
    return tokens[: n * context].reshape(n, context), tokens[1 : n * context + 1].reshape(n, context)
