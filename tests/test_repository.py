"""What holds for the repository as a whole: budgets, one version, no addresses, nothing forgotten."""

import ast
import functools
import importlib.metadata
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "saddlepath"
THIS = Path(__file__).resolve()

LONGEST_FILE = 700  # lines
LONGEST_FUNCTION = 80  # lines
TEXT = {".py", ".toml", ".md", ".txt", ".yml", ".yaml", ".cff", ".json", ".csv", ".html", ".css", ".cfg", ""}


def tracked() -> list[Path]:
    """Files that git follows; in an unpacked archive without git, the sources and tests."""
    answer = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode:
        return [p for folder in ("src", "tests") for p in sorted((ROOT / folder).rglob("*.py"))]
    return [p for name in answer.stdout.split("\0") if name and (p := ROOT / name).is_file()]


def python_files() -> list[Path]:
    return [p for p in tracked() if p.suffix == ".py"]


def texts() -> Iterator[tuple[Path, str]]:
    for path in tracked():
        if path.suffix in TEXT and path.resolve() != THIS:
            yield path, path.read_text(encoding="utf-8")


LOOKED_AT = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Assign, ast.Call, ast.Import, ast.ImportFrom, ast.ExceptHandler)


@functools.cache
def nodes() -> list[tuple[str, ast.AST]]:
    """What the tests below look at in the sources of the package, each with the name of its file."""
    trees = [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in sorted(PACKAGE.rglob("*.py"))]
    return [(str(p.relative_to(ROOT)), n) for p, tree in trees for n in ast.walk(tree) if isinstance(n, LOOKED_AT)]


def test_files_stay_short() -> None:
    lengths = {p.relative_to(ROOT): len(p.read_text(encoding="utf-8").splitlines()) for p in python_files()}
    too_long = {str(p): n for p, n in lengths.items() if n > LONGEST_FILE}
    assert not too_long, f"more than {LONGEST_FILE} lines, split by concern: {too_long}"


def test_functions_stay_short() -> None:
    too_long = [
        f"{name}:{node.lineno} {node.name}"
        for name, node in nodes()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not too_long, f"more than {LONGEST_FUNCTION} lines: {too_long}"


def test_no_drawer_for_everything() -> None:
    drawers = [
        str(p.relative_to(ROOT)) for p in tracked() if {"utils", "util", "helpers"} & set(p.with_suffix("").parts)
    ]
    drawers = [name for name in drawers if name != "tests/helpers.py"]  # shared models and tolerances of the tests
    assert not drawers, f"name these after what they do: {drawers}"


def test_no_machine_of_ours_in_any_file() -> None:
    """A path of somebody's machine works nowhere else."""
    pattern = re.compile(r"(?<![\w.])/(?:home|root|work|opt|Users|mnt|srv)/\w|\b[A-Z]:\\\\?\w")
    found = [f"{path.relative_to(ROOT)}: {match.group()}" for path, text in texts() for match in pattern.finditer(text)]
    assert not found, f"absolute paths: {found[:10]}"


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml", "Makefile", ".ci/run"])
def test_packages_are_named_without_an_address(name: str) -> None:
    """Whoever installs decides where packages come from: a mirror, a cache, a folder."""
    text = (ROOT / name).read_text(encoding="utf-8")
    options = set(re.findall(r"(?<!\S)--[a-z-]+", text))
    assert "://" not in text
    assert not {option for option in options if option.endswith(("-url", "-links"))}


def test_constraints_are_pins() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins
    assert all(re.fullmatch(r"[a-z0-9.-]+==[0-9][^ ]*", pin) for pin in pins)


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [*project["project"]["optional-dependencies"].values(), *project["dependency-groups"].values()]
    wanted = [
        *project["project"]["dependencies"],
        *(w for group in groups for w in group if isinstance(w, str)),
    ]
    names = {re.split(r"[\[<>=~! ]", w)[0].lower().replace("_", "-") for w in wanted} - {"saddlepath"}
    pins = {line.split("==")[0] for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()}
    assert names <= pins, f"run `make constraints`: {sorted(names - pins)}"


def test_one_version() -> None:
    from saddlepath._version import __version__

    holders = [name for name, node in nodes() if _assigns_version(node)]
    assert holders == ["src/saddlepath/_version.py"]
    assert importlib.metadata.version("saddlepath") == __version__
    released = __version__.partition(".dev")[0]
    assert f"version: {released}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{released}]" in changes or ("dev" in __version__ and "## [Unreleased]" in changes)


def _assigns_version(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "__version__" for t in node.targets)


def test_the_package_changes_no_global() -> None:
    """No process-wide switch of JAX, no warning filter: importing or calling us leaves no trace."""
    forbidden = (
        "jax.config.update",
        "warnings.filterwarnings",
        "warnings.simplefilter",
        "logging.basicConfig",
    )
    found = [
        f"{name}:{node.lineno}"
        for name, node in nodes()
        if isinstance(node, ast.Call) and ast.unparse(node.func) in forbidden
    ]
    assert not found, f"open a context instead: {found}"


def test_no_file_format_that_executes() -> None:
    """A solution file is data: nothing in the package can unpickle, evaluate or import what a file names."""
    modules = {"pickle", "cloudpickle", "dill", "marshal", "shelve", "joblib"}
    found = [
        f"{name}:{node.lineno}"
        for name, node in nodes()
        if isinstance(node, ast.Import | ast.ImportFrom)
        and modules & {a.name.split(".")[0] for a in node.names} | ({getattr(node, "module", None)} & modules)
    ]
    calls = [
        f"{name}:{node.lineno}"
        for name, node in nodes()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}
    ]
    assert not found + calls


def test_nothing_is_swallowed() -> None:
    bare = [
        f"{name}:{node.lineno}" for name, node in nodes() if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    stars = [
        f"{name}:{node.lineno}"
        for name, node in nodes()
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
    ]
    assert not bare + stars, f"bare `except:` or star imports: {bare + stars}"
