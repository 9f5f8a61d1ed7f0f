"""New-Keynesian economy with Calvo prices, one shock to the discount factor and a lower bound on the policy rate."""

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp

import saddlepath as sp
from saddlepath import Scalar


class OneShockNewKeynesian(sp.Model):
    """Calvo prices, a Taylor rule and a lower bound (Guerrieri and Iacoviello, 2015, J. Monetary Econ., section 4).

    Log utility of consumption, disutility `chi L^(1+phi)/(1+phi)`, government a constant share of output. The discount
    factor `b` between this quarter and the next moves. With `Pi` inflation, `Ps` the price that is set over the price
    level, `v` the dispersion of prices and `L = v Y`:
    `1/C = b R E[1/(C' Pi')]`, `MC = chi L^phi C`, `epsilon x1 = (epsilon-1) x2`, `x1 = MC Y/C + theta b E[Pi'^epsilon
    x1']`, `x2 = Ps (Y/C + theta b E[Pi'^(epsilon-1) x2'/Ps'])`, `1 = theta Pi^(epsilon-1) + (1-theta) Ps^(1-epsilon)`,
    `v = theta Pi^epsilon v_{-1} + (1-theta) Ps^-epsilon`, `R = max(1, Rss (Pi/Pibar)^phi_pi (Y/Yss)^phi_y)`.

    The paper's weight psi of labour is `chi` and follows from `Yss = 1`. The rule returns the weight `theta
    Pi^(epsilon-1)` of unchanged prices in the index, `x2/Ps`, and the marginal utility `1/(C R)` at a rate of zero,
    which hardly have a kink where the bound begins to bind; given these three the rate has a closed form.

    Calibration of the paper. Its experiment, six innovations of five standard deviations in a row, leads eleven
    standard deviations of `log b` away from rest: train there, too, to trust a rule so far from its usual paths.
    """

    beta: float = sp.parameter(0.994, "discount factor at rest", unit="1/quarter", within=sp.Unit())
    theta: float = sp.parameter(0.90, "probability that a price is not reset", unit="1/quarter", within=sp.Unit())
    epsilon: float = sp.parameter(6.0, "elasticity of substitution between goods", within=sp.Interval(1.01, 1000.0))
    phi: float = sp.parameter(1.0, "inverse Frisch elasticity", within=sp.NonNegative())
    phi_pi: float = sp.parameter(2.5, "response of the rate to inflation", within=sp.Interval(1.0, 100.0))
    phi_y: float = sp.parameter(0.25, "response of the rate to output", within=sp.NonNegative())
    g: float = sp.parameter(0.20, "share of government in output", within=sp.Unit())
    target: float = sp.parameter(1.005, "gross inflation target", unit="1/quarter", within=sp.Interval(0.9, 1.1))
    rho: float = sp.parameter(0.8, "persistence of the log discount factor", within=sp.Interval(-1.0, 1.0))
    sigma: float = sp.parameter(0.005, "s.d. of the innovation to the log discount factor", within=sp.NonNegative())
    bound: int = sp.parameter(1, "lower bound on the policy rate: 1 at zero, 0 none", within=sp.Interval(0, 1))

    class State(NamedTuple):
        v: Annotated[Scalar, sp.label("price dispersion of the last quarter")]
        b: Annotated[Scalar, sp.label("discount factor", "1/quarter")]

    class Policy(NamedTuple):
        kept: Annotated[Scalar, sp.label("weight of unchanged prices in the index, at a rate of zero")]
        revenue: Annotated[Scalar, sp.label("discounted revenue of a new price", "utils")]
        utility: Annotated[Scalar, sp.label("marginal utility of consumption, at a rate of zero", "utils/good")]
        R: Annotated[Scalar, sp.label("gross policy rate", "1/quarter")]
        pi: Annotated[Scalar, sp.label("gross inflation", "1/quarter")]
        C: Annotated[Scalar, sp.label("consumption", "goods")]
        dispersion: Annotated[Scalar, sp.label("price dispersion")]

    def state_range(self):
        return self.State(v=sp.Positive(scale=0.05), b=sp.Positive())

    def policy_range(self):
        filled = [sp.Completed()] * 4
        return self.Policy(sp.Unit(), sp.Positive(scale=0.05), sp.Positive(scale=0.05), *filled)

    def shocks(self):
        return sp.Normal(1)

    def transition(self, s, x, shock):
        log_b = (1 - self.rho) * jnp.log(self.beta) + self.rho * jnp.log(s.b) + self.sigma * shock[0]
        return self.State(v=x.dispersion, b=jnp.exp(log_b))

    def price(self, pi):
        """Price that is set over the price level, `Ps`. [-]"""
        return ((1 - self.theta * pi ** (self.epsilon - 1)) / (1 - self.theta)) ** (1 / (1 - self.epsilon))

    def steady(self):
        """Relative price, dispersion and weight `chi` of labour where `Pi = Pibar` and `Y = 1`. [-]"""
        pi, discount = self.target, self.theta * self.beta
        price = self.price(pi)
        v = (1 - self.theta) * price**-self.epsilon / (1 - self.theta * pi**self.epsilon)
        sums = (1 - discount * pi**self.epsilon) / (1 - discount * pi ** (self.epsilon - 1))
        cost = (self.epsilon - 1) / self.epsilon * price * sums  # marginal cost
        return price, v, cost / (v**self.phi * (1 - self.g))

    def elasticity(self):
        """Elasticity of inflation with respect to today's rate: marginal cost falls with consumption. [-]

        First order around zero inflation; it decides how smooth the rule is, not which rule is right.
        """
        if not self.bound:
            return 0.0
        slope = (1 - self.theta) * (1 - self.beta * self.theta) / self.theta
        return -slope * (1 + self.phi)

    def output(self, s, x):
        return x.C / (1 - self.g)

    def marginal_cost(self, s, x):
        _, _, chi = self.steady()
        return chi * (x.dispersion * self.output(s, x)) ** self.phi * x.C

    def log_rule(self, log_pi, log_c):
        """Log of the gross rate that the Taylor rule asks for. [-]"""
        log_target = jnp.log(self.target)
        gap = log_c - jnp.log(1 - self.g)
        return log_target - jnp.log(self.beta) + self.phi_pi * (log_pi - log_target) + self.phi_y * gap

    def complete(self, s, x):
        """The rate in force from the Taylor rule, and everything else from it."""
        of_pi = self.elasticity()
        log_pi, log_c = jnp.log(x.kept / self.theta) / (self.epsilon - 1), -jnp.log(x.utility)
        wanted = self.log_rule(log_pi, log_c)
        if self.bound:
            wanted, _ = sp.split(wanted)
        log_rate = wanted / (1 + self.phi_y - self.phi_pi * of_pi)  # consumption falls one for one with the rate
        pi = jnp.exp(log_pi + of_pi * log_rate)
        v = self.theta * pi**self.epsilon * s.v + (1 - self.theta) * self.price(pi) ** -self.epsilon
        return x._replace(R=jnp.exp(log_rate), pi=pi, C=jnp.exp(log_c - log_rate), dispersion=v)

    def residuals(self, s, x, E):
        discount, sale = self.theta * s.b, 1 / (1 - self.g)  # output over consumption
        revenue = sale + discount * E(lambda s1, x1: x1.pi ** (self.epsilon - 1) * x1.revenue)
        cost_sum = lambda x: (self.epsilon - 1) / self.epsilon * self.price(x.pi) * x.revenue  # x1
        cost = self.marginal_cost(s, x) * sale + discount * E(lambda s1, x1: x1.pi**self.epsilon * cost_sum(x1))
        saving = s.b * x.R * E(lambda s1, x1: 1 / (x1.C * x1.pi))
        return {"cost": cost / cost_sum(x) - 1, "revenue": revenue / x.revenue - 1, "euler": saving * x.C - 1}

    def definitions(self, s, x):
        return {
            "output": self.output(s, x),
            "annual_rate": 400 * (x.R - 1),
            "annual_inflation": 400 * (x.pi - 1),
            "shadow_rate": 400 * jnp.expm1(self.log_rule(jnp.log(x.pi), jnp.log(x.C))),
        }

    def steady_guess(self):
        """The steady state itself."""
        pi, rate, of_pi = jnp.asarray(self.target), self.target / self.beta, self.elasticity()
        _, v, _ = self.steady()
        revenue = 1 / ((1 - self.g) * (1 - self.theta * self.beta * pi ** (self.epsilon - 1)))
        kept = self.theta * (pi * rate**-of_pi) ** (self.epsilon - 1)
        c = jnp.asarray(1 - self.g)
        return self.State(v, jnp.asarray(self.beta)), self.Policy(kept, revenue, 1 / (c * rate), rate, pi, c, v)

    def initial(self, key):
        """The discount factor as in the long run, prices up to four per cent more dispersed than at rest."""
        n = jax.random.truncated_normal(key, -3.0, 3.0, (2,))
        steady, _ = self.steady_guess()
        log_b = self.sigma / jnp.sqrt(1 - self.rho**2) * n[0]
        return self.State(v=jnp.maximum(steady.v * jnp.exp(0.013 * n[1]), 1.0), b=self.beta * jnp.exp(log_b))
