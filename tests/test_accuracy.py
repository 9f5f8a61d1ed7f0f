"""The words of accuracy: worst entry of the worst equation, quantiles that are met, lost states never hidden."""

import dataclasses

import jax
import numpy as np
import pytest
from tests.economies import FullDepreciation, exact_solution
from tests.test_solving import compilations

import saddlepath as sp
from saddlepath.accuracy import QUANTILES, assess, point_errors, summarise, walk
from saddlepath.economy import economy
from saddlepath.models.growth import Growth
from saddlepath.rule import NetworkRule
from saddlepath.solvers.start import first_order_rule, initial_rule, linear_of

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


def test_the_linear_solution_and_the_referee_are_named() -> None:
    plain = summarise(errors(200), EQUATIONS)
    assert plain.remarks == []
    beside = dataclasses.replace(plain, linear={"mean": 2.3e-3, "max": 0.11}, judged=True)
    linear, second = beside.remarks
    assert linear == "The linear solution has mean 2.3e-03, max 1.1e-01 on the same states."
    assert "sp.referee(solution)" in second
    assert linear in str(beside) and second in str(beside)
    lost = dataclasses.replace(plain, linear={"mean": np.inf, "max": np.inf})
    assert lost.remarks == ["The linear solution is undefined at some of these states."]


@pytest.mark.slow
def test_the_linear_solution_is_judged_at_the_states_of_the_rule() -> None:
    """Started at random, the rule knows nothing of the linear solution, which is rebuilt in its shapes."""
    eco, size = economy(Growth()), sp.TestPaths(paths=8, burn_in=20, dates=5, repeats=1)
    rule, linear = initial_rule(eco, sp.Network(width=4), "random", 0)
    start, _ = initial_rule(eco, sp.Network(width=4), "linear", 0)
    keys, equations = [jax.random.key(0)], eco.equations(rule)
    beside = first_order_rule(eco, rule, linear)
    assess(eco, rule, rule.cloud, keys, size, equations)
    found: list[sp.Accuracy] = []
    judge = lambda: found.append(assess(eco, rule, rule.cloud, keys, size, equations, linear=beside))
    assert compilations(judge) == 0
    points = walk(eco, rule, rule.cloud, keys[0], size)
    errors = point_errors(eco, NetworkRule(None, start.frame, start.cloud), points)
    # The same formula in another compiled program: round-off.
    assert found[0].linear["mean"] == pytest.approx(float(errors.mean()), rel=1e-9)
    assert found[0].linear["max"] == pytest.approx(float(errors.max()), rel=1e-9)
    assert found[0].mean > 2 * found[0].linear["mean"]  # a random rule is worse, or the test would show nothing


def test_there_is_none_without_a_linear_solution_or_for_a_family() -> None:
    eco = economy(Growth())
    rule, linear = initial_rule(eco, sp.Network(width=4), "steady", 0)
    assert linear is None and first_order_rule(eco, rule, linear) is None
    wide = economy(Growth(), over=sp.Box(beta=(0.95, 0.97)))
    rule, linear = initial_rule(wide, sp.Network(width=4), "random", 0)
    assert linear is not None and first_order_rule(wide, rule, linear) is None


def test_a_start_at_another_calibration_brings_no_linear_solution_of_its_own() -> None:
    solution = exact_solution(FullDepreciation)
    assert linear_of(economy(FullDepreciation()), solution) is solution.linear
    other = linear_of(economy(FullDepreciation(rho=0.5)), solution)
    assert other is not None and other.spectral_radius == pytest.approx(0.5, rel=1e-10)
