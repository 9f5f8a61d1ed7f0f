"""The command line: builds values, calls the public verbs, writes files; no economics and no numerics.

Help texts and the list of models load neither JAX nor the numerical modules: every import of these stands
inside the command that needs it, after the environment has been prepared.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from saddlepath.catalogue import USER_MODULE
from saddlepath.errors import SaddlepathError

FAILED = 2
"""Exit code where a command could not be carried out; 1 says that a run did not converge."""
INTERRUPTED = 130
"""Exit code of a command stopped by Ctrl-C outside of a solve, which stops by itself and keeps its best rule."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code.

    Args:
        arguments: What stands behind `saddlepath` on the command line; default `sys.argv`.
    """
    from saddlepath.cli.app import app

    try:
        app(args=None if arguments is None else list(arguments), prog_name="saddlepath")
    except SaddlepathError as error:
        _refuse(str(error))
    except SystemExit as end:
        if end.code == INTERRUPTED:
            print("saddlepath: stopped by hand; a run goes on with: saddlepath resume FOLDER", file=sys.stderr)
        raise
    except Exception as error:
        if os.environ.get("SADDLEPATH_TRACEBACK"):
            raise
        _refuse(_sentence(error))


def _refuse(message: str) -> None:
    print(f"saddlepath: {message}", file=sys.stderr)
    raise SystemExit(FAILED) from None


def _sentence(error: Exception) -> str:
    """Any other mistake as one sentence, with the line of the user's own file where it happened."""
    shipped = Path(__file__).parents[1] / "models"
    users = {getattr(m, "__file__", None) for name, m in sys.modules.items() if name.startswith(USER_MODULE)}
    frames = traceback.extract_tb(error.__traceback__)
    models = [f for f in frames if f.filename in users or shipped in Path(f.filename).parents]
    what = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
    for frame in models[-1:]:
        return f"{frame.filename}, line {frame.lineno}: {what} (in {frame.name}); correct this line."
    return f"{what}; this is unexpected: set SADDLEPATH_TRACEBACK=1 to see where, and please report it."
