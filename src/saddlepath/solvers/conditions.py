"""What a model's residuals are like, found out numerically: affine in the expectation, with or without kinks."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from saddlepath.economy import Economy
from saddlepath.errors import ConfigError
from saddlepath.rule import DecisionRule
from saddlepath.steady import first_point

AFFINE_TOLERANCE = 1e-9
"""Largest departure from affine weights, relative to the residual's response to them [-]."""


class _Fixed(DecisionRule):
    """A constant policy, enough to look at the form of the residuals."""

    policy: tuple

    def __call__(self, eco, model, y):
        return self.policy


def has_complementarity(eco: Economy) -> bool:
    """Whether a residual, or what the model completes, contains `fischer_burmeister` or `split`."""
    state, policy = first_point(eco)
    y = eco.join(state, jnp.asarray(eco.box.centre), "state_range()")

    def equations(point: jax.Array) -> tuple:
        return eco.residuals(_Fixed(policy), point), eco.model.complete(eco.model.known(eco.split(point)[1]), policy)

    text = str(jax.make_jaxpr(equations)(y))
    return any(f"name={kink}" in text for kink in ("fischer_burmeister", "split"))


def check_two_draws(eco: Economy) -> None:
    """Refuse the two-draw loss where residuals are not affine in the expectation.

    The product of residuals at two independent draws has the square of the expected residual as its mean only if
    `r(sum of weights x values) = sum of weights x r(values)`, which is checked at the first point for two mixtures.

    Raises:
        ConfigError: Some residual is not affine in E; names it.
    """
    state, policy = first_point(eco)
    y = eco.join(state, jnp.asarray(eco.box.centre), "state_range()")
    model, s, x, expectation = eco.expectation(_Fixed(policy), y)
    n = expectation.weights.shape[0]
    if n < 2:
        return
    one, two = np.random.default_rng(0).dirichlet(np.ones(n), size=2)

    def residuals(weights: np.ndarray) -> dict[str, np.ndarray]:
        mixed = eqx.tree_at(lambda e: e.weights, expectation, jnp.asarray(weights))
        return {name: np.asarray(v) for name, v in model.residuals(s, x, mixed).items()}

    middle, ends = residuals((one + two) / 2), (residuals(one), residuals(two))
    for name, value in middle.items():
        gap = np.max(np.abs(value - (ends[0][name] + ends[1][name]) / 2))
        response = np.max(np.abs(ends[0][name] - ends[1][name]))
        if gap > AFFINE_TOLERANCE * max(response, 1e-12):
            raise ConfigError(
                f"the two-draw loss needs residuals that are affine in E, and the equation {name!r} is not; write "
                "it so that E enters linearly (beta * c * E(...) - 1), or use expectation='quadrature'."
            )
