"""Prints the pins of constraints.txt: the versions that pip picks together for every extra and group.

Nothing is installed and no index is named. `make constraints` runs it; existing pins do not bind it.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

HEADER = """\
# The versions that are tested together, for all extras and groups; `make constraints` rewrites this file.
"""
WANTED = ["--editable", ".[all,cuda]", "--group", "dev", "hatchling", "editables", "pip"]


def resolved() -> list[str]:
    """`name==version` for everything an installation of all extras and groups brings."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = ["--dry-run", "--ignore-installed", "--quiet", "--report", str(report)]
        subprocess.run([sys.executable, "-m", "pip", "install", *options, *WANTED], check=True)
        packages = [entry["metadata"] for entry in json.loads(report.read_text())["install"]]
    names = {p["name"].lower().replace("_", "-"): p["version"] for p in packages if p["name"] != "saddlepath"}
    return [f"{name}=={version}" for name, version in sorted(names.items())]


if __name__ == "__main__":
    print(HEADER + "\n".join(resolved()))
