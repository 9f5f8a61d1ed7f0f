"""A life cycle with a borrowing limit in general equilibrium; the same sixty years cut into any number of ages."""

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

import saddlepath as sp

YEARS = 60.0
SIX_AGES = np.array([1.0, 1.8, 2.3, 2.5, 1.6, 1.25])
MIDPOINTS = np.arange(5.0, YEARS, 10.0)
PROFILE = np.array([0.5, 1.5, 2.3, 2.5, 1.6, 0.6])


class LifeCycle(sp.Model):
    """Overlapping generations with a profile of labour over life, aggregate risk and no borrowing; log utility.

    Ages `h = 1..A`, budget `c^h + k'^(h+1) = l^h w + R k^h`, limit `k'^(h+1) >= 0`, newborn without capital, and
    `0 <= k'^(h+1)  perp  1/c^h - beta E[R' / c'^(h+1)] >= 0`. The firm produces `Y = exp(z) K^alpha L^(1-alpha)` and
    pays `w = (1-alpha) Y/L` and `R = 1 - delta + alpha Y/K`. With six ages of ten years this is exercise 4 of the
    course "Deep Learning for Economics and Finance" (Geneva, 2025), day 2, in the course's calibration.

    Deviation: the course, like Azinovic, Gaegauf and Scheidegger (2022, IER), lets the rule return a saving share and
    puts the conditions into one Fischer-Burmeister equation by age. Here the rule returns the threshold `D^h`, the cash
    at hand from which the age begins to save, in units of the wage; of what it has above, it consumes the share `m^h`
    that a household would whose prices are constant and whose limit binds next where it does in the steady state. The
    threshold is smooth where the limit begins to bind, and nearly independent of own cash. With `desired` consumption
    `D + m max(cash - D, 0)`, `c = min(desired, cash)` satisfies the complementarity exactly; the Euler residual is that
    of `1/desired = beta E[R'/c']`, and a residual of `r` bounds the Fischer-Burmeister residual by `2 |r|`, also at
    ages that save nothing. Where an age is next to the limit, `E` has a kink in the shock: take many nodes.

    Own extension, to other numbers of ages: parameters are stated per year (depreciation and the innovation: over ten
    years) and converted to the period of `60 / ages` years; the innovation keeps the unconditional standard deviation
    of log productivity. Except with six ages, the profile of labour is linear between 0.5, 1.5, 2.3, 2.5, 1.6 and 0.6
    at years 5, 15, .., 55 and flat outside. From `shared_from` ages on, one network serves all ages (see `features`).
    """

    alpha: float = sp.parameter(0.36, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.99, "discount factor", unit="1/year", within=sp.Unit())
    delta: float = sp.parameter(0.8, "depreciation over ten years", within=sp.Unit())
    rho: float = sp.parameter(0.9, "persistence of log productivity over a year", within=sp.Unit())
    sigma: float = sp.parameter(0.1, "s.d. of the innovation over ten years", within=sp.NonNegative())
    ages: int = sp.parameter(6, "number of ages", within=sp.Interval(2, 1000))
    shared_from: int = sp.parameter(12, "number of ages that share one network", within=sp.Interval(2, 1001))

    class State(NamedTuple):
        k: Annotated[Float[Array, " owners"], sp.label("capital of ages two and older", "goods")]
        z: Annotated[sp.Scalar, sp.label("log productivity")]

    class Policy(NamedTuple):
        threshold: Annotated[Float[Array, " savers"], sp.label("cash from which an age saves, over the wage")]
        saving: Annotated[Float[Array, " savers"], sp.label("share of cash at hand saved, by age")]

    def state_range(self):
        return self.State(k=sp.NonNegative((self.ages - 1,)), z=sp.Real())

    def policy_range(self):
        savers = (self.ages - 1,)
        return self.Policy(threshold=sp.Positive(savers, scale=0.25), saving=sp.Completed(savers))

    def shocks(self):
        return sp.Normal(1)

    # Calibration per model period.

    def years(self):
        """Length of a period. [years]"""
        return YEARS / self.ages

    def discount_factor(self):
        return self.beta ** self.years()

    def depreciation(self):
        return 1 - (1 - self.delta) ** (self.years() / 10)

    def persistence(self):
        return self.rho ** self.years()

    def innovation(self):
        """Standard deviation of the innovation per period. [-]"""
        return self.sigma * jnp.sqrt((1 - self.persistence() ** 2) / (1 - self.rho**20))

    def labour(self):
        """Efficient hours by age `[ages]`. [hours]"""
        if self.ages == SIX_AGES.size:
            return SIX_AGES
        return np.interp((np.arange(self.ages) + 0.5) * self.years(), MIDPOINTS, PROFILE)

    # The economy.

    def capital(self, s):
        return jnp.sum(s.k)

    def prices(self, capital, z):
        """Gross return and wage."""
        hours = np.sum(self.labour())
        output = jnp.exp(z) * capital**self.alpha * hours ** (1 - self.alpha)
        return 1 - self.depreciation() + self.alpha * output / capital, (1 - self.alpha) * output / hours

    def gross_return(self, s):
        return self.prices(self.capital(s), s.z)[0]

    def wage(self, s):
        return self.prices(self.capital(s), s.z)[1]

    def cash(self, s):
        """Cash at hand of all ages `[ages]`."""
        gross, wage = self.prices(self.capital(s), s.z)
        return wage * self.labour() + gross * jnp.append(0.0, s.k)

    def complete(self, s, x):
        """Only those save who have more than their threshold."""
        spare, _ = sp.split(1 - x.threshold * self.wage(s) / self.cash(s)[:-1])
        return x._replace(saving=(1 - self.propensity()) * spare)

    def savings(self, s, x):
        """Savings of all ages but the last `[ages - 1]`."""
        return x.saving * self.cash(s)[:-1]

    def consumption(self, s, x):
        return self.cash(s) - jnp.append(self.savings(s, x), 0.0)

    def transition(self, s, x, shock):
        return self.State(k=self.savings(s, x), z=self.persistence() * s.z + self.innovation() * shock[0])

    def residuals(self, s, x, E):
        def marginal_value(s1, x1):
            return self.gross_return(s1) / self.consumption(s1, x1)[1:]

        desired = jnp.maximum(x.threshold * self.wage(s), self.consumption(s, x)[:-1])
        return {"euler": 1 / (desired * self.discount_factor() * E(marginal_value)) - 1}

    def definitions(self, s, x):
        gross, wage = self.prices(self.capital(s), s.z)
        prices = {"gross_return": gross, "wage": wage}
        return {"capital": self.capital(s), **prices, "consumption": self.consumption(s, x)}

    # The steady state, exact, as guess for Newton's method and to scale what the shared network sees.

    def plan(self, capital):
        """Consumption and savings by age, both `[ages]`, of a household that faces constant prices for life.

        Consumption over `(beta R)^h` may only rise with age, and rises where the limit binds: it is the slope of the
        greatest convex minorant of lifetime income, by the min-max formula (Barlow and Brunk, 1972, JASA).
        """
        gross, wage = self.prices(capital, 0.0)
        age = np.arange(float(self.ages))
        income = wage * self.labour()
        earned = jnp.append(0.0, jnp.cumsum(income / gross**age))
        weight = jnp.append(0.0, jnp.cumsum(self.discount_factor() ** age))
        later = np.tri(self.ages, dtype=bool).T
        span = jnp.where(later, weight[None, 1:] - weight[:-1, None], 1.0)
        slope = jnp.where(later, (earned[None, 1:] - earned[:-1, None]) / span, jnp.inf)
        from_here = jnp.where(later, jax.lax.cummin(slope, axis=1, reverse=True), -jnp.inf)
        per_weight = jnp.max(from_here, axis=0)
        spent = jnp.cumsum(per_weight * self.discount_factor() ** age)
        savings = gross**age * jnp.maximum(earned[1:] - spent, 0.0)
        return per_weight * (self.discount_factor() * gross) ** age, savings

    def rest_point(self):
        """Consumption and savings by age in the steady state, by bisection on the log of capital."""

        def halve(_, bounds):
            middle = jnp.mean(bounds)
            scarce = jnp.sum(self.plan(jnp.exp(middle))[1]) > jnp.exp(middle)
            return jnp.where(scarce, jnp.stack([middle, bounds[1]]), jnp.stack([bounds[0], middle]))

        hours = np.sum(self.labour())
        bounds = jax.lax.fori_loop(0, 50, halve, jnp.log(hours) + jnp.array([-7.0, 7.0]))
        return self.plan(jnp.exp(jnp.mean(bounds)))

    def propensity(self):
        """Share that an age consumes of what it has above its threshold `[ages - 1]`. [-]

        With log utility and constant prices: one over the discounted number of periods until, from the next age on,
        the limit binds in the steady state or life ends.
        """
        _, savings = self.rest_point()
        age = np.arange(self.ages)
        binds = savings < 1e-9 * jnp.sum(savings)
        until = jax.lax.cummin(jnp.where(binds, age, self.ages - 1), axis=0, reverse=True)
        periods = until[1:] - age[:-1] + 1
        return (1 - self.discount_factor()) / (1 - self.discount_factor() ** periods.astype(float))

    def steady_guess(self):
        consumption, savings = self.rest_point()
        state = self.State(k=savings[:-1], z=jnp.zeros(()))
        cash, share = self.cash(state)[:-1], self.propensity()
        desired = consumption[1:] / (self.discount_factor() * self.gross_return(state))
        threshold = jnp.where(desired > cash, desired, (desired - share * cash) / (1 - share))
        return state, self.Policy(threshold=threshold / self.wage(state), saving=savings[:-1] / cash)

    def initial(self, key):
        """Capital of all ages moved together by 20 % and each by another 10 %, around the steady state."""
        _, savings = self.rest_point()
        n = jax.random.truncated_normal(key, -3.0, 3.0, (self.ages + 1,))
        k = savings[:-1] * jnp.exp(0.2 * n[0] + 0.1 * n[2:])
        return self.State(k=k, z=self.innovation() / jnp.sqrt(1 - self.persistence() ** 2) * n[1])

    def features(self, s):
        """With many ages, one row for each that saves, `[ages - 1, 7]`.

        Four smooth functions of age, own cash at hand relative to the steady state, productivity and total capital.
        """
        if self.ages < self.shared_from:
            return None
        consumption, savings = self.rest_point()
        own = jnp.log(self.cash(s) / (consumption + savings))[:-1]
        age = np.linspace(-1.0, 1.0, self.ages - 1)
        common = jnp.stack([s.z, jnp.log(self.capital(s) / jnp.sum(savings))])
        by_age = [age, age**2, age**3, np.exp(-2 * (age + 1)), own]
        return jnp.column_stack([*by_age, jnp.broadcast_to(common, (self.ages - 1, 2))])
