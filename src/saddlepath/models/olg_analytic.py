"""Overlapping generations with a closed form, any number of ages; the rule is a saving share by age."""

from typing import Annotated, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

import saddlepath as sp

PRODUCTIVITY = (0.95, 1.05, 0.95, 1.05)
DEPRECIATION = (0.5, 0.5, 0.9, 0.9)


class AnalyticOLG(sp.Model):
    """Overlapping generations with log utility, in which only the newborn work (Krueger and Kubler, 2004, JEDC).

    Calibration and equations of Azinovic, Gaegauf and Scheidegger (2022, IER), appendix A.8: ages `h = 1..A`, budget
    `c^h + a^h = W^h` with `W^1 = w` and `W^h = r k^h` after, `k'^(h+1) = a^h`, and `1/c^h = beta E[r' / c'^(h+1)]`. The
    firm pays `r = alpha eta K^(alpha-1) + 1 - delta`, gross of capital, and `w = (1-alpha) eta K^alpha`. Productivity
    `eta` and depreciation `delta` take four equally likely pairs of values, independent over time. Closed form, for any
    law of the two: `a^h = beta_h W^h` with `beta_h = beta (1 - beta^(A-h)) / (1 - beta^(A-h+1))`.

    Two deviations from the paper, neither with an effect on the economy: capital of the newborn, always zero, is no
    state; and the rule returns a share of cash at hand where the paper's returns savings (see `olg_analytic_level`).
    """

    alpha: float = sp.parameter(0.3, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.7, "discount factor", unit="1/period", within=sp.Unit())
    ages: int = sp.parameter(6, "number of ages", within=sp.Interval(2, 1000))

    class State(NamedTuple):
        eta: Annotated[sp.Scalar, sp.label("productivity")]
        delta: Annotated[sp.Scalar, sp.label("depreciation", "1/period")]
        k: Annotated[Float[Array, " owners"], sp.label("capital of ages two and older", "goods")]

    class Policy(NamedTuple):
        saving: Annotated[Float[Array, " owners"], sp.label("share of cash at hand saved, all ages but the last")]

    def state_range(self):
        return self.State(eta=sp.Positive(), delta=sp.Unit(), k=sp.Positive((self.ages - 1,)))

    def policy_range(self):
        return self.Policy(saving=sp.Unit((self.ages - 1,)))

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

    def savings(self, s, x):
        """Savings of all ages but the last `[ages - 1]`."""
        return x.saving * self.cash(s)[:-1]

    def consumption(self, s, x):
        return self.cash(s) - jnp.append(self.savings(s, x), 0.0)

    def transition(self, s, x, shock):
        return self.State(eta=shock[0], delta=shock[1], k=self.savings(s, x))

    def residuals(self, s, x, E):
        def marginal_value(s1, x1):
            return self.gross_return(s1) / self.consumption(s1, x1)[1:]

        return {"euler": 1 / (self.beta * self.consumption(s, x)[:-1] * E(marginal_value)) - 1}

    def definitions(self, s, x):
        prices = {"gross_return": self.gross_return(s), "wage": self.wage(s)}
        return {"capital": self.capital(s), **prices, "consumption": self.consumption(s, x)}

    def exact(self, s):
        left = jnp.arange(self.ages - 1.0, 0.0, -1.0)
        return self.Policy(saving=self.beta * (1 - self.beta**left) / (1 - self.beta ** (left + 1)))
