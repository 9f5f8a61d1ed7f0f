"""Scenarios, responses and importance of forecasters whose coefficients are known."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

import saddlepath as sp
from saddlepath.errors import ConfigError
from saddlepath.forecast.neural import NetworkForecaster
from saddlepath.forecast.walking import Past
from saddlepath.nn.training import Training

KEPT, FELT = 0.5, 0.3


class Known:
    """y' = .5 y + .3 x + .2 max(x, 0) bend; x is expected to stay, z is not used."""

    def __init__(self, steps: int = 1, bend: float = 0.0):
        self.steps, self.bend = steps, bend

    def predict(self, pasts: Sequence[Past]) -> np.ndarray:
        last = np.stack([past.values[-1] for past in pasts])
        y, x = last[:, 0], last[:, 1]
        path = []
        for _ in range(self.steps):
            y = KEPT * y + FELT * x + self.bend * np.maximum(x, 0.0)
            path.append(y)
        return np.stack(path, axis=1)


def data(n: int = 400, noise: float = 0.0) -> sp.Series:
    random = np.random.default_rng(0)
    x, z = random.standard_normal((2, n))
    y = np.zeros(n)
    for t in range(n - 1):
        y[t + 1] = KEPT * y[t] + FELT * x[t] + noise * random.standard_normal()
    return sp.read_series(pd.DataFrame({"y": y, "x": x, "z": z}), "y", beside=["x", "z"])


SERIES = data()


def test_a_scenario_is_the_recursion_with_the_assumed_values() -> None:
    assumed = {"z": [0.0, 0.0, 0.0], "x": [1.0, -2.0, 3.0]}
    found = sp.scenario(Known(), SERIES, assumed)
    y, x, _ = SERIES.values[-1]
    expected = []
    for later in assumed["x"]:
        y = KEPT * y + FELT * x
        expected.append(y)
        x = later
    np.testing.assert_allclose(found, expected, rtol=1e-13)

    # What is assumed where the values are known is what a forecast of the next step says.
    past = {name: SERIES.values[300:303, i] for i, name in ((1, "x"), (2, "z"))}
    again = sp.scenario(Known(), SERIES, past, origin=300)
    np.testing.assert_allclose(again, SERIES.target[300:303], rtol=1e-12)  # these data have no noise


@pytest.mark.parametrize(
    ("assumed", "sentence"),
    [
        ({"x": [1.0]}, "missing: z, numbers given: \\[1\\]"),
        ({"x": [1.0], "z": [1.0, 2.0]}, "numbers given: \\[1, 2\\]"),
        ({"x": [], "z": []}, "numbers given: \\[0\\]"),
        ({"x": [1.0], "y": [1.0]}, "no such column 'y'"),
    ],
)
def test_a_scenario_says_what_it_lacks(assumed: dict[str, list[float]], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        sp.scenario(Known(), SERIES, assumed)


def test_responses_of_a_linear_model_are_its_powers_for_every_history() -> None:
    own = sp.shock_response(Known(steps=4), SERIES, "y", 2.0).frame
    other = sp.shock_response(Known(steps=4), SERIES, "x", -1.0).frame
    steps = np.arange(1, 5)
    for column in ("response", "5 %", "95 %"):
        np.testing.assert_allclose(own[column], 2.0 * KEPT**steps, rtol=1e-11)
        np.testing.assert_allclose(other[column], -FELT * (1 - KEPT**steps) / (1 - KEPT), rtol=1e-11)
    assert np.all(sp.shock_response(Known(), SERIES, "z", 1.0).frame == 0.0)


def test_responses_of_a_bent_model_depend_on_history() -> None:
    found = sp.shock_response(Known(bend=0.2), SERIES, "x", 0.1).frame.iloc[0]
    assert found["5 %"] == pytest.approx(0.1 * FELT, rel=1e-9)  # histories with x far below zero
    assert found["95 %"] == pytest.approx(0.1 * (FELT + 0.2), rel=1e-9)
    assert found["5 %"] < found["response"] < found["95 %"]


def test_importance_finds_what_is_used_and_what_is_not() -> None:
    series = data(noise=0.1)
    found = sp.permutation_importance(Known(), series, origins=range(100, 400), repeats=5).frame["error over own"]
    assert found["z"] == pytest.approx(1.0, rel=1e-14)
    # The error gains .3 times the difference of two independent x, of variance two.
    assert found["x"] == pytest.approx(np.sqrt(0.1**2 + 2 * FELT**2) / 0.1, rel=0.15)  # 300 dates: 6 % at one s.d.
    assert found["y"] == pytest.approx(1.0, rel=1e-12)  # it looks at the last value alone, which stays


def test_importance_of_groups_and_blocks() -> None:
    options: dict[str, Any] = {"groups": {"both": ["x", "z"], "z": ["z"]}, "origins": range(100, 399)}
    found = sp.permutation_importance(Known(), data(400, noise=0.1), block=12, repeats=5, **options)
    assert list(found.frame.index) == ["both", "z"]
    assert found.frame.loc["both", "5 %"] > 2.0
    assert "299 origins" in found.note
    with pytest.raises(ConfigError, match="fewer than two"):
        sp.permutation_importance(Known(), SERIES, block=1000)
    with pytest.raises(ConfigError, match="no such column 'w'"):
        sp.permutation_importance(Known(), SERIES, groups={"w": ["w"]})


def test_a_network_that_has_learnt_a_column_rests_on_it() -> None:
    training = Training(rate=1e-2, epochs=30, batch=64)
    series = data(400, noise=0.02)
    model = NetworkForecaster("gru", hidden=8, window=4, members=1, training=training)
    fitted = model.fit(Past(series.values[:320], 0, series.period), 1)
    found = sp.permutation_importance(fitted, series, repeats=5).frame["error over own"]
    assert found["x"] > 2.0 > found["z"]
    response = sp.shock_response(fitted, series, "x", 1.0).frame.loc["1", "response"]
    assert response == pytest.approx(FELT, abs=0.1)
