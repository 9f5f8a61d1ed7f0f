"""Solutions as files: a calibration, a rule and its certificate travel together, and nothing is executed.

The header of a file holds the model's name, the shape and value of every parameter and a fingerprint of the
class's source; shipped models are found again by name, a class of the user's is passed to `load`. A file that
does not fit is refused with a sentence. The fingerprint covers the class, not functions it calls elsewhere.
"""

import dataclasses
import hashlib
import inspect
import io
import math
import textwrap
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from saddlepath._version import __version__
from saddlepath.accuracy import Accuracy
from saddlepath.catalogue import shipped_class
from saddlepath.cloud import Cloud
from saddlepath.constructors import construct, keywords, table_of
from saddlepath.container import PathLike, read_file, read_tree, understood, write_file, write_json
from saddlepath.derived import as_written
from saddlepath.economy import Economy, economy
from saddlepath.errors import FileError
from saddlepath.grid import Grid
from saddlepath.model import Model
from saddlepath.network import MLP, Network, PlainNetwork, SharedNetwork, build_network
from saddlepath.outcome import Outcome
from saddlepath.prior import Box
from saddlepath.quadrature import Quadrature
from saddlepath.rule import (
    DecisionRule,
    EndogenousRule,
    ExactRule,
    Frame,
    GridRule,
    NetworkRule,
    RuleAt,
    features_shape,
)
from saddlepath.solution import Solution
from saddlepath.steady import LinearSolution, SteadyState

KIND = "solution"
SHIPPED = "saddlepath.models."


def save(solution: Solution, path: PathLike) -> None:
    """Write a solution to one file.

    Args:
        solution: Any solution with a network rule or a grid, a member of a family, or a closed form.
        path: Where to write; an existing file is replaced as a whole.

    Raises:
        FileError: The file cannot be written, or the solution holds something that a file cannot.
    """
    eco = solution.economy
    header = {
        "versions": {"saddlepath": __version__, "jax": jax.__version__, "equinox": eqx.__version__},
        "model": model_header(solution.model),
        "quadrature": table_of(eco.quadrature),
        "box": keywords(eco.box),
        "rule": _rule_header(solution.rule, eco),
        "cloud": _cloud_header(solution.cloud),
        "linear": None if solution.linear is None else _linear_header(solution.linear),
        "outcome": solution.outcome.name,
        "accuracy": _plain_accuracy(solution.accuracy),
        "region": _plain_accuracy(solution.region),
        "tests": list(solution.tests),
        "how": solution.how,
    }
    with jax.enable_x64(True):
        write_file(path, KIND, header, (solution.rule, solution.cloud, solution.linear))


def load(path: PathLike, model: type[Model] | Model | None = None) -> Solution:
    """Read a solution from a file.

    Args:
        path: A file that `save` wrote.
        model: The class that was solved, for a class of your own; shipped models are found by name.

    Returns:
        The solution, with the calibration that it was solved for.

    Raises:
        FileError: Not such a file, truncated or damaged, or of another model than `model`.
    """
    header, stream = read_file(path, KIND)
    with jax.enable_x64(True), understood(path):
        return _restore(header, stream, model, path)


def _restore(header: dict[str, Any], stream: io.BytesIO, model: type[Model] | Model | None, path: PathLike) -> Solution:
    restored = restore_model(header["model"], model, path)
    quadrature = construct(header["quadrature"], (Quadrature,), "quadrature")
    eco = economy(restored, over=Box(**header["box"]), quadrature=quadrature)
    linear = None if header["linear"] is None else _linear_skeleton(header["linear"], eco)
    like = (rule_skeleton(header["rule"], eco), _cloud(header["cloud"]), linear)
    rule, cloud, linear = read_tree(path, stream, like)
    return Solution(
        eco,
        rule,
        cloud,
        Outcome[header["outcome"]],
        _accuracy(header["accuracy"]),
        _accuracy(header["region"]),
        linear,
        tuple(header["tests"]),
        header["how"],
    )


def model_header(model: Model) -> dict[str, Any]:
    """Class, source and calibration of a model, as its author wrote it, as plain data."""
    model = as_written(model)
    cls = type(model)
    fields = {f.name: _encode(getattr(model, f.name), f"{cls.__name__}.{f.name}") for f in _fields(cls)}
    return {"class": f"{cls.__module__}:{cls.__qualname__}", "source": source_hash(cls), "fields": fields}


def _fields(cls: type) -> list[Any]:
    return [f for f in dataclasses.fields(cls) if f.init]


def source_hash(cls: type) -> str | None:
    """Fingerprint of the source of a class and its bases up to `Model`; None where there is none to read."""
    try:
        texts = [textwrap.dedent(inspect.getsource(c)) for c in cls.__mro__[: cls.__mro__.index(Model)]]
    except (OSError, TypeError):
        return None
    lines = [line.rstrip() for text in texts for line in text.splitlines() if line.strip()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _encode(value: Any, where: str) -> Any:
    """A parameter as plain data: numbers with their type, whole numbers and text as they are."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, tuple):
        return {"tuple": [_encode(item, where) for item in value]}
    if isinstance(value, float | np.ndarray | np.generic | jax.Array):
        array = np.asarray(value)
        if array.dtype.kind in "biuf":
            return {"dtype": str(array.dtype), "shape": list(array.shape), "value": array.tolist()}
    raise FileError(
        f"{where} holds a {type(value).__name__}, which a file cannot keep; use numbers, arrays, text or "
        "tuples as parameters."
    )


def _decode(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "tuple" in value:
        return tuple(_decode(item) for item in value["tuple"])
    array = np.asarray(value["value"], dtype=value["dtype"]).reshape(value["shape"])
    return float(array) if array.shape == () and array.dtype.kind == "f" else array


def restore_model(header: dict[str, Any], model: type[Model] | Model | None, path: PathLike) -> Model:
    """The model of a header, its class taken from the package or from the caller.

    Raises:
        FileError: No class was given where one is needed, or it is not the one that was solved.
    """
    cls = _class(header, model, path)
    name = cls.__name__
    known = [f.name for f in _fields(cls)]
    differing = sorted(set(known) ^ set(header["fields"]))
    if differing:
        raise FileError(
            f"{path} was solved for {', '.join(header['fields']) or 'no parameters'}, {name} has "
            f"{', '.join(known) or 'none'}: {', '.join(differing)} differ; pass the class that was solved."
        )
    now = source_hash(cls)
    if now is not None and header["source"] is not None and now != header["source"]:
        raise FileError(
            f"the source of {name} has changed since {path} was written, so its rule may belong to other "
            "equations; solve again, or pass the class as it was."
        )
    return cls(**{key: _decode(value) for key, value in header["fields"].items()})


def _class(header: dict[str, Any], model: type[Model] | Model | None, path: PathLike) -> type[Model]:
    module, _, name = header["class"].partition(":")
    if model is None:
        found = shipped_class(module.removeprefix(SHIPPED), name) if module.startswith(SHIPPED) else None
        if found is None:
            raise FileError(
                f"{path} holds a solution of {name}, which is not a shipped model; pass its class: "
                f"load(path, model={name}), or --model my_model.py:{name} on the command line."
            )
        return found
    cls = model if isinstance(model, type) else type(model)
    if cls.__qualname__ != name:
        raise FileError(f"{path} holds a solution of {name}, got {cls.__qualname__}; pass the class that was solved.")
    return cls


def _rule_header(rule: DecisionRule, eco: Economy) -> dict[str, Any]:
    if isinstance(rule, ExactRule):
        return {"kind": "exact"}
    if isinstance(rule, RuleAt):
        family = dataclasses.replace(eco, box=rule.box)
        return {"kind": "member", "box": keywords(rule.box), "family": _rule_header(rule.family, family)}
    if isinstance(rule, GridRule):
        return {"kind": "grid", "basis": rule.grid.basis, "nodes": list(rule.grid.sizes)}
    if isinstance(rule, EndogenousRule):
        return {
            "kind": "endogenous",
            "interpolation": rule.interpolation,
            "kink": rule.kink,
            "shape": list(rule.nodes.shape),
        }
    if not isinstance(rule, NetworkRule):
        raise FileError(f"a file cannot keep a {type(rule).__name__}; save a rule that solve() returned.")
    return {
        "kind": "network",
        "network": None if rule.network is None else table_of(network_spec(rule.network), named=False),
        "frame": {"degree": rule.frame.degree, "shapes": _shapes(rule.frame)},
        "cloud": _cloud_header(rule.cloud),
    }


def network_spec(network: PlainNetwork | SharedNetwork) -> Network:
    """Size and kind of a trained network."""
    main = network.mlp if isinstance(network, PlainNetwork) else network.item
    moments = {} if isinstance(network, PlainNetwork) else {"moments": network.moment.biases[-1].shape[0]}
    return Network(main.weights[0].shape[0], _depth(main), main.activation, **moments)


def _depth(mlp: MLP) -> int:
    return len(mlp.weights) - 1


def _shapes(tree: Any) -> list[list[int]]:
    return [list(np.shape(leaf)) for leaf in jax.tree.leaves(tree)]


def _cloud_header(cloud: Cloud) -> dict[str, Any]:
    return {"degree": cloud.degree, "shapes": _shapes(cloud)}


def rule_skeleton(header: dict[str, Any], eco: Economy) -> DecisionRule:
    """A rule of the shapes that a header names, with any values."""
    if header["kind"] == "exact":
        return ExactRule()
    if header["kind"] == "member":
        box = Box(**header["box"])
        family = rule_skeleton(header["family"], dataclasses.replace(eco, box=box))
        return RuleAt(family, box, jnp.asarray(np.zeros(box.size)))
    if header["kind"] == "grid":
        return _grid_skeleton(header, eco)
    if header["kind"] == "endogenous":
        return EndogenousRule(header["interpolation"], header["kink"], *_zeros([[2], header["shape"], header["shape"]]))
    spec = None if header["network"] is None else construct(header["network"], (Network,), "network")
    network = None if spec is None else any_network(spec, eco)
    frame = header["frame"]
    return NetworkRule(network, Frame(frame["degree"], *_zeros(frame["shapes"])), _cloud(header["cloud"]))


def _grid_skeleton(header: dict[str, Any], eco: Economy) -> GridRule:
    n = eco.states.continuous.size
    grid = Grid(header["basis"], tuple(header["nodes"]), *_zeros([[n], [n, n]]))
    n_regimes = math.prod(n for _, n in eco.states.regimes)
    return GridRule(grid, *_zeros([[*grid.n_terms, n_regimes, eco.coordinates.size]]))


def any_network(spec: Network, eco: Economy) -> PlainNetwork | SharedNetwork:
    """A network of the right shapes, with any weights."""
    random = np.random.default_rng(0)
    return build_network(spec, features_shape(eco), eco.box.size, eco.coordinates.shapes, random, 1.0)


def _cloud(header: dict[str, Any]) -> Cloud:
    return Cloud(header["degree"], *_zeros(header["shapes"]))


def _zeros(shapes: list[list[int]]) -> list[jax.Array]:
    return [jnp.asarray(np.zeros(shape)) for shape in shapes]


def _linear_header(linear: LinearSolution) -> dict[str, Any]:
    return {
        "state": [list(np.shape(v)) for v in linear.steady.state],
        "policy": [list(np.shape(v)) for v in linear.steady.policy],
        "residual": linear.steady.residual,
        "spectral_radius": linear.spectral_radius,
        "sizes": list(linear.slopes.shape),
    }


def _linear_skeleton(header: dict[str, Any], eco: Economy) -> LinearSolution:
    m, n = header["sizes"]
    points = [[np.zeros(shape) for shape in header[kind]] for kind in ("state", "policy")]
    state, policy = eco.states.point(*points[0]), eco.policies.point(*points[1])
    steady = SteadyState(state, policy, header["residual"])
    return LinearSolution(
        steady,
        np.zeros((m, n)),
        np.zeros((n, n)),
        np.zeros(n),
        header["spectral_radius"],
        np.zeros(n, dtype=bool),
    )


def write_accuracy(accuracy: Accuracy, path: PathLike) -> None:
    """Write a certificate as `accuracy.json`.

    Raises:
        FileError: The file cannot be written.
    """
    write_json(path, accuracy.to_dict())


def _plain_accuracy(accuracy: Accuracy | None) -> dict[str, Any] | None:
    return None if accuracy is None else dataclasses.asdict(accuracy)


def _accuracy(data: dict[str, Any] | None) -> Accuracy | None:
    return None if data is None else Accuracy(**data)
