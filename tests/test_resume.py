"""A run killed at any moment ends, once resumed, with the results of the uninterrupted run, bit for bit."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.small_run import words

SETTINGS = ["--no-report", *words(steps=50, tol=1e-12)]


def command(folder: Path, *words: str) -> tuple[list[str], dict[str, str]]:
    """A command line and its environment."""
    return [sys.executable, "-m", "saddlepath.cli", *words], os.environ | {"JAX_PLATFORMS": "cpu"}


def finished(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    call, environment = command(folder, *words)
    return subprocess.run(call, env=environment, capture_output=True, text=True, timeout=300, check=False)


def killed(folder: Path, until: int, *words: str) -> None:
    """Start a command, and kill it without warning once its log has so many tests."""
    call, environment = command(folder, *words)
    process = subprocess.Popen(call, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while len(records(folder)) < until and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()


def records(folder: Path) -> list[dict[str, Any]]:
    """Records of the log up to time stamps; a half-written last line is no record."""
    path = folder / "metrics.jsonl"
    found = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            break
        found.append({key: value for key, value in record.items() if key not in ("time", "seconds")})
    return found


def arrays(folder: Path) -> bytes:
    """Every array of the solution: what follows the header of its file."""
    data = (folder / "solution.saddle").read_bytes()
    first, _, rest = data.partition(b"\n")
    return rest[int(first.split()[3]) :]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The uninterrupted run."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    done = finished(folder, "solve", "growth", "--out", str(folder), *SETTINGS)
    assert done.returncode == 1, done.stderr  # the tolerance is out of reach on purpose
    assert len(records(folder)) == 13  # attempt, test of the start, ten tests, outcome
    return folder


# Records when the process is killed: before the first checkpoint, after the second, after the last test, when
# only the certificate and the files are missing.
@pytest.mark.slow
@pytest.mark.parametrize("until", [1, 4, 12])
def test_killed_and_resumed_is_bit_identical(whole: Path, until: int) -> None:
    folder = whole.parent / f"killed-{until}"
    killed(folder, until, "solve", "growth", "--out", str(folder), *SETTINGS)
    assert not (folder / "solution.saddle").exists()
    done = finished(folder, "resume", "--no-report", str(folder))
    assert done.returncode == 1, done.stderr
    assert arrays(folder) == arrays(whole)
    assert records(folder) == records(whole)
    for name in ("accuracy.json", "run.toml"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()


@pytest.mark.slow
def test_killed_twice(whole: Path) -> None:
    folder = whole.parent / "twice"
    killed(folder, 4, "solve", "growth", "--out", str(folder), *SETTINGS)
    killed(folder, 8, "resume", "--no-report", str(folder))
    assert finished(folder, "resume", "--no-report", str(folder)).returncode == 1
    assert arrays(folder) == arrays(whole)
    assert records(folder) == records(whole)
