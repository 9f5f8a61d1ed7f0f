"""Turns every script of examples/ into an executed page, its figures and a notebook to download.

A script in percent format (cells begin with `# %%`, text with `# %% [markdown]`) is the only source: it can
be linted, tested and compared line by line. An executed notebook is kept in .cache and reused while script
and package have not changed. A cell that fails stops the build.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbclient import NotebookClient
from nbconvert import MarkdownExporter

FOLDER = "tutorial"
LONGEST_CELL = 300  # seconds
DOWNLOAD = "\n\n---\n\nThis page is a script: [download it as a notebook]({name}.ipynb).\n"


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds the pages of all examples; MkDocs calls this after it has collected docs/."""
    root = Path(config.config_file_path).parent
    for script in sorted((root / "examples").glob("*.py")):
        for uri, content in pages(script, root):
            files.append(File.generated(config, f"{FOLDER}/{uri}", content=content))
    return files


def pages(script: Path, root: Path) -> Iterator[tuple[str, str | bytes]]:
    """Address and content of everything that one example becomes."""
    notebook = executed(script, root)
    name = script.stem
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
    NotebookClient(
        notebook, timeout=LONGEST_CELL, kernel_name="python3", resources={"metadata": {"path": root}}
    ).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    kept.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, kept)
    return notebook


def fingerprint(script: Path, root: Path) -> str:
    """Changes with the script and with every source file of the package."""
    digest = hashlib.sha256(script.read_bytes())
    for source in sorted((root / "src").rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
