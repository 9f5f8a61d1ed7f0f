"""Every rule integrates what its order promises against the standard normal, and no more is claimed."""

import itertools
import math

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saddlepath.errors import ConfigError
from saddlepath.quadrature import (
    GaussHermite,
    Monomial,
    Quadrature,
    QuasiMonteCarlo,
    Sparse,
    default_quadrature,
    finer,
)

# Sums of up to a few thousand terms, weighted with both signs, in float64: some hundred units of roundoff,
# relative to the sum of absolute values.
ROUNDOFF = 1e-13


def normal_moment(power: int) -> float:
    """E e^power for a standard normal."""
    return 0.0 if power % 2 else float(math.prod(range(power - 1, 0, -2)))


def powers_of_total_degree(n_shocks: int, degree: int) -> list[tuple[int, ...]]:
    choices = itertools.product(range(degree + 1), repeat=n_shocks)
    return [powers for powers in choices if sum(powers) <= degree]


def assert_moments(rule: Quadrature, n_shocks: int, monomials: list[tuple[int, ...]]) -> None:
    nodes, weights = rule.nodes(n_shocks)
    for powers in monomials:
        terms = weights * np.prod(nodes ** np.array(powers), axis=1)
        exact = math.prod(normal_moment(p) for p in powers)
        assert abs(terms.sum() - exact) <= ROUNDOFF * (np.abs(terms).sum() + 1), (rule.describe(), powers)


@pytest.mark.parametrize("n_shocks", [1, 2, 3, 5])
@pytest.mark.parametrize(
    ("rule", "degree"),
    [(Monomial(3), 3), (Monomial(5), 5), (Sparse(1), 1), (Sparse(2), 3), (Sparse(3), 5), (Sparse(4), 7)],
    ids=lambda value: value.describe() if isinstance(value, Quadrature) else str(value),
)
def test_total_degree(rule, degree, n_shocks):
    assert_moments(rule, n_shocks, powers_of_total_degree(n_shocks, degree))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("n_shocks", [1, 2, 3])
def test_gauss_hermite_degree_in_every_shock(n, n_shocks):
    highest = 2 * n - 1 if n_shocks < 3 else min(2 * n - 1, 5)  # 6^3 monomials say as much as 18^3
    assert_moments(GaussHermite(n), n_shocks, list(itertools.product(range(highest + 1), repeat=n_shocks)))


def test_gauss_hermite_with_its_own_degree_for_each_shock():
    assert_moments(GaussHermite((4, 2)), 2, list(itertools.product(range(8), range(4))))


@pytest.mark.parametrize(
    ("rule", "n_shocks"),
    [
        (Monomial(3), 2),
        (Monomial(3), 6),
        (Monomial(5), 3),
        (Sparse(3), 3),
        (GaussHermite(2), 2),
        (GaussHermite(5), 1),
    ],
)
def test_variances_are_one(rule, n_shocks):
    # A published code puts the monomial nodes at sqrt(d/2) and so solves with half of every variance.
    nodes, weights = rule.nodes(n_shocks)
    np.testing.assert_allclose((weights * nodes.T) @ nodes, np.eye(n_shocks), rtol=0, atol=ROUNDOFF)


def test_the_stated_degree_is_the_degree():
    for rule, n_shocks, power in [
        (Monomial(3), 2, 4),
        (Monomial(5), 2, 6),
        (GaussHermite(3), 1, 6),
        (Sparse(2), 2, 4),
    ]:
        nodes, weights = rule.nodes(n_shocks)
        diagonal = (nodes.sum(axis=1) / math.sqrt(n_shocks)) ** power
        axis = nodes[:, 0] ** power
        errors = [abs(weights @ terms - normal_moment(power)) for terms in (diagonal, axis)]
        assert max(errors) > 0.1, rule.describe()


@pytest.mark.parametrize(
    ("rule", "n_shocks", "count"),
    [
        (GaussHermite(5), 2, 25),
        (GaussHermite((9, 3)), 2, 27),
        (Monomial(3), 4, 8),
        (Monomial(5), 1, 3),
        (Monomial(5), 6, 73),
        (Sparse(3), 6, 73),
        (Sparse(2), 10, 21),
        (QuasiMonteCarlo(64), 3, 64),
        (GaussHermite(5), 0, 1),
        (QuasiMonteCarlo(64), 0, 1),
    ],
)
def test_number_of_nodes(rule, n_shocks, count):
    nodes, weights = rule.nodes(n_shocks)
    assert nodes.shape == (count, n_shocks) and weights.shape == (count,)
    assert nodes.dtype == weights.dtype == np.float64
    assert len(np.unique(nodes, axis=0)) == count
    assert weights.sum() == pytest.approx(1, abs=ROUNDOFF)


@given(
    direction=st.lists(st.floats(-1, 1), min_size=1, max_size=5),
    rule_and_degree=st.sampled_from([(Monomial(3), 3), (Monomial(5), 5), (Sparse(3), 5), (Sparse(4), 7)]),
)
def test_moments_of_any_combination_of_shocks(direction, rule_and_degree):
    # a'e is normal with variance a'a, whatever the direction a.
    rule, degree = rule_and_degree
    a = np.array(direction)
    nodes, weights = rule.nodes(len(a))
    for power in range(degree + 1):
        terms = weights * (nodes @ a) ** power
        exact = normal_moment(power) * (a @ a) ** (power / 2)
        assert abs(terms.sum() - exact) <= 10 * ROUNDOFF * (np.abs(terms).sum() + 1)


@given(n=st.integers(1, 20), coefficients=st.lists(st.floats(-1, 1), min_size=1, max_size=40))
def test_gauss_hermite_integrates_any_polynomial(n, coefficients):
    polynomial = np.polynomial.HermiteE(coefficients[: 2 * n])  # E of it is its first coefficient
    nodes, weights = GaussHermite(n).nodes(1)
    terms = weights * polynomial(nodes[:, 0])
    size = weights @ np.polynomial.HermiteE(np.abs(coefficients[: 2 * n]))(np.abs(nodes[:, 0])) + np.abs(terms).sum()
    # The recurrence for high-degree Hermite polynomials loses a few digits at the outer nodes.
    assert abs(terms.sum() - coefficients[0]) <= 1e-9 * (abs(size) + 1)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_quasi_monte_carlo_moments(seed):
    n, n_shocks = 1024, 4
    nodes, weights = QuasiMonteCarlo(n, seed).nodes(n_shocks)
    assert np.all(np.isfinite(nodes))
    # A scrambled net is unbiased and in practice far more precise than independent draws, whose standard
    # errors are 1/sqrt(n) for a mean or a product of two shocks and sqrt(2/n) for a square. Two are ample.
    assert np.abs(weights @ nodes).max() < 2 / math.sqrt(n)
    assert np.abs((weights * nodes.T) @ nodes - np.eye(n_shocks)).max() < 2 * math.sqrt(2 / n)


def test_quasi_monte_carlo_beats_random_draws_on_a_smooth_integrand():
    # E exp(sum(e) / 4) = exp(d / 32); independent draws would err by about 0.5/sqrt(n) = 8e-3.
    nodes, weights = QuasiMonteCarlo(4096).nodes(4)
    assert weights @ np.exp(nodes.sum(axis=1) / 4) == pytest.approx(math.exp(1 / 8), abs=1e-3)


def test_quasi_monte_carlo_seed_decides():
    same, again, other = (QuasiMonteCarlo(16, seed).nodes(2)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(same, again)
    assert not np.allclose(same, other)


def test_default_by_number_of_shocks():
    assert [default_quadrature(d) for d in (0, 1, 2, 3, 10)] == [GaussHermite(5)] * 3 + [Monomial(3)] * 2


@pytest.mark.parametrize(
    ("rule", "n_shocks", "expected"),
    [
        (GaussHermite(5), 0, GaussHermite(9)),
        (GaussHermite(5), 1, GaussHermite(9)),
        (GaussHermite(5), 3, GaussHermite(7)),
        (GaussHermite(1), 1, GaussHermite(3)),
        (GaussHermite((9, 3)), 2, GaussHermite((17, 5))),
        (Monomial(3), 6, Monomial(5)),
        (Monomial(5), 6, Sparse(4)),
        (Sparse(2), 4, Sparse(3)),
        (QuasiMonteCarlo(64, 7), 4, QuasiMonteCarlo(256, 8)),
    ],
)
def test_finer(rule, n_shocks, expected):
    assert finer(rule, n_shocks) == expected


def test_finer_is_more_accurate():
    for rule, n_shocks in [(GaussHermite(3), 2), (Monomial(3), 3), (Monomial(5), 3), (Sparse(2), 3)]:
        errors = []
        for candidate in (rule, finer(rule, n_shocks)):
            nodes, weights = candidate.nodes(n_shocks)
            errors.append(abs(weights @ np.exp(nodes.sum(axis=1) / 2) - math.exp(n_shocks / 8)))
        assert errors[1] < errors[0] / 3


def test_rules_are_values_without_leaves():
    rules = [GaussHermite(3), Monomial(5), Sparse(2), QuasiMonteCarlo(8, 1)]
    assert jax.tree.leaves(rules) == []
    assert len({*rules, GaussHermite(3)}) == 4
    with pytest.raises(AttributeError):
        rules[0].n = 4


def test_descriptions():
    rules = [GaussHermite(5), GaussHermite((9, 3)), Monomial(3), Sparse(3), QuasiMonteCarlo(128, 1)]
    assert [rule.describe() for rule in rules] == [
        "Gauss-Hermite, 5 nodes per shock",
        "Gauss-Hermite, 9 x 3 nodes",
        "monomial rule of degree 3",
        "sparse Gauss-Hermite grid of level 3",
        "scrambled Sobol' points, 128 nodes, seed 1",
    ]


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Monomial(4), "expects 3 or 5 and received 4"),
        (lambda: GaussHermite(0), r"GaussHermite\(n\) expects a whole number, 1 or more, and received 0"),
        (lambda: GaussHermite(True), "received True"),
        (lambda: Sparse(-1), r"Sparse\(level\) expects"),
        (lambda: QuasiMonteCarlo(100), "power of two.*received 100; use 128"),
        (lambda: QuasiMonteCarlo(0), "1 or more, and received 0"),
        (lambda: QuasiMonteCarlo(8, -1), "seed"),
        (lambda: GaussHermite(5).nodes(-1), "n_shocks expects"),
        (lambda: GaussHermite(9).nodes(10), "3486784401 nodes; use Monomial"),
        (lambda: GaussHermite((9, 0)), "received 0"),
        (lambda: GaussHermite((9, 3)).nodes(3), "for 2 shocks and the model has 3; give one number per shock"),
    ],
)
def test_bad_arguments(build, sentence):
    with pytest.raises(ConfigError, match=sentence):
        build()
