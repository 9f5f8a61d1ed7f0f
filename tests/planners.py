"""Planner's problems and their hand-written twins, for the tests of derived conditions.

A base class gives the economics in the symbols of the field; `...Problem` adds the period return and
constraints, `...Twin` the residuals by pencil and paper, divided by marginal utility, with the multipliers in
the same units.
"""

from typing import Annotated, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

import saddlepath as sp
from saddlepath import Scalar

Two = Float[Array, "2"]


class EatenCake(sp.Model):
    """Log utility of what is eaten of a stock; who extends it says how the stock moves."""

    beta: float = sp.parameter(0.9, "discount factor", within=sp.Unit())

    class State(NamedTuple):
        k: Annotated[Scalar, sp.label("stock")]

    class Policy(NamedTuple):
        eaten: Annotated[Scalar, sp.label("share eaten")]

    def state_range(self):
        return self.State(k=sp.Positive())

    def policy_range(self):
        return self.Policy(eaten=sp.Unit())

    @property
    def discount(self):
        return self.beta

    def period_return(self, s, x):
        return jnp.log(x.eaten * s.k)


class GrowthEconomy(sp.Model):
    """Growth with partial depreciation and log utility; the control is the share of output saved."""

    alpha: float = 0.36
    beta: float = 0.99
    delta: float = 0.10
    rho: float = 0.90
    sigma: float = 0.04

    class State(NamedTuple):
        k: Annotated[Scalar, sp.label("capital", "goods")]
        z: Scalar

    class Policy(NamedTuple):
        saving: Annotated[Scalar, sp.label("share of output saved")]

    def state_range(self):
        return self.State(k=sp.Positive(), z=sp.Real())

    def policy_range(self):
        return self.Policy(saving=sp.Unit())

    def shocks(self):
        return sp.Normal(1)

    @property
    def discount(self):
        return self.beta

    def productivity(self, s):
        return jnp.exp(s.z)

    def productivity_after(self, s, shock):
        return self.rho * s.z + self.sigma * shock[0]

    def output(self, s):
        return self.productivity(s) * s.k**self.alpha

    def investment(self, s, x):
        return x.saving * self.output(s)

    def consumption(self, s, x):
        return (1 - x.saving) * self.output(s)

    def gross_return(self, s):
        return 1 - self.delta + self.alpha * self.output(s) / s.k

    def transition(self, s, x, shock):
        k = (1 - self.delta) * s.k + self.investment(s, x)
        return self.State(k=k, z=self.productivity_after(s, shock))

    def definitions(self, s, x):
        return {"output": self.output(s), "consumption": self.consumption(s, x)}


class GrowthProblem(GrowthEconomy):
    def period_return(self, s, x):
        return jnp.log(self.consumption(s, x))


class GrowthTwin(GrowthEconomy):
    def residuals(self, s, x, E):
        value = E(lambda s1, x1: self.gross_return(s1) / self.consumption(s1, x1))
        return {"euler_k": self.beta * self.consumption(s, x) * value - 1}


class RegimeEconomy(GrowthEconomy):
    """The same with productivity that follows a chain of three regimes."""

    class State(NamedTuple):
        k: Scalar
        z: Scalar

    def shocks(self):
        rows = np.array([[0.8, 0.2, 0.0], [0.1, 0.8, 0.1], [0.0, 0.2, 0.8]])
        return sp.MarkovChain(rows, regime="z", values=np.array([0.93, 1.0, 1.07]))

    def productivity(self, s):
        return self.shocks().value(s.z)

    def productivity_after(self, s, shock):
        return shock


class RegimeProblem(RegimeEconomy, GrowthProblem):
    pass


class RegimeTwin(RegimeEconomy, GrowthTwin):
    pass


class IrreversibleProblem(GrowthProblem):
    """Investment cannot be negative; it binds often with slow depreciation and large shocks."""

    delta: float = 0.02
    sigma: float = 0.14

    def constraints(self, s, x):
        return {"irreversible": self.investment(s, x)}


class IrreversibleTwin(GrowthEconomy):
    """`1/c - mu = beta E[R1/c1 - (1 - delta) mu1]`, both sides times c; the policy is `mu c`."""

    delta: float = 0.02
    sigma: float = 0.14

    class Policy(NamedTuple):
        saving: Scalar
        multiplier_irreversible: Scalar

    def policy_range(self):
        return self.Policy(sp.Unit(), sp.NonNegative())

    def residuals(self, s, x, E):
        def value(s1, x1):
            kept = (1 - self.delta) * x1.multiplier_irreversible
            return (self.gross_return(s1) - kept) / self.consumption(s1, x1)

        euler = self.beta * self.consumption(s, x) * E(value) + x.multiplier_irreversible - 1
        slack = sp.fischer_burmeister(self.investment(s, x), x.multiplier_irreversible)
        return {"euler_k": euler, "complementarity_irreversible": slack}


class LabourEconomy(GrowthEconomy):
    """Growth with hours; capital tomorrow is a control itself, and consumption is what is left."""

    psi: float = 1.0
    theta: float = 1.3
    cap: float = 0.975

    class Policy(NamedTuple):
        labour: Scalar
        k_next: Scalar

    def policy_range(self):
        return self.Policy(labour=sp.Positive(), k_next=sp.Positive())

    def output(self, s, x):
        return jnp.exp(s.z) * s.k**self.alpha * x.labour ** (1 - self.alpha)

    def consumption(self, s, x):
        return self.output(s, x) + (1 - self.delta) * s.k - x.k_next

    def transition(self, s, x, shock):
        return self.State(k=x.k_next, z=self.productivity_after(s, shock))

    def definitions(self, s, x):
        return {"output": self.output(s, x)}


class LabourProblem(LabourEconomy):
    def period_return(self, s, x):
        disutility = self.psi * x.labour ** (1 + self.theta) / (1 + self.theta)
        return jnp.log(self.consumption(s, x)) - disutility


class LabourTwin(LabourEconomy):
    def residuals(self, s, x, E):
        def value(s1, x1):
            marginal_product = self.alpha * self.output(s1, x1) / s1.k
            return (1 - self.delta + marginal_product) / self.consumption(s1, x1)

        wage = (1 - self.alpha) * self.output(s, x) / x.labour
        static = wage - self.psi * x.labour**self.theta * self.consumption(s, x)
        return {"euler_k": self.beta * self.consumption(s, x) * E(value) - 1, "optimal_labour": static}


class CapProblem(LabourProblem):
    """Hours cannot exceed a cap."""

    def constraints(self, s, x):
        return {"cap": self.cap - x.labour}


class CapTwin(LabourTwin):
    class Policy(NamedTuple):
        labour: Scalar
        k_next: Scalar
        multiplier_cap: Scalar

    def policy_range(self):
        return self.Policy(sp.Positive(), sp.Positive(), sp.NonNegative())

    def residuals(self, s, x, E):
        rows = super().residuals(s, x, E)
        rows["optimal_labour"] = rows["optimal_labour"] - x.multiplier_cap
        slack = sp.fischer_burmeister(self.cap - x.labour, x.multiplier_cap)
        return rows | {"complementarity_cap": slack}


class TwoCountries(sp.Model):
    """Two countries with adjustment costs and different tastes, one planner, three shocks.

    Equations of Juillard and Villemot (2011, J. Econ. Dyn. Control) in the form of Brumm and Scheidegger
    (2017, Econometrica): controls are both capital stocks tomorrow and the share of country 1 in consumption.
    """

    beta: float = 0.99
    zeta: float = 0.36
    delta: float = 0.01
    rho: float = 0.95
    sigma: float = 0.01
    kappa: float = 0.5
    elasticity: np.ndarray = eqx.field(default_factory=lambda: np.array([0.25, 1.0]))

    class State(NamedTuple):
        k: Two
        z: Two

    class Policy(NamedTuple):
        k_next: Two
        share: Scalar

    def state_range(self):
        return self.State(k=sp.Positive((2,)), z=sp.Real((2,)))

    def policy_range(self):
        return self.Policy(k_next=sp.Positive((2,)), share=sp.Unit())

    def steady_guess(self):
        return self.State(jnp.ones(2), jnp.zeros(2)), TwoCountries.Policy(jnp.ones(2), 0.5)

    def shocks(self):
        return sp.Normal(3)

    @property
    def discount(self):
        return self.beta

    @property
    def scale(self):
        return (1 - self.beta * (1 - self.delta)) / (self.zeta * self.beta)

    @property
    def weights_of_countries(self):
        return (self.scale - self.delta) ** (1 / self.elasticity)

    def output(self, s):
        return self.scale * jnp.exp(s.z) * s.k**self.zeta

    def growth(self, s, x):
        return x.k_next / s.k - 1

    def consumption(self, s, x):
        adjustment = self.kappa / 2 * s.k * self.growth(s, x) ** 2
        total = jnp.sum(self.output(s) + (1 - self.delta) * s.k - x.k_next - adjustment)
        return total * jnp.stack([x.share, 1 - x.share])

    def marginal_utility(self, s, x):
        return self.weights_of_countries * self.consumption(s, x) ** (-1 / self.elasticity)

    def investment(self, s, x):
        return x.k_next - (1 - self.delta) * s.k

    def transition(self, s, x, shock):
        return self.State(k=x.k_next, z=self.rho * s.z + self.sigma * (shock[:2] + shock[2]))


class TwoCountriesProblem(TwoCountries):
    def period_return(self, s, x):
        exponent = 1 - 1 / self.elasticity
        power = jnp.where(exponent == 0, 1.0, exponent)  # the branch that is not taken must be finite
        c = self.consumption(s, x)
        utility = jnp.where(exponent == 0, jnp.log(c), c**power / power)
        return self.weights_of_countries @ utility


class TwoCountriesTwin(TwoCountries):
    def residuals(self, s, x, E):
        euler = self.beta * E(lambda s1, x1: self.value(s1, x1)) / self.cost(s, x) - 1
        c, marginal = self.consumption(s, x), self.marginal_utility(s, x)
        static = (marginal[0] - marginal[1]) * jnp.sum(c) / self.cost(s, x)[0]
        return {"euler_k": euler, "optimal_share": static}

    def price(self, s, x):
        """Marginal utility of total consumption at given shares, the multiplier of resources."""
        return jnp.stack([x.share, 1 - x.share]) @ self.marginal_utility(s, x)

    def cost(self, s, x):
        return self.price(s, x) * (1 + self.kappa * self.growth(s, x))

    def value(self, s, x):
        growth = self.growth(s, x)
        marginal_product = self.zeta * self.output(s) / s.k
        return self.price(s, x) * (marginal_product + 1 - self.delta + self.kappa / 2 * growth * (growth + 2))


class TwoIrreversibleProblem(TwoCountriesProblem):
    def constraints(self, s, x):
        return {"irreversible": self.investment(s, x) / s.k}


class TwoIrreversibleTwin(TwoCountriesTwin):
    """The slack is free of units, so that the multiplier of country j enters as `m mu_j / k_j`."""

    class Policy(NamedTuple):
        k_next: Two
        share: Scalar
        multiplier_irreversible: Two

    def policy_range(self):
        return self.Policy(sp.Positive((2,)), sp.Unit(), sp.NonNegative((2,)))

    def steady_guess(self):
        state, (k_next, share) = super().steady_guess()
        return state, self.Policy(k_next, share, jnp.zeros(2))

    def residuals(self, s, x, E):
        def value(s1, x1):
            lost = self.cost(s1, x1)[0] * x1.multiplier_irreversible * x1.k_next / s1.k**2
            return self.value(s1, x1) - lost

        cost, multiplier = self.cost(s, x), x.multiplier_irreversible
        euler = (self.beta * E(value) + cost[0] * multiplier / s.k) / cost - 1
        slack = sp.fischer_burmeister(self.investment(s, x) / s.k, multiplier)
        static = super().residuals(s, x, E)["optimal_share"]
        return {"euler_k": euler, "optimal_share": static, "complementarity_irreversible": slack}


class QualityEconomy(GrowthEconomy):
    """Growth with shocks to the quality of capital, which move capital after it was chosen."""

    omega: float = 0.03

    def shocks(self):
        return sp.Normal(2)

    def transition(self, s, x, shock):
        k = (1 - self.delta) * s.k + self.investment(s, x)
        return self.State(k=jnp.exp(self.omega * shock[1]) * k, z=self.productivity_after(s, shock))


class QualityProblem(QualityEconomy, GrowthProblem):
    pass


class QualityTwin(QualityEconomy):
    """Costates by hand: marginal utility is that of the saving share, `m = 1 / (1 - saving)`."""

    class Policy(NamedTuple):
        saving: Scalar
        costate_k: Scalar

    def policy_range(self):
        return self.Policy(sp.Unit(), sp.Real())

    def residuals(self, s, x, E):
        chosen = (1 - self.delta) * s.k + self.investment(s, x)
        marginal_product = self.alpha * self.output(s) / s.k
        value = self.beta * E(lambda s1, x1: x1.costate_k / (1 - x1.saving) * s1.k / chosen)
        envelope = self.alpha / s.k + value * (1 - self.delta + x.saving * marginal_product)
        return {
            "optimal_saving": value * self.output(s) * (1 - x.saving) - 1,
            "costate_k": envelope * (1 - x.saving) - x.costate_k,
        }


class Habit(sp.Model):
    """Growth with a habit that follows consumption: two states and one control, so that costates are needed.

    The habit does not change the modified golden rule, `1 / beta = 1 - delta + alpha k^(alpha - 1)`.
    """

    alpha: float = 0.36
    beta: float = 0.96
    delta: float = 0.10
    speed: float = 0.3
    strength: float = 0.5

    class State(NamedTuple):
        k: Scalar
        habit: Scalar

    class Policy(NamedTuple):
        share: Scalar

    @property
    def discount(self):
        return self.beta

    def state_range(self):
        return self.State(k=sp.Positive(), habit=sp.Positive())

    def policy_range(self):
        return self.Policy(share=sp.Unit())

    def steady_guess(self):
        return self.State(3.0, 0.7), self.Policy(0.25)

    def cash(self, s):
        return s.k**self.alpha + (1 - self.delta) * s.k

    def consumption(self, s, x):
        return x.share * self.cash(s)

    def period_return(self, s, x):
        return jnp.log(self.consumption(s, x) - self.strength * s.habit)

    def transition(self, s, x, shock):
        habit = s.habit + self.speed * (self.consumption(s, x) - s.habit)
        return self.State(k=(1 - x.share) * self.cash(s), habit=habit)


class Portfolio(sp.Model):
    """An investor with log utility and a risky asset: the shock decides about wealth tomorrow.

    Consumes the share `1 - beta` of wealth, whatever the risk (Samuelson, 1969, Rev. Econ. Stat.).
    """

    discount: float = 0.95
    safe: float = 1.01
    premium: float = 0.03
    sigma: float = 0.18

    class State(NamedTuple):
        wealth: Scalar

    class Policy(NamedTuple):
        share: Scalar
        risky: Scalar

    def state_range(self):
        return self.State(sp.Positive())

    def policy_range(self):
        return self.Policy(share=sp.Unit(), risky=sp.Real())

    def shocks(self):
        return sp.Normal(1)

    def excess(self, shock):
        mean = jnp.log(self.safe + self.premium) - self.sigma**2 / 2
        return jnp.exp(mean + self.sigma * shock[0]) - self.safe

    def period_return(self, s, x):
        return jnp.log(x.share * s.wealth)

    def transition(self, s, x, shock):
        return self.State((1 - x.share) * s.wealth * (self.safe + x.risky * self.excess(shock)))
