"""The checker of types behind the import hook: beartype, which writes its check of a function when it is first called.

Half of what a process imports it never calls; to write all checks at import takes ten seconds.
"""

import functools
from collections.abc import Callable
from typing import Any

from beartype import beartype


def when_called(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its arguments and result checked; a hint that cannot be checked fails at the first call."""
    checked: list[Callable[..., Any]] = []

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not checked:
            checked.append(beartype(function))
        return checked[0](*args, **kwargs)

    return call
