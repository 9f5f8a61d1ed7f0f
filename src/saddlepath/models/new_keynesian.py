"""New-Keynesian economy with Calvo prices, six shocks and an effective lower bound on the policy rate."""

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp

import saddlepath as sp
from saddlepath import Scalar


class NewKeynesian(sp.Model):
    """Calvo prices and a Taylor rule with a lower bound of zero (Maliar and Maliar, 2015, Quantitative Economics).

    `S` and `F` are the discounted costs and revenues of a price that is reset, `d` the efficiency that dispersed prices
    leave, `Y = exp(eta_a) L d`, and `nu` the shock to marginal utility:
    `S = exp(eta_u + eta_L) L^vartheta Y / exp(eta_a) + beta theta E[pi'^epsilon S']`,
    `F = exp(eta_u) C^-gamma Y + beta theta E[pi'^(epsilon-1) F']`,
    `C^-gamma = beta exp(eta_B) / exp(eta_u) R E[exp(eta_u') C'^-gamma / pi']`, with
    `pi = [(1 - (1-theta) (S/F)^(1-epsilon)) / theta]^(1/(epsilon-1))`, `C = (1 - gbar/exp(eta_G)) Y`, and
    `R = max(1, (pi*/beta) (R_{-1} beta/pi*)^mu [(pi/pi*)^phi_pi (Y/Yn)^phi_y]^(1-mu) exp(eta_R))`.
    The paper's `vartheta` is `frisch_inverse` here, its `pi*` is `target`.

    The three equations are trained, all else is exact. The rule returns the weight `theta pi^(epsilon-1)` of unchanged
    prices in the index, so that any output of the network is feasible, `F`, and `C^-gamma`. All three have a kink where
    the bound begins to bind, because today's rate stops moving there. Therefore the rule returns what they would be at
    a rate of zero, and the response to the rate in force is added with a constant elasticity, that of the first-order
    solution (`elasticities`). These numbers decide how smooth the rule is; the equilibrium does not depend on them.
    Given the three, the rate has a closed form.

    Calibration of the paper as in the public code of Coleman, Lyon, Maliar and Maliar (2021, Computational Economics).
    """

    beta: float = sp.parameter(0.99, "discount factor", unit="1/quarter", within=sp.Unit())
    gamma: float = sp.parameter(1.0, "relative risk aversion", within=sp.Positive())
    frisch_inverse: float = sp.parameter(2.09, "inverse Frisch elasticity", within=sp.NonNegative())
    epsilon: float = sp.parameter(4.45, "elasticity of substitution between goods", within=sp.Interval(1.01, 1000.0))
    theta: float = sp.parameter(0.83, "probability that a price is not reset", unit="1/quarter", within=sp.Unit())
    mu: float = sp.parameter(0.82, "smoothing of the policy rate", within=sp.Interval(0.0, 1.0))
    phi_pi: float = sp.parameter(2.21, "response of the rate to inflation", within=sp.Interval(1.0, 100.0))
    phi_y: float = sp.parameter(0.07, "response of the rate to the output gap", within=sp.NonNegative())
    gbar: float = sp.parameter(0.23, "share of government in output", within=sp.Unit())
    target: float = sp.parameter(1.0, "gross inflation target", unit="1/quarter", within=sp.Interval(0.9, 1.1))
    bound: int = sp.parameter(1, "lower bound on the policy rate: 1 at zero, 0 none", within=sp.Interval(0, 1))
    rho_R: float = sp.parameter(0.0, "persistence of the policy shock", within=sp.Interval(-1.0, 1.0))
    rho_a: float = sp.parameter(0.95, "persistence of log productivity", within=sp.Interval(-1.0, 1.0))
    rho_L: float = sp.parameter(0.25, "persistence of the disutility of labour", within=sp.Interval(-1.0, 1.0))
    rho_u: float = sp.parameter(0.92, "persistence of the shock to marginal utility", within=sp.Interval(-1.0, 1.0))
    rho_B: float = sp.parameter(0.0, "persistence of the premium on bonds", within=sp.Interval(-1.0, 1.0))
    rho_G: float = sp.parameter(0.95, "persistence of government spending", within=sp.Interval(-1.0, 1.0))
    sigma_R: float = sp.parameter(0.0028, "s.d. of the policy shock's innovation", within=sp.NonNegative())
    sigma_a: float = sp.parameter(0.0045, "s.d. of productivity's innovation", within=sp.NonNegative())
    sigma_L: float = sp.parameter(0.05, "s.d. of the innovation to the disutility of labour", within=sp.NonNegative())
    sigma_u: float = sp.parameter(0.0054, "s.d. of the innovation to marginal utility", within=sp.NonNegative())
    sigma_B: float = sp.parameter(0.001, "s.d. of the innovation to the premium on bonds", within=sp.NonNegative())
    sigma_G: float = sp.parameter(0.0038, "s.d. of the innovation to government", within=sp.NonNegative())

    class State(NamedTuple):
        rate: Annotated[Scalar, sp.label("gross policy rate of the last quarter", "1/quarter")]
        d: Annotated[Scalar, sp.label("efficiency under the last quarter's prices")]
        eta_R: Annotated[Scalar, sp.label("policy shock")]
        eta_a: Annotated[Scalar, sp.label("log productivity")]
        eta_L: Annotated[Scalar, sp.label("log disutility of labour")]
        eta_u: Annotated[Scalar, sp.label("log shock to marginal utility")]
        eta_B: Annotated[Scalar, sp.label("log premium on bonds")]
        eta_G: Annotated[Scalar, sp.label("log shock to government spending")]

    class Policy(NamedTuple):
        kept: Annotated[Scalar, sp.label("weight of unchanged prices in the index, at a rate of zero")]
        revenue: Annotated[Scalar, sp.label("discounted revenue of a new price, at a rate of zero", "utils")]
        utility: Annotated[Scalar, sp.label("marginal utility of consumption, at a rate of zero", "utils/good")]
        R: Annotated[Scalar, sp.label("gross policy rate", "1/quarter")]
        pi: Annotated[Scalar, sp.label("gross inflation", "1/quarter")]
        C: Annotated[Scalar, sp.label("consumption", "goods")]
        F: Annotated[Scalar, sp.label("discounted revenue of a new price", "utils")]
        S: Annotated[Scalar, sp.label("discounted cost of a new price", "utils")]
        efficiency: Annotated[Scalar, sp.label("efficiency under today's prices")]

    def state_range(self):
        free = [sp.Real()] * 6
        return self.State(sp.Positive(scale=0.05), sp.Positive(scale=0.01), *free)

    def policy_range(self):
        filled = [sp.Completed()] * 6
        return self.Policy(sp.Unit(), sp.Positive(scale=0.05), sp.Positive(scale=0.05), *filled)

    def shocks(self):
        return sp.Normal(6)

    def transition(self, s, x, shock):
        e = shock
        return self.State(
            rate=x.R,
            d=x.efficiency,
            eta_R=self.rho_R * s.eta_R + self.sigma_R * e[0],
            eta_a=self.rho_a * s.eta_a + self.sigma_a * e[1],
            eta_L=self.rho_L * s.eta_L + self.sigma_L * e[2],
            eta_u=self.rho_u * s.eta_u + self.sigma_u * e[3],
            eta_B=self.rho_B * s.eta_B + self.sigma_B * e[4],
            eta_G=self.rho_G * s.eta_G + self.sigma_G * e[5],
        )

    def elasticities(self):
        """Elasticities of inflation, marginal utility and `F` with respect to today's policy rate, all shocks given.

        First-order solution around zero inflation. Let a gross rate of one more per cent move tomorrow's rate by
        `root` per cent and, tomorrow, inflation by `pi root` and consumption by `c root`. Phillips curve, Euler
        equation and Taylor rule give `pi (1 - beta root) = slope c`, `c (1 - root) = -(1 - pi root)/gamma` and
        `root = mu + (1 - mu) root (phi_pi pi + phi_y c)`. Zero without a bound, where there is no kink to remove.
        """
        if not self.bound:
            return jnp.zeros(3)
        slope = (1 - self.theta) * (1 - self.beta * self.theta) / self.theta * (self.frisch_inverse + self.gamma)

        def determinant(root):
            return self.gamma * (1 - root) * (1 - self.beta * root) - root * slope

        def taylor(root):
            reaction = self.phi_pi * slope + self.phi_y * (1 - self.beta * root)
            return (self.mu - root) * determinant(root) - (1 - self.mu) * root * reaction

        root = sp.clearing_price(taylor, 0.0, self.mu)
        c = -(1 - self.beta * root) / determinant(root)
        pi = -slope / determinant(root)
        saved = self.beta * self.theta
        revenue = ((1 - saved) * (1 - self.gamma) * c + saved * (self.epsilon - 1) * pi * root) / (1 - saved * root)
        return jnp.stack([pi, -self.gamma * c, revenue])

    def consumed_share(self, s):
        """Share of output that is consumed. [-]"""
        return 1 - self.gbar / jnp.exp(s.eta_G)

    def natural_output(self, s):
        """Output under flexible prices. [goods]"""
        power = self.frisch_inverse + self.gamma
        base = (1 + self.frisch_inverse) * s.eta_a - s.eta_L - self.gamma * jnp.log(self.consumed_share(s))
        return jnp.exp(base / power)

    def output(self, s, x):
        return x.C / self.consumed_share(s)

    def labour(self, s, x):
        return self.output(s, x) / (jnp.exp(s.eta_a) * x.efficiency)

    def log_rule(self, s, log_pi, log_c):
        """Log of the gross rate that the Taylor rule asks for. [-]"""
        rest = jnp.log(self.target / self.beta)
        gap = log_c - jnp.log(self.consumed_share(s)) - jnp.log(self.natural_output(s))
        reaction = self.phi_pi * (log_pi - jnp.log(self.target)) + self.phi_y * gap
        return rest + self.mu * (jnp.log(s.rate) - rest) + (1 - self.mu) * reaction + s.eta_R

    def relative_price(self, pi):
        """Price that is set over the price level, `S/F`. [-]"""
        return ((1 - self.theta * pi ** (self.epsilon - 1)) / (1 - self.theta)) ** (1 / (1 - self.epsilon))

    def next_efficiency(self, d, pi):
        new = (1 - self.theta) * self.relative_price(pi) ** -self.epsilon
        return 1 / (new + self.theta * pi**self.epsilon / d)

    def complete(self, s, x):
        """The rate in force from the Taylor rule, and everything else from it."""
        of_pi, of_utility, of_revenue = self.elasticities()
        log_pi, log_c = jnp.log(x.kept / self.theta) / (self.epsilon - 1), -jnp.log(x.utility) / self.gamma
        wanted = self.log_rule(s, log_pi, log_c)
        if self.bound:
            wanted, _ = sp.split(wanted)
        # The rule is linear in the log rate, so that a higher rate tames its own cause.
        log_rate = wanted / (1 - (1 - self.mu) * (self.phi_pi * of_pi - self.phi_y * of_utility / self.gamma))
        pi = jnp.exp(log_pi + of_pi * log_rate)
        revenue = x.revenue * jnp.exp(of_revenue * log_rate)
        return x._replace(
            R=jnp.exp(log_rate),
            pi=pi,
            C=jnp.exp(log_c - of_utility / self.gamma * log_rate),
            F=revenue,
            S=self.relative_price(pi) * revenue,
            efficiency=self.next_efficiency(s.d, pi),
        )

    def residuals(self, s, x, E):
        saved, output = self.beta * self.theta, self.output(s, x)
        cost = jnp.exp(s.eta_u + s.eta_L - s.eta_a) * self.labour(s, x) ** self.frisch_inverse * output
        sale = jnp.exp(s.eta_u) * x.C**-self.gamma * output
        costs = cost + saved * E(lambda s1, x1: x1.pi**self.epsilon * x1.S)
        revenue = sale + saved * E(lambda s1, x1: x1.pi ** (self.epsilon - 1) * x1.F)
        worth = E(lambda s1, x1: jnp.exp(s1.eta_u) * x1.C**-self.gamma / x1.pi)
        saving = self.beta * jnp.exp(s.eta_B - s.eta_u) * x.R * worth
        return {"cost": costs / x.S - 1, "revenue": revenue / x.F - 1, "euler": saving * x.C**self.gamma - 1}

    def definitions(self, s, x):
        output, natural = self.output(s, x), self.natural_output(s)
        return {
            "output": output,
            "labour": self.labour(s, x),
            "gap": output / natural - 1,
            "shadow_rate": jnp.exp(self.log_rule(s, jnp.log(x.pi), jnp.log(x.C))),
        }

    def steady_guess(self):
        """Inflation at its target; exact where the target is one, with `Y = L = (1-gbar)^(-gamma/(vartheta+gamma))`."""
        pi, saved, share = jnp.asarray(self.target), self.beta * self.theta, 1 - self.gbar
        price, power = self.relative_price(pi), self.frisch_inverse + self.gamma
        d = (1 - self.theta * pi**self.epsilon) / ((1 - self.theta) * price**-self.epsilon)
        markup = price * (1 - saved * pi**self.epsilon) / (1 - saved * pi ** (self.epsilon - 1))
        output = (markup * d**self.frisch_inverse * share**-self.gamma) ** (1 / power)
        c, rate = share * output, pi / self.beta
        revenue = c**-self.gamma * output / (1 - saved * pi ** (self.epsilon - 1))
        of_pi, of_utility, of_revenue = self.elasticities()
        x = self.Policy(
            kept=self.theta * (pi * rate**-of_pi) ** (self.epsilon - 1),
            revenue=revenue * rate**-of_revenue,
            utility=c**-self.gamma * rate**-of_utility,
            R=rate,
            pi=pi,
            C=c,
            F=revenue,
            S=price * revenue,
            efficiency=d,
        )
        return self.State(rate, d, *jnp.zeros(6)), x

    def initial(self, key):
        """Shocks as in the long run, the last rate within three points of its rest, prices at least as dispersed."""
        n = jax.random.truncated_normal(key, -3.0, 3.0, (8,))
        steady, _ = self.steady_guess()
        rho = jnp.stack([self.rho_R, self.rho_a, self.rho_L, self.rho_u, self.rho_B, self.rho_G])
        sigma = jnp.stack([self.sigma_R, self.sigma_a, self.sigma_L, self.sigma_u, self.sigma_B, self.sigma_G])
        rate = steady.rate * jnp.exp(0.01 * n[0])
        rate = jnp.maximum(rate, 1.0) if self.bound else rate
        return self.State(rate, steady.d * jnp.exp(-0.002 * n[1] ** 2), *(sigma / jnp.sqrt(1 - rho**2) * n[2:]))
