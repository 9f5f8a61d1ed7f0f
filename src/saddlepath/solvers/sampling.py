"""Which states a rule is trained on: its own simulated paths, a box, a mixture of both, or given states."""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.cloud import BOUND
from saddlepath.economy import Economy
from saddlepath.errors import ConfigError
from saddlepath.model import nearest_names
from saddlepath.prior import Box
from saddlepath.rule import NetworkRule
from saddlepath.solvers.problem import Problem


class Sampler(eqx.Module):
    """Draws the states of every step. `points` is what it carries from step to step, `[batch, n_points]`."""

    def start(self, problem: Problem, batch: int, key: PRNGKeyArray) -> Float[Array, "batch n_points"]:
        """Points before the first step."""
        return jax.vmap(problem.cloud.start, (None, 0))(problem.economy, jax.random.split(key, batch))

    @abc.abstractmethod
    def advance(
        self, problem: Problem, rule: NetworkRule, points: Array, key: PRNGKeyArray, settled: Array
    ) -> tuple[Array, Array]:
        """Points after one period under the rule, and how many paths were restarted because they left the economy."""

    def batch(
        self, problem: Problem, points: Array, key: PRNGKeyArray, settled: Array
    ) -> Float[Array, "batch n_points"]:
        """States on which the next step is taken."""
        return points

    def tested_region(self) -> "Region | None":
        """A region whose states a test of accuracy must include, beside never-reset paths."""
        return None

    def limits(self) -> Box | None:
        """States outside which no step is taken, where the sampler draws from a box alone."""
        return None

    def check(self, eco: Economy) -> None:
        """Refuse values that do not fit the model."""


class Paths(Sampler):
    """Persistent simulated paths around a rest point, one period per step.

    A path restarts from the cloud around the steady state with a small probability per period, and whenever it
    leaves the economy. Restarts keep the rule right off the path, where rare shocks lead; once a test is passed
    they become rare, so that paths also reach the tails of persistent states.

    Attributes:
        restart: Probability of a restart per period until the paths are settled. [1/period]
        settled_restart: The same afterwards. [1/period]
        dispersed: Share of every batch that, once the paths are settled, is drawn afresh from the cloud. [-]
        spread: Dispersion of these draws relative to the cloud. [-]
    """

    restart: float = 0.05
    settled_restart: float = 0.005
    dispersed: float = eqx.field(static=True, default=0.25)
    spread: float = 1.25

    def batch(self, problem, points, key, settled):
        n = round(self.dispersed * points.shape[0])
        fresh = jax.vmap(problem.cloud.disperse, (None, 0, 0, None))(
            problem.economy, points[:n], jax.random.split(key, n), self.spread
        )
        return jnp.where(settled, points.at[:n].set(fresh), points)

    def advance(self, problem, rule, points, key, settled):
        move_key, chance_key, start_key = jax.random.split(key, 3)
        n = points.shape[0]
        moved = jax.vmap(problem.economy.next_point, (None, 0, 0))(rule, points, jax.random.split(move_key, n))
        lost = ~(jax.vmap(problem.cloud.extent, (None, 0))(problem.economy, moved) < BOUND)
        probability = jnp.where(settled, self.settled_restart, self.restart)
        again = lost | (jax.random.uniform(chance_key, (n,)) < probability)
        kept = jnp.where(lost[:, None], points, moved)
        fresh = jax.vmap(problem.cloud.restart, (None, 0, 0))(problem.economy, kept, jax.random.split(start_key, n))
        return jnp.where(again[:, None], fresh, moved), jnp.sum(lost)

    def check(self, eco):
        if eco.horizon is not None:
            raise ConfigError(
                f"{type(eco.model).__name__} lives in calendar time and has no rest point to which paths return; train "
                "on Passages()."
            )


class Replay(Sampler):
    """Simulated paths that remember: every step takes, from each path, one of its last states at random.

    The buffer is a row per path, `[batch, memory * n_points]`, today's state first. It makes the states of a batch less
    alike in time, and keeps states of somewhat older rules in the training set.

    Attributes:
        memory: States that each path remembers, hence batches in the buffer.
        paths: The paths that fill it.
    """

    memory: int = eqx.field(static=True, default=8)
    paths: Paths = Paths()

    def __check_init__(self) -> None:
        if self.memory < 1:
            raise ConfigError(f"a Replay remembers one state per path or more, got memory={self.memory}.")

    def start(self, problem, batch, key):
        draw = lambda k: self.paths.start(problem, batch, k)
        return jnp.concatenate(list(jax.vmap(draw)(jax.random.split(key, self.memory))), axis=1)

    def check(self, eco):
        self.paths.check(eco)

    def advance(self, problem, rule, points, key, settled):
        n = problem.economy.n_points
        moved, lost = self.paths.advance(problem, rule, points[:, :n], key, settled)
        return jnp.concatenate([moved, points[:, :-n]], axis=1), lost

    def batch(self, problem, points, key, settled):
        age_key, batch_key = jax.random.split(key)
        ages = jax.random.randint(age_key, (points.shape[0], 1, 1), 0, self.memory)
        remembered = points.reshape(points.shape[0], self.memory, -1)
        drawn = jnp.take_along_axis(remembered, ages, axis=1)[:, 0]
        return self.paths.batch(problem, drawn, batch_key, settled)


class Region(Sampler):
    """Fresh uniform draws from a box of states every step; states that the box leaves out come from the cloud.

    Box states alone admit explosive solutions of economies with a saddle path; mix them with paths there.

    Attributes:
        box: Bounds by name of the state, in levels. [units of the model]
    """

    box: Box

    def advance(self, problem, rule, points, key, settled):
        return points, jnp.zeros((), dtype=int)

    @eqx.filter_jit  # tests call it outside of any compiled function
    def batch(self, problem, points, key, settled):
        start_key, box_key = jax.random.split(key)
        n = points.shape[0]
        fresh = jax.vmap(problem.cloud.start, (None, 0))(problem.economy, jax.random.split(start_key, n))
        draws = self.box.draw(box_key, n)
        return fresh.at[:, self.positions(problem.economy)].set(draws)

    def tested_region(self):
        return self

    def limits(self):
        return self.box

    def positions(self, eco: Economy) -> np.ndarray:
        """Places of the bounded entries among those of the state."""
        slices = eco.states.slices
        return np.concatenate([np.arange(slices[n].start, slices[n].stop) for n in self.box.names])

    def check(self, eco):
        states = eco.states
        for name, low in zip(self.box.names, self.box.lower, strict=True):
            if name not in states.fields:
                raise ConfigError(f"the sampling box names {name!r}; {nearest_names(name, list(states.fields))}")
            shape = states.shapes[states.fields.index(name)]
            if low.shape != shape:
                raise ConfigError(
                    f"State.{name} has shape {shape}, its bounds have shape {low.shape}; give bounds per entry."
                )


class Mixture(Sampler):
    """Simulated paths and, in a share of every batch, fresh draws from a box once the paths are settled.

    Attributes:
        paths: The simulated part.
        region: The box part.
        share: Share of the batch that comes from the box. [-]
    """

    region: Region
    paths: Paths = Paths()
    share: float = eqx.field(static=True, default=0.5)

    def advance(self, problem, rule, points, key, settled):
        return self.paths.advance(problem, rule, points, key, settled)

    def batch(self, problem, points, key, settled):
        path_key, box_key = jax.random.split(key)
        simulated = self.paths.batch(problem, points, path_key, settled)
        first = points.shape[0] - round(self.share * points.shape[0])  # the first rows may be dispersed
        mixed = simulated.at[first:].set(self.region.batch(problem, points[first:], box_key, settled))
        return jnp.where(settled, mixed, points)

    def tested_region(self):
        return self.region

    def check(self, eco):
        self.paths.check(eco)
        self.region.check(eco)


class FromStates(Sampler):
    """Paths that start from given states and return to one of them after a number of periods.

    Attributes:
        states: A named tuple of the model's `State`, every field with a leading axis `n`.
        horizon: Length of a path. [periods]
    """

    states: Any
    horizon: int = eqx.field(static=True, default=50)

    def start(self, problem, batch, key):
        theta_key, state_key = jax.random.split(key)
        flat = jax.vmap(lambda s: problem.economy.states.flatten(s, "FromStates"))(self.states)
        chosen = flat[jax.random.randint(state_key, (batch,), 0, flat.shape[0])]
        return jnp.concatenate([chosen, problem.economy.box.draw(theta_key, batch)], axis=1)

    def advance(self, problem, rule, points, key, settled):
        move_key, chance_key, start_key = jax.random.split(key, 3)
        n = points.shape[0]
        moved = jax.vmap(problem.economy.next_point, (None, 0, 0))(rule, points, jax.random.split(move_key, n))
        lost = ~(jax.vmap(problem.cloud.extent, (None, 0))(problem.economy, moved) < BOUND)
        again = lost | (jax.random.uniform(chance_key, (n,)) < 1 / self.horizon)
        return jnp.where(again[:, None], self.start(problem, n, start_key), moved), jnp.sum(lost)
