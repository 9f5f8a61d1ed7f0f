"""Textbook update rules of first-order optimizers, written out, and the Optax calls that they correspond to.

Every rule maps weights and a gradient function to the weights after some steps. `correspondences` runs them beside
Optax on a small convex problem. What differs:

* momentum: the same for a constant rate; with a schedule Optax multiplies the whole buffer by the current rate.
* Nesterov: the standard rule looks ahead, grad(w + mu v), and moves by the new v. Optax follows the shifted variable
  w + mu v. A rule printed as w_{t+1} = w_t + v_t with grad(w_t - mu v_t) has a wrong sign and index: `literal=True`.
* AdaGrad: Optax starts its accumulator at 0.1 unless told otherwise, with eps inside of the root.
* Adam: formulas with eps inside of the root need `eps=0, eps_root=eps`. Bias is corrected after the recursion; a
  formula that feeds the corrected moments back into it is another method: `literal=True`.

References:
    Polyak (1964); Nesterov (1983); Duchi, Hazan and Singer (2011, JMLR); Tieleman and Hinton (2012, lecture);
    Kingma and Ba (2015, ICLR).
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from saddlepath.nn.findings import Findings
from saddlepath.table import table

Vector = Float[np.ndarray, " n"]
Gradient = Callable[[Vector], Vector]
START = np.array([1.0, 1.0])
RATE, MU, BETA, BETA1, BETA2, EPS, STEPS = 0.1, 0.9, 0.9, 0.9, 0.999, 1e-8, 3


def toy_gradient(w: Vector) -> Vector:
    """Gradient of the convex toy problem w_1^2 / 2 + 2 w_2^2 + w_1 w_2 / 2."""
    return np.array([w[0] + 0.5 * w[1], 4 * w[1] + 0.5 * w[0]])


def gradient_descent(w: Vector, gradient: Gradient, steps: int = STEPS, rate: float = RATE) -> Vector:
    """w - eta g."""
    for _ in range(steps):
        w = w - rate * gradient(w)
    return w


def momentum(w: Vector, gradient: Gradient, steps: int = STEPS, rate: float = RATE, mu: float = MU) -> Vector:
    """w + mu (w - w_before) - eta g (heavy ball)."""
    before = w
    for _ in range(steps):
        w, before = w + mu * (w - before) - rate * gradient(w), w
    return w


def nesterov(
    w: Vector, gradient: Gradient, steps: int = STEPS, rate: float = RATE, mu: float = MU, literal: bool = False
) -> Vector:
    """v = mu v - eta grad(w + mu v), w = w + v; literal: w + the old v, and grad(w - mu v)."""
    v = np.zeros_like(w)
    for _ in range(steps):
        if literal:
            w, v = w + v, mu * v - rate * gradient(w - mu * v)
        else:
            v = mu * v - rate * gradient(w + mu * v)
            w = w + v
    return w


def nesterov_ahead(w: Vector, gradient: Gradient, steps: int = STEPS, rate: float = RATE, mu: float = MU) -> Vector:
    """The point w + mu v from which the standard rule looks: what Optax's Nesterov carries as weights."""
    v = np.zeros_like(w)
    for _ in range(steps):
        v = mu * v - rate * gradient(w + mu * v)
        w = w + v
    return w + mu * v


def adagrad(w: Vector, gradient: Gradient, steps: int = STEPS, rate: float = RATE, eps: float = EPS) -> Vector:
    """eta g / sqrt(A + eps), A the running sum of g^2."""
    total = np.zeros_like(w)
    for _ in range(steps):
        g = gradient(w)
        total = total + g**2
        w = w - rate * g / np.sqrt(total + eps)
    return w


def rmsprop(
    w: Vector, gradient: Gradient, steps: int = STEPS, rate: float = RATE, beta: float = BETA, eps: float = EPS
) -> Vector:
    """eta g / sqrt(A + eps), A = beta A + (1 - beta) g^2."""
    average = np.zeros_like(w)
    for _ in range(steps):
        g = gradient(w)
        average = beta * average + (1 - beta) * g**2
        w = w - rate * g / np.sqrt(average + eps)
    return w


def adam(
    w: Vector, gradient: Gradient, steps: int = STEPS, rate: float = RATE, eps: float = EPS, literal: bool = False
) -> Vector:
    """Moments of g, bias corrected after the recursion, eps inside of the root; literal: corrected inside of it."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in range(1, steps + 1):
        g = gradient(w)
        m, v = BETA1 * m + (1 - BETA1) * g, BETA2 * v + (1 - BETA2) * g**2
        corrected = m / (1 - BETA1**t), v / (1 - BETA2**t)
        w = w - rate * corrected[0] / np.sqrt(corrected[1] + eps)
        if literal:
            m, v = corrected
    return w


CORRESPONDENCES: dict[str, tuple[Callable[..., Vector], str, Callable[[], optax.GradientTransformation]]] = {
    "gradient descent": (gradient_descent, "sgd(eta)", lambda: optax.sgd(RATE)),
    "momentum": (momentum, "sgd(eta, momentum=mu)", lambda: optax.sgd(RATE, momentum=MU)),
    "Nesterov, at w + mu v": (
        nesterov_ahead,
        "sgd(eta, momentum=mu, nesterov=True)",
        lambda: optax.sgd(RATE, momentum=MU, nesterov=True),
    ),
    "AdaGrad": (
        adagrad,
        "adagrad(eta, initial_accumulator_value=0, eps=eps)",
        lambda: optax.adagrad(RATE, initial_accumulator_value=0.0, eps=EPS),
    ),
    "RMSProp": (rmsprop, "rmsprop(eta, decay=beta, eps=eps)", lambda: optax.rmsprop(RATE, decay=BETA, eps=EPS)),
    "Adam": (adam, "adam(eta, eps=0, eps_root=eps)", lambda: optax.adam(RATE, eps=0.0, eps_root=EPS)),
}
"""Textbook rule, the call of Optax that reproduces it, and that call."""


def by_optax(transformation: optax.GradientTransformation, steps: int = STEPS) -> Vector:
    """Weights after some steps of an Optax optimizer on the toy problem."""
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        w = jnp.asarray(START)
        state = transformation.init(w)
        for _ in range(steps):
            updates, state = transformation.update(jnp.asarray(toy_gradient(np.asarray(w))), state, w)
            w = _added(w, updates)
        return np.asarray(w)


def _added(w: Array, updates: optax.Updates) -> Array:
    return jnp.asarray(optax.apply_updates(w, updates))


def study_optimizers(seed: int = 0) -> Findings:
    """Three steps of every rule and of its Optax call, and of two formulas as they are often misprinted.

    Args:
        seed: Nothing is random here.
    """
    rows = {}
    for name, (rule, call, transformation) in CORRESPONDENCES.items():
        own, theirs = rule(START, toy_gradient), by_optax(transformation())
        rows[name] = {"Optax": call, "w1": own[0], "w2": own[1], "distance": float(np.abs(own - theirs).max())}
    for name, rule in (("Nesterov, misprinted", nesterov), ("Adam, misprinted", adam)):
        own = rule(START, toy_gradient, literal=True)
        rows[name] = {"Optax": "none", "w1": own[0], "w2": own[1], "distance": float("nan")}
    title, note = "Three steps from (1, 1) on a convex problem", "distance: largest, from the Optax call named."
    shown = table(rows, "rule", title=title, note=note, formats={"distance": ".1e", "w1": ".6f", "w2": ".6f"})
    return Findings({"rules": shown}, {})
