"""Devices and processes that share a solve: each holds a part of the batch, and all of them the rule.

Several processes, one per card or machine, are joined through `jax.distributed` before anything is computed. They take
every step together; tests of a rule are made by each on its own. What is decided from such a test, or from a clock, is
what the first process found: processes that disagreed would wait for each other for ever.
"""

import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from saddlepath.errors import ConfigError


def leads() -> bool:
    """Whether this process writes files and shows progress: the first, or the only one."""
    return jax.process_index() == 0


def mesh_for(batch: int, asked: Mesh | None) -> Mesh | None:
    """The devices over which a batch is spread; None: JAX's default device alone.

    Args:
        batch: States per step.
        asked: The devices to use; None: all, or in one process as many as share the batch evenly.

    Raises:
        ConfigError: The batch cannot be spread evenly, or a process has no device among those asked for.
    """
    processes = jax.process_count()
    if asked is None and processes == 1:
        n = next(n for n in range(jax.device_count(), 0, -1) if batch % n == 0)
        return Mesh(np.asarray(jax.devices()[:n]), ("batch",)) if n > 1 else None
    mesh = asked or Mesh(np.asarray(jax.devices()), ("batch",))
    idle = set(range(processes)) - {device.process_index for device in mesh.devices.flat}
    if idle:
        raise ConfigError(
            f"mesh has no device of process {min(idle)}; every one of the {processes} processes needs one."
        )
    if batch % mesh.size:
        raise ConfigError(
            f"a batch of {batch} states cannot be spread evenly over {mesh.size} devices; give the solver "
            f"batch={mesh.size * -(-batch // mesh.size)}, or fewer devices as mesh=."
        )
    return mesh


def along(mesh: Mesh) -> NamedSharding:
    """Layout of an array whose first axis is spread over all devices."""
    return NamedSharding(mesh, PartitionSpec(mesh.axis_names))


def everywhere(mesh: Mesh) -> NamedSharding:
    """Layout of an array that every device holds."""
    return NamedSharding(mesh, PartitionSpec())


def put(tree: Any, layout: NamedSharding) -> Any:
    """Arrays of this process in a layout; those of the first process, where there are several."""

    def place(leaf: Any) -> Any:
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.random.wrap_key_data(place(jax.random.key_data(leaf)))
        return jax.device_put(multihost_utils.broadcast_one_to_all(leaf), layout)

    return jax.tree.map(place, tree) if jax.process_count() > 1 else jax.device_put(tree, layout)


def gathered(tree: Any, mesh: Mesh | None) -> Any:
    """Arrays that this process can read; every process must ask at the same time, where there are several."""
    if mesh is None or jax.process_count() == 1:
        return tree

    def collect(leaf: Any) -> Any:
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.random.wrap_key_data(collect(jax.random.key_data(leaf)))
        return jnp.asarray(np.asarray(jax.device_put(leaf, everywhere(mesh))))

    return jax.tree.map(collect, tree)


def agreed(found: Any) -> Any:
    """Plain data as the first process found it; every process must ask at the same time, where there are several."""
    if jax.process_count() == 1:
        return found
    text = np.frombuffer(json.dumps(found).encode(), dtype=np.uint8)
    length = int(multihost_utils.broadcast_one_to_all(np.asarray(text.size)))
    sent = multihost_utils.broadcast_one_to_all(np.resize(text, length))
    return json.loads(np.asarray(sent).tobytes())
