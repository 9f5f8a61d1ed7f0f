"""From data and a file to estimates: the data, the plan, the bootstrap, the second look, the report, the command."""

import json
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from tests.economies import FullDepreciation, exact_solution

import saddlepath as sp
from saddlepath.cli import main
from saddlepath.estimate.bootstrap import Bootstrap
from saddlepath.estimate.data import read_series
from saddlepath.estimate.plan import Estimated, Matched, Matching, Plan, Sampling
from saddlepath.estimate.plan_file import read_plan
from saddlepath.estimate.posterior import Posterior
from saddlepath.models.brock_mirman import BrockMirman
from saddlepath.report.estimate_page import write_estimate_report

NAMES = ("mean:y", "sd:y", "autocorr:y")
BOX = sp.Box(rho=(0.0, 0.95), sigma=(0.2, 3.0))
RANDOM = np.random.default_rng(5)


def moments(theta: Any) -> Any:
    """Of y' = rho y + sigma e."""
    rho, sigma = theta
    return jnp.stack([jnp.zeros_like(rho), sigma / jnp.sqrt(1 - rho**2), rho])


@pytest.fixture(scope="module")
def estimate() -> sp.Estimate:
    y = [0.0]
    for e in np.random.default_rng(0).standard_normal(400):
        y.append(0.6 * y[-1] + e)
    return sp.smm(moments, sp.moments_of({"y": np.array(y)}, NAMES), box=BOX)


def test_us_data_are_those_that_ship_with_statsmodels() -> None:
    data = sp.us_macro()
    assert len(data) == 203 and str(data.index[0]) == "1959Q1" and str(data.index[-1]) == "2009Q3"
    from statsmodels.datasets import macrodata

    raw = macrodata.load_pandas().data
    private = (raw["realcons"] + raw["realinv"]).to_numpy()
    np.testing.assert_allclose(data["saving"], raw["realinv"] / private, rtol=1e-14)  # round-off
    np.testing.assert_allclose(data["consumption"] + data["investment"], data["output"], rtol=1e-14)
    growth = np.diff(np.log(private / raw["pop"].to_numpy()))
    np.testing.assert_allclose(np.std(np.diff(np.log(data["output"]))), growth.std(), rtol=1e-12)  # the trend is a line
    assert abs(np.log(data["output"]).mean()) < 1e-12


def test_series_come_from_csv_and_netcdf(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("quarter, y, c\n1959Q1, 1.0, 0.5\n1959Q2, 1.5,\n")
    frame = read_series(tmp_path / "d.csv")
    assert list(frame) == ["y", "c"] and list(frame.index) == ["1959Q1", "1959Q2"] and np.isnan(frame["c"].iloc[1])
    panel = sp.simulate(exact_solution(FullDepreciation), periods=20, paths=2, burn_in=5)
    panel.isel(path=[0]).to_netcdf(tmp_path / "one.nc")
    panel.to_netcdf(tmp_path / "two.nc")
    np.testing.assert_array_equal(read_series(tmp_path / "one.nc")["k"], panel["k"][0])
    with pytest.raises(sp.ConfigError, match="holds 2 paths; data are one"):
        read_series(tmp_path / "two.nc")
    with pytest.raises(sp.FileError, match="cannot read the data .*; check the path, or write us-macro"):
        read_series(tmp_path / "none.csv")
    (tmp_path / "words.csv").write_text("a,b\nx,y\n")
    with pytest.raises(sp.ConfigError, match="holds no numeric series"):
        read_series(tmp_path / "words.csv")


PRIOR = '[prior.rho]\nlower = 0.0\nupper = 0.9\n[posterior]\nmeasurement = { "log:k" = 0.01 }\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('model = "brock_mirman"\n', r"needs \[data\] with source"),
        ('model = "brock_mirman"\n[data]\nfile = "a"\n', r"\[data\] has no key 'file'"),
        ('model = "brock_mirman"\n[data]\nsource = "us-macro"\n', r"needs \[smm\] or \[posterior\]"),
        ('model = "brock_mirman"\n[data]\nsource = "us-macro"\n[smm]\nmoment = []\n', "no key 'moment'.*moments"),
        ('model = "m"\n[data]\nsource = "us-macro"\n[posterior]\nmeasurement = {}\n', "needs a prior"),
        (f'run = "r"\nmodel = "m"\n[data]\nsource = "us-macro"\n{PRIOR}', "has model of a run file too"),
        (f'[data]\nsource = "us-macro"\n{PRIOR}', "needs model = "),
        ("[data\n", "is not valid TOML"),
    ],
)
def test_an_estimation_file_that_says_too_little_is_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(text)
    with pytest.raises(sp.ConfigError, match=words):
        read_plan(tmp_path / "plan.toml")
    with pytest.raises(sp.FileError, match="cannot read the estimation file"):
        read_plan(tmp_path / "none.toml")


def test_a_second_look_says_where_better_moments_would_lead(estimate: sp.Estimate) -> None:
    """A surrogate that is wrong by a known amount: the estimate moves as the other moments' own one, to first order."""
    small = 1e-4
    finer = lambda theta: moments(theta) + small * jnp.array([0.0, 1.0, 1.0])
    look = sp.second_look(estimate, finer)
    np.testing.assert_allclose(look.error, [0.0, -small, -small], rtol=1e-9)
    again = sp.smm(finer, estimate.data, box=BOX)
    np.testing.assert_allclose(look.shift, again.theta - estimate.theta, rtol=1e-2)  # second order of `small`
    assert not look.matters and "would move" in str(look)
    far = sp.second_look(estimate, lambda theta: moments(theta) + 0.5)
    assert far.matters and str(far).startswith("THE ERROR OF THESE MOMENTS MATTERS")


def bootstrapped(estimate: sp.Estimate, scale: float) -> Bootstrap:
    draws = estimate.theta + scale * estimate.sd * np.random.default_rng(1).standard_normal((200, 2))
    return Bootstrap(estimate.parameters, estimate.theta, draws, estimate.sd, BOX)


def test_intervals_of_a_bootstrap_stay_in_the_box(estimate: sp.Estimate) -> None:
    one = bootstrapped(estimate, 1.0)
    np.testing.assert_allclose(one.interval(0.9), estimate.interval(0.9), atol=0.4 * estimate.sd.max())  # 200 draws
    wide = bootstrapped(estimate, 100.0).interval(0.9)
    assert np.all(wide[:, 0] >= BOX.low) and np.all(wide[:, 1] <= BOX.high)
    np.testing.assert_array_equal(one.at_edge, 0.0)


@pytest.mark.slow
def test_the_report_warns_before_it_shows_numbers(estimate: sp.Estimate, tmp_path: Path) -> None:
    apart = sp.identification(moments, estimate.data, estimate.theta, box=BOX)
    look = sp.second_look(estimate, moments)
    prior = sp.Prior(rho=sp.Uniform(0.0, 0.9))
    draws = 0.5 + 0.01 * RANDOM.standard_normal((4, 400, 1))
    none = np.zeros((4, 400))
    drawn = Posterior(("rho",), draws, "nuts", none > 0, none + 0.9, None, 1.0)
    plan = Plan(sp.us_macro(), Matching(NAMES), Sampling({"y": 0.1}), prior)
    calm = Estimated(plan, Matched(estimate, apart, look, look, bootstrapped(estimate, 1.0)), drawn)
    page = write_estimate_report(calm, tmp_path / "calm").read_text()
    assert "Nothing speaks against these estimates" in page and "Posterior" in page and "from 1959Q1 to 2009Q3" in page
    assert "edge of the box" not in page
    numbers = json.loads((tmp_path / "calm" / "estimate.json").read_text())
    assert numbers["smm"]["estimate"] == estimate.values and abs(numbers["posterior"]["mean"]["rho"] - 0.5) < 0.01
    assert (tmp_path / "calm" / "figures" / "posterior.png").stat().st_size > 5000
    stuck = Posterior(("rho",), draws + np.arange(4)[:, None, None], "nuts", none > 0, none + 0.9, None, 1.0)
    wide = bootstrapped(estimate, 3.0)
    wide.draws[:40] = BOX.high
    wrong = Estimated(plan, Matched(estimate, apart, look, look, wide), stuck)
    page = write_estimate_report(wrong, tmp_path / "wrong").read_text()
    assert "rho ends at an edge of the box in 20 % of the bootstrap" in page
    assert "Read the warnings before the numbers" in page
    assert "The standard error of rho is too small" in page and "The posterior is not to be used" in page


def exit_code(words: list[str]) -> Any:
    with pytest.raises(SystemExit) as ended:
        main(words)
    return ended.value.code


PLAN = """
model = "brock_mirman"
[calibration]
sigma = 0.02
[over]
alpha = [0.3, 0.4]
rho = [0.7, 0.95]
[solve]
steps = 200
[data]
source = "data.csv"
[smm]
moments = ["mean:saving", "autocorr:log:k", "sd:log:k"]
sampling = "data"
paths = 40
points = 30
replications = 20
[posterior]
measurement = { "log:k" = 0.01 }
chains = 2
draws = 100
warmup = 100
[prior.alpha]
lower = 0.3
upper = 0.4
[prior.rho]
lower = 0.7
upper = 0.95
"""


@pytest.mark.slow
def test_the_command_estimates_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Data of the exact rule at alpha = .36, rho = .9: the family holds both, and the saving rate says alpha."""
    panel = sp.simulate(sp.closed_form(BrockMirman(sigma=0.02)), periods=200, burn_in=100, seed=3)
    frame = panel.isel(path=0)[["saving", "k"]].to_dataframe().reset_index(drop=True)
    frame["saving"] += 0.001 * RANDOM.standard_normal(200)  # a constant share cannot be weighed
    frame.to_csv(tmp_path / "data.csv", index=False)
    plan = tmp_path / "plan.toml"

    def run(text: str, out: str) -> Any:
        plan.write_text(text)
        return exit_code(["estimate", str(plan), "--out", str(tmp_path / out)])

    assert run(PLAN.replace("steps = 200", "steps = 50"), "short") == 2
    assert "did not converge, so nothing is estimated" in capsys.readouterr().err
    assert run(PLAN.replace('"data"', '"model"'), "out") == 2
    assert (
        "mean:saving hardly varies over" in capsys.readouterr().err
    )  # a saving rate without noise, as the model has it
    assert run(PLAN, "out") == 0
    assert "Bootstrap of 20" in capsys.readouterr().out
    numbers = json.loads((tmp_path / "out" / "estimate.json").read_text())
    assert abs(numbers["smm"]["estimate"]["alpha"] - 0.36) < 3e-4  # .001 / sqrt(200), three times, over beta
    assert abs(numbers["smm"]["estimate"]["rho"] - 0.9) < 0.12  # four sampling deviations of 200 periods
    assert run(PLAN.replace("steps = 200", "steps = 300"), "out") == 2
    assert "holds the solution of other settings" in capsys.readouterr().err
