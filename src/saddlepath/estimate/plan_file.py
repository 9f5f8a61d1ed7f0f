"""Estimation files: the TOML file of a plan, with the run file of its model inside or a finished run beside it.

run = "runs/growth"               # a run folder or solution file; or the tables of a run file: model, [over], ...
[data]
source = "us.csv"                 # or us-macro
[smm]                             # arguments of Matching: moments, sampling, ...
[posterior]                       # arguments of Sampling: measurement, method, sampler, ...
[prior.beta]                      # a law per parameter of the likelihood
"""

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saddlepath.config import Config
from saddlepath.constructors import call
from saddlepath.container import PathLike
from saddlepath.errors import ConfigError, FileError
from saddlepath.estimate.data import read_series
from saddlepath.estimate.plan import Matching, Plan, Sampling
from saddlepath.model import nearest_names
from saddlepath.prior import prior_from_table

OWN = ("run", "data", "smm", "posterior", "prior")


@dataclasses.dataclass(frozen=True)
class PlanFile:
    """An estimation file.

    Attributes:
        plan: Data and what to do with them.
        source: The run file of the model, or the place of a finished run.
    """

    plan: Plan
    source: Config | Path


def read_plan(path: PathLike) -> PlanFile:
    """An estimation file from disk; names of files in it are seen from its folder.

    Raises:
        FileError: It, or its data, cannot be read.
        ConfigError: It is no TOML, has unknown tables or keys, or says twice or nowhere what the model is.
    """
    place = Path(path)
    try:
        table = tomllib.loads(place.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"cannot read the estimation file {path}: {error}; check the path.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}; correct that line.") from error
    own = {key: table.pop(key) for key in OWN if key in table}
    return PlanFile(_plan(own, place.parent), _source(own.get("run"), table, place))


def _source(run: Any, rest: Mapping[str, Any], place: Path) -> Config | Path:
    if run is None:
        return Config(dict(rest))
    if rest:
        raise ConfigError(f"{place} names the run {run} and has {', '.join(rest)} of a run file too; keep one of both.")
    return place.parent / str(run)


def _plan(own: Mapping[str, Any], folder: Path) -> Plan:
    data = own.get("data", {})
    for key in data:
        if key != "source":
            raise ConfigError(f"[data] has no key {key!r}; {nearest_names(key, ['source'])}")
    if not isinstance(data.get("source"), str):
        raise ConfigError('an estimation file needs [data] with source = "FILE.csv" or "us-macro"; add it.')
    beside = folder / data["source"]
    return Plan(
        read_series(beside if beside.exists() else data["source"]),
        call(Matching, own["smm"], "smm") if "smm" in own else None,
        call(Sampling, own["posterior"], "posterior") if "posterior" in own else None,
        prior_from_table(own["prior"]) if "prior" in own else None,
    )
