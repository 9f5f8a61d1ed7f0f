"""Turns every script of examples/ into an executed page, its figures and a notebook to download.

A script in percent format (cells begin with `# %%`, text with `# %% [markdown]`) is the only source: it can
be linted, tested and compared line by line. An executed notebook is kept in .cache and reused while script
and package have not changed. A cell that fails stops the build, and so does a script that draws without a picture.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jupytext
import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbclient import NotebookClient
from nbconvert import MarkdownExporter

from saddlepath.cli.environment import prepare

FOLDER = "tutorial"
LONGEST_CELL = 300  # seconds
FIRST = ("new_keynesian", "us_growth", "simulated_moments", "olg_collateral", "aiyagari", "krusell_smith")
"""The longest scripts begin first, so that at the end no core waits for one of them."""
COMPUTE = ("aiyagari", "new_keynesian")
"""Scripts that compute for longer than they compile, and keep the compiler's optimiser."""
DRAWS = re.compile(r"plt\.subplots\(|_figures import")
INLINE = "module://matplotlib_inline.backend_inline"  # whatever backend the build itself runs with
DOWNLOAD = "\n\n---\n\nThis page is a script: [download it as a notebook]({name}.ipynb).\n"


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds the pages of all examples; MkDocs calls this after it has collected docs/."""
    prepare(cache=False)  # kernels compile and compute as the command line does
    root = Path(config.config_file_path).parent
    scripts = sorted((root / "examples").glob("*.py"), key=lambda script: (script.stem not in FIRST, script.name))
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # a kernel is a process of its own, busy on about one core
        notebooks = list(pool.map(lambda script: executed(script, root), scripts))
    for script, notebook in zip(scripts, notebooks, strict=True):
        for uri, content in pages(script.stem, notebook):
            files.append(File.generated(config, f"{FOLDER}/{uri}", content=content))
    return files


def pages(name: str, notebook: nbformat.NotebookNode) -> Iterator[tuple[str, str | bytes]]:
    """Address and content of everything that one example becomes."""
    body, resources = MarkdownExporter().from_notebook_node(notebook, {"output_files_dir": f"{name}_files"})
    yield f"{name}.md", body + DOWNLOAD.format(name=name)
    yield f"{name}.ipynb", nbformat.writes(notebook)
    yield from resources["outputs"].items()


def executed(script: Path, root: Path) -> nbformat.NotebookNode:
    """The notebook of a script with its outputs, from the cache where nothing has changed."""
    kept = root / ".cache" / "examples" / f"{script.stem}-{fingerprint(script, root)}.ipynb"
    if kept.exists():
        return nbformat.read(kept, as_version=4)
    notebook = jupytext.read(script)
    # Without the optimiser the twelve ages, of which most is compilation, take 133 seconds and not 207.
    level = "" if script.stem in COMPUTE else "--xla_backend_optimization_level=0"
    NotebookClient(
        notebook, timeout=LONGEST_CELL, kernel_name="python3", resources={"metadata": {"path": root}}
    ).execute(
        env=os.environ
        | {
            "MPLBACKEND": INLINE,
            "JAX_COMPILATION_CACHE_DIR": str(root / ".cache" / "compiled"),
            "XLA_FLAGS": f"{level} {os.environ.get('XLA_FLAGS', '')}",
        }
    )
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if is_shown(output)]
    if DRAWS.search(script.read_text(encoding="utf-8")) and "image/png" not in nbformat.writes(notebook):
        raise RuntimeError(f"{script.name} draws, but its page would have no figure; is matplotlib-inline installed?")
    kept.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, kept)
    return notebook


def is_shown(output: nbformat.NotebookNode) -> bool:
    """Whether a reader sees an output: not what goes to stderr, and no bare objects of matplotlib."""
    text = output.get("data", {}).get("text/plain", "")
    bare = text.startswith(("<matplotlib", "[<matplotlib", "Text(")) and len(output["data"]) == 1
    return output.get("name") != "stderr" and not bare


def fingerprint(script: Path, root: Path) -> str:
    """Changes with the script, with every source file of the package and with the way it is executed."""
    digest = hashlib.sha256(script.read_bytes() + Path(__file__).read_bytes())
    for source in sorted((root / "src").rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
