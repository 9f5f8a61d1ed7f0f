"""Calendar time: where a model leads from its first date, and training on the tube around that way.

A model with `start()` comes to rest nowhere in its horizon. Centre and scale of its states are those of the way from
its first date under a first guess of its decisions; training follows paths from that date, displaced a little every
period so that the rule is right beside the way too.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from saddlepath.economy import Economy, state_features
from saddlepath.errors import ConfigError
from saddlepath.rule import ConstantRule
from saddlepath.solvers.problem import Problem
from saddlepath.solvers.sampling import Sampler

GUESSED_PATHS = 8
"""Paths under the first guess of the decisions from which centre and scale of the states are read, if they differ."""


class Passages(Sampler):
    """Persistent paths of a model in calendar time, one period per step, from its first date to its horizon.

    At the start of training they are spread over all dates. Each step, every state that decisions move is displaced a
    little, so that a tube around the paths is covered. A path returns to the first date at the horizon, with a small
    probability per period, and whenever it leaves the economy; pseudo-states are then drawn afresh. Neighbouring dates
    are alike, so there are several paths for every state of a batch, of which a step takes one at random.

    Attributes:
        restart: Probability of a return per period. [1/period]
        tube: Size of the displacements until the paths are settled: wide enough that rules which explode are found out.
            [scales of the states]
        settled_tube: The same afterwards. [scales of the states]
        reserve: Paths for every state of a batch.
        reach: A path that goes further than this from the middle of the guessed way has left the economy. Capital that
            nobody ever consumes satisfies Euler equations too, and a rule that never sees where it leads does not
            learn it. [scales of the states]
    """

    restart: float = 0.01
    tube: float = 0.1
    settled_tube: float = 0.03
    reserve: int = eqx.field(static=True, default=8)
    reach: float = 6.0

    def __check_init__(self) -> None:
        if self.reserve < 1:
            raise ConfigError(f"Passages need one path or more for every state of a batch, got reserve={self.reserve}.")

    def start(self, problem: Problem, batch: int, key: PRNGKeyArray) -> Float[Array, "batch n_carried"]:
        """Points with their dates appended, spread over the horizon under the rule before training.

        One passage for every state of a batch; its reserve are other dates of the same passage.
        """
        eco = problem.economy
        first_key, date_key, move_key = jax.random.split(key, 3)
        dates = jax.random.randint(date_key, (batch, self.reserve), 0, _dates(eco))

        def move(t: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
            now, points = carry
            keys = jax.random.split(jax.random.fold_in(move_key, t), batch)
            moved = jax.vmap(eco.next_point, (None, 0, 0))(problem.rule, now, keys)
            return moved, jnp.where((dates == t + 1)[:, :, None], moved[:, None], points)

        begun = self._first(problem, batch, first_key, self.tube)
        points = jnp.broadcast_to(begun[:, None], (batch, self.reserve, begun.shape[1]))
        _, points = jax.lax.fori_loop(0, _dates(eco) - 1, move, (begun, points))
        return jnp.concatenate([points, dates[:, :, None].astype(points.dtype)], axis=2).reshape(batch, -1)

    def advance(self, problem, rule, points, key, settled):
        eco, cloud = problem.economy, problem.cloud
        move_key, tube_key, chance_key, first_key = jax.random.split(key, 4)
        before = points.reshape(-1, eco.n_points + 1)
        n, dates = before.shape[0], before[:, -1] + 1
        tube = jnp.where(settled, self.settled_tube, self.tube)
        moved = jax.vmap(eco.next_point, (None, 0, 0))(rule, before[:, :-1], jax.random.split(move_key, n))
        moved = self._displaced(problem, moved, tube_key, tube)
        lost = ~(jax.vmap(cloud.extent, (None, 0))(eco, moved) < self.reach)
        again = lost | (dates >= _dates(eco)) | (jax.random.uniform(chance_key, (n,)) < self.restart)
        after = jnp.where(again[:, None], self._first(problem, n, first_key, tube), moved)
        carried = jnp.concatenate([after, jnp.where(again, 0.0, dates)[:, None]], axis=1)
        return carried.reshape(points.shape), jnp.sum(lost)

    def batch(self, problem, points, key, settled):
        own = points.reshape(points.shape[0], self.reserve, -1)
        chosen = jax.random.randint(key, (points.shape[0], 1, 1), 0, self.reserve)
        return jnp.take_along_axis(own, chosen, axis=1)[:, 0, :-1]

    def check(self, eco):
        if eco.horizon is None:
            raise ConfigError(
                f"{type(eco.model).__name__} has no calendar time, so it has no passages to train on; sample with "
                "Paths(), or give the model start() and horizon."
            )

    def _first(
        self, problem: Problem, batch: int, key: PRNGKeyArray, tube: ArrayLike
    ) -> Float[Array, "batch n_points"]:
        """Displaced starts at the first date, their pseudo-states drawn toward the edges of the box."""
        eco = problem.economy
        theta_key, state_key, tube_key = jax.random.split(key, 3)
        thetas = jax.vmap(eco.box.draw_toward_edges)(jax.random.split(theta_key, batch))
        keys = jax.random.split(state_key, batch)
        points = jax.vmap(problem.cloud.start_at, (None, 0, 0))(eco, thetas, keys)
        return self._displaced(problem, points, tube_key, tube)

    def _displaced(self, problem: Problem, points: Array, key: PRNGKeyArray, tube: ArrayLike) -> Array:
        keys = jax.random.split(key, points.shape[0])
        move = jax.vmap(problem.cloud.displace, (None, 0, 0, None))
        return move(problem.economy, points, keys, jnp.asarray(tube, dtype=points.dtype))


def _dates(eco: Economy) -> int:
    """Dates of a passage."""
    assert eco.horizon is not None  # a sampler checks it before it is used
    return eco.horizon


@eqx.filter_jit
def guessed_passages(
    eco: Economy, coordinates: Float[Array, "n n_coordinates"], thetas: Float[Array, "n n_theta"]
) -> Float[Array, "n dates n_points"]:
    """Points of all dates under constant decisions, for several parameter points.

    Args:
        eco: An economy in calendar time.
        coordinates: The decisions, in the coordinates of the policies' ranges.
        thetas: Pseudo-states.
    """

    def path(u: Array, theta: Array, key: PRNGKeyArray) -> Array:
        first = eco.join(eco.at(theta).start(), theta, "start()")
        move = lambda y, k: (eco.next_point(ConstantRule(u), y, k), y)
        return jax.lax.scan(move, first, jax.random.split(key, _dates(eco)))[1]

    law = eco.model.shocks()
    alone = law.n_shocks == 0 and law.n_outcomes == 1
    keys = jax.random.split(jax.random.key(0), 1 if alone else GUESSED_PATHS)
    several = jax.vmap(jax.vmap(path, (None, None, 0)), (0, 0, None))(coordinates, thetas, keys)
    return several.reshape(thetas.shape[0], -1, eco.n_points)


@eqx.filter_jit
def features_of(eco: Economy, points: Float[Array, "n dates n_points"]) -> Float[Array, "n dates n_continuous"]:
    """State features at points."""

    def one(y: Array) -> Array:
        model, s = eco.split(y)
        return state_features(model, s, eco.states)

    return jax.vmap(jax.vmap(one))(points)


@eqx.filter_jit
def _moves(eco: Economy, u: Array, theta: Array) -> tuple[Array, Array]:
    """Derivatives of the first date's transition in the state `[n, n]` and the decisions `[n, n_coordinates]`."""
    first = eco.join(eco.at(theta).start(), theta, "start()")
    move = lambda y, v: eco.expected_point(ConstantRule(v), y)
    h_y, h_u = jax.jacfwd(move, (0, 1))(first, u)
    continuous = eco.states.continuous
    return h_y[continuous][:, continuous], h_u[continuous]


def moved_by(eco: Economy, u: Array, theta: Array) -> tuple[np.ndarray, np.ndarray]:
    """What moves the states of the second date: those of the first, and the decisions."""
    h_s, h_u = _moves(eco, u, theta)
    return np.asarray(h_s), np.asarray(h_u)
