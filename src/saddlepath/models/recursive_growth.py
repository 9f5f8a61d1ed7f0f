"""Growth with labour, recursive preferences and stochastic volatility of productivity."""

from typing import Annotated, NamedTuple

import jax.numpy as jnp

import saddlepath as sp


class RecursiveGrowth(sp.Model):
    """Growth, recursive preferences (Caldara, Fernandez-Villaverde, Rubio-Ramirez and Yao, 2012, Rev. Econ. Dyn.).

    Value `V^(1-1/psi) = (1-beta) u^(1-1/psi) + beta R^(1-1/psi)` of the composite `u = c^nu (1-l)^(1-nu)`, with the
    certainty equivalent `R = (E V'^(1-gamma))^(1/(1-gamma))`. Output `y = exp(z) k^zeta l^(1-zeta)`, resources
    `c + k' = y + (1-delta) k`, labour `(1-nu)/nu c/(1-l) = (1-zeta) y/l`, and the Euler equation `1 = E[m' (1 - delta +
    zeta y'/k')]` with `m' = beta (u'/u)^(1-1/psi) (c/c') (V'/R)^(1/psi-gamma)`. At `gamma = 1/psi` utility is additive.

    The rule returns the value, in units of `u`, and the share of output consumed; labour follows from its condition.
    `V'` enters relative to today's `V`, so that no power overflows. The residual `value` is the relative change of `u`
    that would justify the value: a value too high by 1 % everywhere leaves 0.01, not 0.01 (1 - beta).

    Quarterly calibration of the paper (benchmark; its extreme case is gamma 40, sigma_bar 0.021, eta 0.1). Deviations:
    the printed Euler equation lacks leisure in `u'/u`, `nu` is that of the authors' programs, at which labour is 1/3,
    and `log_sigma` has the mean `log(sigma_bar)`, as the notes to the replication by Pfeifer (2015) list.
    """

    beta: float = sp.parameter(0.991, "discount factor", unit="1/quarter", within=sp.Unit())
    nu: float = sp.parameter(0.362184314170512, "share of consumption in the composite", within=sp.Unit())
    zeta: float = sp.parameter(0.3, "capital share", within=sp.Unit())
    delta: float = sp.parameter(0.0196, "depreciation rate", unit="1/quarter", within=sp.Unit())
    psi: float = sp.parameter(0.5, "elasticity of intertemporal substitution", within=sp.Positive())
    gamma: float = sp.parameter(5.0, "relative risk aversion over the composite", within=sp.Positive())
    lam: float = sp.parameter(0.95, "persistence of log productivity (lambda)", within=sp.Interval(-1.0, 1.0))
    rho: float = sp.parameter(0.9, "persistence of log volatility", within=sp.Interval(-1.0, 1.0))
    sigma_bar: float = sp.parameter(0.007, "s.d. of the productivity innovation, geometric mean", within=sp.Positive())
    eta: float = sp.parameter(0.06, "s.d. of the innovation of log volatility", within=sp.NonNegative())

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital", "goods")]
        z: Annotated[sp.Scalar, sp.label("log productivity")]
        log_sigma: Annotated[sp.Scalar, sp.label("log of the s.d. of the productivity innovation")]

    class Policy(NamedTuple):
        value: Annotated[sp.Scalar, sp.label("value", "composite")]
        consumed: Annotated[sp.Scalar, sp.label("share of output consumed")]
        labour: Annotated[sp.Scalar, sp.label("labour", "hours")]

    def state_range(self):
        return self.State(k=sp.Positive(), z=sp.Real(), log_sigma=sp.Real())

    def policy_range(self):
        return self.Policy(value=sp.Positive(scale=0.1), consumed=sp.Positive(scale=0.1), labour=sp.Completed())

    def shocks(self):
        return sp.Independent(productivity=sp.Normal(1), volatility=sp.Normal(1))

    def complete(self, s, x):
        """Labour from its static condition, `l/(1-l) = nu/(1-nu) (1-zeta) y/c`."""
        weight = self.nu / (1 - self.nu) * (1 - self.zeta)
        return x._replace(labour=weight / (weight + x.consumed))

    def output(self, s, x):
        return jnp.exp(s.z) * s.k**self.zeta * x.labour ** (1 - self.zeta)

    def consumption(self, s, x):
        return x.consumed * self.output(s, x)

    def composite(self, s, x):
        """Consumption and leisure, `u`. [composite]"""
        return self.consumption(s, x) ** self.nu * (1 - x.labour) ** (1 - self.nu)

    def transition(self, s, x, shock):
        """The innovation of volatility moves the s.d. of the productivity innovation of the same date."""
        k = (1 - self.delta) * s.k + self.output(s, x) - self.consumption(s, x)
        log_sigma = (
            (1 - self.rho) * jnp.log(self.sigma_bar) + self.rho * s.log_sigma + self.eta * shock["volatility"][0]
        )
        z = self.lam * s.z + jnp.exp(log_sigma) * shock["productivity"][0]
        return self.State(k=k, z=z, log_sigma=log_sigma)

    def residuals(self, s, x, E):
        c, u, log_value = self.consumption(s, x), self.composite(s, x), jnp.log(x.value)
        kappa, aversion = 1 - 1 / self.psi, 1 - self.gamma

        # log(R/V): a power mean of V'/V, which is close to one whatever the level of V.
        mean = E(lambda s1, x1: sp.power(jnp.log(x1.value) - log_value, aversion))
        log_certain = sp.log_of_power(mean, aversion)

        def payoff(s1, x1):
            lottery = (1 / self.psi - self.gamma) * (jnp.log(x1.value) - log_value - log_certain)
            growth = (self.composite(s1, x1) / u) ** kappa * c / self.consumption(s1, x1)
            return jnp.exp(lottery) * growth * (1 - self.delta + self.zeta * self.output(s1, x1) / s1.k)

        own, certain = log_value - jnp.log(u), log_value + log_certain - jnp.log(u)
        return {
            "value": (sp.power(own, kappa) - self.beta * sp.power(certain, kappa)) / (1 - self.beta),
            "euler": self.beta * E(payoff) - 1,
        }

    def definitions(self, s, x):
        y, c = self.output(s, x), self.consumption(s, x)
        return {"output": y, "consumption": c, "investment": y - c, "composite": self.composite(s, x)}

    def steady_guess(self):
        """Closed form: capital per hour from its return, hours from the share of output consumed."""
        ratio = ((1 / self.beta - 1 + self.delta) / self.zeta) ** (1 / (self.zeta - 1))
        zero = jnp.zeros(())
        x = self.Policy(value=zero, consumed=1 - self.delta * ratio ** (1 - self.zeta), labour=zero)
        x = self.complete(None, x)
        s = self.State(k=ratio * x.labour, z=zero, log_sigma=jnp.log(self.sigma_bar))
        return s, x._replace(value=self.composite(s, x))
