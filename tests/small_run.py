"""The smallest run that goes through every part of a solve: one size for all tests, so that it is compiled once."""

from typing import Any

SMALL_RUN: dict[str, dict[str, Any]] = {
    "network": {"width": 4},
    "test": {"paths": 8, "burn_in": 20, "dates": 10, "repeats": 1},
    "solve": {"every": 5, "steps": 20},
}


def small_run(**solve: Any) -> dict[str, dict[str, Any]]:
    """Tables of a run file, with some keys of [solve] changed."""
    return SMALL_RUN | {"solve": SMALL_RUN["solve"] | solve}


def words(**solve: Any) -> list[str]:
    """The same as options of the command line."""
    tables = small_run(**solve)
    return [word for name, keys in tables.items() for k, v in keys.items() for word in ("--set", f"{name}.{k}={v}")]
