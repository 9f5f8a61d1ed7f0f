"""Embeddings of text from outside, as a function that the user brings: kept once answered, and dated.

A forecast may only use texts that were published by its date, and a model that has itself read later texts knows what
happened next. Both are looked-ahead information, and both are refused.
"""

import dataclasses
import datetime
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from saddlepath.container import write_atomically
from saddlepath.errors import ConfigError, FileError


@dataclasses.dataclass(frozen=True)
class DatedText:
    """A text and the day on which everybody could read it.

    Attributes:
        text: The text.
        published: That day.
    """

    text: str
    published: datetime.date


@dataclasses.dataclass(frozen=True)
class ExternalEmbeddings:
    """Embeddings by some model elsewhere: in another package, on another machine, or by hand.

    Attributes:
        name: Of the model and its version; answers of different names never mix.
        knows_until: The day on which what the model was trained on ends.
        embed: From texts to one row per text; None: only what is kept is answered.
        kept: JSON file in which answers are kept, or None: every text is asked for again.
    """

    name: str
    knows_until: datetime.date
    embed: Callable[[list[str]], ArrayLike] | None = None
    kept: Path | None = None

    def at(self, texts: Sequence[DatedText], day: datetime.date) -> Float[np.ndarray, "n width"]:
        """Embeddings as they could be known on a day.

        Args:
            texts: At least one, published by that day.
            day: On which a forecast is made, after the model's own knowledge ends.

        Returns:
            One row per text. [-]

        Raises:
            ConfigError: A text published after the day, a model that knows the day, texts of no known answer and no
                function to ask, or answers that are not one row of finite numbers per text.
            FileError: A file of answers that cannot be read.
        """
        late = [one for one in texts if one.published > day]
        if late:
            raise ConfigError(
                f"on {day} nobody could read a text published on {late[0].published}; drop the {len(late)} later "
                f"texts, or embed them on their own days."
            )
        if self.knows_until >= day:
            raise ConfigError(
                f"{self.name} was trained on texts until {self.knows_until} and so knows what followed {day}; judge "
                f"forecasts made after that day, or use a model that was trained earlier."
            )
        answers = self._read()
        new = sorted({one.text for one in texts if self._label(one.text) not in answers})
        if new:
            answers |= {self._label(text): row for text, row in zip(new, self._asked(new), strict=True)}
            if self.kept is not None:
                write_atomically(self.kept, json.dumps(answers).encode())
        rows = [answers[self._label(one.text)] for one in texts]
        if len({len(row) for row in rows}) != 1:
            raise ConfigError(
                f"embeddings of {self.name} must all have the same width, got {sorted({len(row) for row in rows})}; "
                f"give a changed model another name."
            )
        return np.array(rows, dtype=float)

    def _label(self, text: str) -> str:
        return hashlib.sha256(json.dumps([self.name, text]).encode()).hexdigest()

    def _read(self) -> dict[str, list[float]]:
        if self.kept is None or not self.kept.exists():
            return {}
        try:
            return json.loads(self.kept.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise FileError(
                f"{self.kept} holds no answers that can be read: {error}; remove it to ask again."
            ) from error

    def _asked(self, texts: list[str]) -> list[list[float]]:
        if self.embed is None:
            raise ConfigError(
                f"{len(texts)} texts have no kept answer of {self.name} and there is no function to ask, the first is "
                f"{texts[0][:60]!r}; pass embed=, or the file of answers as kept=."
            )
        rows = np.asarray(self.embed(texts), dtype=float)
        if rows.ndim != 2 or len(rows) != len(texts) or not np.all(np.isfinite(rows)):
            raise ConfigError(
                f"embed must give one row of finite numbers per text, got shape {rows.shape} for {len(texts)} texts; "
                f"pass a function that returns an array [texts, width]."
            )
        return rows.tolist()
