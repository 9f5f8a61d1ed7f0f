"""What goes wrong at midnight: one test per mistake, with the sentence that says what to do."""

import os
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import pytest
from tests.small_run import small_run

import saddlepath as sp
from saddlepath.config import Config
from saddlepath.economy import economy
from saddlepath.files import load
from saddlepath.models.growth import Growth
from saddlepath.outcome import Outcome
from saddlepath.runs import RunFolder, resume_run, start_run
from saddlepath.solution import Solution
from saddlepath.solvers.start import initial_rule

QUICK = {"model": "growth"} | small_run(steps=5, tol=1e-12)


class Two(Growth):
    """Growth with a second policy, for mistakes in counts."""

    class Policy(NamedTuple):
        saving: sp.Scalar
        hours: sp.Scalar

    def policy_range(self):
        return self.Policy(saving=sp.Unit(), hours=sp.Unit())


def refused(model: sp.Model) -> str:
    """What `solve` says, and that `check` says the same."""
    with pytest.raises(sp.SaddlepathError) as caught:
        sp.solve(model)
    message = str(caught.value)
    assert message in str(sp.check(model))
    return message


def test_misspelt_parameter() -> None:
    with pytest.raises(sp.ModelError, match="Growth has no parameter 'bta'; did you mean beta"):
        Growth(bta=0.9)
    with pytest.raises(sp.ModelError, match="Growth has no parameter 'sigm'; did you mean sigma"):
        Growth().replace(sigm=0.1)


def test_misspelt_field_of_the_policy() -> None:
    class Misspelt(Growth):
        def consumption(self, s, x):
            return (1 - x.savng) * self.output(s)

    message = refused(Misspelt())
    assert "Policy has no field 'savng'; did you mean saving?" in message
    assert "Misspelt.residuals cannot be evaluated (test_bad_input.py, line" in message


def test_misspelt_field_of_the_state() -> None:
    class Misspelt(Growth):
        def transition(self, s, x, shock):
            return self.State(kk=x.saving * self.output(s), z=s.z)

    message = refused(Misspelt())
    assert "Misspelt.transition cannot be evaluated" in message
    assert "State has no field 'kk'; use the fields that the class State names" in message


def test_wrong_shape() -> None:
    class Wrong(Growth):
        def transition(self, s, x, shock):
            return self.State(k=x.saving * self.output(s) * jnp.ones(2), z=s.z)

    message = refused(Wrong())
    assert "transition() returned State.k with shape (2,), expected ()" in message
    assert "give every entry of k, or declare its shape in state_range()" in message


@pytest.mark.slow
def test_residual_that_is_nan_at_the_steady_state() -> None:
    class Undefined(Two):
        def residuals(self, s, x, E):
            hours = jnp.log(-jnp.exp(x.hours))
            return {"euler": super().residuals(s, x, E)["euler"], "hours": hours}

    message = refused(Undefined())
    assert "Undefined has no deterministic steady state" in message
    assert "the equation hours is not finite" in message
    assert "check that equation for divisions by zero, logs or powers of negative numbers" in message


def test_no_steady_state() -> None:
    class Growing(Growth):
        def transition(self, s, x, shock):
            return self.State(k=x.saving * self.output(s), z=s.z + 1)

    message = refused(Growing())
    assert "Growing has no deterministic steady state that Newton's method could find" in message
    assert "the transition of z is 1.00e+00 at best" in message
    assert "check that a rest point exists at the mean shock, or give steady_guess()" in message


def test_too_few_equations() -> None:
    message = refused(Two())
    assert "Two has 1 equations (euler) for 2 policies (saving, hours)" in message
    assert "give one equation per entry of Policy: add the missing conditions" in message


def test_too_many_equations() -> None:
    class Many(Growth):
        def residuals(self, s, x, E):
            return super().residuals(s, x, E) | {"again": x.saving - 0.3}

    assert "Many has 2 equations (euler, again) for 1 policies" in refused(Many())


@pytest.mark.slow
def test_a_policy_in_no_equation() -> None:
    class Unused(Two):
        def residuals(self, s, x, E):
            return super().residuals(s, x, E) | {"rule": x.saving / 0.3 - 1}

    report = sp.check(Unused())
    assert not report.passed
    assert "no equation depends on the policy hours, so nothing determines it" in str(report)


def test_unknown_key_in_a_run_file() -> None:
    with pytest.raises(sp.ConfigError, match=r"\[solver\] has no key 'dampin'; did you mean damping\?"):
        Config({"model": "growth", "solver": {"dampin": 1.0}}).arguments(Growth)
    with pytest.raises(sp.ConfigError, match=r"a run file has no key 'sovler'; did you mean solver"):
        Config({"model": "growth", "sovler": {}})
    with pytest.raises(sp.ConfigError, match=r"\[calibration\] has no key 'bta'; did you mean beta"):
        Config({"model": "growth", "calibration": {"bta": 1.0}}).build_model(Growth)


def test_parameter_outside_its_domain() -> None:
    with pytest.raises(sp.ModelError, match=r"Growth.beta must be between 0 and 1, got 1.2; choose a value"):
        Growth(beta=1.2)
    with pytest.raises(sp.ModelError, match="Growth.beta must be between 0 and 1"):
        Config({"model": "growth"}).override(["calibration.beta=1.2"]).build_model(Growth)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A finished run of five steps, with a checkpoint."""
    folder = RunFolder(tmp_path_factory.mktemp("runs") / "short")
    start_run(folder, Config(QUICK), Growth, lambda record: None)
    return folder


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("calibration.beta=0.98", "calibration.beta is 0.99 there and 0.98 here"),
        ("solver.damping=2.0", "solver.damping is 1.0 there and 2.0 here"),
        ("solve.seed=1", "solve.seed is 0 there and 1 here"),
        ("network.width=3", "network.width is 4 there and 3 here"),
    ],
)
def test_checkpoint_of_another_calibration(run: RunFolder, change: str, sentence: str) -> None:
    config = run.require_run().override([change])
    with pytest.raises(sp.FileError, match=f"belongs to another run: {sentence}; resume"):
        resume_run(run, config, Growth, lambda record: None)


def test_checkpoint_of_another_model(run: RunFolder) -> None:
    class Other(Growth):
        pass

    with pytest.raises(sp.FileError, match="belongs to another run: model is Growth there and .*Other here"):
        resume_run(run, run.require_run(), Other, lambda record: None)


@pytest.mark.parametrize("name", ["checkpoint", "solution"])
def test_truncated_file(run: RunFolder, tmp_path: Path, name: str) -> None:
    data = getattr(run, name).read_bytes()
    copy = RunFolder(tmp_path)
    copy.config.write_bytes(run.config.read_bytes())
    getattr(copy, name).write_bytes(data[: len(data) // 2])
    with pytest.raises(sp.FileError, match="is truncated: .*; copy it again, or solve again"):
        if name == "solution":
            load(copy.solution)
        else:
            resume_run(copy, copy.require_run(), Growth, lambda record: None)


def test_output_path_below_a_regular_file(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("a file")
    config = Config({"model": "growth"})
    with pytest.raises(sp.FileError, match="notes is a file, not a folder; choose a path that avoids it"):
        start_run(RunFolder(tmp_path / "notes" / "run"), config, Growth, lambda record: None)
    with pytest.raises(sp.FileError, match="it is a file, not a folder; choose another --out"):
        start_run(RunFolder(tmp_path / "notes"), config, Growth, lambda record: None)


def test_a_write_that_fails_half_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    eco = economy(Growth())
    rule, _ = initial_rule(eco, sp.Network(width=4), "auto", 0)
    solution = Solution(eco, rule, rule.cloud, Outcome.EXHAUSTED)
    path = tmp_path / "growth.saddle"
    solution.save(path)
    before = path.read_bytes()

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(sp.FileError, match="No space left on device; nothing was changed there. Make room"):
        solution.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["growth.saddle"]
    assert jax.tree.leaves(load(path).rule)[0].shape == jax.tree.leaves(rule)[0].shape
