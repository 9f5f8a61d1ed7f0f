"""What must be set before the first heavy import: threads of BLAS, how to compile, where compiled programs are kept."""

import os
import sys
from importlib.metadata import version
from pathlib import Path

from saddlepath.errors import ConfigError

FUSION_EMITTERS = "--xla_cpu_use_fusion_emitters"
"""Flag of XLA for a stage of code generation that costs more time than it saves for programs of this size."""
KNOWN_TO = "0.10."
"""Versions of jaxlib that know the flag; XLA ends a process that has a flag which it does not know."""


def prepare(*, cache: bool = True) -> None:
    """Prepare the process; what the caller has set in the environment stays.

    Args:
        cache: Keep compiled programs in a folder of the user's, so that the next run starts at once.
    """
    # One BLAS thread: the matrices are small, and idle threads that spin make steps many times slower.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    os.environ.setdefault("MPLBACKEND", "agg")
    flags = os.environ.get("XLA_FLAGS", "")
    if version("jaxlib").startswith(KNOWN_TO) and FUSION_EMITTERS not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} {FUSION_EMITTERS}=false".strip()
    if cache:
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache_folder()))
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
    else:
        os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)


def join() -> None:
    """Join the processes that a launcher has started for one solve; before anything is computed.

    Raises:
        ConfigError: There is no launcher, or the first process does not answer.
    """
    import jax

    try:
        jax.distributed.initialize()
    except ValueError as error:
        raise ConfigError(
            "--distributed found no processes to join; start the command with srun (SLURM) or mpirun (Open MPI)."
        ) from error
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(f"--distributed cannot reach the first process ({reason}); see whether it runs.") from error


def cache_folder() -> Path:
    """Where compiled programs are kept, one folder per user."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return base / "saddlepath" / "compiled"
