"""The file of a fitted network forecaster: weights, scales and linear part; nothing in it is executed."""

import dataclasses
from typing import Any

import jax
import numpy as np

from saddlepath._version import __version__
from saddlepath.container import PathLike, read_file, read_tree, understood, write_file
from saddlepath.errors import FileError
from saddlepath.forecast.baselines import LinearLags
from saddlepath.forecast.linear_part import Ridge
from saddlepath.forecast.neural import FittedForecaster, NetworkForecaster
from saddlepath.forecast.transforms import Transform
from saddlepath.nn.scaling import Scaler
from saddlepath.nn.training import Training

KIND = "forecaster"


def save_forecaster(fitted: FittedForecaster, path: PathLike) -> None:
    """Write a fitted network to one file, from which `load_forecaster` restores every forecast bit for bit.

    Args:
        fitted: From `NetworkForecaster.fit`.
        path: Where to write.

    Raises:
        FileError: The file cannot be written.
    """
    linear = fitted.linear
    table = {
        "spec": dataclasses.asdict(fitted.spec),
        "horizon": fitted.horizon,
        "inputs": len(fitted.scaler.shift),
        "steps": len(fitted.sizes),
        "linear": None if linear is None else {"kind": type(linear).__name__, "horizon": linear.horizon},
        "shapes": [part.shape for part in _arrays(fitted)],
    }
    header = {"versions": {"saddlepath": __version__}, "table": table}
    with jax.enable_x64(fitted.spec.precision == "float64"):
        write_file(path, KIND, header, (fitted.networks, _arrays(fitted)))


def _arrays(fitted: FittedForecaster) -> tuple[np.ndarray, ...]:
    """Everything but the networks that is an array."""
    linear = () if fitted.linear is None else _numbers(fitted.linear)
    return tuple(np.asarray(part, dtype=float) for part in (*fitted.scaler, fitted.sizes, fitted.shares, *linear))


def _numbers(linear: LinearLags | Ridge) -> tuple[Any, ...]:
    if isinstance(linear, Ridge):
        return linear.centre, linear.weights, linear.constant
    return linear.constant, linear.weights, linear.season


def load_forecaster(path: PathLike, expected: NetworkForecaster | None = None) -> FittedForecaster:
    """Read a fitted network forecaster.

    Args:
        path: The file.
        expected: What it must have been fitted as, or None for whatever it is.

    Raises:
        FileError: Not such a file, truncated, damaged, or of another architecture.
    """
    header, stream = read_file(path, KIND)
    with understood(path):
        table = header["table"]
        spec = _spec(table["spec"])
        if expected is not None and spec != expected:
            raise FileError(
                f"{path} holds another forecaster: {_differences(spec, expected)}; fit again, or expect that."
            )
        direct = spec.strategy == "direct"
        count = table["steps"] if direct else 1
        with jax.enable_x64(spec.precision == "float64"):
            build = lambda: tuple(spec.build(table["inputs"], 1 if direct else table["steps"], 0) for _ in range(count))
            shapes = jax.eval_shape(build)
            arrays = tuple(np.empty(shape) for shape in table["shapes"])
            networks, (shift, size, sizes, shares, *linear) = read_tree(path, stream, (shapes, arrays))
        part = _linear(table["linear"], linear, spec) if linear else None
        return FittedForecaster(spec, networks, Scaler(shift, size), sizes, shares, part, table["horizon"])


def _spec(table: dict[str, Any]) -> NetworkForecaster:
    transform = Transform(tuple(table["transform"]["steps"]), table["transform"]["period"])
    return NetworkForecaster(**table | {"transform": transform, "training": Training(**table["training"])})


def _linear(table: dict[str, Any], numbers: list[np.ndarray], spec: NetworkForecaster) -> LinearLags | Ridge:
    if table["kind"] == "Ridge":
        return Ridge(spec.windows, table["horizon"], *numbers)
    constant, weights, season = numbers
    return LinearLags(spec.transform, table["horizon"], float(constant), weights, season)


def _differences(one: NetworkForecaster, other: NetworkForecaster) -> str:
    names = [field.name for field in dataclasses.fields(one)]
    return ", ".join(
        f"{name} {getattr(one, name)!r}, not {getattr(other, name)!r}"
        for name in names
        if getattr(one, name) != getattr(other, name)
    )
