"""Cases of a test of which a few belong to the default run and the others are slow."""

from collections.abc import Container, Iterable
from typing import Any

import pytest


def mostly_slow(cases: Iterable[str], by_default: Container[str]) -> list[Any]:
    """The cases as parameters, marked slow but for those `by_default`."""
    return [pytest.param(case, marks=() if case in by_default else pytest.mark.slow) for case in cases]
