"""The documentation speaks of the package that is there: names, arguments, commands; the README runs."""

import ast
import functools
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import saddlepath as sp

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of one language in a page."""
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def sources() -> Iterator[tuple[str, str]]:
    """All Python code that the documentation shows, with the name of its page."""
    for page in PAGES:
        for block in blocks(page, "python"):
            yield str(page.relative_to(ROOT)), block
    for example in EXAMPLES:
        yield str(example.relative_to(ROOT)), example.read_text(encoding="utf-8")


def public(node: ast.AST) -> str | None:
    """`solve` for the expression `sp.solve`."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sp":
        return node.attr
    return None


SOURCES = list(sources())


@pytest.mark.parametrize(("page", "code"), SOURCES, ids=[f"{page}, block {n}" for n, (page, _) in enumerate(SOURCES)])
def test_shown_names_and_arguments_exist(page: str, code: str) -> None:
    for node in ast.walk(ast.parse(code)):
        name = public(node)
        assert name is None or hasattr(sp, name), f"{page} shows sp.{name}, which does not exist"
        if isinstance(node, ast.Call) and (called := public(node.func)):
            check_arguments(page, called, {k.arg for k in node.keywords if k.arg})


def check_arguments(page: str, name: str, given: set[str]) -> None:
    known = inspect.signature(getattr(sp, name)).parameters
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known.values()):
        return
    assert given <= set(known), f"{page} calls sp.{name} with {sorted(given - set(known))}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_shown_commands_exist(page: Path) -> None:
    commands = set(re.findall(r"saddlepath ([a-z]+)\b", "\n".join(shell_text(page))))
    assert commands <= set(known_commands())


def shell_text(page: Path) -> list[str]:
    """Console blocks, and inline code that begins with the name of the command."""
    inline = re.findall(r"`(saddlepath [^`\n]+)`", page.read_text(encoding="utf-8"))
    return [*blocks(page, "console"), *inline]


@functools.cache
def known_commands() -> list[str]:
    folder = ROOT / "src" / "saddlepath" / "cli"
    text = subprocess.run(
        [sys.executable, "-m", "saddlepath.cli", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    ).stdout
    return re.findall(r"^\W*([a-z]+)  ", text, re.MULTILINE)


@pytest.mark.slow
def test_readme_runs_as_typed() -> None:
    """In a plain interpreter, without any flag, its lines end with the known answer."""
    code = "\n".join(blocks(ROOT / "README.md", "python")[0:1])
    check = """
assert abs(float(solution(k=0.2, z=0.05).saving) - 0.36 * 0.96) < 1e-6
assert solution.outcome.converged
"""
    # Where compiled programs are kept is no flag: tests that solve the same model may have left some there.
    kept = ("JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE")
    plain = {k: v for k, v in os.environ.items() if k.startswith(kept) or not k.startswith(("JAX_", "XLA_"))}
    done = subprocess.run([sys.executable, "-c", code + check], env=plain, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.stem)
def test_examples_are_percent_scripts(example: Path) -> None:
    """They begin with a text cell that gives the title; the documentation build executes them."""
    text = example.read_text(encoding="utf-8")
    assert text.startswith("# %% [markdown]\n# # ")
    ast.parse(text)
