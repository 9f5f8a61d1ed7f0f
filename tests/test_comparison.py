"""Differences of decision rules that differ by a known factor, and closed forms that are none."""

import dataclasses

import numpy as np
import pytest
from tests.economies import FullDepreciation, TwoTechnologies, exact_solution
from tests.test_verification import Wrong

import saddlepath as sp


@pytest.fixture(scope="module")
def exact() -> sp.Solution:
    return exact_solution(FullDepreciation)


def test_a_closed_form_is_a_solution(exact: sp.Solution) -> None:
    assert exact.outcome.converged
    assert exact.accuracy is not None and exact.accuracy.max < 1e-12
    assert float(exact(k=0.2, z=0.1).saving) == pytest.approx(0.36 * 0.96, rel=1e-14)


def test_a_rule_equals_itself(exact: sp.Solution) -> None:
    found = sp.compare(exact).frame
    assert found["largest"].max() == 0
    assert list(found.index) == ["saving", "consumption", "output"]


def test_a_known_difference(exact: sp.Solution) -> None:
    """Saving 1 % too much is consuming `s / (1 - s)` % too little."""
    found = sp.compare(dataclasses.replace(exact, rule=Wrong(1.01)), exact).frame
    s = 0.36 * 0.96
    assert found.loc["saving", "largest"] == pytest.approx(0.01 * s, rel=1e-10)
    assert found.loc["saving", "mean relative"] == pytest.approx(0.01, rel=1e-10)
    assert found.loc["consumption", "largest relative"] == pytest.approx(0.01 * s / (1 - s), rel=1e-10)
    assert found.loc["output", "largest"] == 0  # of the same state
    assert found.loc["saving", "log10 largest relative"] == pytest.approx(-2, abs=1e-9)


def test_at_given_states(exact: sp.Solution) -> None:
    states = FullDepreciation.State(k=np.linspace(0.1, 0.3, 7), z=0.0)
    table = sp.compare(exact, exact, at=states)
    assert "7 states: given states" in table.note


def test_different_models_are_refused(exact: sp.Solution) -> None:
    with pytest.raises(sp.ConfigError, match="same states"):
        sp.compare(exact, exact_solution(TwoTechnologies))


class NoClosedForm(FullDepreciation):
    def exact(self, s):
        return None


class WrongClosedForm(FullDepreciation):
    def exact(self, s):
        return self.Policy(saving=self.alpha)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (NoClosedForm(), "gives no closed form"),
        pytest.param(WrongClosedForm(), "leaves a mean residual of 4.0e-02", marks=pytest.mark.slow),
    ],
)
def test_no_closed_form(model: sp.Model, message: str) -> None:
    with pytest.raises(sp.ModelError, match=message):
        sp.closed_form(model)
