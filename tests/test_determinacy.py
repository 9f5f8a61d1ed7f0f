"""The count of stable roots on economies whose answer is known: determinate, indeterminate, explosive."""

from typing import NamedTuple

import pytest

import saddlepath as sp
from saddlepath.steady import determinacy


class NewKeynesian(sp.Model):
    """The linear New Keynesian economy: determinate exactly where interest answers inflation more than one for one."""

    response: float = 1.5  # of the interest rate to inflation [-]

    class State(NamedTuple):
        v: sp.Scalar  # monetary policy shock [1/quarter]

    class Policy(NamedTuple):
        gap: sp.Scalar  # output gap [-]
        inflation: sp.Scalar  # [1/quarter]

    def shocks(self):
        return sp.Normal(1)

    def transition(self, s, x, shock):
        return self.State(v=0.5 * s.v + 0.01 * shock[0])

    def residuals(self, s, x, E):
        rate = self.response * x.inflation + s.v
        return {
            "demand": x.gap - E(lambda s1, x1: x1.gap) + rate - E(lambda s1, x1: x1.inflation),
            "prices": x.inflation - 0.99 * E(lambda s1, x1: x1.inflation) - 0.1 * x.gap,
        }


class Debt(sp.Model):
    """Public debt at an interest rate of 2 %, and taxes that repay a share of it."""

    repaid: float = 0.05  # [1/period]

    class State(NamedTuple):
        debt: sp.Scalar

    class Policy(NamedTuple):
        tax: sp.Scalar

    def shocks(self):
        return sp.Normal(1)

    def transition(self, s, x, shock):
        return self.State(debt=1.02 * s.debt - x.tax + 0.01 * shock[0])

    def residuals(self, s, x, E):
        return {"tax": x.tax - self.repaid * s.debt}


class Unreached(Debt):
    """Debt explodes whatever taxes do; expected taxes have a stable root of their own, which is of no help."""

    def transition(self, s, x, shock):
        return self.State(debt=1.02 * s.debt + 0.01 * shock[0])

    def residuals(self, s, x, E):
        return {"tax": E(lambda s1, x1: x1.tax) - 0.5 * x.tax}


@pytest.mark.parametrize("model", [NewKeynesian(), Debt()], ids=["active", "repaid"])
def test_a_determinate_economy_says_so(model: sp.Model) -> None:
    sentence = "1 stable root for 1 state: one bounded solution nearby (determinate)"
    assert sp.linearise(model).determinacy == sentence
    assert f"{sentence}; spectral radius" in str(sp.check(model))


def test_a_random_walk_is_said_to_be_one() -> None:
    assert "1 stable root for 1 state, 1 of modulus one: one solution nearby" in str(sp.check(Debt(repaid=0.02)))


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (NewKeynesian(response=0.9), "2 stable roots for 1 state: infinitely many bounded solutions nearby"),
        (Debt(repaid=0.01), "0 stable roots for 1 state: no bounded solution nearby (explosive); look for a state"),
        (Unreached(), "1 stable root for 1 state, but a direction of the states in which every path explodes"),
    ],
    ids=["indeterminate", "explosive", "rank"],
)
def test_other_economies_are_told_apart(model: sp.Model, sentence: str) -> None:
    with pytest.raises(sp.ConvergenceError) as refused:
        sp.linearise(model)
    assert sentence in str(refused.value)
    report = sp.check(model)
    assert report.passed and sentence in str(report)  # a remark: a kink may bound what a linear system does not


def test_words_for_one_and_for_many() -> None:
    assert determinacy(2, 3) == "2 stable roots for 3 states: no bounded solution nearby (explosive)"
    assert determinacy(4, 3).endswith("(indeterminate)") and determinacy(3, 3).endswith("(determinate)")
