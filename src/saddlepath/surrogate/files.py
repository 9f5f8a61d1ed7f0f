"""Surrogates as files: structure in a header, numbers as arrays, nothing executed when one is read."""

import importlib

import equinox as eqx
import jax

from saddlepath._version import __version__
from saddlepath.container import PathLike, read_file, read_tree, understood, write_file
from saddlepath.errors import ConfigError, FileError
from saddlepath.surrogate.base import StoredSurrogate, Surrogate

KIND = "surrogate"
_HOMES = {
    "GaussianProcess": "gaussian_process",
    "DeepEnsemble": "deep",
    "PolynomialFit": "polynomial",
    "SmoothPolynomialFit": "smooth_polynomial",
}
"""Module of every class that a file may name."""


def save_surrogate(surrogate: Surrogate, path: PathLike) -> None:
    """Write a surrogate to one file.

    Args:
        surrogate: A fitted one.
        path: Where to write; an existing file is replaced as a whole.

    Raises:
        ConfigError: It is of a class that `load_surrogate` does not know.
        FileError: The file cannot be written.
    """
    name = type(surrogate).__name__
    if not isinstance(surrogate, StoredSurrogate) or name not in _HOMES:
        raise ConfigError(
            f"a {name} is none of the surrogates that such a file holds ({', '.join(_HOMES)}); use its own save(), "
            "or keep the labels and fit again."
        )
    header = {
        "versions": {"saddlepath": __version__, "jax": jax.__version__, "equinox": eqx.__version__},
        "class": name,
        "table": surrogate.table(),
    }
    with jax.enable_x64(True):
        write_file(path, KIND, header, surrogate)


def load_surrogate(path: PathLike) -> Surrogate:
    """Read a surrogate that `save_surrogate` wrote.

    Raises:
        FileError: Not such a file, truncated or damaged, or of a class that this version does not know.
    """
    header, stream = read_file(path, KIND)
    with jax.enable_x64(True), understood(path):
        name = header["class"]
        if name not in _HOMES:
            raise FileError(f"{path} holds a {name}, which this version cannot read; install a newer saddlepath.")
        cls = getattr(importlib.import_module(f"saddlepath.surrogate.{_HOMES[name]}"), name)
        return read_tree(path, stream, cls.skeleton(header["table"]))
