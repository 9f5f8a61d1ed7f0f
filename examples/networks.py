# %% [markdown]
# # Networks: the first day of a course
#
# Gradient descent, the need for normalisation, what one perceptron cannot do, gradients that vanish, models that
# overfit, and a network that learns a function of two inputs. Each study is also a command, `saddlepath study NAME`.

# %%
import numpy as np

import saddlepath as sp
from saddlepath.nn.decision_boundaries import accuracy, rings
from saddlepath.nn.splitting import Holdout, split
from saddlepath.report.study_figures import study_figure

# %% [markdown]
# ## Gradient descent
#
# Three ways to choose a step on a cubic with its minimum at 4/3; the step that shrinks too fast stops early. Least
# squares by descent on raw chirps of crickets takes half a million steps, on standardised ones a few.

# %%
descent = sp.run_study("descent")
print(descent)

# %% [markdown]
# ## Optimizers
#
# Three steps of the textbook rules beside the Optax calls that reproduce them, and two formulas as they are often
# misprinted.

# %%
print(sp.run_study("optimizers"))

# %% [markdown]
# ## Vanishing and exploding gradients
#
# A sigmoid's slope is at most 1/4. Twenty layers of them leave a first layer almost without a gradient; weights of
# variance one make it explode.

# %%
gradients = sp.run_study("gradients")
print(gradients)

# %%
figure = study_figure(gradients.figures["norms"])
figure

# %% [markdown]
# ## Overfitting
#
# Ten noisy points of a sine. The polynomial of order nine goes through all of them.

# %%
overfitting = sp.run_study("overfitting")
print(overfitting)
figure = study_figure(overfitting.figures["fits"])
figure

# %% [markdown]
# ## A function of two inputs
#
# cos(pi x / 2) cos(pi y / 2) at 2,000 points. The validation part stops the training; the test part answers once.

# %%
random = np.random.default_rng(0)
x = random.uniform(-1, 1, (2000, 2))
y = np.prod(np.cos(np.pi * x / 2), axis=1)
data = Holdout(x, y, split(len(x), seed=0))
recipe = sp.Recipe(sp.Perceptron((32, 32)), sp.Training(rate=1e-2, epochs=100, batch=64))
fitted = sp.fit_network(data.x, data.y, recipe, validation=(data.x_out, data.y_out))
error = data.final_score(lambda x, y: float(np.sqrt(np.mean((fitted.predict(x)[:, 0] - y) ** 2))))
print(f"root mean squared error at the test part {error:.1e}, standard deviation of the function {y.std():.2f}")

# %% [markdown]
# ## Classes
#
# Two rings cannot be separated by one line: one perceptron fails, one hidden layer does not.

# %%
print({hidden: accuracy(rings(), hidden) for hidden in ((), (8,))})
