"""`check` finds mistakes before a solve does; `describe` shows a model as text and HTML."""

from typing import NamedTuple

import jax.numpy as jnp
import pytest

import saddlepath as sp
from saddlepath.models.growth import Growth


def messages(model: sp.Model) -> str:
    return str(sp.check(model))


def test_a_sound_model_passes() -> None:
    report = sp.check(Growth())
    assert report.passed and not report.findings
    assert "2 states, 1 policies" in str(report)
    assert "spectral radius 0.9000" in str(report)
    assert "<li>" in report._repr_html_()


@pytest.mark.slow
def test_a_model_with_regimes_passes() -> None:
    class Regimes(Growth):
        class State(NamedTuple):
            k: sp.Scalar
            z: sp.Scalar

        def shocks(self):
            return sp.MarkovChain(jnp.array([[0.9, 0.1], [0.2, 0.8]]), regime="z", values=jnp.array([-0.1, 0.1]))

        def output(self, s):
            return jnp.exp(self.shocks().value(s.z)) * s.k**self.alpha

        def transition(self, s, x, shock):
            return self.State(k=(1 - self.delta) * s.k + x.saving * self.output(s), z=shock)

    assert sp.check(Regimes()).passed


def test_states_that_do_not_move() -> None:
    class Still(Growth):
        def transition(self, s, x, shock):
            return self.State(k=x.saving * self.output(s), z=s.z)

    assert "the state z does not move: transition() returns it unchanged; make it a parameter" in messages(Still())


@pytest.mark.slow
def test_states_that_are_always_the_same() -> None:
    class Same(Growth):
        def transition(self, s, x, shock):
            return self.State(k=x.saving * self.output(s), z=jnp.zeros(()))

    assert "the state z does not move: transition() always sets it to 0" in messages(Same())


def test_equations_with_a_unit() -> None:
    class Dollars(Growth):
        def residuals(self, s, x, E):
            named = super().residuals(s, x, E)
            return {"euler": 1e6 * named["euler"]}

    report = sp.check(Dollars())
    assert report.passed  # a remark: the equation may be right
    assert "the equation euler changes by about" in str(report) and "seems to carry a unit" in str(report)


def test_equations_that_do_not_look_ahead() -> None:
    class Static(Growth):
        def residuals(self, s, x, E):
            return {"rule": x.saving / 0.3 - 1}

    assert "no equation calls E" in messages(Static())


@pytest.mark.slow
def test_equations_undefined_off_the_steady_state() -> None:
    class Fragile(Growth):
        def residuals(self, s, x, E):
            return {"euler": super().residuals(s, x, E)["euler"] + 0 * jnp.sqrt(s.z)}

    found = messages(Fragile())
    assert "the equation euler is not finite at" in found and "z = -" in found


def test_the_line_of_a_mistake_is_named() -> None:
    class Crash(Growth):
        def residuals(self, s, x, E):
            return {"euler": jnp.ones(2) @ jnp.ones(3)}

    found = messages(Crash())
    assert "Crash.residuals cannot be evaluated (test_checking.py, line" in found
    assert "jnp.ones(2) @ jnp.ones(3)" in found


def test_description_as_text_and_html() -> None:
    text, page = str(sp.describe(Growth())), sp.describe(Growth())._repr_html_()
    for word in (
        "beta",
        "discount factor",
        "1/period",
        "between 0 and 1",
        "log TFP",
        "standard normal",
        "euler",
    ):
        assert word in text
        assert word in page
    assert Growth()._repr_html_() == page


@pytest.mark.parametrize("text", ["<script>", "a & b"])
def test_html_is_escaped(text: str) -> None:
    class Named(Growth):
        pass

    Named.__doc__ = text
    assert text not in sp.describe(Named()).to_html()
