"""The report of a closed form: complete, self-contained, and honest about what it shows."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from tests.economies import FullDepreciation, TwoTechnologies, exact_family, exact_solution

import saddlepath as sp
from saddlepath.outcome import Outcome
from saddlepath.report import figures
from saddlepath.report.content import Content, Section, told
from saddlepath.report.drawing import colours, named, picture
from saddlepath.report.html import paragraph
from saddlepath.report.tables import accuracy_table, calibration_table, variables_table
from saddlepath.rule import DecisionRule

TESTS = (
    {"attempt": 0, "step": 50, "mean": 1e-2, "p99": 1e-1},
    {"attempt": 0, "step": 100, "mean": float("inf"), "p99": float("inf")},
    {"attempt": 1, "step": 50, "mean": 1e-5, "p99": 1e-4},
    {"attempt": 1, "step": 100, "mean": 1e-6, "p99": 1e-5, "restarted": 1234, "undefined": 0},
)


@pytest.fixture(scope="module")
def trained() -> sp.Solution:
    """A closed form dressed as a run, so that the training curve has something to show."""
    how = {"solver": "by hand", "tol": 1e-5, "steps": 100, "seconds": 12.0, "network": {"width": 8}}
    return dataclasses.replace(exact_solution(FullDepreciation), tests=TESTS, how=how)


@pytest.fixture(scope="module")
def folder(trained: sp.Solution, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("run") / "first"
    assert sp.write_report(trained, place) == place / "report.html"
    return place


def test_the_page_is_complete_and_self_contained(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "FullDepreciation" in page and "Converged: the Euler errors" in page
    assert "paths restarted</dt><dd>1,234" in page and "states undefined" not in page  # counters that are not zero
    for section in ("model", "accuracy", "steady-state", "rules", "simulation", "responses", "run"):
        assert f'<section id="{section}">' in page
    assert page.count("data:image/svg+xml;base64,") == 6
    addresses = re.findall(r'(?:src|href)="([^"]{0,30})', page)
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert "<script" not in page and "http" not in re.sub(r'"data:[^"]*"', "", page)


def test_files_stand_beside_the_page(folder: Path) -> None:
    tables = {p.stem for p in (folder / "tables").glob("*.csv")}
    assert tables >= {
        "accuracy",
        "closed_form",
        "calibration",
        "moments",
        "steady_state",
        "rest_point",
        "how",
    }
    assert tables == {p.stem for p in (folder / "tables").glob("*.tex")}
    drawn = {p.stem for p in (folder / "figures").glob("*.png")}
    assert drawn == {"error_histogram", "error_map", "decision_rules", "densities", "responses_0", "training"}
    assert drawn == {p.stem for p in (folder / "figures").glob("*.pdf")}
    assert (folder / "figures" / "training.png").read_bytes()[1:4] == b"PNG"


def test_accuracy_is_data(folder: Path, trained: sp.Solution) -> None:
    found = json.loads((folder / "accuracy.json").read_text(encoding="utf-8"))
    assert trained.accuracy is not None
    assert found["mean"] == trained.accuracy.mean and found["max"] < 1e-12
    table = pd.read_csv(folder / "tables" / "accuracy.csv", index_col=0)
    assert table.loc["euler", "log10 max"] < -12


def test_a_place_that_cannot_be_written_to(trained: sp.Solution, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "file").write_text("not a folder")
    empty = Content(trained, trained, trained.accuracy, [])
    monkeypatch.setattr("saddlepath.report.html.content", lambda solution, **_: empty)
    with pytest.raises(sp.FileError):
        sp.write_report(trained, tmp_path / "file" / "report")


def test_a_part_that_cannot_be_made_says_why() -> None:
    def fail() -> Section:
        raise sp.ModelError("the equation euler is not finite at k = 0.")

    shown = told("accuracy", "Accuracy", fail)
    assert shown.text == "Not shown: the equation euler is not finite at k = 0."


class Undefined(DecisionRule):
    """A rule that exploded."""

    def __call__(self, eco: Any, model: sp.Model, y: Any) -> Any:
        return FullDepreciation.Policy(saving=jnp.nan * y[0])


@pytest.mark.slow
def test_a_rule_that_exploded_still_has_a_report(trained: sp.Solution, tmp_path: Path) -> None:
    broken = dataclasses.replace(trained, rule=Undefined(), outcome=Outcome.EXPLODED)
    with pytest.warns(UserWarning, match="never trained"):
        page = sp.write_report(broken, tmp_path).read_text(encoding="utf-8")
    assert "Exploded: simulated paths left the economy" in page
    assert page.count("Not shown: ") >= 2


@pytest.mark.slow
def test_a_family_says_what_is_shown() -> None:
    family = exact_family()
    box = family.box
    member = family.at(**box.split(box.centre))
    shown = Content(family, member, family.accuracy, [])
    assert "family of rules over alpha, beta" in shown.family
    assert "alpha = 0.35" in shown.family and "beta = 0.935" in shown.family
    calibration = calibration_table(family).frame
    assert calibration.loc["alpha", "value"] == "0.3 to 0.4"
    assert calibration.loc["rho", "value"] == "0.9"


def test_variables_are_described() -> None:
    frame = variables_table(exact_solution(TwoTechnologies)).frame
    assert list(frame.index) == ["k", "z", "regime", "saving"]
    assert frame.loc["k", "domain"] == "positive" and frame.loc["regime", "domain"] == "regime"
    assert frame.loc["z", "entries"] == "2" and frame.loc["k", "unit"] == "goods"


def test_accuracy_table_warns_of_lost_paths() -> None:
    accuracy = sp.Accuracy({"euler": {"mean": 1e-3, "max": 0.1}}, 100, 25.0, 0.02, "here")
    table = accuracy_table(accuracy)
    assert table.frame.loc["euler", "log10 mean"] == pytest.approx(-3)
    assert "2 % of the states left the economy" in table.note
    shares = {f"limit[{i}]": i / 16 for i in range(8)}
    more = dataclasses.replace(accuracy, drift=2e-7, binding=shares)
    assert "Policy drift between the last tests 2.0e-07." in accuracy_table(more).note
    assert "shares of states: limit[7] 43.8 %, limit[6] 37.5 %, " in accuracy_table(more).note
    assert "limit[2] 12.5 % and 1 more." in accuracy_table(more).note  # the limit of entry 0 never binds
    never = dataclasses.replace(accuracy, binding={"limit": 0.0})
    assert "No constraint binds at any of them." in accuracy_table(never).note
    assert str(accuracy) == str(table)


def arrays(n_entries: int = 6) -> xr.Dataset:
    """A made-up panel with one array field that rises with its index, and a constant."""
    random = np.random.default_rng(0)
    wealth = np.arange(n_entries) + random.normal(size=(4, 30, n_entries))
    return xr.Dataset(
        {
            "wealth": (("path", "time", "wealth_entry"), wealth, {"long_name": "wealth", "units": "goods"}),
            "rate": (("path", "time"), wealth[..., 0], {"long_name": "interest rate", "units": "-"}),
            "fixed": (("path", "time"), np.ones((4, 30)), {"long_name": "fixed", "units": ""}),
        }
    )


def test_profiles_show_the_mean_by_entry() -> None:
    data = arrays()
    panel = figures.life_cycle(data).axes[0]
    x, y = panel.lines[0].get_data()
    np.testing.assert_array_equal(x, np.arange(1, 7))
    np.testing.assert_allclose(y, data["wealth"].mean(("path", "time")))
    assert panel.get_title(loc="left") == "Wealth [goods]"
    with pytest.raises(sp.ConfigError, match="three entries or more"):
        figures.life_cycle(data.drop_vars("wealth"))


def test_densities_leave_constants_out() -> None:
    panels = figures.simulated_densities(arrays()).axes
    assert [p.get_xlabel() for p in panels] == ["Wealth [goods]", "Interest rate"]
    with pytest.raises(sp.ConfigError, match="did you mean wealth"):
        figures.simulated_densities(arrays(), ["welth"])


def test_decision_rules_are_those_of_the_solution() -> None:
    solution = exact_solution(TwoTechnologies)
    figure = figures.decision_rules(solution, points=5)
    assert [p.get_xlabel() for p in figure.axes] == ["Capital [goods]", "Log productivities, mean of entries"]
    rule, first_order, _ = figure.axes[0].lines
    np.testing.assert_allclose(rule.get_ydata(), 0.36 * 0.96, rtol=1e-14)
    np.testing.assert_allclose(first_order.get_ydata(), 0.36 * 0.96, rtol=1e-9)


def test_training_curve_has_a_line_per_start(trained: sp.Solution) -> None:
    panel = figures.training_curve(trained).axes[0]
    assert panel.get_yscale() == "log"
    assert len(panel.lines) == 5  # two starts, mean and quantile each, and the tolerance
    assert np.isnan(panel.lines[0].get_ydata()[1])  # an exploded test is a gap, not a spike
    with pytest.raises(sp.ConfigError, match="needs a trained solution"):
        figures.training_curve(exact_solution(FullDepreciation))


def test_error_figures_accept_an_exact_rule() -> None:
    solution = exact_solution(FullDepreciation)
    states = FullDepreciation.State(k=np.linspace(0.1, 0.3, 40), z=np.tile([-0.1, 0.1], 20))
    errors = sp.euler_errors(solution, states)
    assert len(figures.error_histogram(errors, 1e-6).axes[0].lines) == 1
    assert figures.error_map(errors, solution).axes[0].get_xlabel() == "Capital [goods]"
    with pytest.raises(sp.ConfigError, match=r"choose from k, z"):
        figures.error_map(errors, solution, ("k", "y"))


def test_pictures_can_be_repeated() -> None:
    for kind, head in (("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")):
        assert picture(figures.life_cycle(arrays()), kind).startswith(head)
    assert picture(figures.life_cycle(arrays()), "png") == picture(figures.life_cycle(arrays()), "png")


def test_no_window_is_opened() -> None:
    """Figures are built without pyplot, which keeps every figure alive until it is closed."""
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    figures.life_cycle(arrays())
    assert plt.get_fignums() == before


def test_words_and_colours() -> None:
    assert named(sp.label("capital", "goods")) == "Capital [goods]"
    assert named({"long_name": "log TFP", "units": "-"}) == "Log TFP"
    assert len({str(c) for c in colours(7)}) == 7
    assert paragraph("save `alpha beta` if a < b") == "<p>save <code>alpha beta</code> if a &lt; b</p>"
    assert paragraph("    y = k^alpha") == "<pre>y = k^alpha</pre>"
