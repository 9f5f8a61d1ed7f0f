"""Writes a sorted model as the text of a class, in the order in which published models of this library read."""

from saddlepath.interchange.at_rest import rest_methods
from saddlepath.interchange.dates import known_names
from saddlepath.interchange.declarations import head
from saddlepath.interchange.equilibrium import definition_methods, definitions, derived_parameters, residuals
from saddlepath.interchange.motion import shocks, transition
from saddlepath.interchange.spelling import check_distinct
from saddlepath.interchange.vocabulary import Vocabulary


def class_text(name: str, model: Vocabulary) -> str:
    """The text of a file with one model.

    Args:
        name: Name of the class.
        model: The sorted model.

    Raises:
        ModelError: Two names would be spelled alike, or the steady state leaves a variable out.
    """
    states = [state.name for state in model.structure.states]
    check_distinct([*known_names(model.source), *states, *model.numbered.values()], model.source.file)
    blocks = [
        *head(model),
        shocks(model),
        *derived_parameters(model),
        *definition_methods(model),
        transition(model),
        residuals(model),
        definitions(model),
        *rest_methods(model),
    ]
    body = "\n\n".join("\n".join(block) for block in blocks if block)
    typing = "Annotated, NamedTuple" if "Annotated[" in body else "NamedTuple"
    numpy = ["import jax.numpy as jnp", ""] if "jnp." in body else []
    start = [f'"""{name}, a model read from {model.source.file}."""', "", f"from typing import {typing}", ""]
    return "\n".join([*start, *numpy, "import saddlepath as sp", "", "", f"class {name}(sp.Model):", body, ""])
