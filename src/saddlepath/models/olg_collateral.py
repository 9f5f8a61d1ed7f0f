"""Overlapping generations with capital that is costly to adjust, a bond, and collateral for what is borrowed."""

from typing import Annotated, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

import saddlepath as sp

YEARS = 56.0
"""Length of an adult life. [years]"""
ETA_CHAIN = np.array([[0.905, 0.095], [0.095, 0.905]])
DELTA_CHAIN = np.array([[0.972, 0.028], [0.3, 0.7]])
"""Transition of productivity and of depreciation, low and high, from row to column. [-]"""

# Mean holdings by age in the final sample that the authors publish, for the first guess of the steady state.
GUESS_AGES = np.array([25, 27, 30, 33, 35, 37, 39, 40, 42, 45, 50, 55, 60, 65, 70, 75, 80])
GUESS_CAPITAL = np.array(
    [0, 0.001, 0.108, 0.388, 0.662, 1, 1.392, 1.598, 2.006, 2.58, 3.407, 4.031, 4.392, 4.396, 3.909, 2.733, 0.582]
)
GUESS_BONDS = np.array(
    [0, -0.001, -0.095, -0.343, -0.587, -0.886, -1.23, -1.399, -1.672, -1.877, -1.673, -0.852, 0.484, 2.019, 2.304,
     1.418, 0.272]
)  # fmt: skip
NEWTON_STEPS = 2
"""Steps to the choice of a household that borrows as much as it may; see `pledged`."""


class CollateralOLG(sp.Model):
    """Overlapping generations with illiquid capital, a bond and collateral (Azinovic, Gaegauf and Scheidegger, 2022).

    The benchmark economy of "Deep equilibrium nets" (International Economic Review 63): ages `h = 1..A`, one household
    each, born without assets and leaving none. It earns `w l^h`, buys capital `a^h >= 0` and a bond `d^h` at price `p`:

        c^h = w l^h + R k^h + b^h min(kappa R, 1) - a^h - p d^h - zeta/2 (a^h - R k^h)^2

    with `k'^(h+1) = a^h` and `b'^(h+1) = d^h`, and pledges capital for what it borrows, `q^h = a^h + kappa d^h >= 0`.
    With `D^h = 1 + zeta (a^h - R k^h)` and multipliers `lam` of capital and `mu` of collateral, over marginal utility:

        u'(c^h) (D^h - lam^h - mu^h) = beta E[R' D'^(h+1) u'(c'^(h+1))],   0 <= a^h  perp  lam^h >= 0
        u'(c^h) (p - kappa mu^h) = beta E[min(kappa R', 1) u'(c'^(h+1))],   0 <= q^h  perp  mu^h >= 0,   sum_h d^h = 0.

    The firm produces `eta K^alpha L^(1-alpha)` and pays `R = alpha eta (K/L)^(alpha-1) + 1 - delta` and
    `w = (1-alpha) eta (K/L)^alpha`; productivity `eta` and depreciation `delta` are independent Markov chains.

    The rule returns values of a bond and of a unit of capital, which are smooth where a constraint begins to bind: the
    consumption `desired` whose marginal utility is the value of a bond, and what capital is `worth` in bonds, both for
    an age that owned nothing. What it owns adds to the first and takes from the second as it would at constant prices
    without constraints (`propensity`, `saturation`); otherwise wealth of whoever does not react to it would explode.
    Given its price, the values imply what an unconstrained household buys, and one that borrows as much as it may. The
    price clears the market for bonds. So market and constraints hold exactly at every state, and the two Euler
    equations are left, in logs of the paper's relative errors: consumption over that at which the equation would hold.

    Deviations: the state holds `q` in place of bonds, `b = (q - k) / kappa`, so that no state violates its range; and
    the collateralised choice solves its condition by two steps of Newton's method, which redefines `worth` a little
    where collateral binds and leaves equations and constraints exact. Calibration of the authors' public program: one
    period is a year with 56 ages; for others `beta = 0.95^(56/A)` and the remaining parameters stay as they are.
    """

    alpha: float = sp.parameter(0.3, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.95, "discount factor", unit="1/year", within=sp.Unit())
    gamma: float = sp.parameter(2.0, "relative risk aversion", within=sp.Positive())
    zeta: float = sp.parameter(0.5, "cost of adjusting capital", unit="1/good", within=sp.Positive())
    kappa: float = sp.parameter(1 / 0.89, "capital that secures a bond", unit="goods", within=sp.Positive())
    eta: np.ndarray = sp.parameter(np.array([0.978, 1.022]), "productivity, low and high", within=sp.Positive())
    delta: np.ndarray = sp.parameter(np.array([0.08, 0.11]), "depreciation, low and high", within=sp.Unit())
    ages: int = sp.parameter(56, "number of ages", within=sp.Interval(3, 1000))
    shared_from: int = sp.parameter(12, "number of ages that share one network", within=sp.Interval(3, 1001))

    class State(NamedTuple):
        k: Annotated[Float[Array, " owners"], sp.label("capital of ages two and older", "goods")]
        q: Annotated[Float[Array, " owners"], sp.label("capital beyond collateral of ages two and older", "goods")]
        z: Annotated[Int[Array, ""], sp.label("productivity and depreciation")]

    class Policy(NamedTuple):
        desired: Annotated[
            Float[Array, " savers"], sp.label("consumption at the value of a bond, had the age no assets", "goods")
        ]
        worth: Annotated[Float[Array, " savers"], sp.label("value of a first unit of capital", "bonds")]
        price: Annotated[sp.Scalar, sp.label("price of the bond", "goods")]
        capital: Annotated[Float[Array, " savers"], sp.label("capital bought by age", "goods")]
        slack: Annotated[Float[Array, " savers"], sp.label("capital bought beyond collateral by age", "goods")]
        lam: Annotated[Float[Array, " savers"], sp.label("multiplier of capital over marginal utility")]
        mu: Annotated[Float[Array, " savers"], sp.label("multiplier of collateral over marginal utility")]

    def state_range(self):
        owners = (self.ages - 1,)
        return self.State(k=sp.NonNegative(owners), q=sp.NonNegative(owners), z=sp.Interval(0, 3))

    def policy_range(self):
        savers = (self.ages - 1,)
        value, filled = sp.Positive(savers, scale=0.1), sp.Completed(savers)
        return self.Policy(value, value, sp.Completed(), filled, filled, filled, filled)

    def chain(self):
        """Regimes: low and high productivity with low depreciation, then the same with high depreciation."""
        values = jnp.stack([jnp.tile(self.eta, 2), jnp.repeat(self.delta, 2)], axis=1)
        return sp.MarkovChain(np.kron(DELTA_CHAIN, ETA_CHAIN), regime="z", values=values)

    def shocks(self):
        return self.chain()

    def discount_factor(self):
        return self.beta ** (YEARS / self.ages)

    def labour(self):
        """Efficient hours by age `[ages]`: a hump, a linear fall over a sixth of life, then half. [hours]"""
        age, half = np.arange(self.ages), self.ages / 2
        first, last = int(2 * self.ages / 3), int(5 * self.ages / 6)
        hump = 0.6 + 0.6 * 1.27 * (1 - (age / half - 1) ** 2)
        fall = hump[first] * (1 - 0.5 * (age - first) / max(last - 1 - first, 1))
        return np.where(age < first, hump, np.where(age < last, fall, 0.5 * hump[first]))

    def usual_returns(self):
        """Gross returns of capital and bond that are about those of the steady state, 8 and 7 % a year."""
        return 1.08 ** (YEARS / self.ages), 1.07 ** (YEARS / self.ages)

    def left(self):
        """Periods until the end of life, this one included `[savers]`."""
        return np.arange(float(self.ages), 1.0, -1.0)

    def propensity(self):
        """Share of additional wealth that is consumed today `[savers]`. [-]"""
        _, bond = self.usual_returns()
        saved = self.discount_factor() ** (1 / self.gamma) * bond ** (1 / self.gamma - 1)
        return (1 - saved) / (1 - saved ** self.left())

    def saturation(self):
        """Fall of the marginal value of capital per unit owned, when it is sold evenly until the end `[savers]`."""
        gross, bond = self.usual_returns()
        ratio = bond / gross**2
        return self.zeta * gross * (1 - ratio) / (1 - ratio ** self.left())

    # The economy.

    def total_capital(self, s):
        return jnp.sum(s.k)

    def prices(self, s):
        """Gross return and wage; in the steady state of mean productivity and depreciation."""
        eta, delta = self.chain().value(s.z)
        ratio = self.total_capital(s) / np.sum(self.labour())
        return self.alpha * eta * ratio ** (self.alpha - 1) + 1 - delta, (1 - self.alpha) * eta * ratio**self.alpha

    def output(self, s):
        """Output of a period with the capital that is left of it. [goods]"""
        gross, wage = self.prices(s)
        return gross * self.total_capital(s) + wage * np.sum(self.labour())

    def payoff(self, s):
        return jnp.minimum(self.kappa * self.prices(s)[0], 1.0)

    def bonds(self, capital, slack):
        return (slack - capital) / self.kappa

    def means(self, s):
        """Proceeds `R k` of the old capital and all other income, both `[ages]`. [goods]"""
        gross, wage = self.prices(s)
        repaid = self.payoff(s) * self.bonds(s.k, s.q)
        return gross * jnp.append(0.0, s.k), wage * self.labour() + jnp.append(0.0, repaid)

    def trade(self, s, x):
        """Capital bought less proceeds of the old `[ages]`. [goods]"""
        return jnp.append(x.capital, 0.0) - self.means(s)[0]

    def unit_cost(self, s, x):
        """Cost `D` of a unit of capital at the margin `[ages]`. [goods]"""
        return 1 + self.zeta * self.trade(s, x)

    def consumption(self, s, x):
        trade, lent = self.trade(s, x), jnp.append(self.bonds(x.capital, x.slack), 0.0)
        return self.means(s)[1] - x.price * lent - trade - self.zeta / 2 * trade**2

    # From values to portfolios.

    def wishes(self, s, x, price):
        """Consumption and cost of capital at the margin that equal the values of both assets, each `[savers]`."""
        owned = jnp.append(0.0, s.k)[:-1]
        kept, liquid = self.means(s)
        wealth = (kept + liquid)[:-1] - self.prices(s)[1] * self.labour()[:-1]
        cost = price * x.worth - self.saturation() * owned
        return price ** (1 / self.gamma) * (x.desired + self.propensity() * wealth), cost

    def pledged(self, kept, liquid, premium, free, price):
        """Capital of a household that borrows as much as its capital secures, before `a >= 0`. [goods]

        With `e = D - p/kappa` it consumes `most - e^2 / (2 zeta)` and wants `e = premium (c/free)^gamma`. Newton's
        steps from `free` on the convex equation of `c` come down to its root and never pass it.
        """
        down = 1 - price / self.kappa
        # The floor is reached only at prices that the search for the clearing one passes.
        most = jnp.maximum(liquid + price / self.kappa * kept + down**2 / (2 * self.zeta), 1e-3)
        c = free
        for _ in range(NEWTON_STEPS):
            cost = premium**2 / (2 * self.zeta) * (c / free) ** (2 * self.gamma)
            c = c - (c + cost - most) / (1 + 2 * self.gamma * cost / c)
        return kept + (premium * (c / free) ** self.gamma - down) / self.zeta

    def portfolio(self, kept, liquid, free, cost, price):
        """Capital, capital beyond collateral, and the multiplier of capital, from `wishes` at a price, `[savers]`."""
        unpledged = kept + (cost - 1) / self.zeta
        trade = jnp.maximum(unpledged, 0.0) - kept
        lent = (liquid - trade - self.zeta / 2 * trade**2 - free) / price
        slack, short = sp.split(trade + kept + self.kappa * lent)
        pledged = self.pledged(kept, liquid, cost - price / self.kappa, free, price)
        capital, forgone = sp.split(jnp.where(short > 0, pledged, unpledged))
        return capital, slack, self.zeta * forgone

    def complete(self, s, x):
        """The price clears the bond market; portfolios and multipliers follow."""
        kept, liquid = (v[:-1] for v in self.means(s))

        def choose(price):
            return self.portfolio(kept, liquid, *self.wishes(s, x, price), price)

        def excess_demand(log_price):
            capital, slack, _ = choose(jnp.exp(log_price))
            return jnp.sum(self.bonds(capital, slack))

        middle = -jnp.mean(jnp.log(x.worth))
        price = jnp.exp(sp.clearing_price(excess_demand, middle - 1.5, middle + 1.5))
        capital, slack, lam = choose(price)
        x = x._replace(price=price, capital=capital, slack=slack, lam=lam)
        ratio = self.consumption(s, x)[:-1] / self.wishes(s, x, price)[0]
        return x._replace(mu=jnp.where(slack > 0, 0.0, price / self.kappa * (1 - ratio**self.gamma)))

    def transition(self, s, x, shock):
        return self.State(k=x.capital, q=x.slack, z=shock)

    def residuals(self, s, x, E):
        def marginal_utility(s1, x1):
            return self.consumption(s1, x1) ** -self.gamma

        def capital(s1, x1):
            return self.prices(s1)[0] * (self.unit_cost(s1, x1) * marginal_utility(s1, x1))[1:]

        def bond(s1, x1):
            return self.payoff(s1) * marginal_utility(s1, x1)[1:]

        discount = self.discount_factor() / marginal_utility(s, x)[:-1]
        worth = (discount * E(capital) + x.lam + x.mu) / self.unit_cost(s, x)[:-1]
        value = (discount * E(bond) + self.kappa * x.mu) / x.price
        return {"capital": jnp.log(worth) / self.gamma, "bond": jnp.log(value) / self.gamma}

    def definitions(self, s, x):
        gross, wage = self.prices(s)
        totals = {"total_capital": self.total_capital(s), "output": self.output(s)}
        by_age = {"bonds": self.bonds(s.k, s.q), "consumption": self.consumption(s, x)}
        return {"gross_return": gross, "wage": wage, **totals, **by_age}

    def steady_guess(self):
        """Holdings in the shape of the published means, with the capital at which it earns its usual return."""
        chain, place = self.chain(), (GUESS_AGES - GUESS_AGES[0]) / (GUESS_AGES[-1] - GUESS_AGES[0])
        eta, delta = chain.value(chain.stationary())
        gross, bond = self.usual_returns()
        total = (self.alpha * eta / (gross - 1 + delta)) ** (1 / (1 - self.alpha)) * np.sum(self.labour())
        capital, bonds = (np.interp(np.linspace(0, 1, self.ages)[1:], place, v) for v in (GUESS_CAPITAL, GUESS_BONDS))
        k, b = (total / np.sum(capital) * v for v in (capital, bonds))
        s = self.State(k=k, q=jnp.maximum(k + self.kappa * b, 0.0), z=chain.stationary())
        none = jnp.zeros(self.ages - 1)
        x = self.Policy(none, none, 1 / bond, k, s.q, none, none)
        free, cost = self.wishes(s, x, x.price)  # of ages whose bond and first unit of capital are worth nothing
        desired = jnp.maximum(self.consumption(s, x)[:-1] - free, 0.1) * bond ** (1 / self.gamma)
        worth = jnp.maximum(self.unit_cost(s, x)[:-1] - cost, 0.5) * bond
        return s._replace(z=jnp.zeros((), dtype=jnp.int32)), x._replace(desired=desired, worth=worth)

    def features(self, s):
        """With many ages, one row for each that saves, `[ages - 1, 11]`.

        Six smooth functions of age, own cash at hand and the share of it in capital, total capital and the shocks.
        """
        if self.ages < self.shared_from:
            return None
        kept, other = (v[:-1] for v in self.means(s))
        age = np.linspace(-1.0, 1.0, self.ages - 1)
        by_age = [age, age**2, age**3, np.exp(-2 * (age + 1)), np.exp(-6 * (age + 1)), np.exp(3 * (age - 1))]
        own = [jnp.log(kept + other), kept / (kept + other)]
        common = jnp.append(self.chain().value(s.z), jnp.log(self.total_capital(s)))
        return jnp.column_stack([*by_age, *own, jnp.broadcast_to(common, (self.ages - 1, 3))])
