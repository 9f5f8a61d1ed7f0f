"""Model files of Dynare and dolo: the models that they become, alike to what a person would write."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.interchange.slopes import first_order, named, tomorrow
from tests.interchange.twins import TWINS, Twin

import saddlepath as sp
from saddlepath.catalogue import own_class
from saddlepath.cli import main
from saddlepath.expectation import Expectation
from saddlepath.interchange.rest_point import value
from saddlepath.interchange.syntax import ZERO, Bounds, Name, Number, complementary
from saddlepath.model import Model

FILES = Path(__file__).parent / "interchange"


def imported(name: str, folder: Path) -> Any:
    """The model that a file becomes, from the written model file."""
    read = sp.import_model(FILES / name)
    place = read.write(folder / f"{Path(name).stem}.py")
    return own_class(f"{place}:{read.name}")()


@pytest.mark.slow
@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.file)
def test_the_first_order_solution_is_that_of_the_published_model(twin: Twin, tmp_path: Path) -> None:
    """To 1e-8: both are exact up to the round-off of Newton's method (1e-12) and of the Schur form."""
    model = imported(twin.file, tmp_path)
    fields = list(model.State._fields)
    assert sorted(fields) == sorted(twin.states)
    order = [fields.index(name) for name in twin.states]
    found, expected = first_order(model, twin.imported), first_order(twin.model(), twin.published)
    assert expected.slopes
    for name, slope in expected.slopes.items():
        assert found.values[name] == pytest.approx(expected.values[name], rel=1e-8, abs=1e-8), name
        np.testing.assert_allclose(found.slopes[name][order], slope, rtol=1e-8, atol=1e-8, err_msg=name)
    # Features are alike, logs of positive states, so that the s.d. agree too, and with them the shocks. Price
    # dispersion does not move to first order; what is left of it is round-off.
    np.testing.assert_allclose(found.deviation[order], expected.deviation, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("name", ["brock_mirman.mod", pytest.param("brock_mirman_lists.yaml", marks=pytest.mark.slow)])
def test_full_depreciation_has_a_closed_form(name: str, tmp_path: Path) -> None:
    """Brock and Mirman (1972): `k' = alpha beta y`, hence these slopes around the steady state, to round-off."""
    model = imported(name, tmp_path)
    stock = model.State._fields[0]
    found = first_order(model, {"c": named("c"), "k": tomorrow(stock), "z": tomorrow("z")})
    k = (model.alpha * model.beta) ** (1 / (1 - model.alpha))
    slope = np.array([model.alpha, k])  # of next period's capital; consumption is a constant multiple of it
    np.testing.assert_allclose(found.slopes["k"], slope, rtol=1e-10)
    np.testing.assert_allclose(found.slopes["c"], slope * (1 / (model.alpha * model.beta) - 1), rtol=1e-10)
    np.testing.assert_allclose(found.slopes["z"], [0.0, 0.9], atol=1e-12)
    assert found.deviation[1] == pytest.approx(0.04 / np.sqrt(1 - 0.9**2), rel=1e-10)


@pytest.mark.slow
def test_the_linear_economy_has_the_published_solution(tmp_path: Path) -> None:
    """Gali (2008), chapter 3: with `L = 1/((1-beta rho)(sigma(1-rho)+phi_y) + kappa(phi_pi-rho))`, a monetary shock
    moves inflation by `-kappa L` and the gap by `-(1-beta rho) L`; the innovation of the rate is one with rho = 0."""
    model = imported("new_keynesian_linear.mod", tmp_path)
    assert model.State._fields == ("v", "w")
    found = first_order(model, {name: named(name) for name in ("pi", "gap", "rate")} | {"v": tomorrow("v")})
    rho = np.array([model.rho_v, 0.0])
    persistence = 1 - model.beta * rho
    scale = 1 / (persistence * (model.sigma * (1 - rho) + model.phi_y) + model.kappa * (model.phi_pi - rho))
    np.testing.assert_allclose(found.slopes["pi"], -model.kappa * scale, rtol=1e-9)
    np.testing.assert_allclose(found.slopes["gap"], -persistence * scale, rtol=1e-9)
    np.testing.assert_allclose(found.slopes["v"], [0.5, 0.0], atol=1e-12)
    # The innovations are correlated: their covariance is half the product of their standard deviations.
    factor = np.asarray(model.shocks().factor)
    np.testing.assert_allclose(factor @ factor.T, [[0.25**2, 0.0125], [0.0125, 0.01]], rtol=1e-12)


def test_expectations_of_nonlinear_terms_keep_their_meaning(tmp_path: Path) -> None:
    """Lognormal closed forms of claims two periods ahead: nine Gauss-Hermite nodes are exact for exp(0.2 e)."""
    model = imported("long_leads.mod", tmp_path)

    class WithClosedForm(type(model)):
        def exact(self, s: Any) -> Any:
            rho, v = self.rho, self.sigma**2
            return self.Policy(
                claim=self.beta**2 * jnp.exp(rho**2 * s.d + v / 2 * (1 + rho**2)),
                product=jnp.exp((rho + rho**2) * s.d + v / 2 * (1 + (1 + rho) ** 2)),
                d_ahead=jnp.exp(rho * s.d + v / 2),
                d_ahead_2=jnp.exp((1 + rho) * s.d + v / 2),
            )

    exact, zero = WithClosedForm(), jnp.zeros(())
    shocks, weights = exact.shocks().nodes(None, sp.GaussHermite(9))
    s = exact.State(d=jnp.array(0.4), d_lag=zero, d_lag2=zero, past=zero, e=zero)
    x = exact.exact(s)
    s1 = jax.vmap(lambda shock: exact.transition(s, x, shock))(shocks)
    residuals = exact.residuals(s, x, Expectation(s1, exact.exact(s1), weights, exact.exact, s))
    assert set(residuals) == {"claim", "product", "d_ahead", "d_ahead_2"}
    np.testing.assert_allclose(list(residuals.values()), 0.0, atol=1e-13)


def test_lags_are_states_that_hold_the_past(tmp_path: Path) -> None:
    """`past = d(-1) + d(-3) + e(-1)`, tomorrow's value from today's states."""
    model = imported("long_leads.mod", tmp_path)
    s = model.State(
        d=jnp.array(1.0), d_lag=jnp.array(10.0), d_lag2=jnp.array(100.0), past=jnp.array(0.0), e=jnp.array(7.0)
    )
    s1 = model.transition(s, None, jnp.array([3.0]))
    assert (float(s1.past), float(s1.e)) == (1.0 + 100.0 + 7.0, 3.0)
    assert (float(s1.d_lag), float(s1.d_lag2)) == (1.0, 10.0)
    assert float(s1.d) == pytest.approx(0.9 + 0.1 * 3.0, abs=1e-15)


@pytest.mark.slow
def test_steady_state_values_in_equations_and_calibrated_parameters(tmp_path: Path) -> None:
    """The same economy with formulas for its steady state, and with a first guess from which it is found."""
    quantities = {name: named(name) for name in ("c", "pi", "R", "w")}
    found = first_order(imported("taylor_rule.mod", tmp_path), quantities)
    other = first_order(imported("taylor_rule_numbers.mod", tmp_path), quantities)
    assert found.values["R"] == pytest.approx(1.005 / 0.99, rel=1e-12)
    for name in quantities:
        assert other.values[name] == pytest.approx(found.values[name], rel=1e-9)
        np.testing.assert_allclose(other.slopes[name], found.slopes[name], rtol=1e-8)
        assert np.all(np.abs(found.slopes[name]) > 1e-3)


def test_a_parameter_may_follow_from_the_steady_state(tmp_path: Path) -> None:
    model = imported("taylor_rule.mod", tmp_path)
    assert model.chi == pytest.approx(5 / 6 * 9, rel=1e-12)
    assert model.replace(hours=0.25).chi == pytest.approx(5 / 6 * 16, rel=1e-12)


@pytest.mark.slow
def test_a_medium_scale_economy_is_read(tmp_path: Path) -> None:
    """Thirty-three variables: lags of eleven and seven exogenous states, ten decisions; it is determinate."""
    model = imported("medium_scale.mod", tmp_path)
    assert (len(model.State._fields), len(model.Policy._fields)) == (18, 10)
    linear = sp.linearise(model)
    assert linear.determinacy == "18 stable roots for 18 states: one bounded solution nearby (determinate)"
    # The most persistent root is that of government spending, as the file gives it.
    assert linear.spectral_radius == pytest.approx(0.97, abs=1e-9)


@pytest.mark.parametrize(
    ("control", "gap", "holds"),
    [(0.5, 0.0, True), (0.0, 0.3, True), (2.0, -0.3, True), (0.0, -0.3, False), (2.0, 0.3, False), (0.5, 0.3, False)],
)
def test_a_bounded_equation_holds_where_its_gap_has_the_sign_of_the_bound(
    control: float, gap: float, holds: bool
) -> None:
    """Zero between the bounds 0 and 2, positive at the lower one, negative at the upper one, as dolo has it."""
    condition = complementary(Name("gap"), Bounds("i", ZERO, Number("2")))
    assert (abs(value(condition, {"i": control, "gap": gap})) < 1e-15) == holds


def test_bounds_are_equations_of_the_written_model() -> None:
    text = sp.import_model(FILES / "irreversible_growth.yaml").text
    assert "sp.fischer_burmeister(x.mu, 1 - x.c / self.y(s))" in text
    assert "mu=sp.NonNegative()" in text


@pytest.mark.slow
def test_what_is_written_is_formatted(tmp_path: Path) -> None:
    for path in sorted(p for p in FILES.iterdir() if p.suffix in {".mod", ".yaml"}):
        text = sp.import_model(path).text
        assert ast.get_docstring(ast.parse(text))
        assert max(map(len, text.splitlines())) <= 120, path.name
        (tmp_path / f"{path.stem}_{path.suffix[1:]}.py").write_text(text)
    options = ["--isolated", "--line-length", "120", str(tmp_path)]
    for command in (["format", "--check", *options], ["check", "--select", "E,F,I,UP,B", "--ignore", "E741", *options]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_descriptions_come_along() -> None:
    text = sp.import_model(FILES / "brock_mirman.mod").text
    assert 'alpha: float = sp.parameter(0.36, "capital share")' in text
    assert 'z: Annotated[sp.Scalar, sp.label("log TFP")]' in text
    assert 'c: Annotated[sp.Scalar, sp.label("consumption")]' in text


def test_positive_variables_and_sharp_residuals() -> None:
    """Capital and consumption are under powers and quotients, hence positive; then no equation has a unit."""
    text = sp.import_model(FILES / "growth_crra.mod", "Named").text
    assert "class Named(sp.Model)" in text
    assert "self.State(k_lag=sp.Positive(), a=sp.Positive())" in text and "self.Policy(c=sp.Positive())" in text
    assert "/ x.c**-self.gamma - 1" in text


def test_greek_letters_and_words_of_python(tmp_path: Path) -> None:
    assert "alpha: float = 0.36" in sp.import_model(FILES / "brock_mirman_lists.yaml").text
    text = sp.import_model(FILES / "growth_labour.mod").text
    assert "def lambda_(self, x):" in text and "self.lambda_(x)" in text


def test_the_command_writes_a_model_that_passes_its_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["import", str(FILES / "brock_mirman.mod")], ["check", "brock_mirman.py:BrockMirman"]):
        with pytest.raises(SystemExit) as end:
            main(words)
        assert end.value.code in (None, 0)
    said = capsys.readouterr().out
    assert "passed over, since it computes and does not describe: steady, check, stoch_simul." in said
    assert "states: k_lag, z; decisions: c." in said
    assert "no mistakes found" in said
    assert issubclass(own_class("brock_mirman.py:BrockMirman"), Model)
