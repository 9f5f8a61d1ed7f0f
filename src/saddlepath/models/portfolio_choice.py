"""Portfolio choice with proportional transaction costs: the test economy of value functions with kinks."""

from typing import Annotated, Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

import saddlepath as sp

DRIFT = np.array([0.0572, 0.0638, 0.07, 0.0764, 0.0828])
COVARIANCE = np.array(
    [
        [0.0256, 0.00576, 0.00288, 0.00176, 0.00096],
        [0.00576, 0.0324, 0.0090432, 0.010692, 0.01296],
        [0.00288, 0.0090432, 0.04, 0.0132, 0.0168],
        [0.00176, 0.010692, 0.0132, 0.0484, 0.02112],
        [0.00096, 0.01296, 0.0168, 0.02112, 0.0576],
    ]
)


class PortfolioChoice(sp.Model):
    """Consumption and portfolio over `horizon` years (Gaegauf, Scheidegger and Trojani, 2023), `assets` of them risky.

    Everything is in units of wealth before trade, of which the shares `x` are risky assets and the rest is a bond.
    Buying or selling costs `cost` per unit. What is left in the bond, and wealth tomorrow over wealth today, are

        b = 1 - 1'x - (1+cost) 1'buy + (1-cost) 1'sell - c,      pi = b Rf + (x + buy - sell)' R,

    and shares tomorrow `x' = (x + buy - sell) R / pi`. No borrowing, `b >= 0`, and no short sales. Utility is
    `c^(1-gamma)/(1-gamma)`, so that the value at wealth `w` is `w^(1-gamma) v(x)` and tomorrow's `v` counts
    `beta pi^(1-gamma)`. At the end all is sold and consumed: `v = u(1 - cost 1'x)`.

    Returns are log-normal with means `exp(drift)`; a year has `Rf = exp(rate)`. The calibration has five assets; the
    first `assets` are used. Deviation: the source's equation of `b` has the trade terms with the other sign; the budget
    constraint of its section 3.2 gives the one above.
    """

    assets: int = sp.parameter(2, "number of risky assets", within=sp.Interval(1, 100))
    horizon: int = sp.parameter(6, "years until all is consumed", unit="years", within=sp.Interval(1, 1000))
    gamma: float = sp.parameter(3.5, "relative risk aversion, not one", within=sp.Positive())
    beta: float = sp.parameter(0.97, "discount factor", unit="1/year", within=sp.Unit())
    rate: float = sp.parameter(0.04, "log return of the bond", unit="1/year", within=sp.Real())
    cost: float = sp.parameter(0.01, "cost of a trade over its size", within=sp.Unit())
    drift: Float[Any, " n"] = sp.parameter(DRIFT, "log mean returns", unit="1/year", within=sp.Real((5,)))
    covariance: Float[Any, "n n"] = sp.parameter(
        COVARIANCE, "covariance of log returns", unit="1/year", within=sp.Real((5, 5))
    )

    class State(NamedTuple):
        x: Annotated[Float[Array, " assets"], sp.label("risky assets before trade", "wealth")]

    class Policy(NamedTuple):
        consumption: Annotated[sp.Scalar, sp.label("consumption", "wealth")]
        buy: Annotated[Float[Array, " assets"], sp.label("bought", "wealth")]
        sell: Annotated[Float[Array, " assets"], sp.label("sold", "wealth")]

    def state_range(self):
        return self.State(x=sp.Shares(self.assets))

    def policy_range(self):
        shape = (self.assets,)
        return self.Policy(consumption=sp.Positive(), buy=sp.Real(shape), sell=sp.Real(shape))

    def shocks(self):
        return sp.Normal(covariance=self.covariance[: self.assets, : self.assets])

    @property
    def discount(self):
        return self.beta

    def utility(self, c):
        return c ** (1 - self.gamma) / (1 - self.gamma)

    def bond(self, s, x):
        """What is left in the bond."""
        trades = (1 + self.cost) * jnp.sum(x.buy) - (1 - self.cost) * jnp.sum(x.sell)
        return 1 - jnp.sum(s.x) - trades - x.consumption

    def held(self, s, x):
        """Risky assets after trade."""
        return s.x + x.buy - x.sell

    def payoffs(self, s, x, shock):
        """Risky assets tomorrow, and wealth."""
        centre = self.drift - jnp.diagonal(self.covariance) / 2
        risky = self.held(s, x) * jnp.exp(centre[: self.assets] + shock)
        return risky, self.bond(s, x) * jnp.exp(self.rate) + jnp.sum(risky)

    def period_return(self, s, x):
        return self.utility(x.consumption)

    def value_growth(self, s, x, shock):
        return self.payoffs(s, x, shock)[1] ** (1 - self.gamma)

    def transition(self, s, x, shock):
        risky, wealth = self.payoffs(s, x, shock)
        return self.State(x=risky / wealth)

    def terminal_value(self, s):
        return self.utility(1 - self.cost * jnp.sum(s.x))

    def constraints(self, s, x):
        return {"no_borrowing": self.bond(s, x), "no_short_sales": self.held(s, x), "buy": x.buy, "sell": x.sell}

    def rebalanced(self, s, x):
        """Shares of wealth after trade and before consumption, at which nobody would trade again."""
        return self.State(x=self.held(s, x) / (1 - self.cost * jnp.sum(x.buy + x.sell)))

    def cautious(self, s):
        """A policy that is allowed everywhere: half of everything is sold."""
        sell = s.x / 2 + 0.02
        return self.Policy(consumption=jnp.asarray(0.1), buy=np.full(self.assets, 0.03), sell=sell)

    def merton_shares(self):
        """Risky shares without costs in continuous time, `covariance^-1 (drift - rate) / gamma`."""
        excess = self.drift[: self.assets] - self.rate
        return np.linalg.solve(self.covariance[: self.assets, : self.assets], excess) / self.gamma
