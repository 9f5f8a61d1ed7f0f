"""Solutions as files: they come back bit for bit, wrong files are refused, nothing is executed."""

import hashlib
import io
import json
import os
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import saddlepath as sp
from saddlepath import container
from saddlepath.accuracy import Accuracy
from saddlepath.cloud import Cloud
from saddlepath.economy import economy
from saddlepath.files import load, save, source_hash
from saddlepath.models.growth import Growth
from saddlepath.outcome import Outcome
from saddlepath.rule import DecisionRule, ExactRule
from saddlepath.solution import Solution
from saddlepath.solvers.start import initial_rule

ERRORS = Accuracy({"euler": {"mean": 1e-6, "99 %": 1e-5, "max": float("inf")}}, 10, 2.5, 0.0, "ten states")


class Own(sp.Model):
    """A model of the user's with a parameter of every kind, and its closed form."""

    alpha: float = 0.36
    weights: tuple = (1.0, 2.0)
    rates: np.ndarray = eqx.field(default_factory=lambda: np.array([0.1, 0.2]))
    ages: int = 3
    variant: str = "plain"

    class State(NamedTuple):
        k: sp.Scalar

    class Policy(NamedTuple):
        saving: sp.Scalar

    def state_range(self):
        return self.State(k=sp.Positive())

    def policy_range(self):
        return self.Policy(saving=sp.Unit())

    def transition(self, s, x, shock):
        return self.State(k=x.saving * s.k**self.alpha)

    def residuals(self, s, x, E):
        return {"euler": 0.96 * (1 - x.saving) * E(lambda s1, x1: self.alpha / (s1.k ** (1 - self.alpha))) - x.saving}

    def exact(self, s):
        return self.Policy(saving=0.96 * jnp.asarray(self.alpha))


def untrained(model: sp.Model, **arguments) -> Solution:
    """A solution that costs no training: the rule from which training would start."""
    eco = economy(model, **arguments)
    rule, linear = initial_rule(eco, sp.Network(width=4), "auto", 0)
    tests = ({"step": 50, "mean": 1e-6},)
    return Solution(eco, rule, rule.cloud, Outcome.EXHAUSTED, ERRORS, None, linear, tests, {"seed": 0, "tol": 1e-5})


@pytest.fixture(scope="module")
def growth() -> Solution:
    return untrained(Growth(beta=0.98))


@pytest.fixture
def file(growth: Solution, tmp_path: Path) -> Path:
    path = tmp_path / "growth.saddle"
    growth.save(path)
    return path


def same(one: Solution, two: Solution) -> bool:
    """Every leaf and every record."""
    trees = [(s.economy, s.rule, s.cloud, s.linear) for s in (one, two)]
    plain = [(s.outcome, s.accuracy, s.region, s.tests, s.how) for s in (one, two)]
    return bool(eqx.tree_equal(*trees)) and plain[0] == plain[1]


def test_a_shipped_model_comes_back_bit_for_bit(growth: Solution, file: Path) -> None:
    again = load(file)
    assert same(growth, again)
    assert again(k=4.0, z=0.0) == growth(k=4.0, z=0.0)
    assert float(again.model.beta) == 0.98  # the calibration travels with the rule


def test_a_plain_interpreter_reads_double_precision(file: Path, growth: Solution, plain_interpreter: None) -> None:
    assert load(file)(k=4.0, z=0.0).saving.dtype == np.float64


def test_a_file_is_the_same_every_time(growth: Solution, file: Path, tmp_path: Path) -> None:
    load(file).save(tmp_path / "again.saddle")
    assert (tmp_path / "again.saddle").read_bytes() == file.read_bytes()


def test_own_class_with_parameters_of_every_kind(tmp_path: Path) -> None:
    model = Own(alpha=0.3, weights=(0.5, 3), ages=4, variant="other", rates=np.array([0.3, 0.4]))
    eco = economy(model)
    cloud = unit_cloud()
    save(Solution(eco, ExactRule(), cloud, Outcome.CONVERGED), tmp_path / "own.saddle")
    again = load(tmp_path / "own.saddle", model=Own)
    assert (again.model.weights, again.model.ages, again.model.variant) == ((0.5, 3), 4, "other")
    assert isinstance(again.rule, ExactRule)
    assert again(k=1.0).saving == pytest.approx(0.288, rel=1e-15)
    np.testing.assert_array_equal(again.model.rates, [0.3, 0.4])


def unit_cloud() -> Cloud:
    return Cloud(0, jnp.zeros((1, 1)), jnp.zeros((1, 1)), jnp.zeros(1))


@pytest.mark.slow
def test_a_member_of_a_family(tmp_path: Path) -> None:
    family = untrained(Growth(), over=sp.Box(beta=(0.97, 0.99)))
    member = family.at(beta=0.98)
    save(member, tmp_path / "member.saddle")
    again = load(tmp_path / "member.saddle")
    assert same(member, again)
    assert again(k=4.0, z=0.0) == member(k=4.0, z=0.0)
    save(family, tmp_path / "family.saddle")
    assert load(tmp_path / "family.saddle").at(beta=0.98)(k=4.0, z=0.0) == member(k=4.0, z=0.0)


def test_unknown_rules_are_refused(growth: Solution, tmp_path: Path) -> None:
    class Strange(DecisionRule):
        def __call__(self, eco, model, y):
            return None

    strange = Solution(growth.economy, Strange(), growth.cloud, Outcome.CONVERGED)
    with pytest.raises(sp.FileError, match="a file cannot keep a Strange"):
        save(strange, tmp_path / "x.saddle")


def test_own_class_must_be_passed(tmp_path: Path) -> None:
    save(Solution(economy(Own()), ExactRule(), unit_cloud(), Outcome.CONVERGED), tmp_path / "own.saddle")
    with pytest.raises(sp.FileError, match=r"solution of Own, which is not a shipped model; pass its class"):
        load(tmp_path / "own.saddle")


def test_another_class_is_refused(file: Path) -> None:
    with pytest.raises(sp.FileError, match="holds a solution of Growth, got Own"):
        load(file, model=Own)


def altered(path: Path, change) -> Path:
    """The file with another header, checksums renewed: what somebody who knows the format can write."""
    header, stream = container.read_file(path, "solution")
    change(header)
    header.pop("payload")
    arrays = []
    end = len(stream.read())
    stream.seek(0)
    while stream.tell() < end:
        arrays.append(np.load(stream, allow_pickle=False))
    container.write_file(path, "solution", header, arrays)
    return path


def test_a_changed_source_is_refused(file: Path) -> None:
    altered(file, lambda header: header["model"].update(source="0" * 64))
    with pytest.raises(sp.FileError, match="the source of Growth has changed since"):
        load(file)


def test_other_fields_are_refused(file: Path) -> None:
    altered(file, lambda header: header["model"]["fields"].update(gamma=2))
    with pytest.raises(sp.FileError, match="gamma differ; pass the class that was solved"):
        load(file)


def test_a_calibration_outside_its_domain_is_refused(file: Path) -> None:
    altered(file, lambda header: header["model"]["fields"]["beta"].update(value=1.2))
    with pytest.raises(sp.ModelError, match=r"Growth.beta must be between 0 and 1, got 1.2"):
        load(file)


@pytest.mark.parametrize("key", ["outcome", "rule", "model", "linear", "cloud"])
def test_a_header_with_strange_content_is_refused(file: Path, key: str) -> None:
    altered(file, lambda header: header.update({key: {"strange": 1}}))
    with pytest.raises(sp.FileError, match="cannot be understood"):
        load(file)


def test_arrays_of_other_shapes_are_refused(file: Path) -> None:
    altered(file, lambda header: header["rule"]["network"].update(width=5))
    with pytest.raises(sp.FileError, match="arrays of other shapes"):
        load(file)


@pytest.mark.parametrize("name", ["os:system", "saddlepath.models.growth:Growth.__init__", "saddlepath.models.os:path"])
def test_a_file_cannot_name_code_to_run(file: Path, name: str) -> None:
    altered(file, lambda header: header["model"].update({"class": name}))
    with pytest.raises(sp.FileError, match="not a shipped model"):
        load(file)


def test_arrays_that_need_unpickling_are_refused(growth: Solution, file: Path) -> None:
    header, _ = container.read_file(file, "solution")
    header.pop("payload")
    stream = io.BytesIO()
    np.save(stream, np.array([Own], dtype=object), allow_pickle=True)
    data = stream.getvalue()
    header["payload"] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    text = json.dumps(header).encode()
    digest = hashlib.sha256(text).hexdigest()
    file.write_bytes(f"saddlepath solution 1 {len(text)} {digest}\n".encode() + text + data)
    with pytest.raises(sp.FileError, match="arrays of other shapes"):
        load(file)


@pytest.mark.parametrize("keep", [0.0, 0.001, 0.3, 0.9, 0.9999])
def test_a_truncated_file_is_refused(file: Path, keep: float) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: int(keep * len(data))])
    with pytest.raises(sp.FileError, match="is truncated|is not a solution file"):
        load(file)


@pytest.mark.parametrize("where", [0.0, 0.1, 0.5, 0.99])
def test_a_damaged_file_is_refused(file: Path, where: float) -> None:
    data = bytearray(file.read_bytes())
    data[int(where * len(data))] ^= 0x20
    file.write_bytes(bytes(data))
    with pytest.raises(sp.FileError, match="is damaged|is not a solution file"):
        load(file)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(sp.FileError, match="not a solution file of saddlepath"):
        load(tmp_path / "notes.txt")
    with pytest.raises(sp.FileError, match="cannot read .*: No such file"):
        load(tmp_path / "nothing.saddle")
    container.write_file(tmp_path / "c", "checkpoint", {}, [])
    with pytest.raises(sp.FileError, match="is a checkpoint file, not a solution file"):
        load(tmp_path / "c")


def test_a_newer_format_is_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"solution 1 ", b"solution 9 ", 1))
    with pytest.raises(sp.FileError, match="has format 9, this version reads up to 1; install a newer"):
        load(file)


def test_missing_folders_are_made(growth: Solution, tmp_path: Path) -> None:
    growth.save(tmp_path / "deep" / "down" / "x.saddle")
    assert (tmp_path / "deep" / "down" / "x.saddle").is_file()


def test_a_folder_is_no_file(growth: Solution, tmp_path: Path) -> None:
    with pytest.raises(sp.FileError, match="it is a folder; add the name of a file"):
        growth.save(tmp_path)


def test_keys_and_single_precision_come_back(tmp_path: Path) -> None:
    tree = {
        "key": jax.random.key(3),
        "single": jnp.ones(2, dtype=jnp.float32),
        "none": None,
        "host": np.arange(3),
    }
    container.write_file(tmp_path / "t", "test", {}, tree)
    _, stream = container.read_file(tmp_path / "t", "test")
    again = container.read_tree(tmp_path / "t", stream, tree)
    assert jax.random.key_data(again["key"]).tolist() == jax.random.key_data(tree["key"]).tolist()
    assert again["single"].dtype == jnp.float32
    np.testing.assert_array_equal(again["host"], tree["host"])


def test_the_fingerprint_ignores_blank_lines_and_needs_a_source() -> None:
    assert source_hash(Growth) == source_hash(Growth)
    without = type("Without", (sp.Model,), {"__module__": "nowhere", "State": Own.State, "Policy": Own.Policy})
    assert source_hash(without) is None


def test_half_a_write_leaves_the_old_file(file: Path, growth: Solution, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_bytes()

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(sp.FileError, match="No space left on device; nothing was changed there"):
        growth.save(file)
    assert file.read_bytes() == before
    assert os.listdir(file.parent) == [file.name]  # no half file is left behind
