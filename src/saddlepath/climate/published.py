"""Published solutions of DICE and CDICE, to be shown beside one's own.

Values at seven dates of the networks in the authors' replication package, six digits each. They are approximate: for
optimal plans at the standard preferences their social cost of carbon is .04 to .8 % from the optimum, up to 6 % with
an elasticity of substitution of .5 or 2.

References:
    Folini, Friedl, Kuebler and Scheidegger (2024, Review of Economic Studies), replication package, Zenodo record
    10276218 (MIT licence).
"""

import csv
import importlib.resources
from typing import TYPE_CHECKING

import numpy as np

from saddlepath.climate.labelled import labelled
from saddlepath.errors import ConfigError
from saddlepath.model import nearest_names

if TYPE_CHECKING:
    import xarray as xr

UNITS = {
    "capital": "trn 2010 USD",
    "consumption": "trn 2010 USD/yr",
    "abatement": "-",
    "emissions": "GtCO2/yr",
    "damages": "share of output",
    "scc": "2010 USD/tCO2",
}


def published(case: str = "cdice", *, abatement: str = "optimal") -> "xr.Dataset":
    """A published solution, with the names and units of `optimum`.

    Args:
        case: Such as cdice, dice2016, cdice_hadgem, mesmo_giss, cdice_psi05; an unknown one lists those that are alike.
        abatement: `optimal`, or `none` for business as usual.

    Returns:
        By `year`: capital, consumption, abatement, emissions, damages, scc, carbon, temperature.

    Raises:
        ConfigError: Nothing is published under this name.
    """
    with importlib.resources.files("saddlepath.climate").joinpath("data/published.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    mode = {"optimal": "opt", "none": "bau"}.get(abatement)
    chosen = [row for row in rows if (row["case"], row["mode"]) == (case, mode)]
    if not chosen:
        valid = sorted({row["case"] for row in rows})
        raise ConfigError(
            f"no solution {case!r} with abatement={abatement!r} is published (abatement is optimal or none); "
            f"{nearest_names(case, valid)}"
        )
    column = lambda name: np.array([float(row[name]) for row in chosen])
    series = {name: (unit, column(name)) for name, unit in UNITS.items()}
    series["carbon"] = ("GtC", np.stack([column(f"carbon_{name}") for name in ("at", "uo", "lo")], axis=1))
    series["temperature"] = (
        "K above pre-industrial",
        np.stack([column(f"temperature_{name}") for name in ("at", "oc")], axis=1),
    )
    return labelled(column("year").astype(int), series)
