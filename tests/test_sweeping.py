"""Many solves of one model: each a file, none lost, none done twice, whoever does them."""

import concurrent.futures
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import equinox as eqx
import optax
import pytest
from tests.small_run import SMALL_RUN

import saddlepath as sp
from saddlepath import sweeping
from saddlepath.jobs import as_they_arrive
from saddlepath.models.growth import Growth

SMALL: dict[str, Any] = SMALL_RUN["solve"] | {
    "network": sp.Network(**SMALL_RUN["network"]),
    "test": sp.TestPaths(**SMALL_RUN["test"]),
    "tol": 1e-12,
    "steps": 5,
}
SETTINGS = [{"beta": 0.95}, {"beta": 0.97, "seed": 1}]


class Inline(concurrent.futures.Executor):
    """An executor that does everything at once, in this process."""

    def __init__(self) -> None:
        self.calls = 0

    def submit(self, fn, /, *args, **kwargs):
        self.calls += 1
        job: concurrent.futures.Future = concurrent.futures.Future()
        job.set_result(fn(*args, **kwargs))
        return job


def times(folder: Path) -> dict[str, int]:
    """When each solution was written."""
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.saddle")}


def test_every_setting_is_solved_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bookkeeping alone: a solve that only touches its file, and one that finds nothing."""
    solved: list[Any] = []

    def solve_into(cls: type, content: dict[str, Any], path: str) -> str:
        solved.append((content["calibration"]["beta"], content["solve"]["seed"]))
        if content["solve"]["seed"] == 3:
            return "no steady state."
        Path(path).touch()
        return ""

    monkeypatch.setattr(sweeping, "solve_into", solve_into)
    settings = [{"beta": 0.95}, {"beta": 0.97}, {"beta": 0.95}, {"seed": 3}]
    found = sp.sweep(Growth(beta=0.9), settings, tmp_path, executor=Inline(), seed=1)
    assert sorted(solved) == [(0.9, 3), (0.95, 1), (0.97, 1)]
    assert found.files[0] == found.files[2] and found.failures == {3: "no steady state."}
    again = sp.sweep(Growth(), [{"beta": 0.97}, {"beta": 0.96}], tmp_path, executor=Inline(), seed=1)
    assert solved[3:] == [(0.96, 1)] and again.files[0] == found.files[1]
    sp.sweep(Growth(beta=0.9), settings, tmp_path, executor=Inline(), seed=1)
    assert solved[4:] == [(0.9, 3)]  # what failed is tried again


@pytest.mark.slow
def test_a_sweep_is_its_solves_and_solves_once(tmp_path: Path) -> None:
    records: list[dict[str, Any]] = []
    first, more = Inline(), Inline()
    found = sp.sweep(Growth(), SETTINGS, tmp_path, executor=first, log=records.append, **SMALL)
    assert [s.model.beta for s in found] == [0.95, 0.97] and [s.how["seed"] for s in found] == [0, 1]
    assert [(r["done"], r["of"]) for r in records] == [(1, 2), (2, 2)] and {r["position"] for r in records} == {0, 1}
    before = times(tmp_path)
    # In another order, with one that is new and one that is there twice.
    wider = [SETTINGS[1], {"beta": 0.96}, SETTINGS[0], SETTINGS[1]]
    again = sp.sweep(Growth(), wider, tmp_path, executor=more, **SMALL)
    assert (first.calls, more.calls) == (2, 1)
    assert before.items() < times(tmp_path).items() and len(times(tmp_path)) == 3
    assert again.files[0] == again.files[3] == found.files[1]
    rows = again.table().frame
    assert rows["beta"].tolist() == [0.97, 0.96, 0.95, 0.97] and set(rows["outcome"]) == {"exhausted"}
    assert rows["mean"].tolist()[2] == found[0].accuracy.mean


@pytest.mark.slow
def test_a_solve_that_fails_is_told_and_tried_again(tmp_path: Path) -> None:
    settings = [{}, {"sigma": 300.0}]
    found = sp.sweep(Growth(), settings, tmp_path, executor=Inline(), **SMALL)
    assert list(found.failures) == [1] and len(times(tmp_path)) == 1
    with pytest.raises(sp.ConvergenceError, match="not finite"):
        found[1]
    assert "not finite" in str(found)
    retry = Inline()
    sp.sweep(Growth(), settings, tmp_path, executor=retry, **SMALL)
    assert retry.calls == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"bta": 0.9}, "'bta' is neither a parameter of Growth nor an argument of solve .* did you mean beta"),
        ({"resume": 1}, "'resume' is neither a parameter"),
        ({"solver": sp.FirstOrder(optimizer=optax.adam(1e-3))}, "which a file cannot"),
        ({"start": sp.Prior}, "start holds"),
    ],
)
def test_what_no_worker_could_do_is_refused_first(tmp_path: Path, settings: dict[str, Any], words: str) -> None:
    executor = Inline()
    with pytest.raises(sp.ConfigError, match=words):
        sp.sweep(Growth(), [{}, settings], tmp_path, executor=executor)
    assert executor.calls == 0 and not times(tmp_path)


def test_a_worker_that_is_gone_is_told() -> None:
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        found = as_they_arrive(os._exit, [(1,)], pool)
        with pytest.raises(sp.SaddlepathError, match="a worker process ended without an answer"):
            list(found)


@pytest.mark.slow
def test_new_processes_by_default(tmp_path: Path) -> None:
    found = sp.sweep(Growth(), SETTINGS, tmp_path, **SMALL)
    assert len(times(tmp_path)) == 2 and not found.failures
    assert eqx.tree_equal(found[1].rule, sp.solve(Growth(beta=0.97), seed=1, **SMALL).rule)


@pytest.mark.slow
def test_a_cluster_loses_a_worker_and_nothing_else(tmp_path: Path) -> None:
    """Two workers of Dask; one is killed after the first solves have ended, with what it holds of their results."""
    distributed = pytest.importorskip("distributed")
    settings = [{"seed": seed} for seed in range(8)]
    killed: dict[str, int] = {}

    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        first = next(iter(cluster.workers.values()))

        def kill_once(record: dict[str, Any]) -> None:
            if record["done"] == 3:
                killed.update(times(tmp_path))
                os.kill(first.process.pid, signal.SIGKILL)

        found = sp.sweep(Growth(), settings, tmp_path, executor=client.get_executor(), log=kill_once, **SMALL)
    assert 3 <= len(killed) < 8
    assert not found.failures and len(times(tmp_path)) == 8
    assert killed.items() <= times(tmp_path).items()  # what had ended was not solved again
    assert {s.how["seed"] for s in found} == set(range(8))
    assert not list(tmp_path.glob(".*.part"))
