"""Seconds of calls that are compiled already."""

import time
from collections.abc import Callable
from typing import Any


def seconds_of(call: Callable[[], Any], times: int) -> list[float]:
    """Seconds of each of several calls, after one that compiled."""
    call()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return taken
