"""The words of accuracy: worst entry of the worst equation, quantiles that are met, lost states never hidden."""

import dataclasses

import numpy as np
import pytest

import saddlepath as sp
from saddlepath.accuracy import QUANTILES, summarise

EQUATIONS = {"euler": (2,), "price": ()}


def errors(n: int = 10_000) -> np.ndarray:
    """Three columns: two entries of one equation and another equation, of known means 1, 2 and 3 times 1e-6."""
    ranks = (np.arange(n) + 0.5) / n
    return 2e-6 * ranks[:, None] * np.array([[1.0, 2.0, 3.0]])


def test_an_array_counts_through_its_worst_entry() -> None:
    found = summarise(errors(), EQUATIONS)
    assert found.equations["euler"]["mean"] == pytest.approx(2e-6, rel=1e-12)
    assert found.equations["price"]["mean"] == pytest.approx(3e-6, rel=1e-12)
    assert found.mean == found.equations["price"]["mean"]
    assert found.n_states == 10_000


def test_quantiles_of_a_uniform_error() -> None:
    found = summarise(errors(), EQUATIONS).equations["price"]
    for name, share in QUANTILES.items():
        assert found[name] == pytest.approx(6e-6 * share, abs=6e-10)  # one rank of 10,000
    assert found["max"] == pytest.approx(6e-6, rel=1e-4)


def test_a_residual_that_is_not_finite_is_infinite() -> None:
    bad = errors(100)
    bad[3, 2] = np.nan
    found = summarise(bad, EQUATIONS)
    assert found.mean == np.inf and found.max == np.inf
    assert np.isfinite(found.equations["euler"]["mean"])
    assert not found.meets(1.0)


@pytest.mark.parametrize(
    ("tol", "lost", "met"),
    [
        (3.1e-6, 0.0, True),
        (2.9e-6, 0.0, False),  # the mean of the worst equation is 3e-6
        (3.1e-6, 1e-4, False),  # one lost state in ten thousand
    ],
)
def test_what_a_tolerance_promises(tol: float, lost: float, met: bool) -> None:
    assert summarise(errors(), EQUATIONS, lost=lost).meets(tol) is met


def test_the_99_per_cent_quantile_counts_too() -> None:
    rare = np.full((1000, 1), 1e-8)
    rare[:20] = 1e-5
    found = summarise(rare, {"euler": ()})
    assert found.mean < 3e-7
    assert not found.meets(3e-7)  # 2 % of the states are above ten times the tolerance
    assert found.meets(1.1e-6)


@pytest.mark.parametrize(("share", "said"), [(0.0, 0), (0.01, 0), (0.02, 1)])
def test_a_boundary_that_matters_is_said(share: float, said: int) -> None:
    found = dataclasses.replace(
        summarise(errors(200), EQUATIONS), boundary={"outside the sampling box": share, "b": 0.0}
    )
    assert len(found.warnings) == said
    assert all(w.startswith("2 % of the states are outside the sampling box: the rule was") for w in found.warnings)


def test_plain_data_round_trip() -> None:
    found = summarise(errors(200), EQUATIONS, extent=3.0, where="here")
    data = found.to_dict()
    assert data["mean"] == found.mean and data["p99"] == found.p99 and data["where"] == "here"
    again = sp.Accuracy(**{key: data[key] for key in ("equations", "n_states", "extent", "lost", "where")})
    assert again == found
