"""Which module may import which: equations know nothing of solvers, solvers nothing of reports.

The table below is the architecture. A module may import its own layer and every layer above it in the
table, never a later one; imports inside functions count, imports for type checkers only do not.
"""

import ast
import functools
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "saddlepath"

# First to last. A name stands for the module and, if it is a package, for everything inside it.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"_version"}),
    frozenset({"errors", "layout", "outcome", "container", "table", "events", "jobs", "elimination"}),
    frozenset({"ranges", "shocks", "quadrature", "complementarity", "powers", "clearing", "marginal", "marginals"}),
    frozenset({"expectation", "model"}),
    frozenset({"climate"}),
    frozenset({"prior", "initialisers", "network", "grid", "catalogue", "constructors"}),
    frozenset({"structure", "derived", "economy"}),
    frozenset({"cloud"}),
    frozenset({"rule"}),
    frozenset({"steady"}),
    frozenset({"binding", "histogram"}),
    frozenset({"accuracy"}),
    frozenset({"solution", "files"}),
    frozenset({"checking", "description"}),
    frozenset({"solvers"}),
    frozenset({"checkpoint", "config"}),
    frozenset({"inequality", "law_of_motion"}),
    frozenset(
        {"simulation", "summary", "responses", "verification", "comparison", "verdict", "distribution", "social_cost"}
    ),
    frozenset({"statistics", "macro_data"}),
    frozenset({"nn", "sequence"}),
    frozenset({"surrogate"}),
    frozenset({"dynamic_programming", "options", "estimate", "uq", "forecast"}),
    frozenset({"report"}),
    frozenset({"runs", "sweeping", "interchange"}),
    frozenset({"cli"}),
)

# How a value shows itself in a notebook is drawn by a later layer, imported when it is asked for.
DRAWING = frozenset({"_repr_html_", "__repr__", "__str__"})
# Published models are written as a user writes them, with `import saddlepath as sp`.
MODELS = "models"
ALLOWED_IN_MODELS = frozenset({"model", "shocks", "ranges", "complementarity", "climate"})


def files() -> list[Path]:
    return sorted(p for p in PACKAGE.rglob("*.py") if p.relative_to(PACKAGE).parts != ("__init__.py",))


def dotted(path: Path) -> str:
    """`saddlepath.solvers.loop` for the file src/saddlepath/solvers/loop.py."""
    parts = ("saddlepath", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def family(module: str) -> str:
    """The first name below the package: `solvers` for `saddlepath.solvers.loop`, `` for the package."""
    return (module.split(".") + [""])[1]


def for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def statements(node: ast.AST, *, deferred: bool = True) -> Iterator[ast.AST]:
    """All statements below `node`, without those for type checkers or drawing; functions only if `deferred`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):  # holds no statement
            continue
        if isinstance(child, ast.FunctionDef) and (not deferred or child.name in DRAWING):
            continue
        if for_type_checkers(child):
            assert isinstance(child, ast.If)
            for alternative in child.orelse:
                yield alternative
                yield from statements(alternative, deferred=deferred)
            continue
        yield child
        yield from statements(child, deferred=deferred)


def imported(node: ast.AST, module: str, is_package: bool) -> list[str]:
    """Full names of the package's modules that one statement imports."""
    if isinstance(node, ast.Import):
        return [a.name for a in node.names if a.name.split(".")[0] == "saddlepath"]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        above = module.split(".")
        above = above[: len(above) - node.level + is_package]
        base = ".".join(above + ([base] if base else []))
    if base.split(".")[0] != "saddlepath":
        return []
    if base == "saddlepath":  # `from saddlepath import model` names a module, `import Model` a public name
        modules = {a.name for a in node.names if (PACKAGE / a.name).exists() or (PACKAGE / f"{a.name}.py").exists()}
        return [f"saddlepath.{a.name}" if a.name in modules else "saddlepath" for a in node.names]
    return [base]


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path, *, deferred: bool = True) -> set[str]:
    nodes = statements(parsed(path), deferred=deferred)
    found = (imported(node, dotted(path), path.name == "__init__.py") for node in nodes)
    return {name for names in found for name in names}


def layer(name: str) -> int:
    for position, names in enumerate(LAYERS):
        if name in names:
            return position
    raise AssertionError(f"saddlepath.{name} has no place in LAYERS: decide what it may import and add it there")


# Published models have a rule of their own below.
LAYERED = [p for p in files() if family(dotted(p)) != MODELS]


@pytest.mark.parametrize("path", LAYERED, ids=[str(p.relative_to(PACKAGE)) for p in LAYERED])
def test_no_module_imports_a_later_layer(path: Path) -> None:
    own = family(dotted(path))
    for name in imports(path):
        other = family(name)
        if not other:
            pytest.fail(f"{path.name} imports the whole package: name the module that is needed")
        if own == "cli" and other == MODELS:
            continue  # the command line looks published models up by name
        assert other != MODELS, f"{path.name} imports {name}: generic code knows no model"
        assert layer(other) <= layer(own), f"{path.name} imports {name}, which stands in a later layer"


@pytest.mark.parametrize("path", [p for p in files() if family(dotted(p)) == MODELS], ids=lambda p: p.stem)
def test_published_models_use_what_a_user_uses(path: Path) -> None:
    for name in imports(path):
        other = family(name)
        allowed = other in ALLOWED_IN_MODELS | {"", MODELS}
        assert allowed, f"{path.name} imports {name}: write `import saddlepath as sp` and use its public names"


def test_no_cycles() -> None:
    """While modules load; a value may still be drawn by a neighbour that is imported when asked for."""
    names = {dotted(p) for p in files()}
    graph = {dotted(p): imports(p, deferred=False) & names - {dotted(p)} for p in files()}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail("modules import each other in a circle: " + " -> ".join(error.args[1]))


def test_the_package_itself_imports_nothing_heavy() -> None:
    """`import saddlepath` reads the version and prepares lazy names; help texts must not load JAX."""
    allowed = {"saddlepath", "__future__", "importlib", "typing", "sys"}
    for node in statements(parsed(PACKAGE / "__init__.py")):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        for name in names:
            assert name.split(".")[0] in allowed, f"__init__.py imports {name} at once: import it where it is used"
