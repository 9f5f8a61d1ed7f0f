# %% [markdown]
# # A model of your own
#
# We write a model that has no closed form: stochastic growth in which installed capital cannot be eaten.
# When productivity is low enough the planner would like to disinvest and cannot. The constraint binds
# sometimes, and everybody knows that it can bind again.
#
#     max E sum beta^t ln c_t    subject to    c + i = exp(z) k^alpha,    k' = (1 - delta) k + i,    i >= 0.
#
# With `mu` the multiplier of `i >= 0`, the conditions are
#
#     1/c - mu = beta E[ (1 - delta + alpha y1/k1) / c1 - (1 - delta) mu1 ],    0 <= i, 0 <= mu, i mu = 0.
#
# The second line is an equation too: the Fischer-Burmeister function of two numbers is zero exactly where
# both are non-negative and one of them is zero.

# %%
from typing import Annotated, NamedTuple

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import saddlepath as sp


class Irreversible(sp.Model):
    """Stochastic growth with irreversible investment and log utility."""

    alpha: float = sp.parameter(0.36, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.99, "discount factor", unit="1/period", within=sp.Unit())
    delta: float = sp.parameter(0.02, "depreciation", unit="1/period", within=sp.Unit())
    rho: float = sp.parameter(0.90, "persistence of log productivity", within=sp.Interval(-1.0, 1.0))
    sigma: float = sp.parameter(0.14, "s.d. of the innovation", within=sp.NonNegative())

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital", "goods")]
        z: Annotated[sp.Scalar, sp.label("log productivity")]

    class Policy(NamedTuple):
        consumed: Annotated[sp.Scalar, sp.label("share of output consumed")]
        mu: Annotated[sp.Scalar, sp.label("multiplier of i >= 0, times consumption")]

    def state_range(self):
        return self.State(k=sp.Positive(), z=sp.Real())

    def policy_range(self):
        return self.Policy(consumed=sp.Positive(), mu=sp.NonNegative())

    def shocks(self):
        return sp.Normal(1)

    def output(self, s):
        return jnp.exp(s.z) * s.k**self.alpha

    def consumption(self, s, x):
        return x.consumed * self.output(s)

    def investment_share(self, x):
        return 1 - x.consumed

    def transition(self, s, x, shock):
        k1 = (1 - self.delta) * s.k + self.investment_share(x) * self.output(s)
        return self.State(k=k1, z=self.rho * s.z + self.sigma * shock[0])

    def residuals(self, s, x, E):
        c = self.consumption(s, x)

        def value_of_capital(s1, x1):
            gross_return = 1 - self.delta + self.alpha * self.output(s1) / s1.k
            return (gross_return - (1 - self.delta) * x1.mu) / self.consumption(s1, x1)

        return {
            "euler": self.beta * c * E(value_of_capital) + x.mu - 1,
            "irreversible": sp.fischer_burmeister(self.investment_share(x), x.mu),
        }

    def definitions(self, s, x):
        return {
            "consumption": self.consumption(s, x),
            "investment": self.investment_share(x) * self.output(s),
        }


model = Irreversible()
model

# %% [markdown]
# Two details matter. Consumption is a *positive* share of output rather than a share below one, so that
# investment could be negative if the equations allowed it: the constraint is left to its equation, not to
# the range. And `mu` is multiplied by consumption, so that both arguments of `fischer_burmeister` are free
# of units and of similar size.
#
# ## Check, steady state, linear solution

# %%
sp.check(model)

# %%
sp.steady_state(model)

# %% [markdown]
# At the steady state investment is positive and the multiplier is zero. The linear solution is a start, and
# no more: it knows nothing of the constraint.

# %%
sp.linearise(model)

# %% [markdown]
# ## Solve
#
# Where a complementarity is present the default tolerance is `1e-4`, because the true rule has a kink and
# the network is smooth.

# %%
solution = sp.solve(model)
solution

# %%
sp.euler_errors(solution)

# %% [markdown]
# ## Look at it
#
# Investment falls with capital and meets zero; from there on the multiplier takes over.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
steady = float(sp.steady_state(model).state.k)
capital = np.linspace(0.5 * steady, 1.8 * steady, 80)
for z in (-0.6, -0.3, 0.0):
    policy = solution(k=capital, z=np.full(80, z))
    left.plot(capital, 1 - policy.consumed, label=f"log productivity {z:+.1f}")
    right.plot(capital, policy.mu)
left.set(xlabel="capital", ylabel="investment over output")
right.set(xlabel="capital", ylabel="multiplier times consumption")
left.legend()
# %%
panel = sp.simulate(solution, periods=1_000, paths=100, burn_in=200, seed=1)
binding = float((panel["investment"] < 1e-3 * panel["consumption"]).mean())
print(f"investment is at zero in {100 * binding:.1f} % of periods; an independent grid method finds 17.4 %")
