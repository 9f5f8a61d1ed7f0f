"""What must be set before the first heavy import: threads of BLAS and the cache of compiled programs."""

import os
import sys
from pathlib import Path


def prepare(*, cache: bool = True) -> None:
    """Prepare the process; what the caller has set in the environment stays.

    Args:
        cache: Keep compiled programs in a folder of the user's, so that the next run starts at once.
    """
    # One BLAS thread: the matrices are small, and idle threads that spin make steps many times slower.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    os.environ.setdefault("MPLBACKEND", "agg")
    if cache:
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache_folder()))
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
    else:
        os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)


def cache_folder() -> Path:
    """Where compiled programs are kept, one folder per user."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return base / "saddlepath" / "compiled"
