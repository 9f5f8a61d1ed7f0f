"""Real business cycle with leisure: the test economy of the literature that compares solution methods."""

from typing import Annotated, NamedTuple

import jax.numpy as jnp

import saddlepath as sp


class RBCLeisure(sp.Model):
    """Real business cycle with leisure (Aruoba, Fernandez-Villaverde and Rubio-Ramirez, 2006, J. Econ. Dyn. Control).

    `max E sum beta^t [c^theta (1-l)^(1-theta)]^(1-gamma) / (1-gamma)`, `c + k' = y + (1-delta) k` with output
    `y = exp(z) k^alpha l^(1-alpha)`. Euler equation `u_c = beta E[u_c' (1 - delta + alpha y'/k')]` with
    `u_c = theta c^(theta(1-gamma)-1) (1-l)^((1-theta)(1-gamma))`, labour `(1-theta)/theta c/(1-l) = (1-alpha) y/l`.

    The rule returns labour; consumption follows from the labour condition and capital from the budget (`complete`), so
    that the Euler equation is left. Its residual is the paper's error, a share of consumption:
    `1 - (beta E[u_c' ...] / (theta (1-l)^((1-theta)(1-gamma))))^(1/(theta(1-gamma)-1)) / c`.

    Quarterly benchmark calibration of the paper; its extreme case has `gamma = 50, sigma = 0.035`. The paper's letter
    tau, the curvature of the composite of consumption and leisure, is `gamma` here.
    """

    alpha: float = sp.parameter(0.4, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.9896, "discount factor", unit="1/quarter", within=sp.Unit())
    gamma: float = sp.parameter(2.0, "relative risk aversion of the composite", within=sp.Positive())
    theta: float = sp.parameter(0.357, "weight of consumption in the composite", within=sp.Unit())
    delta: float = sp.parameter(0.0196, "depreciation rate", unit="1/quarter", within=sp.Unit())
    rho: float = sp.parameter(0.95, "persistence of log productivity", within=sp.Interval(-1.0, 1.0))
    sigma: float = sp.parameter(0.007, "s.d. of the innovation", within=sp.NonNegative())

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital", "goods")]
        z: Annotated[sp.Scalar, sp.label("log productivity")]

    class Policy(NamedTuple):
        labour: Annotated[sp.Scalar, sp.label("labour", "share of time")]
        consumption: Annotated[sp.Scalar, sp.label("consumption", "goods")]
        capital: Annotated[sp.Scalar, sp.label("capital of the next quarter", "goods")]

    def state_range(self):
        return self.State(k=sp.Positive(), z=sp.Real())

    def policy_range(self):
        return self.Policy(labour=sp.Unit(), consumption=sp.Completed(), capital=sp.Completed())

    def shocks(self):
        return sp.Normal(1)

    def output(self, s, x):
        return jnp.exp(s.z) * s.k**self.alpha * x.labour ** (1 - self.alpha)

    def wage(self, s, x):
        return (1 - self.alpha) * self.output(s, x) / x.labour

    def complete(self, s, x):
        """Consumption from the labour condition, capital from the budget."""
        consumption = self.theta / (1 - self.theta) * (1 - x.labour) * self.wage(s, x)
        capital = self.output(s, x) + (1 - self.delta) * s.k - consumption
        return x._replace(consumption=consumption, capital=capital)

    def transition(self, s, x, shock):
        return self.State(k=x.capital, z=self.rho * s.z + self.sigma * shock[0])

    def residuals(self, s, x, E):
        power = self.theta * (1 - self.gamma) - 1

        def marginal_value(s1, x1):
            leisure = ((1 - x1.labour) / (1 - x.labour)) ** ((1 - self.theta) * (1 - self.gamma))
            gross_return = 1 - self.delta + self.alpha * self.output(s1, x1) / s1.k
            return (x1.consumption / x.consumption) ** power * leisure * gross_return

        return {"euler": 1 - (self.beta * E(marginal_value)) ** (1 / power)}

    def definitions(self, s, x):
        investment = x.capital - (1 - self.delta) * s.k
        return {"output": self.output(s, x), "investment": investment, "wage": self.wage(s, x)}

    def steady_guess(self):
        """The steady state: the Euler equation gives capital per hour, the labour condition hours."""
        ratio = (self.alpha / (1 / self.beta - 1 + self.delta)) ** (1 / (1 - self.alpha))
        output = ratio**self.alpha
        spent = output - self.delta * ratio
        odds = self.theta / (1 - self.theta) * (1 - self.alpha) * output / spent
        labour = odds / (1 + odds)
        k = ratio * labour
        return self.State(k=k, z=0.0 * k), self.Policy(labour=labour, consumption=spent * labour, capital=k)
