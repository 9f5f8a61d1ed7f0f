"""Gini coefficients and top shares against sums over all pairs and cases by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import saddlepath as sp

ROUNDOFF = 1e-12
GROUPS = st.lists(st.tuples(st.floats(0.1, 100.0), st.floats(0.01, 1.0)), min_size=2, max_size=8)


@given(GROUPS)
def test_half_the_mean_difference_of_all_pairs_over_the_mean(groups: list[tuple[float, float]]) -> None:
    values, shares = np.array(groups).T
    people = shares / shares.sum()
    pairs = np.abs(values[:, None] - values)
    assert float(sp.gini(values, shares)) == pytest.approx(
        people @ pairs @ people / 2 / (people @ values), abs=ROUNDOFF
    )


def test_one_owns_all() -> None:
    values, shares = np.array([0.0, 1.0]), np.array([0.9, 0.1])
    assert float(sp.gini(values, shares)) == pytest.approx(0.9, abs=ROUNDOFF)
    assert float(sp.top_share(values, shares, 0.1)) == pytest.approx(1.0, abs=ROUNDOFF)
    assert float(sp.top_share(values, shares, 0.05)) == pytest.approx(0.5, abs=ROUNDOFF)  # half of those who own


def test_a_distribution_for_every_date_in_any_order() -> None:
    values = np.array([4.0, 1.0, 2.0])
    shares = np.array([[1.0, 1.0, 2.0], [0.0, 5.0, 0.0]])
    np.testing.assert_allclose(sp.gini(values, shares), [0.25, 0.0], atol=ROUNDOFF)  # of 1, 2, 2 and 4; of equals
    np.testing.assert_allclose(sp.top_share(values, shares, 0.25), [4 / 9, 0.25], atol=ROUNDOFF)
    np.testing.assert_allclose(sp.top_share(values, shares, 0.75), [8 / 9, 0.75], atol=ROUNDOFF)


def test_what_is_no_distribution_is_refused() -> None:
    with pytest.raises(sp.ConfigError, match="negative shares"):
        sp.gini(np.array([1.0, 2.0]), np.array([1.0, -1.0]))
    with pytest.raises(sp.ConfigError, match=r"shapes \(2,\) and \(3,\)"):
        sp.gini(np.array([1.0, 2.0]), np.ones(3))
    with pytest.raises(sp.ConfigError, match="between 0 and 1"):
        sp.top_share(np.array([1.0, 2.0]), np.ones(2), 20.0)
