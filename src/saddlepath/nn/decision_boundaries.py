"""What one perceptron cannot separate: XOR, rings and parity, and how few hidden units do.

A perceptron's decision line cuts the plane once, so that it gets at most three of the four corners of XOR right. One
hidden layer suffices; parity of n bits needs no more than 2^(n - 1) hidden units, one per corner with a one.

References:
    Minsky and Papert (1969, Perceptrons).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from saddlepath.nn.findings import Findings, Line, Panel
from saddlepath.nn.fitted import FittedNetwork
from saddlepath.nn.fitting import Recipe, fit_network
from saddlepath.nn.perceptron import Perceptron
from saddlepath.nn.training import Training
from saddlepath.table import table


class Points(NamedTuple):
    """Points of two classes.

    Attributes:
        x: Inputs `[n, n_inputs]`. [-]
        y: Classes 0 and 1 `[n]`.
    """

    x: Float[np.ndarray, "n n_inputs"]
    y: np.ndarray


def parity(bits: int) -> Points:
    """All corners of a cube and whether they have an odd number of ones; two bits are XOR."""
    corners = (np.arange(2**bits)[:, None] >> np.arange(bits)[None, :]) & 1
    return Points(corners.astype(float), corners.sum(axis=1) % 2)


def rings(n: int = 200, noise: float = 0.05, seed: int = 0) -> Points:
    """A ring of radius one around one of radius 0.4."""
    random = np.random.default_rng(seed)
    y = np.arange(n) % 2
    angle, radius = random.uniform(0, 2 * np.pi, n), np.where(y == 1, 1.0, 0.4) + noise * random.standard_normal(n)
    return Points(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), y)


def accuracy(points: Points, hidden: tuple[int, ...], seed: int = 0) -> float:
    """Share of the points that a network classifies rightly after training on them. [-]

    Args:
        points: Points of two classes.
        hidden: Units of its hidden layers; none: one perceptron.
        seed: Of the weights.
    """
    return float(np.mean(_classifier(points, hidden, seed).predict(points.x) == points.y))


def _classifier(points: Points, hidden: tuple[int, ...], seed: int) -> FittedNetwork:
    network = Perceptron(hidden, "tanh")
    training = Training(rate=3e-2, epochs=300)
    recipe = Recipe(network, training, loss="binary_cross_entropy", validation=0.0)
    return fit_network(points.x, points.y, recipe, seed=seed)


def study_boundaries(seed: int = 0) -> Findings:
    """Accuracy of one perceptron and of one hidden layer on XOR, rings and the parity of four bits."""
    data = {"XOR": (parity(2), (4,)), "rings": (rings(seed=seed), (8,)), "parity of four bits": (parity(4), (8,))}
    rows = {
        name: {"one perceptron": accuracy(points, (), seed), "one hidden layer": accuracy(points, hidden, seed)}
        for name, (points, hidden) in data.items()
    }
    panels = tuple(_panel(name, *data[name], seed) for name in ("XOR", "rings"))
    note = "Shares of points classified rightly, in training; a straight line gets three of the four corners of XOR."
    return Findings({"accuracy": table(rows, "points", title="Decision boundaries", note=note)}, {"boundaries": panels})


def _panel(name: str, points: Points, hidden: tuple[int, ...], seed: int) -> Panel:
    """The points of both classes, and the line on which a network is undecided."""
    fitted = _classifier(points, hidden, seed)
    low, high = points.x.min() - 0.3, points.x.max() + 0.3
    axis = np.linspace(low, high, 80)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    share = np.asarray(fitted.probabilities(grid))[..., 1] - 0.5
    i, j = np.nonzero(np.sign(share[1:]) != np.sign(share[:-1]))
    undecided = Line("undecided", axis[i], axis[j], points=True)
    classes = (Line(f"class {c}", *points.x[points.y == c].T, points=True) for c in (0, 1))
    return Panel(name, (undecided, *classes), "first input [-]", "second input [-]")
