# %% [markdown]
# # A limit that binds
#
# Six generations live side by side; a period is ten years. Everybody works, the young least productively,
# and nobody may borrow. The youngest would like to: their wages will rise. So the limit binds for them, and
# one equation must hold with inequality.
#
# Two habits of this library show here. A quantity that exists once per age is **one array field**, not six
# names. And the limit is an **equation**: for each age
#
#     0 <= a,  0 <= b,  a b = 0       with   a = 1 / (beta c E[R1 / c1]) - 1,   b = savings / c.
#
# `a` is the gain from one more unit of consumption today, as a share of consumption; `b` is how far savings
# are from the limit. The Fischer-Burmeister function turns the three conditions into one residual that is
# zero exactly when they hold.

# %%
from typing import Annotated, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Array, Float

import saddlepath as sp


class LifeCycle(sp.Model):
    """Overlapping generations with hump-shaped productivity, aggregate risk and no borrowing. Log utility."""

    alpha: float = sp.parameter(0.36, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.99**10, "discount factor", unit="1/period", within=sp.Unit())
    delta: float = sp.parameter(0.80, "depreciation", unit="1/period", within=sp.Unit())
    rho: float = sp.parameter(0.90**10, "persistence of log productivity", within=sp.Interval(-1.0, 1.0))
    sigma: float = sp.parameter(0.10, "s.d. of the innovation", within=sp.NonNegative())
    labour: np.ndarray = eqx.field(default_factory=lambda: np.array([1.0, 1.8, 2.3, 2.5, 1.6, 1.25]))

    class State(NamedTuple):
        k: Annotated[Float[Array, "owners"], sp.label("capital of ages two to six", "goods")]
        z: Annotated[sp.Scalar, sp.label("log productivity")]

    class Policy(NamedTuple):
        saving: Annotated[Float[Array, "savers"], sp.label("share of cash at hand saved, ages one to five")]

    def state_range(self):
        return self.State(k=sp.NonNegative((5,)), z=sp.Real())

    def policy_range(self):
        return self.Policy(saving=sp.Unit((5,)))

    def shocks(self):
        return sp.Normal(1)

    def output(self, s):
        return jnp.exp(s.z) * jnp.sum(s.k) ** self.alpha * jnp.sum(self.labour) ** (1 - self.alpha)

    def gross_return(self, s):
        return 1 - self.delta + self.alpha * self.output(s) / jnp.sum(s.k)

    def cash(self, s):
        wage = (1 - self.alpha) * self.output(s) / jnp.sum(self.labour)
        newborn_first = jnp.concatenate([jnp.zeros(1), s.k])
        return wage * self.labour + self.gross_return(s) * newborn_first

    def consumption(self, s, x):
        nobody_saves_last = jnp.concatenate([x.saving, jnp.zeros(1)])
        return (1 - nobody_saves_last) * self.cash(s)

    def transition(self, s, x, shock):
        return self.State(k=x.saving * self.cash(s)[:-1], z=self.rho * s.z + self.sigma * shock[0])

    def residuals(self, s, x, E):
        c = self.consumption(s, x)[:-1]
        value = self.beta * E(lambda s1, x1: self.gross_return(s1) / self.consumption(s1, x1)[1:])
        return {"euler": sp.fischer_burmeister(1 / (c * value) - 1, x.saving * self.cash(s)[:-1] / c)}

    def definitions(self, s, x):
        return {"consumption": self.consumption(s, x), "total_capital": jnp.sum(s.k)}


model = LifeCycle()
model

# %% [markdown]
# ## The steady state
#
# Total capital should be 1.6363, and the youngest should save nothing.

# %%
steady = sp.steady_state(model)
print(f"total capital {float(np.sum(steady.state.k)):.4f}")
print("saved by age ", np.round(np.asarray(steady.policy.saving), 4))

# %% [markdown]
# ## Solve and verify

# %%
solution = sp.solve(model, tol=1e-4)
solution

# %%
sp.euler_errors(solution)

# %% [markdown]
# ## Consumption over the life cycle
#
# Mean and the middle ninety per cent of periods, over simulated history. With aggregate risk and no
# borrowing, consumption rises with age: the young are constrained, and beta times the return exceeds one.

# %%
panel = sp.simulate(solution, periods=1_000, paths=50, burn_in=50, seed=1)
by_age = panel["consumption"]
figure, axes = plt.subplots(figsize=(6, 4))
ages = np.arange(1, 7)
low, high = by_age.quantile([0.05, 0.95], dim=("path", "time")).values
axes.fill_between(ages, low, high, alpha=0.3)
axes.plot(ages, by_age.mean(("path", "time")).values)
axes.set(xlabel="age (periods of ten years)", ylabel="consumption")
# %%
binding = float((panel["saving"].isel({panel["saving"].dims[-1]: 0}) < 1e-3).mean())
print(f"the youngest save (almost) nothing in {100 * binding:.1f} % of periods")
