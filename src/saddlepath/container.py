"""One file of the library: a line that names the format, a JSON header, arrays; written whole or not at all.

    saddlepath solution 1 <bytes of the header> <SHA-256 of the header>
    {... "payload": {"bytes": ..., "sha256": ...}}
    <arrays, one after the other, in NumPy's format>

Reading such a file executes nothing: the header is data, and arrays that would need unpickling are refused. A
file is written beside its place, synced and renamed: a crash or a full disk leaves the old file as it was.
"""

import contextlib
import hashlib
import io
import json
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from saddlepath.errors import FileError

FORMAT = 1
_FIRST_LINE = re.compile(rb"saddlepath (\w+) (\d+) (\d+) ([0-9a-f]{64})\n")
_LONGEST_FIRST_LINE = 256

PathLike = str | os.PathLike[str]


def write_atomically(path: PathLike, data: bytes) -> None:
    """Replace a file as a whole: afterwards all of `data` stands at `path`, or what stood there before.

    Args:
        path: Where to write; missing folders are made.
        data: The new content.

    Raises:
        FileError: The place cannot be written to; the old file is untouched.
    """
    target = Path(path)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, target)
        _sync_folder(target.parent)
    except OSError as error:
        raise FileError(_unwritable(target, error)) from error
    finally:
        if part.parent.is_dir():
            part.unlink(missing_ok=True)


def write_new(path: PathLike, data: bytes) -> None:
    """Write a file that must not exist yet.

    Raises:
        FileError: It exists, or cannot be written.
    """
    if Path(path).exists():
        raise FileError(f"{path} exists already; choose another name, or remove it first.")
    write_atomically(path, data)


def write_json(path: PathLike, data: dict[str, Any]) -> None:
    """Write plain data as JSON, which has no infinities: numbers that are not finite become null.

    Raises:
        FileError: The file cannot be written.
    """
    write_atomically(path, (json.dumps(finite(data), indent=2) + "\n").encode())


def finite(value: Any) -> Any:
    """Plain data with None in place of numbers that are not finite."""
    if isinstance(value, dict):
        return {key: finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the system can sync folders."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(target: Path, error: OSError) -> str:
    blocking = next((p for p in target.parents if p.is_file()), None)
    if blocking is not None:
        return f"cannot write {target}: {blocking} is a file, not a folder; choose a path that avoids it."
    if target.is_dir():
        return f"cannot write {target}: it is a folder; add the name of a file."
    reason = error.strerror or str(error)
    return f"cannot write {target}: {reason}; nothing was changed there. Make room or choose another path."


def write_file(path: PathLike, kind: str, header: dict[str, Any], tree: Any) -> None:
    """Write a header and the arrays of a tree as one file.

    Args:
        path: Where to write.
        kind: What the file is, one word.
        header: Plain data.
        tree: Any pytree; its arrays are kept in order, everything else belongs into the header.

    Raises:
        FileError: The file cannot be written.
    """
    stream = io.BytesIO()
    eqx.tree_serialise_leaves(stream, tree, filter_spec=_write_leaf)
    payload = stream.getvalue()
    content = header | {"payload": {"bytes": len(payload), "sha256": hashlib.sha256(payload).hexdigest()}}
    text = json.dumps(content, default=_plain).encode()
    first = f"saddlepath {kind} {FORMAT} {len(text)} {hashlib.sha256(text).hexdigest()}\n".encode()
    write_atomically(path, first + text + payload)


def _plain(value: Any) -> Any:
    """NumPy's and JAX's numbers as Python's."""
    if isinstance(value, np.generic | np.ndarray | jax.Array):
        return np.asarray(value).tolist()
    raise TypeError(f"{type(value).__name__} is no plain data")


def _write_leaf(stream: io.BytesIO, leaf: Any) -> None:
    if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    if isinstance(leaf, jax.Array | np.ndarray):
        np.save(stream, np.asarray(leaf), allow_pickle=False)


def read_file(path: PathLike, kind: str) -> tuple[dict[str, Any], io.BytesIO]:
    """Header and arrays of a file, both verified.

    Args:
        path: Where to read.
        kind: What the file must be.

    Raises:
        FileError: No such file, another kind of file, a newer format, truncated or damaged.
    """
    source = Path(path)
    try:
        data = source.read_bytes()
    except OSError as error:
        raise FileError(f"cannot read {source}: {error.strerror or error}; check the path.") from error
    version, length, digest, start = _first_line(source, kind, data)
    if version > FORMAT:
        raise FileError(
            f"{source} has format {version}, this version reads up to {FORMAT}; install a newer saddlepath."
        )
    text, payload = data[start : start + length], data[start + length :]
    if len(text) < length:
        raise FileError(_truncated(source, f"its header ends after {len(text)} of {length} bytes"))
    if hashlib.sha256(text).hexdigest() != digest:
        raise FileError(_damaged(source, "header"))
    header = json.loads(text)
    _check_payload(source, header["payload"], payload)
    return header, io.BytesIO(payload)


def _first_line(source: Path, kind: str, data: bytes) -> tuple[int, int, str, int]:
    match = _FIRST_LINE.match(data[:_LONGEST_FIRST_LINE])
    if match is None:
        raise FileError(f"{source} is not a {kind} file of saddlepath; give the path of one.")
    found, version, length, digest = (part.decode() for part in match.groups())
    if found != kind:
        raise FileError(f"{source} is a {found} file, not a {kind} file; give the path of a {kind} file.")
    return int(version), int(length), digest, match.end()


def _check_payload(source: Path, expected: dict[str, Any], payload: bytes) -> None:
    if len(payload) < expected["bytes"]:
        raise FileError(_truncated(source, f"it holds {len(payload)} of {expected['bytes']} bytes of arrays"))
    if len(payload) > expected["bytes"] or hashlib.sha256(payload).hexdigest() != expected["sha256"]:
        raise FileError(_damaged(source, "arrays"))


def _truncated(source: Path, how: str) -> str:
    return f"{source} is truncated: {how}; copy it again, or solve again."


def _damaged(source: Path, part: str) -> str:
    return f"{source} is damaged: its {part} do not match their checksum; copy it again, or solve again."


@contextlib.contextmanager
def understood(source: PathLike) -> Iterator[None]:
    """Turn a header that does not have the expected content into a sentence.

    Raises:
        FileError: Something in the header is missing or of another kind.
    """
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, MemoryError) as error:
        raise FileError(
            f"{source} cannot be understood ({type(error).__name__}: {error}); it was written by another version, or "
            "its model cannot be built: solve again."
        ) from error


def read_tree(source: PathLike, stream: io.BytesIO, like: Any) -> Any:
    """The arrays of a file as a tree.

    Args:
        source: The file's path, for the message.
        stream: The arrays.
        like: The tree, with a `jax.ShapeDtypeStruct` for every JAX array and NumPy arrays for NumPy's.

    Raises:
        FileError: The file holds other arrays.
    """
    try:
        tree = eqx.tree_deserialise_leaves(stream, like, filter_spec=_read_leaf)
    except (RuntimeError, ValueError, EOFError) as error:
        raise FileError(
            f"{source} holds arrays of other shapes than its model and network need; it was written by "
            "another version or for another class: solve again."
        ) from error
    if stream.read(1):
        raise FileError(_damaged(Path(source), "arrays"))
    return tree


def _read_leaf(stream: io.BytesIO, like: Any) -> Any:
    if not isinstance(like, jax.ShapeDtypeStruct | jax.Array | np.ndarray):
        return like
    value = np.load(stream, allow_pickle=False)
    if isinstance(like, np.ndarray):
        return value
    if jnp.issubdtype(like.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(jnp.asarray(value))
    return jnp.asarray(value)
