"""One solve on several devices and by several processes: the same steps, the same decisions, one set of files."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
import pytest
from jax.sharding import Mesh
from tests.small_run import words

import saddlepath as sp
from saddlepath.container import read_file
from saddlepath.models.growth import Growth
from saddlepath.solvers.devices import mesh_for
from saddlepath.solvers.problem import flat_weights

# Damping above 1e-6 does not amplify the roundoff of sums in another order: 1e-10 after 20 steps on other devices.
SETTINGS = ["--no-report", "--set", "solver.batch=64", "--set", "solver.floor=1e-6"]
BY_ORDER_OF_SUMS = 1e-10


def weights(folder: Path) -> np.ndarray:
    """Weights of the rule in a run folder."""
    with jax.enable_x64(True):
        return np.asarray(flat_weights(sp.load(folder / "solution.saddle").rule.network))


COMMAND = ("-m", "saddlepath.cli")


def python(*words: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    settings = os.environ | {"JAX_PLATFORMS": "cpu"} | (environment or {})
    call = [sys.executable, *words]
    return subprocess.Popen(call, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def together(*words: str, processes: int = 2) -> list[subprocess.Popen[str]]:
    """The processes of one program that is started as SLURM starts it, on this machine."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    job = {
        "SLURM_JOB_ID": "1",
        "SLURM_STEP_NODELIST": "127.0.0.1",
        "SLURM_NTASKS": str(processes),
        "JAX_COORDINATOR_PORT": str(port),
    }
    each = [{"SLURM_PROCID": str(i), "SLURM_LOCALID": str(i)} for i in range(processes)]
    return [python(*words, environment=job | own) for own in each]


def finished(started: Sequence[subprocess.Popen[str]], code: int = 1) -> list[str]:
    """What processes print; by default those of a solve whose tolerance is out of reach on purpose."""
    outputs = []
    for process in started:
        out, err = process.communicate(timeout=300)
        assert process.returncode == code, err
        outputs.append(out)
    return outputs


@pytest.mark.slow
def test_two_processes_find_what_one_finds(tmp_path: Path) -> None:
    one, two, stopped = (tmp_path / name for name in ("one", "two", "stopped"))
    solve = (*COMMAND, "solve", "growth", *SETTINGS)
    finished([python(*solve, "--out", str(one), *words(tol=1e-12))])
    outputs = finished(together(*solve, "--out", str(two), "--distributed", *words(tol=1e-12)))
    assert "out of budget" in outputs[0] and "Growth" not in outputs[1]
    assert np.max(np.abs(weights(two) - weights(one))) < BY_ORDER_OF_SUMS
    accuracies = [sp.load(folder / "solution.saddle").accuracy for folder in (one, two)]
    assert accuracies[0].mean == pytest.approx(accuracies[1].mean, rel=1e-6)
    assert {p.name for p in one.iterdir()} == {p.name for p in two.iterdir()}
    assert read_file(two / "solution.saddle", "solution")[0]["how"]["device"] == "2 x cpu"

    finished(together(*solve, "--out", str(stopped), "--distributed", *words(tol=1e-12, steps=10)))
    resume = (*COMMAND, "resume", str(stopped), "--no-report", "--set", "solve.steps=20")
    finished(together(*resume, "--distributed"))
    np.testing.assert_array_equal(weights(stopped), weights(two))


AGREEMENT = """
import jax, jax.numpy as jnp, numpy as np
jax.distributed.initialize()
from saddlepath.solvers.devices import agreed, along, everywhere, gathered, leads, mesh_for, put

me = jax.process_index()
assert leads() == (me == 0)
with jax.enable_x64(True):
    # What the processes found differs, in length too.
    assert agreed([0.1 + me, "x" * (1 + 4 * me), None, float("inf")]) == [0.1, "x", None, float("inf")]
    mesh = mesh_for(4, None)
    mine = jax.random.key(me), jnp.arange(4.0) + me, jnp.asarray(bool(me))
    key, numbers, no = gathered(put(mine, everywhere(mesh)), mesh)
    assert np.array_equal(numbers, np.arange(4.0)) and not no
    assert jax.random.normal(key) == jax.random.normal(jax.random.key(0))
    spread = put(mine[1], along(mesh))
    assert [shard.data.tolist() for shard in spread.addressable_shards] == [[2.0 * me, 2.0 * me + 1]]
    assert np.array_equal(gathered(spread, mesh), np.arange(4.0))
"""


@pytest.mark.slow
def test_processes_agree_on_what_the_first_found() -> None:
    finished(together("-c", AGREEMENT), code=0)


DEVICES = """
import sys
import jax, numpy as np
from jax.sharding import Mesh
import saddlepath as sp
from saddlepath.errors import ConfigError
from saddlepath.models.growth import Growth
from saddlepath.solvers.devices import mesh_for

assert mesh_for(60, None).size == 6 and mesh_for(7, None).size == 7 and mesh_for(11, None) is None
try:
    mesh_for(60, Mesh(np.asarray(jax.devices()), ("x",)))
except ConfigError as error:
    print(error)
few = Mesh(np.asarray(jax.devices()[2:6]).reshape(2, 2), ("x", "y"))
spread = []
keep = lambda checkpoint: spread.append({shard.device.id for shard in checkpoint.state.points.addressable_shards})
options = dict(steps=20, every=20, tol=1e-12, attempts=1, network=sp.Network(width=4), test=sp.TestPaths(8, 20, 10, 1))
solver = sp.LevenbergMarquardt(batch=64, floor=1e-6)
found = [sp.solve(Growth(), solver, mesh=mesh, save=keep, **options) for mesh in (few, None)]
assert spread == [{2, 3, 4, 5}, set(range(8))], spread
one, two = (np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(s.rule.network)]) for s in found)
print(np.max(np.abs(one - two)))
"""


@pytest.mark.slow
def test_a_mesh_says_which_devices_share_the_batch() -> None:
    settings = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", DEVICES], env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    refusal, distance = done.stdout.splitlines()
    assert refusal.startswith("a batch of 60 states cannot be spread evenly over 8 devices; give the solver batch=64")
    assert 0 < float(distance) < BY_ORDER_OF_SUMS


def test_one_device_needs_no_mesh() -> None:
    assert mesh_for(64, None) is None
    assert mesh_for(64, Mesh(np.asarray(jax.devices()), ("batch",))) is not None  # asked for by name


def test_a_grid_has_no_batch_to_spread() -> None:
    mesh = Mesh(np.asarray(jax.devices()), ("batch",))
    with pytest.raises(sp.ConfigError, match="trains no network on samples, so mesh says nothing"):
        sp.solve(Growth(), sp.Collocation(), mesh=mesh)


def test_processes_are_joined_only_where_a_launcher_has_started_them(capsys: pytest.CaptureFixture[str]) -> None:
    done = python(*COMMAND, "solve", "growth", "--distributed")
    out, err = done.communicate(timeout=100)
    assert (done.returncode, out) == (2, "")
    assert "found no processes to join; start the command with srun" in err
