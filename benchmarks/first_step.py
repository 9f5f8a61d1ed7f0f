"""How long until a run takes its first step: `python -m benchmarks.first_step`.

Starts `saddlepath solve growth` with an empty folder for compiled programs, and again with what the first run left
there. The clock runs from the start of the process until the log holds the loss of step one, so it includes imports,
steady state, first-order solution and the compilation of the step. The test that follows is compiled meanwhile; when
its result is in the log is reported beside it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

RESULT = Path(__file__).parent / "results" / "first-step.json"
BAR = 8.0
"""With nothing compiled before [s]."""
WORDS = ("--no-report", "--set", "solve.every=1", "--set", "solve.steps=1", "--set", "solve.attempts=1")


def main() -> None:
    """Measure both and write the result."""
    from benchmarks.measure import surroundings

    with tempfile.TemporaryDirectory() as folder:
        cold, warm = (launch(Path(folder) / name, Path(folder) / "compiled") for name in ("cold", "warm"))
    result = {"cold": cold, "warm": warm, "bar": BAR, "met": cold["first step"] <= BAR} | surroundings()
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(sentence(result))


def launch(run: Path, compiled: Path) -> dict[str, float]:
    """Seconds from the start of the command to the attempt, to its first step and to the test of it."""
    command = [sys.executable, "-m", "saddlepath.cli", "solve", "growth", "--out", str(run), *WORDS]
    began = time.time()
    done = subprocess.run(
        command,
        env=os.environ | {"JAX_COMPILATION_CACHE_DIR": str(compiled)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):  # one step does not meet the tolerance, on purpose
        raise SystemExit(done.stderr)
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    attempt = next(r for r in records if r["event"] == "attempt")
    step = next(r for r in records if r["event"] == "begun")
    test = next(r for r in records if r["event"] == "test" and r["step"] > 0)
    marks = {"attempt": attempt, "first step": step, "first test": test}
    return {name: round(record["time"] - began, 2) for name, record in marks.items()}


def sentence(result: dict[str, Any]) -> str:
    """The figures beside the bar."""
    cold, warm = result["cold"]["first step"], result["warm"]["first step"]
    shown = f"{cold:.1f} s" if result["met"] else f"**{cold:.1f} s**"
    return (
        f"The first training step of growth comes {shown} after the start of the command with nothing compiled before "
        f"(bar {result['bar']:.0f} s), and {warm:.1f} s after it the next time; its accuracy is tested "
        f"{result['cold']['first test']:.1f} and {result['warm']['first test']:.1f} s after the start."
    )


if __name__ == "__main__":
    main()
