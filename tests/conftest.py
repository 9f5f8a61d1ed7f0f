"""What holds for every test: float64, strict promotion, checked shapes, and no time limit per property.

The import hook must be installed before anything imports the package. It checks every annotated shape and
type at each call, while users pay nothing for the annotations at run time.
"""

import contextlib
import functools
import gc
import os
import shutil
import tempfile
from collections.abc import Iterator

# Compilation is most of the time of these tests. What one process has compiled, the others of the session load: workers
# of pytest-xdist and commands run by tests inherit the folder of the first process, which removes it at the end.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", f"{tempfile.gettempdir()}/saddlepath-tests-{os.getpid()}")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
# Most functions run for less time than they compile: without the optimiser of machine code, a stage of code generation
# and the splitting of modules the tests take two thirds of the time. Flags that are given come later and win;
# `make test-slow` gives one.
os.environ["XLA_FLAGS"] = " ".join(
    [
        "--xla_backend_optimization_level=0",
        "--xla_cpu_use_fusion_emitters=false",
        "--xla_cpu_parallel_codegen_split_count=1",
        os.environ.get("XLA_FLAGS", ""),
    ]
)
os.environ.setdefault("JAX_PLATFORMS", "cpu")  # the default suite means the same on every machine
os.environ.setdefault("MPLBACKEND", "agg")  # figures go to files; no display is needed

import jax
import pytest
from hypothesis import settings
from jax._src.core import stage_p  # neither of these two has a public name
from jax._src.interpreters import mlir
from jaxtyping import install_import_hook
from tests.checked import when_called

if os.environ.get("SADDLEPATH_CHECKED", "1") != "0":  # 0 shows whether a failure comes from the checks themselves
    install_import_hook("saddlepath", f"{when_called.__module__}.{when_called.__name__}")

# Set for every thread: a solve compiles its steps in a second one, and code compiled under other flags is another code.
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")

# JAX describes every function that it compiles in a context of its own, which takes five milliseconds and keeps a
# megabyte. The tests compile thousands; one context serves them all.
mlir.make_ir_context = functools.cache(mlir.make_ir_context)
# And it compiles a function that returns what it is given for every shape of array that comes from NumPy.
stage_p.def_impl(jax.device_put)
gc.set_threshold(100_000, 10, 10)  # tracing makes so many small objects that by default the collector always runs

settings.register_profile("saddlepath", deadline=None)  # the first example of a property pays for compilation
settings.load_profile("saddlepath")


@contextlib.contextmanager
def plain_jax() -> Iterator[None]:
    """JAX as a user's interpreter has it, without any flag: float32 outside the verbs."""
    with (
        jax.enable_x64(False),
        jax.numpy_rank_promotion("allow"),
        jax.numpy_dtype_promotion("standard"),
    ):
        yield


@pytest.fixture(scope="session", autouse=True)
def _float64() -> Iterator[None]:
    jax.devices()  # JAX reads the flags above now, before a test removes them from the environment
    with jax.enable_x64(True):
        yield


@pytest.fixture
def optax_promotion() -> Iterator[None]:
    """Optax mixes whole and real numbers in its schedules; our own code is tested under strict promotion."""
    jax.config.update("jax_numpy_dtype_promotion", "standard")
    yield
    jax.config.update("jax_numpy_dtype_promotion", "strict")


@pytest.fixture
def plain_interpreter() -> Iterator[None]:
    """For tests of what happens to a user who never heard of float64."""
    with plain_jax():
        yield


def pytest_collection_finish() -> None:
    """Modules stay until the end: the garbage collector need not look through them again and again."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Ends at once, without looking for garbage; the process that made the folder of compiled programs removes it."""
    gc.freeze()
    shutil.rmtree(f"{tempfile.gettempdir()}/saddlepath-tests-{os.getpid()}", ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what is marked `gpu` where JAX sees no accelerator."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if marked and jax.default_backend() == "cpu":
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="JAX sees no accelerator (JAX_PLATFORMS may hide it)"))
