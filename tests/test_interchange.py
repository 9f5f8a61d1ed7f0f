"""Model files of Dynare and dolo: the models that they become, and what is said about those that cannot be read."""

from pathlib import Path

import numpy as np
import pytest
from tests.interchange.slopes import first_order
from tests.interchange.twins import TWINS, Twin

import saddlepath as sp
from saddlepath.catalogue import own_class
from saddlepath.model import Model

FILES = Path(__file__).parent / "interchange"
SLOW = pytest.mark.slow
LARGE = {"irbc.mod", "new_keynesian.mod", "recursive_growth.mod"}
"""Files whose two models take longer than three seconds to compile."""


def imported(file: Path, folder: Path) -> Model:
    """The model that a file becomes, from the written model file."""
    read = sp.import_model(file)
    place = read.write(folder / f"{file.stem}.py")
    return own_class(f"{place}:{read.name}")()


@pytest.mark.parametrize("twin", [pytest.param(t, id=t.file, marks=SLOW if t.file in LARGE else ()) for t in TWINS])
def test_the_first_order_solution_is_that_of_the_published_model(twin: Twin, tmp_path: Path) -> None:
    """To 1e-8: both are exact up to the round-off of Newton's method (1e-12) and of the Schur form."""
    model = imported(FILES / twin.file, tmp_path)
    fields = list(model.State._fields)
    assert sorted(fields) == sorted(twin.states)
    order = [fields.index(name) for name in twin.states]
    found, expected = first_order(model, twin.imported), first_order(twin.model(), twin.published)
    assert expected.slopes
    for name, slope in expected.slopes.items():
        assert found.values[name] == pytest.approx(expected.values[name], rel=1e-8, abs=1e-8), name
        np.testing.assert_allclose(found.slopes[name][order], slope, rtol=1e-8, atol=1e-8, err_msg=name)
    # Features are alike, logs of positive states, so that the s.d. agree too, and with them the shocks. Price dispersion
    # does not move to first order; what is left of it is round-off.
    np.testing.assert_allclose(found.deviation[order], expected.deviation, rtol=1e-8, atol=1e-12)
