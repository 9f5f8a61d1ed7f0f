"""Households with uninsured risk of unemployment, capital, and booms and recessions that they share."""

from typing import Annotated, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

import saddlepath as sp

SPACING = 1.5
"""Nodes of assets lie at this power of equal steps [-]."""
LEAST = 1e-12
"""What households at the lowest node decide on: with nothing at all, and no benefit, none could consume [goods]."""
DISPERSION = 4.0
"""Shape of the gamma distribution of assets from which paths start: its s.d. is half its mean [-]."""
HOUSEHOLD_STEPS, CAPITAL_STEPS = 500, 20
"""Steps backward in time, and halvings of an interval for capital, in the economy without aggregate risk."""
AT_LEAST_ONE = sp.Interval(1.0, 1e6)


class KrusellSmith(sp.Model):
    """Incomplete markets with aggregate risk (Krusell and Smith, 1998, J. Polit. Econ.), as compared in 2010.

    Equations and calibration are those of den Haan, Judd and Juillard (2010, J. Econ. Dyn. Control), quarterly. A
    household with assets `a` that works (`e = 1`) or not saves `a' = R a + ((1 - tau) lbar e + mu (1 - e)) w - c` with
    `a' >= 0` and log utility. The firm produces `Y = Z K^alpha L^(1-alpha)` and pays `w = (1-alpha) Y / L` and `R = 1 +
    alpha Y / K - delta`. Unemployment follows aggregate productivity `Z` exactly, so `L = lbar (1 - u(Z))`, and `tau =
    mu u / L` balances the benefits. The economy of 1998 pays none: then nobody ever saves nothing.

    The state is the distribution itself: masses of households at fixed nodes of assets, by employment. Flows between
    employment and unemployment are those of a continuum, so that nothing is drawn but `Z`; a household whose savings
    lie between two nodes is divided between them so that the mean is kept (Young, 2010, J. Econ. Dyn. Control).
    The rule returns `desired` consumption at every node in units of cash at hand, with which it vanishes, one network
    for all. `c = min(desired, 1) cash` then satisfies limit and complementarity exactly, and left is `1 / (desired
    cash) = beta E[R' / c']`, with consumption between the nodes by linear interpolation and exact sums over employment
    and `Z` tomorrow. The network sees own assets, `Z` and `order` moments of all assets (logs of the mean, and of the
    second and third moment over its power), although prices and next period's distribution follow from all masses.

    Deviation: the transition matrix is built from the durations, of which the papers print rounded probabilities.
    """

    beta: float = sp.parameter(0.99, "discount factor", unit="1/quarter", within=sp.Unit())
    alpha: float = sp.parameter(0.36, "capital share", within=sp.Unit())
    delta: float = sp.parameter(0.025, "depreciation rate", unit="1/quarter", within=sp.Unit())
    benefit: float = sp.parameter(0.15, "unemployment benefit over the wage of an hour", within=sp.Interval(0.0, 1.0))
    hours: float = sp.parameter(1 / 0.9, "hours of those who work (lbar)", within=sp.Positive())
    amplitude: float = sp.parameter(0.01, "productivity of booms over its mean, less one", within=sp.Unit())
    bad_unemployment: float = sp.parameter(0.10, "unemployment rate in recessions", within=sp.Unit())
    good_unemployment: float = sp.parameter(0.04, "unemployment rate in booms", within=sp.Unit())
    bad_spell: float = sp.parameter(2.5, "duration of unemployment in recessions", unit="quarters", within=AT_LEAST_ONE)
    good_spell: float = sp.parameter(1.5, "duration of unemployment in booms", unit="quarters", within=AT_LEAST_ONE)
    duration: float = sp.parameter(8.0, "duration of booms and recessions", unit="quarters", within=AT_LEAST_ONE)
    most: float = sp.parameter(200.0, "highest node of assets", unit="goods", within=sp.Positive())
    nodes: int = sp.parameter(100, "number of nodes of assets", within=sp.Interval(10, 5000))
    order: int = sp.parameter(1, "moments of assets that decisions see", within=sp.Interval(1, 3))

    class State(NamedTuple):
        mass: Annotated[Float[Array, "nodes 2"], sp.label("share of households by assets and employment")]
        z: Annotated[Int[Array, ""], sp.label("recession (0) or boom (1)")]

    class Policy(NamedTuple):
        desired: Annotated[Float[Array, "nodes 2"], sp.label("consumption if there were no limit today, over cash")]
        assets: Annotated[Float[Array, "nodes 2"], sp.label("assets next quarter", "goods")]

    def state_range(self):
        return self.State(mass=sp.NonNegative((self.nodes, 2), scale=3.0), z=sp.Interval(0, 1))

    def policy_range(self):
        shape = (self.nodes, 2)
        return self.Policy(desired=sp.Positive(shape, scale=0.1), assets=sp.Completed(shape))

    # Booms, recessions and employment; in the steady state `z` holds probabilities.

    def chain(self):
        """Recession and boom, and productivity in each."""
        leave = 1 / self.duration
        stay = 1 - leave
        levels = jnp.stack([1 - self.amplitude, 1 + self.amplitude])
        return sp.MarkovChain(jnp.stack([jnp.stack([stay, leave]), jnp.stack([leave, stay])]), "z", levels)

    def shocks(self):
        return self.chain()

    def productivity(self, z):
        return self.chain().value(z)

    def unemployment(self, z):
        """Unemployment rate. [-]"""
        rates = jnp.stack([self.bad_unemployment, self.good_unemployment])
        return z @ rates if jnp.ndim(z) == 1 else rates[z]

    def rates(self, z):
        """Shares of households without and with work `[2]`. [-]"""
        return jnp.stack([self.unemployment(z), 1 - self.unemployment(z)])

    def staying(self, z, z1):
        """Probability of staying unemployed from a quarter in `z` to one in `z1`. [-]

        When a recession begins it is 1.25 times that within recessions, when it ends .75 times that within booms.
        """
        bad, good = 1 - 1 / self.bad_spell, 1 - 1 / self.good_spell
        table = jnp.stack([jnp.stack([bad, 0.75 * good]), jnp.stack([1.25 * bad, good])])
        if jnp.ndim(z) == 1:
            return jnp.sum(z[:, None] * self.chain().matrix() * table)
        return table[z, z1]

    def flows(self, z, z1):
        """Probabilities of unemployment and employment tomorrow, a row for each of the two today `[2, 2]`. [-]"""
        stay, before, after = self.staying(z, z1), self.unemployment(z), self.unemployment(z1)
        lose = (after - before * stay) / (1 - before)
        return jnp.stack([jnp.stack([stay, 1 - stay]), jnp.stack([lose, 1 - lose])])

    # Prices and households.

    def grid(self):
        """Nodes of assets `[nodes]`. [goods]"""
        return self.most * np.linspace(0.0, 1.0, self.nodes) ** SPACING

    def capital(self, mass):
        return self.grid() @ jnp.sum(mass, axis=1)

    def labour(self, z):
        return self.hours * (1 - self.unemployment(z))

    def output(self, capital, z):
        return self.productivity(z) * capital**self.alpha * self.labour(z) ** (1 - self.alpha)

    def gross_return(self, capital, z):
        return 1 + self.alpha * self.output(capital, z) / capital - self.delta

    def wage(self, capital, z):
        return (1 - self.alpha) * self.output(capital, z) / self.labour(z)

    def cash(self, assets, capital, z):
        """Most that can be consumed, without and with work, a new last axis of length two. [goods]"""
        tax = self.benefit * self.unemployment(z) / self.labour(z)
        wealth, wage = self.gross_return(capital, z) * assets, self.wage(capital, z)
        return jnp.stack([wealth + wage * self.benefit, wealth + wage * (1 - tax) * self.hours], axis=-1)

    def cash_at_nodes(self, capital, z):
        """Cash of households at the nodes `[nodes, 2]`, of whom the first own as good as nothing. [goods]"""
        return self.cash(jnp.maximum(self.grid(), LEAST), capital, z)

    def between(self, assets):
        """Number of the node below, and how far assets are on the way to the node above; beyond one above all. [-]"""
        grid, steps = self.grid(), (self.nodes - 1) * (assets / self.most) ** (1 / SPACING)
        below = jnp.clip(steps.astype(jnp.int32), 0, self.nodes - 2)
        return below, (assets - grid[below]) / (grid[below + 1] - grid[below])

    def consumption(self, desired, assets, capital, z):
        """Consumption without and with work of households whose assets may lie between the nodes. [goods]"""
        below, share = self.between(assets)
        wanted = desired * self.cash(self.grid(), capital, z)
        between = wanted[below] + share[..., None] * (wanted[below + 1] - wanted[below])
        return jnp.minimum(between, self.cash(assets, capital, z))

    def complete(self, s, x):
        capital = self.capital(s.mass)
        saved, _ = sp.split(self.cash_at_nodes(capital, s.z) * (1 - x.desired))
        return x._replace(assets=saved)

    def divided(self, mass, assets):
        """Masses at the nodes when households have moved to `assets`; nobody goes beyond the last. [-]"""
        below, share = self.between(assets)
        share, own = jnp.clip(share, 0.0, 1.0), np.broadcast_to(np.arange(2), mass.shape)
        return jnp.zeros_like(mass).at[below, own].add((1 - share) * mass).at[below + 1, own].add(share * mass)

    def transition(self, s, x, shock):
        mass = self.divided(s.mass, x.assets) @ self.flows(s.z, shock)
        rounding = self.rates(shock) / jnp.sum(mass, axis=0)
        return self.State(mass=mass * rounding[None, :], z=shock)

    def marginal_value(self, assets, z, s1, x1):
        """Expected marginal utility of an asset tomorrow at households' `assets` of tomorrow, by employment today."""
        capital = self.capital(s1.mass)
        consumption = self.consumption(x1.desired, assets, capital, s1.z)
        return self.gross_return(capital, s1.z) * jnp.einsum("neo,eo->ne", 1 / consumption, self.flows(z, s1.z))

    def residuals(self, s, x, E):
        wanted = 1 / (self.beta * E(lambda s1, x1: self.marginal_value(x.assets, s.z, s1, x1)))
        return {"euler": wanted / (x.desired * self.cash_at_nodes(self.capital(s.mass), s.z)) - 1}

    def definitions(self, s, x):
        capital = self.capital(s.mass)
        output, saved = self.output(capital, s.z), jnp.sum(s.mass * x.assets)
        consumption = output + (1 - self.delta) * capital - saved
        aggregates = {"capital": capital, "output": output, "consumption": consumption}
        prices = {"gross_return": self.gross_return(capital, s.z), "wage": self.wage(capital, s.z)}
        return {**aggregates, **prices, "at_limit": jnp.sum(jnp.where(x.assets > 0, 0.0, s.mass))}

    def features(self, s):
        """A row for every node `[nodes, 3 + order]`: two smooth functions of own assets, productivity, moments."""
        assets = self.grid()
        people, mean = jnp.sum(s.mass, axis=1), self.capital(s.mass)
        log_moments = [jnp.log(people @ assets**k / mean**k) for k in range(2, self.order + 1)]
        common = jnp.stack([jnp.log(self.productivity(s.z)), jnp.log(mean), *log_moments])
        own = [jnp.log1p(assets), 1 / (1 + 0.1 * assets)]
        return jnp.column_stack([*own, jnp.broadcast_to(common, (self.nodes, common.size))])

    # The economy without aggregate risk, as a first guess.

    def plan(self, capital):
        """Desired consumption and assets next quarter, both `[nodes, 2]`, if prices stayed what `capital` implies."""
        z = self.chain().stationary()
        cash, flows = self.cash_at_nodes(capital, z), self.flows(z, z)

        def step(_, desired):
            def wanted(assets):
                marginal_utility = jnp.einsum("neo,eo->ne", 1 / self.consumption(desired, assets, capital, z), flows)
                return 1 / (self.beta * self.gross_return(capital, z) * marginal_utility)

            assets = jnp.maximum(cash * (1 - desired), 0.0)
            value, slope = jax.jvp(wanted, (assets,), (jnp.where(assets > 0, 1.0, 0.0),))
            return desired + (value / cash - desired) / (1 + slope)

        desired = jax.lax.fori_loop(0, HOUSEHOLD_STEPS, step, jnp.full_like(cash, 0.06))
        return desired, jnp.maximum(cash * (1 - desired), 0.0)

    def long_run(self, assets):
        """Masses that households reproduce by moving to `assets`, by one linear system `[nodes, 2]`. [-]"""
        z, n = self.chain().stationary(), 2 * self.nodes
        move = lambda mass: (self.divided(mass.reshape(-1, 2), assets) @ self.flows(z, z)).ravel()
        forward = jax.vmap(move)(jnp.eye(n)).T
        return jnp.linalg.solve(jnp.eye(n) - forward + 1 / n, jnp.full(n, 1 / n)).reshape(-1, 2)

    def riskless_capital(self):
        """Capital of a representative household in the long run. [goods]"""
        rental = 1 / self.beta - 1 + self.delta
        return (self.alpha / rental) ** (1 / (1 - self.alpha)) * self.labour(self.chain().stationary())

    @eqx.filter_jit
    def steady_guess(self):
        """By bisection on capital: households hold more of it the scarcer it is."""

        def halve(_, bounds):
            middle = jnp.mean(bounds)
            held = self.capital(self.long_run(self.plan(middle)[1]))
            return jnp.where(held > middle, jnp.stack([middle, bounds[1]]), jnp.stack([bounds[0], middle]))

        bounds = jax.lax.fori_loop(0, CAPITAL_STEPS, halve, self.riskless_capital() * jnp.array([1.0, 1.2]))
        desired, assets = self.plan(jnp.mean(bounds))
        state = self.State(mass=self.long_run(assets), z=jnp.asarray(1))
        return state, self.Policy(desired=desired, assets=assets)

    def initial(self, key):
        """Assets with the density of a gamma distribution, their mean up to an eighth around the riskless capital."""
        draws = jax.random.truncated_normal(key, -2.5, 2.5, (3,))
        mean, shape = self.riskless_capital() * jnp.exp(0.05 * draws[0]), DISPERSION * jnp.exp(0.2 * draws[1])
        grid, z = self.grid(), (draws[2] > 0).astype(jnp.int32)
        width = jnp.diff(grid, append=grid[-1:])
        people = width * jnp.exp((shape - 1) * jnp.log(jnp.maximum(grid, 1e-9) / mean) - shape * grid / mean)
        return self.State(mass=people[:, None] / jnp.sum(people) * self.rates(z)[None, :], z=z)
