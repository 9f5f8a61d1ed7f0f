"""The studies of this package by name: short experiments that show what networks and their training can do."""

from collections.abc import Callable

from saddlepath.errors import ConfigError
from saddlepath.model import nearest_names
from saddlepath.nn.architecture_search import study_architecture
from saddlepath.nn.backpropagation import study_backpropagation
from saddlepath.nn.capacity import study_double_descent, study_overfitting
from saddlepath.nn.decision_boundaries import study_boundaries
from saddlepath.nn.descent import study_descent
from saddlepath.nn.findings import Findings
from saddlepath.nn.genz_suite import study_genz
from saddlepath.nn.signal_propagation import study_gradients
from saddlepath.nn.update_rules import study_optimizers
from saddlepath.sequence.memory import study_memory

STUDIES: dict[str, Callable[[int], Findings]] = {
    "descent": study_descent,
    "optimizers": study_optimizers,
    "gradients": study_gradients,
    "overfitting": study_overfitting,
    "double-descent": study_double_descent,
    "boundaries": study_boundaries,
    "backpropagation": study_backpropagation,
    "architecture": study_architecture,
    "memory": study_memory,
    "genz": study_genz,
}
"""Studies by name; each takes a seed. `genz` runs for minutes, the others for less than two."""


def run_study(name: str, seed: int = 0) -> Findings:
    """Run a study.

    Args:
        name: One of `STUDIES`.
        seed: Of everything random.

    Raises:
        ConfigError: No study of this name.
    """
    if name not in STUDIES:
        raise ConfigError(f"no study {name!r}; {nearest_names(name, list(STUDIES))}")
    return STUDIES[name](seed)
