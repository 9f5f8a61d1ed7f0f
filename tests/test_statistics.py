"""Statistics by name: against NumPy, and of a family whose saving rate is known by hand."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.economies import FullDepreciation, exact_solution

import saddlepath as sp
from saddlepath.cli import main
from saddlepath.economy import economy
from saddlepath.models.brock_mirman import BrockMirman
from saddlepath.models.cdice import CDICE
from saddlepath.outcome import Outcome
from saddlepath.solution import Solution
from saddlepath.solvers.start import initial_rule
from saddlepath.statistics import statistic

RANDOM = np.random.default_rng(0)
PANEL = {"c": np.exp(0.1 * RANDOM.standard_normal((3, 50))), "k[1]": RANDOM.standard_normal((3, 50))}


def by_hand() -> dict[str, float]:
    c, k = PANEL["c"], PANEL["k[1]"]
    growth = np.diff(np.log(c), axis=1)
    a = k - k.mean()
    return {
        "mean:c": c.mean(),
        "sd:dlog:c": growth.std(),
        "autocorr:k[1]": np.mean(a[:, 1:] * a[:, :-1]) / np.mean(a**2),
        "corr:dlog:c,k[1]": np.corrcoef(growth.ravel(), k[:, 1:].ravel())[0, 1],
        "mean:diff:k[1]": np.diff(k, axis=1).mean(),
        "at:7:c": c[:, 7].mean(),
        "at:7:dlog:c": growth[:, 6].mean(),
    }


def test_values_are_those_of_the_definitions() -> None:
    expected = by_hand()
    found = sp.statistics_of(PANEL, list(expected))
    np.testing.assert_allclose(found, list(expected.values()), atol=1e-14)  # round-off
    assert [str(statistic(name)) for name in expected] == list(expected)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("c", "'c' is no statistic"),
        ("meen:c", "did you mean mean"),
        ("corr:c", "corr needs 2 series, got 1"),
        ("sd:dlg:c", "transforms by 'dlg'"),
        ("mean:d", "needs the variable 'd'"),
        ("at:c", "'at:c' names no period"),
        ("at:50:c", "at:50:c asks for period 50, the series have periods 0 to 49"),
        ("at:0:dlog:c", "the series have periods 1 to 49"),
    ],
)
def test_an_unknown_name_is_refused_in_words(name: str, words: str) -> None:
    with pytest.raises(sp.ConfigError, match=words):
        sp.statistics_of(PANEL, [name])


def test_a_single_calibration_is_no_family() -> None:
    solution = exact_solution(FullDepreciation)
    with pytest.raises(sp.ConfigError, match="holds at one calibration only; solve a family first"):
        sp.simulated(solution, ["mean:saving"])


@pytest.mark.slow
def test_nothing_is_known_beyond_the_horizon() -> None:
    """In calendar time every path begins at the first date and ends at the horizon."""
    with jax.enable_x64(True):
        eco = economy(CDICE(horizon=40), over=sp.Box(ecs=(2.0, 4.5)))
        rule, _ = initial_rule(eco, sp.Network(width=2), "auto", 0)
    family = Solution(eco, rule, rule.cloud, Outcome.EXHAUSTED)
    found = sp.simulated(family, ["at:39:scc", "mean:t"])
    assert (found.periods, found.paths, found.burn_in) == (40, 1, 0)
    np.testing.assert_allclose(found(np.array([[3.0], [4.0]]))[:, 1], 19.5)
    with pytest.raises(sp.ConfigError, match="CDICE was solved for 40 periods from its first date"):
        sp.simulated(family, ["at:50:scc"], periods=60)
    with pytest.raises(sp.ConfigError, match="at:50:scc asks for period 50, the series have periods 0 to 39"):
        sp.simulated(family, ["at:50:scc"])
    with pytest.raises(sp.ConfigError, match="CDICE was solved for 40 years from 2015, got years=60"):
        sp.social_cost_of_carbon(family.at(ecs=3.0), years=60)
    with pytest.raises(sp.ConfigError, match="ecs = 5.0 lies outside the box"):
        family.at(ecs=5.0)


@pytest.fixture(scope="module")
def family() -> sp.Solution:
    """Its rule is exact before the first step: the share of output saved is alpha beta."""
    return sp.solve(BrockMirman(sigma=0.02), over=sp.Box(alpha=(0.3, 0.4), beta=(0.9, 0.96)), steps=50)


@pytest.mark.slow
def test_a_family_is_a_smooth_function_of_its_parameters(family: sp.Solution) -> None:
    found = sp.simulated(family, ["mean:saving", "sd:log:k"], periods=4000, paths=8)
    theta = np.array([[0.32, 0.91], [0.38, 0.95]])
    values = found(theta)
    np.testing.assert_allclose(values[:, 0], theta.prod(axis=1), rtol=1e-5)  # the tolerance of the family
    rho, sigma = 0.9, 0.02
    a = theta[:, 0]
    exact = sigma * np.sqrt((1 + a * rho) / ((1 - a * rho) * (1 - a**2) * (1 - rho**2)))
    np.testing.assert_allclose(values[:, 1], exact, rtol=0.06)  # four standard errors of 32,000 correlated periods
    with jax.enable_x64(True):
        slope = jax.jacfwd(found.at)(jnp.asarray(theta[0]))
    np.testing.assert_allclose(slope[0], theta[0, ::-1], rtol=1e-3)  # a slope loses two digits on the value


@pytest.mark.slow
def test_a_study_finds_the_shares_known_by_hand(family: sp.Solution) -> None:
    """The variance of a product of independent factors, alpha beta."""
    prior = sp.Prior(alpha=sp.Uniform(0.3, 0.4), beta=sp.Uniform(0.9, 0.96))
    found = sp.study(family, ["mean:saving"], prior, points=25, chosen=5, periods=200, paths=2)
    assert found.labels.theta.shape == (30, 2)
    va, vb, ma, mb = 0.1**2 / 12, 0.06**2 / 12, 0.35, 0.93
    total = va * vb + va * mb**2 + vb * ma**2
    first = found.result["mean:saving"].sobol.first.value
    np.testing.assert_allclose(first, [va * mb**2 / total, vb * ma**2 / total], atol=1e-3)
    assert all(check.holds for check in found.result["mean:saving"].checks)
    outside = sp.Prior(alpha=sp.Uniform(0.3, 0.4), beta=sp.Uniform(0.8, 0.96))
    with pytest.raises(sp.ConfigError, match="the prior of beta reaches from 0.8 to 0.96"):
        sp.study(family, ["mean:saving"], outside)
    with pytest.raises(sp.ConfigError, match="only a Gaussian process knows where it would learn most"):
        sp.study(family, ["mean:saving"], prior, points=8, chosen=5, kind="polynomial", periods=50, paths=1)
    with pytest.raises(sp.ConfigError, match="mean:log:z is not finite at 8 of 8 .* need a positive variable"):
        sp.study(family, ["mean:log:z"], prior, points=8, periods=50, paths=1)


def exit_code(words: list[str]) -> Any:
    with pytest.raises(SystemExit) as ended:
        main(words)
    return ended.value.code


@pytest.mark.slow
def test_the_command_writes_a_report(family: sp.Solution, tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    family.save(tmp_path / "family.saddle")
    (tmp_path / "prior.toml").write_text("[alpha]\nlower = 0.31\nupper = 0.39\n[beta]\nlower = 0.91\nupper = 0.95\n")
    words = ["uq", str(tmp_path / "family.saddle"), "--qoi", "mean:saving", "--prior", str(tmp_path / "prior.toml")]
    assert exit_code([*words, "--points", "30", "--periods", "200", "--paths", "2"]) == 0
    assert "Which input moves mean:saving" in capsys.readouterr().out
    assert (tmp_path / "uq" / "uq.html").is_file()
    assert sp.load_surrogate(tmp_path / "uq" / "surrogate.saddle").inputs == ("alpha", "beta")
    (tmp_path / "prior.toml").write_text("[alpha]\nlower = 0.1\nupper = 0.39\n[beta]\nlower = 0.91\nupper = 0.95\n")
    assert exit_code(words) == 2
    assert capsys.readouterr().err.startswith("saddlepath: the prior of alpha reaches from 0.1 to 0.39")
    (tmp_path / "prior.toml").write_text("[alpha\n")
    assert exit_code(words) == 2
    assert "is not valid TOML" in capsys.readouterr().err
