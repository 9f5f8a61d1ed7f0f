"""One line that shows how a run goes: steps, Euler error, rate, time left; plain lines without a terminal."""

import time
from typing import Any

from rich.console import Console
from rich.status import Status


class StatusLine:
    """Shows what is being done, one line at a time.

    Attributes:
        console: Where to write.
    """

    def __init__(self, console: Console | None = None):
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self.status: Status | None = None

    def __enter__(self) -> "StatusLine":
        return self

    def __exit__(self, *_: object) -> None:
        if self.status is not None:
            self.status.stop()
            self.status = None

    def show(self, line: str) -> None:
        """Replace the line on a terminal; add one elsewhere."""
        if not self.console.is_terminal:
            self.console.print(line, markup=False)
        elif self.status is None:
            status = self.status = self.console.status(line)
            status.start()
        else:
            self.status.update(line)


class ProgressLine(StatusLine):
    """Shows the records of `solve`.

    Attributes:
        name: What is being solved.
        tol: Euler error that is wanted, or None if the library chooses it. [-]
        steps: Most steps of an attempt.
        console: Where to write.
    """

    def __init__(self, name: str, tol: float | None, steps: int, console: Console | None = None):
        super().__init__(console)
        self.name, self.tol, self.steps = name, tol, steps
        self.begun = self.chunk_begun = time.perf_counter()
        self.last_step = 0

    def __enter__(self) -> "ProgressLine":
        return self

    def __call__(self, record: dict[str, Any]) -> None:
        """Show one record of `solve`."""
        if record["event"] == "test":
            self.show(self._line(record))
        elif record["event"] == "begun":
            self.show(f"{self.name}: step {record['step']}/{self.steps}  loss {record['loss']:.1e}")
        elif record["event"] == "memory":
            self._note(f"{self.name}: {record['sentence']}")
        elif record["event"] == "attempt" and record["attempt"] == 0:
            self.show(f"{self.name}: steady state, first-order solution, compilation")
        elif record["event"] == "attempt":
            self.last_step = 0
            self.show(f"{self.name}: attempt {record['attempt'] + 1}, start {record['start']}, seed {record['seed']}")
        elif record["event"] == "outcome" and record["outcome"] in ("exploded", "rejected"):
            self._note(f"{self.name}: this attempt {record['outcome']}")

    def _line(self, record: dict[str, Any]) -> str:
        wanted = "" if self.tol is None else f" (tol {self.tol:.0e})"
        line = f"{self.name}: step {record['step']}/{self.steps}  Euler error {record['mean']:.1e}{wanted}"
        now, steps = time.perf_counter(), record["step"] - self.last_step
        if steps > 0:
            rate = steps / max(now - self.chunk_begun, 1e-9)
            line += f"  {rate:.0f}/s  <{_clock((self.steps - record['step']) / rate)} left"
        self.chunk_begun, self.last_step = now, record["step"]
        return line

    def _note(self, line: str) -> None:
        self.console.print(line, markup=False)


def _clock(seconds: float) -> str:
    """Minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
