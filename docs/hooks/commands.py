"""Writes the help text of every command into the reference page of the command line."""

import os
import subprocess
import sys
from typing import Any

PAGE = "reference/command_line.md"
PLACE = "<!-- commands -->"
COMMANDS = (
    "new",
    "import",
    "models",
    "describe",
    "check",
    "solve",
    "resume",
    "errors",
    "simulate",
    "irf",
    "report",
    "uq",
    "forecast",
    "demo",
)
PLAIN = {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1", "TERMINAL_WIDTH": "100"}


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Replaces the marked place; MkDocs calls this for each page."""
    if page.file.src_uri != PAGE:
        return markdown
    sections = [f"## saddlepath {name}\n\n```text\n{help_of(name)}\n```" for name in COMMANDS]
    return markdown.replace(PLACE, "\n\n".join(sections))


def help_of(command: str) -> str:
    """The help text of one command; a command that is not there stops the build."""
    call = [sys.executable, "-m", "saddlepath.cli", command, "--help"]
    done = subprocess.run(call, env=os.environ | PLAIN, capture_output=True, text=True, check=True)
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())
