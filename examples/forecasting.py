# %% [markdown]
# # Forecasts beside baselines
#
# A network that forecasts a series has shown nothing until it is put beside what a textbook would do. Here a recurrent
# network forecasts airline passengers and a noisy sine, next to eleven baselines that run by themselves.

# %%
import numpy as np

import saddlepath as sp
from saddlepath.forecast.conformal import conformal_width
from saddlepath.forecast.datasets import airline, noisy_sine
from saddlepath.forecast.walking import Past
from saddlepath.report.forecast_figures import ahead_figure, walk_figure
from saddlepath.report.forecast_page import ahead_table

# %% [markdown]
# ## Airline passengers
#
# 144 months, of which the first 116 are known when models are fitted. The transform, here logarithms and two
# differences, is chosen on these months. The network is a hybrid: a linear forecast, and an LSTM on its errors, kept in
# the share that its forecasts of a validation part deserve.

# %%
walk = sp.WalkForward(horizon=1, first=116)
training = sp.Training(rate=1e-2, epochs=30, batch=32)
hybrid = sp.NetworkForecaster("lstm", "auto", window=24, hidden=8, members=1, training=training)
study = sp.compare_forecasts(airline(), [hybrid], walk, transform=("log", "difference", "season"))
study.table()

# %% [markdown]
# The airline model of Box and Jenkins (SARIMA) is hard to beat with a hundred months, and the verdict says so.

# %%
print("\n".join(study.verdict()))
ahead_table(study)

# %%
figure = walk_figure(study)
figure

# %%
figure = ahead_figure(study)
figure

# %% [markdown]
# ## A noisy sine
#
# With more data than parameters and a signal that repeats, a long window and a ridge penalty do most of the work. The
# network adds what is left. Fitted to the first 320 observations, it forecasts the other 180 one by one; the errors of
# the first 80 of them give the width of an interval for the last hundred, whatever the model.

# %%
series = noisy_sine()
model = sp.NetworkForecaster("gru", "ridge", window=40, hidden=8, members=1, training=training)
fitted = model.fit(Past(series.values[:320]), 1)
errors = series.target[320:] - fitted.predict([Past(series.values[:origin]) for origin in range(320, 500)])[:, 0]
half = conformal_width(errors[:80], 0.9)
print(f"mean squared error {np.mean(errors[80:] ** 2):.4f}; the noise alone has 0.04")
print(f"90 % intervals of half width {half:.2f} cover {np.mean(np.abs(errors[80:]) <= half):.0%} of the last hundred")
