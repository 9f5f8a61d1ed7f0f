"""Overlapping generations with a closed form; the rule is the level of savings by age, a harder test than a share."""

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

import saddlepath as sp

PRODUCTIVITY = (0.95, 1.05, 0.95, 1.05)
DEPRECIATION = (0.5, 0.5, 0.9, 0.9)


class AnalyticOLGLevel(sp.Model):
    """The economy of `AnalyticOLG` with savings in goods as the rule (Azinovic, Gaegauf and Scheidegger, 2022, IER).

    A rule in levels can save more than there is. Where an age would consume less than the share `consumption_floor` of
    its cash at hand, its consumption in the Euler equation is continued smoothly, `f W exp(c/(f W) - 1)`, which is
    positive and still has a slope; budgets and capital always use the level itself. In equilibrium no age comes near
    the floor, as everyone consumes at least the share `1 - beta`: see `least_consumed` among the definitions.

    Deviations from the paper, appendix A.8: no penalty on negative consumption, and the Euler equation in logs,
    `log(beta c E[r'/c']) = 0`, since the ratio form flattens out where consumption tomorrow is tiny.
    """

    alpha: float = sp.parameter(0.3, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.7, "discount factor", unit="1/period", within=sp.Unit())
    consumption_floor: float = sp.parameter(0.05, "least share of cash at hand consumed", within=sp.Unit())
    ages: int = sp.parameter(6, "number of ages", within=sp.Interval(2, 1000))

    class State(NamedTuple):
        eta: Annotated[sp.Scalar, sp.label("productivity")]
        delta: Annotated[sp.Scalar, sp.label("depreciation", "1/period")]
        k: Annotated[Float[Array, " owners"], sp.label("capital of ages two and older", "goods")]

    class Policy(NamedTuple):
        savings: Annotated[Float[Array, " owners"], sp.label("savings of all ages but the last", "goods")]

    def state_range(self):
        return self.State(eta=sp.Positive(), delta=sp.Unit(), k=sp.Positive((self.ages - 1,)))

    def policy_range(self):
        return self.Policy(savings=sp.Positive((self.ages - 1,), scale=0.3))

    def shocks(self):
        return sp.Discrete(list(zip(PRODUCTIVITY, DEPRECIATION, strict=True)), [0.25, 0.25, 0.25, 0.25])

    def capital(self, s):
        return jnp.sum(s.k)

    def gross_return(self, s):
        return self.alpha * s.eta * self.capital(s) ** (self.alpha - 1) + 1 - s.delta

    def wage(self, s):
        return (1 - self.alpha) * s.eta * self.capital(s) ** self.alpha

    def cash(self, s):
        """Cash at hand of all ages `[ages]`."""
        return jnp.append(self.wage(s), self.gross_return(s) * s.k)

    def consumed(self, s, x):
        """Consumption of all ages as a share of their cash at hand `[ages]`, not above zero if savings exceed cash."""
        return 1 - jnp.append(x.savings, 0.0) / self.cash(s)

    def log_consumption(self, s, x):
        """Log consumption of all ages `[ages]`, continued as a straight line below the floor."""
        share, floor = self.consumed(s, x), self.consumption_floor
        above = jnp.log(jnp.maximum(share, floor))
        return jnp.log(self.cash(s)) + above + jnp.minimum(share / floor - 1, 0.0)

    def transition(self, s, x, shock):
        return self.State(eta=shock[0], delta=shock[1], k=x.savings)

    def residuals(self, s, x, E):
        def marginal_value(s1, x1):
            return self.gross_return(s1) * jnp.exp(-self.log_consumption(s1, x1)[1:])

        return {"euler": jnp.log(self.beta * E(marginal_value)) + self.log_consumption(s, x)[:-1]}

    def definitions(self, s, x):
        prices = {"gross_return": self.gross_return(s), "wage": self.wage(s)}
        consumed = {"consumption": self.consumed(s, x) * self.cash(s), "least_consumed": jnp.min(self.consumed(s, x))}
        return {"capital": self.capital(s), **prices, **consumed}

    def steady_guess(self):
        """Where the economy ends if every age saves half of its cash at hand."""
        mean_shock = self.shocks().mean()
        first = self.State(eta=mean_shock[0], delta=mean_shock[1], k=jnp.full(self.ages - 1, 0.1))
        halve = lambda _, s: s._replace(k=0.5 * self.cash(s)[:-1])
        state = jax.lax.fori_loop(0, 100, halve, first)
        return state, self.Policy(savings=state.k)

    def features(self, s):
        """Logs of cash at hand by age, capital and productivity, and depreciation `[ages + 3]`."""
        others = jnp.stack([jnp.log(self.capital(s)), jnp.log(s.eta), s.delta])
        return jnp.concatenate([jnp.log(self.cash(s)), others])

    def exact(self, s):
        left = jnp.arange(self.ages - 1.0, 0.0, -1.0)
        share = self.beta * (1 - self.beta**left) / (1 - self.beta ** (left + 1))
        return self.Policy(savings=share * self.cash(s)[:-1])
