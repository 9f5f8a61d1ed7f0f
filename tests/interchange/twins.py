"""For each file, the published model that it repeats: its class, which state is which, and quantities of both."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from tests.interchange.slopes import Quantities, named, tomorrow

from saddlepath.model import Model
from saddlepath.models.brock_mirman import BrockMirman
from saddlepath.models.growth import Growth
from saddlepath.models.growth_crra import GrowthCRRA
from saddlepath.models.growth_labour import GrowthLabour
from saddlepath.models.irbc import IRBC
from saddlepath.models.new_keynesian import NewKeynesian
from saddlepath.models.rbc_leisure import RBCLeisure
from saddlepath.models.recursive_growth import RecursiveGrowth


@dataclasses.dataclass(frozen=True)
class Twin:
    """A file and the model that it repeats.

    Attributes:
        file: Name of the file.
        model: The published model.
        states: States of the imported model, in the order of the entries of the published model's.
        published: Quantities of the published model.
        imported: The same quantities of the imported one.
    """

    file: str
    model: Callable[[], Model]
    states: tuple[str, ...]
    published: Quantities
    imported: Quantities


def output(m: Any, s: Any, x: Any) -> Any:
    return m.output(s)


def consumption(m: Any, s: Any, x: Any) -> Any:
    return m.consumption(s, x)


def entry(fn: Callable[[Any, Any, Any], Any], i: int) -> Callable[[Any, Any, Any], Any]:
    return lambda m, s, x: fn(m, s, x)[i]


def policy(name: str) -> Callable[[Any, Any, Any], Any]:
    return lambda m, s, x: getattr(x, name)


EXOGENOUS = ("eta_R", "eta_a", "eta_L", "eta_u", "eta_B", "eta_G")
CAPITAL = {"c": consumption, "k": tomorrow("k"), "z": tomorrow("z")}
READ_CAPITAL = {"c": named("c"), "k": tomorrow("k_lag"), "z": tomorrow("z")}

TWINS = (
    Twin("brock_mirman.mod", BrockMirman, ("k_lag", "z"), CAPITAL, READ_CAPITAL),
    Twin(
        "growth_predetermined.mod",
        Growth,
        ("k", "z"),
        CAPITAL | {"y": output},
        READ_CAPITAL | {"k": tomorrow("k"), "y": named("y")},
    ),
    Twin(
        "growth_crra.mod",
        GrowthCRRA,
        ("k_lag", "a"),
        CAPITAL | {"z": lambda m, s, x: jnp.exp(tomorrow("z")(m, s, x)), "y": output},
        READ_CAPITAL | {"z": tomorrow("a"), "y": named("y")},
    ),
    Twin(
        "rbc_leisure.mod",
        RBCLeisure,
        ("k_lag", "z"),
        {"c": policy("consumption"), "l": policy("labour"), "k": policy("capital"), "z": tomorrow("z")},
        READ_CAPITAL | {"l": named("l")},
    ),
    Twin(
        "growth_labour.mod",
        GrowthLabour,
        ("K_lag", "z"),
        CAPITAL | {"l": policy("labour")},
        {"c": named("C"), "l": named("L"), "k": tomorrow("K_lag"), "z": tomorrow("z")},
    ),
    Twin(
        "recursive_growth.mod",
        RecursiveGrowth,
        ("k_lag", "z", "log_sigma"),
        CAPITAL | {"v": policy("value"), "l": policy("labour"), "log_sigma": tomorrow("log_sigma")},
        READ_CAPITAL | {"v": named("V"), "l": named("l"), "log_sigma": tomorrow("log_sigma")},
    ),
    Twin(
        "irbc.mod",
        IRBC,
        ("k1_lag", "k2_lag", "z1", "z2"),
        {"lam": policy("lam"), "k1": entry(policy("capital"), 0), "k2": entry(policy("capital"), 1)}
        | {"z1": entry(tomorrow("z"), 0)},
        {"lam": named("lam"), "k1": named("k1"), "k2": named("k2"), "z1": tomorrow("z1")},
    ),
    Twin(
        "new_keynesian.mod",
        NewKeynesian,
        ("R_lag", "d_lag", *EXOGENOUS),
        {name: policy(name) for name in ("C", "R", "pi", "F", "S")} | {"d": tomorrow("d"), "eta_L": tomorrow("eta_L")},
        {name: named(name) for name in ("C", "R", "pi", "F", "S", "d")} | {"eta_L": tomorrow("eta_L")},
    ),
    Twin(
        "growth_labour.yaml",
        GrowthLabour,
        ("k", "z"),
        CAPITAL | {"l": policy("labour")},
        READ_CAPITAL | {"l": named("n"), "k": tomorrow("k")},
    ),
    Twin("brock_mirman_lists.yaml", BrockMirman, ("k", "z"), CAPITAL, READ_CAPITAL | {"k": tomorrow("k")}),
)
