"""The report of a sensitivity analysis: files, sentences, figures."""

import json
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from tests.uq_cases import LinearSurrogate, linear_prior, total

from saddlepath.errors import ConfigError
from saddlepath.marginals import Uniform
from saddlepath.prior import Box, Prior
from saddlepath.report.uq_figures import check_figure, shapley_bars, tornado, univariate_panels
from saddlepath.report.uq_page import write_uq_report
from saddlepath.surrogate.base import Labels
from saddlepath.surrogate.gaussian_process import GP
from saddlepath.uq.sensitivity import SensitivityResult, sensitivity
from saddlepath.uq.surrogate_check import surrogate_check

BOX = Box(a=(-1.0, 1.0), b=(-1.0, 1.0))
PRIOR = Prior(a=Uniform(-1.0, 1.0), b=Uniform(-1.0, 1.0))


@pytest.fixture(scope="module")
def result() -> SensitivityResult:
    theta = BOX.design(16)
    labels = Labels(BOX, theta, np.sin(2 * theta[:, 0]) + 0.5 * theta[:, 1] ** 2, ("mean:c",))
    return sensitivity(GP(restarts=1).fit(labels), PRIOR, base=256, draws=4)


def test_files_of_the_report(result: SensitivityResult, tmp_path: Path) -> None:
    page = write_uq_report(result, tmp_path, title="Growth <UQ>")
    text = page.read_text()
    assert "Growth &lt;UQ&gt;" in text and "hold within the intervals" in text and "left out" in text
    assert text.count("<img") == 5 and "http://" not in text.split("</style>")[1].replace("http://www.w3.org", "")
    data = json.loads((tmp_path / "uq.json").read_text())
    assert data["quantities"]["mean:c"]["shapley"]["a"]["value"] == result["mean:c"].shapley.effects["a"]
    assert (tmp_path / "figures" / "mean-c-shares.png").stat().st_size > 5000
    assert "The quantity is the mean of c." in text and "Prior of the inputs" in text
    assert (tmp_path / "tables" / "mean-c-inputs.csv").read_text().startswith("input,first order")


def test_the_surrogate_check_is_the_processes_own(result: SensitivityResult) -> None:
    check = result["mean:c"].left_out
    assert check is not None and check.standardised and len(check.actual) == 16
    assert 0 <= check.covered <= 1 and check.q2 == pytest.approx(
        result.as_dict()["quantities"]["mean:c"]["surrogate"]["q2"]
    )


def test_fresh_labels_check_any_surrogate() -> None:
    surrogate = LinearSurrogate(BOX, ("y",), jnp.array([1.0, 2.0]), jnp.array([0.1, 0.1]))
    assert surrogate_check(surrogate) == {}
    theta = BOX.design(8)
    check = surrogate_check(surrogate, Labels(BOX, theta, theta @ [1.0, 2.0] + 0.1, ("y",)))["y"]
    np.testing.assert_allclose(check.actual - check.predicted, np.full(8, 0.1), atol=1e-12)
    with pytest.raises(ConfigError, match="labels of z cannot check a surrogate of y"):
        surrogate_check(surrogate, Labels(BOX, theta, theta @ [1.0, 2.0], ("z",)))
    assert check_figure(check).axes


def test_figures_show_every_input_in_order(result: SensitivityResult) -> None:
    found = result["mean:c"]
    for figure in (tornado(found.univariate), shapley_bars(found)):
        assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["b", "a"]  # largest on top
    assert len(univariate_panels(found.univariate).axes) == 2
    shown: Any = tornado(found.univariate)
    assert shown._repr_png_().startswith(b"\x89PNG")  # what a notebook asks for


@pytest.mark.slow
def test_dependent_inputs_are_reported_without_sobol_indices(tmp_path: Path) -> None:
    found = sensitivity(total, linear_prior(0.5), base=256)
    text = write_uq_report(found, tmp_path).read_text()
    assert "dependent" in text and "c carries" in text and "Correlations of the normal scores" in text
    assert json.loads((tmp_path / "uq.json").read_text())["quantities"]["y1"]["sobol"] is None
