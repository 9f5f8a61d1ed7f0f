"""What `solve` returns: a decision rule with the model it belongs to and how far it can be trusted."""

import dataclasses
from typing import Any

import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.accuracy import Accuracy
from saddlepath.cloud import Cloud
from saddlepath.derived import as_written
from saddlepath.economy import Economy
from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.model import Model, nearest_names
from saddlepath.outcome import Outcome
from saddlepath.prior import Box
from saddlepath.rule import DecisionRule, RuleAt
from saddlepath.steady import LinearSolution


def member(
    eco: Economy, rule: DecisionRule, cloud: Cloud, theta: Float[Array, " n_theta"]
) -> tuple[Economy, DecisionRule, Cloud]:
    """Economy, rule and cloud at one vector of pseudo-states, traced or not; nothing checks it against the box."""
    at = dataclasses.replace(eco, model=eco.at(theta), box=Box())
    return at, RuleAt(rule, eco.box, theta), cloud.at(eco, theta)


@dataclasses.dataclass(frozen=True)
class Solution:
    """A decision rule, callable as `solution(k=6.0, z=0.0)` or `solution(State(...))`.

    Attributes:
        economy: Model with its calibration, quadrature and pseudo-states.
        rule: The decision rule.
        cloud: Where simulated paths start.
        outcome: How the run ended.
        accuracy: Certificate on fresh never-reset paths, or None for a rule that was not trained.
        region: Certificate on the sampling box, where one was used.
        linear: First-order solution at the centre of the box, where it exists.
        tests: One record per test of the run.
        how: Solver, tolerance, seed, steps, seconds and versions, as plain data.
    """

    economy: Economy
    rule: DecisionRule
    cloud: Cloud
    outcome: Outcome
    accuracy: Accuracy | None = None
    region: Accuracy | None = None
    linear: LinearSolution | None = None
    tests: tuple[dict[str, Any], ...] = ()
    how: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def model(self) -> Model:
        """The model that was solved, as its author wrote it."""
        return as_written(self.economy.model)

    @property
    def box(self) -> Box:
        """The pseudo-states, an empty box for a single calibration."""
        return self.economy.box

    @property
    def guards(self) -> dict[str, int]:
        """How often training had to step in: paths restarted because lost, states without a finite residual."""
        count = lambda key: sum(int(test.get(key, 0)) for test in self.tests)
        return {"paths restarted": count("restarted"), "states undefined": count("undefined")}

    def __call__(self, state: Any = None, **fields: Any) -> Any:
        """The policy at states.

        Args:
            state: A `State`; every field may have the same leading axes. Or give its fields by name.
            fields: Fields of the state by name.

        Returns:
            A `Policy` of NumPy arrays with the leading axes of the states; of JAX arrays under a caller's `jit`,
            `grad` or `vmap`.

        Raises:
            ConfigError: A field is missing or unknown, or the rule still has pseudo-states (use `at`).
        """
        self._require_calibration()
        point = self._state(state, fields)
        traced = any(isinstance(value, jax.core.Tracer) for value in jax.tree.leaves(point))
        if traced:
            return self._policies(point)
        with jax.enable_x64(True):
            return jax.tree.map(np.asarray, self._policies(point))

    def at(self, **theta: Any) -> "Solution":
        """The solution at one calibration of a family, `solution.at(beta=0.95)`.

        Raises:
            ConfigError: A pseudo-state is missing, unknown or outside the box.
        """
        with jax.enable_x64(True):
            economy, rule, cloud = member(self.economy, self.rule, self.cloud, jnp.asarray(self.box.join(theta)))
            return dataclasses.replace(self, economy=economy, rule=rule, cloud=cloud, linear=None)

    def require_converged(self) -> "Solution":
        """This solution, if its accuracy meets the tolerance.

        Raises:
            ConvergenceError: It does not.
        """
        if not self.outcome.converged:
            raise ConvergenceError(f"{type(self.model).__name__}: the run {self.outcome.sentence}.")
        return self

    def save(self, path: Any) -> None:
        """Write this solution to one file; see `saddlepath.files.save`."""
        from saddlepath.files import save

        save(self, path)

    def _require_calibration(self) -> None:
        if self.box.names:
            raise ConfigError(
                f"this rule is a family over {', '.join(self.box.names)}; choose a calibration first, "
                f"solution.at({', '.join(f'{name}=...' for name in self.box.names)})."
            )

    def _state(self, state: Any, fields: dict[str, Any]) -> Any:
        if state is not None:
            return state
        names = list(self.economy.states.fields)
        unknown = [name for name in fields if name not in names]
        if unknown:
            raise ConfigError(f"State has no field {unknown[0]!r}; {nearest_names(unknown[0], names)}")
        missing = [name for name in names if name not in fields]
        if missing:
            raise ConfigError(f"the state needs a value of {', '.join(missing)}; give every field by name.")
        return self.model.State(**{name: fields[name] for name in names})

    def _policies(self, state: Any) -> Any:
        layout = self.economy.states
        state = [jnp.asarray(v) for v in state]  # here, in double precision, and not before
        leading = np.broadcast_shapes(
            *(np.shape(v)[: np.ndim(v) - len(shape)] for v, shape in zip(state, layout.shapes, strict=True))
        )
        full = [jnp.broadcast_to(v, leading + shape) for v, shape in zip(state, layout.shapes, strict=True)]
        flat = layout.point(*(v.reshape(-1, *shape) for v, shape in zip(full, layout.shapes, strict=True)))
        policies = jax.vmap(self._policy)(flat)
        return jax.tree.map(lambda v: v.reshape(leading + v.shape[1:]), policies)

    def _policy(self, state: Any) -> Any:
        point = self.economy.join(state, jnp.zeros(0), "the caller")
        return self.rule(self.economy, self.economy.model, point)

    def _repr_html_(self) -> str:
        from saddlepath.report.tables import accuracy_table

        return f"<p><b>{type(self.model).__name__}</b>: {self.outcome.sentence}.</p>" + (
            accuracy_table(self.accuracy).to_html() if self.accuracy else ""
        )
