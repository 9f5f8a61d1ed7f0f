# %% [markdown]
# # A deep surrogate of option prices, and its Greeks
#
# Heston (1993) has no simple formula for the price of an option; it takes an integral. A network that has learnt the
# implied volatility answers in a microsecond, for every option and every parameter of a box, and its derivatives are
# exact derivatives of what it says. This page fits one on a small box, looks at its errors, and calibrates a day.

# %%
import matplotlib.pyplot as plt
import numpy as np

import saddlepath as sp
from saddlepath.options.calibration import Quotes, calibrate
from saddlepath.options.characteristic import Heston
from saddlepath.options.inputs import standard_deviation
from saddlepath.options.labels import label_volatilities, volatilities
from saddlepath.options.pricing import greeks, implied_volatilities
from saddlepath.options.surface import fit_surface
from saddlepath.surrogate.deep import Deep

# %% [markdown]
# ## Labels
#
# The box names the inputs. Moneyness is `log(K/F)` over the standard deviation that the model expects until maturity;
# time is measured in years. Prices by the integral are right to twelve digits, and 20,000 of them take a second or two.

# %%
box = sp.Box(
    v=(0.02, 0.09),
    vbar=(0.02, 0.09),
    kappa=(1.0, 4.0),
    sigma=(0.2, 0.7),
    rho=(-0.9, -0.4),
    moneyness=(-2.0, 1.5),
    tau=(30 / 365, 1.0),
    rate=(0.0, 0.05),
)
labels = label_volatilities(box, 20_000)
labels.theta.shape

# %% [markdown]
# ## The network
#
# It learns the ratio of implied to expected volatility. A tenth of the labels is left out of training; they decide
# which weights are kept and how large the error bar is.

# %%
kind = Deep(width=48, depth=3, members=1, epochs=100, batch=256, rate=3e-3, polish=0, precision="float32")
surface = fit_surface(labels, kind)
fresh = box.low + (box.high - box.low) * np.random.default_rng(1).random((10_000, box.size))
prediction = surface.predict(fresh)
error = np.abs(prediction.mean[:, 0] - volatilities(box, fresh))
print(f"errors of implied volatility: median {np.median(error):.1e}, 95 % below {np.quantile(error, 0.95):.1e}")
print(f"standard deviation that the surrogate states: {prediction.sd.mean():.1e}")

# %% [markdown]
# ## Greeks
#
# `greeks` differentiates whatever prices an option: the integral, or the surrogate. Next to delta and gamma it returns
# the derivative in every parameter of the law; that in `v` is the vega of Heston.

# %%
law = Heston(v=0.04, kappa=2.0, vbar=0.05, sigma=0.5, rho=-0.7)
strikes, tau = np.linspace(75, 120, 46), 0.25
exact = greeks(law, 100.0, strikes, tau, rate=0.02)
learnt = greeks(law, 100.0, strikes, tau, rate=0.02, value=surface.value)
print(f"largest error of delta {np.abs(exact.delta - learnt.delta).max():.1e}")

# %%
figure, axes = plt.subplots(1, 3, figsize=(11, 3.5))
for panel, title, of in (
    (axes[0], "delta", lambda g: g.delta),
    (axes[1], "gamma", lambda g: g.gamma),
    (axes[2], "derivative in v", lambda g: g.law.v),
):
    panel.plot(strikes, of(exact), color="black", label="integral")
    panel.plot(strikes, of(learnt), color="tab:red", linestyle="--", label="network")
    panel.set(title=title, xlabel="strike")
axes[0].legend()
figure.tight_layout()

# %% [markdown]
# ## Calibration of a day
#
# Quotes of 60 options under known parameters, and what least squares on the surrogate makes of them.

# %%
m, tau = (part.ravel() for part in np.meshgrid(np.linspace(-1.5, 1.0, 10), np.array([30, 60, 91, 182, 273, 365]) / 365))
k = m * np.asarray(standard_deviation(law, tau))
quotes = Quotes(k, tau, implied_volatilities(law, k, tau))
found = calibrate(surface, quotes)
for name, value in found.parameters.items():
    print(f"{name:6s} true {getattr(law, name):7.4f}  found {value:7.4f}  (s.d. {found.sd[name]:.4f})")
