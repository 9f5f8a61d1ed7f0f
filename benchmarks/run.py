"""Run the benchmark table: `python -m benchmarks.run [row ...] [--seeds N] [--fresh]`.

Every row is one process with an empty compilation cache, in which all its seeds share the compiled functions. The time
of a seed is that from the start of the process to the first test, compilation included, as the first seed needs it,
plus that from its own first test to its end. One JSON per row and seed; a row and seed with a result of the same
settings is skipped.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from saddlepath.cli.environment import prepare

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Run the rows asked for, each in a process of its own."""
    parser = argparse.ArgumentParser(description="Run the benchmark table.")
    parser.add_argument("rows", nargs="*", help="names of rows; default all")
    parser.add_argument("--seeds", type=int, help="seeds per row; default as the table says")
    parser.add_argument("--fresh", action="store_true", help="run again what has a result")
    parser.add_argument("--inside", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside is not None:
        from benchmarks.measure import run_row

        run_row(options.rows[0], options.seeds, options.fresh, options.inside, RESULTS)
        return
    from benchmarks.rows import ROWS

    for name in options.rows or ROWS:
        _spawn(name, options)


def _spawn(name: str, options: argparse.Namespace) -> None:
    prepare(cache=False)
    command = [sys.executable, "-m", "benchmarks.run", name, "--inside", repr(time.time())]
    command += ["--seeds", str(options.seeds)] if options.seeds else []
    command += ["--fresh"] if options.fresh else []
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
