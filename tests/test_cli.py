"""The command line: commands, exit codes, sentences; help texts load nothing heavy."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.small_run import words as small

import saddlepath as sp
from saddlepath import catalogue
from saddlepath.catalogue import class_name
from saddlepath.cli import main
from saddlepath.cli.progress import ProgressLine

COMMANDS = [
    "new",
    "import",
    "models",
    "describe",
    "check",
    "solve",
    "resume",
    "errors",
    "simulate",
    "irf",
    "report",
    "demo",
]


def call(*words: object) -> int:
    """Exit code of a command, run inside this process."""
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    code = end.value.code
    return code if isinstance(code, int) else 0


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test works in a folder of its own, and leaves the environment as it was."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "JAX_COMPILATION_CACHE_DIR",
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "XLA_FLAGS",
    ):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a shipped model that meets a loose tolerance."""
    place = tmp_path_factory.mktemp("runs") / "growth"
    words = ["solve", "growth", "--out", place, "--no-report", *small(tol=1e-2)]
    assert call(*words) == 0
    return place


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(command, "--help") == 0
    assert "Usage: saddlepath" in capsys.readouterr().out


def test_help_and_models_load_no_jax() -> None:
    """JAX alone takes longer to load than the 0.7 seconds in which these two answer."""
    program = (
        "import sys\nfrom saddlepath.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "heavy = {'jax', 'numpy', 'equinox', 'scipy', 'rich'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    for words in (["--help"], ["models"], ["solve", "--help"], ["--version"]):
        done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("word", ["--help", "models"])
def test_help_and_models_answer_at_once(word: str) -> None:
    times = []
    for _ in range(3):  # the fastest of three: the machine may be busy with other tests
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "saddlepath.cli", word], capture_output=True, check=True)
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.7


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--version") == 0
    assert capsys.readouterr().out.strip() == f"saddlepath {sp.__version__}"


def test_models_are_listed_with_their_first_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("models") == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("growth ") and "Stochastic growth" in line for line in lines)


def test_every_listed_model_is_found() -> None:
    for entry in catalogue.shipped_models():
        assert catalogue.model_class(entry.reference).__name__ == entry.name
        assert entry.summary, f"{entry.name} needs a docstring"


def test_describe_and_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("describe", "growth") == 0
    assert "discount factor" in capsys.readouterr().out
    assert call("check", "growth", "--set", "calibration.beta=0.97") == 0
    assert "no mistakes found" in capsys.readouterr().out


def test_new_writes_a_model_that_passes_its_check(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("new", "my_model") == 0
    assert "saddlepath solve my_model.py:MyModel" in capsys.readouterr().out
    assert call("check", "my_model.py:MyModel") == 0
    assert call("new", "my_model.py") == 2
    assert "exists already; choose another name" in capsys.readouterr().err


@pytest.mark.slow
def test_the_template_solves_as_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("new", "my_model") == 0
    # A smaller network on fewer paths.
    assert call("solve", "my_model.py:MyModel", "--no-report", *small(tol=1e-3, steps=100)) == 0
    assert "MyModel: converged" in capsys.readouterr().out
    # A stranger's folder runs no code: the file is run only if the same reference is given again.
    assert call("errors", "runs/MyModel") == 2
    assert "add --model my_model.py:MyModel" in capsys.readouterr().err
    Path("runs/MyModel/run.toml").write_text('model = "other.py:Bad"\n')
    assert call("errors", "runs/MyModel", "--model", "my_model.py:MyModel") == 2
    assert "solved from other.py:Bad" in capsys.readouterr().err


@pytest.mark.parametrize(("stem", "name"), [("my_model", "MyModel"), ("rbc2", "Rbc2"), ("a-b", "AB")])
def test_class_names(stem: str, name: str) -> None:
    assert class_name(stem) == name


def test_a_run_folder_is_complete(run: Path) -> None:
    names = {path.name for path in run.iterdir()}
    assert names >= {"run.toml", "environment.json", "metrics.jsonl", "checkpoint.saddle", "accuracy.json"}
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [r["event"] for r in records][:3] == ["attempt", "begun", "test"]
    assert records[-1]["outcome"] == "converged"
    assert list((run / "tensorboard").rglob("events*"))
    assert "time" not in (run / "accuracy.json").read_text()
    found = json.loads((run / "accuracy.json").read_text())
    assert 0 < found["linear"]["mean"] <= found["linear"]["max"] and found["judged"]
    assert json.loads((run / "environment.json").read_text())["seed"] == 0
    assert "beta = 0.99" in (run / "run.toml").read_text()


def test_the_resolved_run_file_runs(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("solve", run / "run.toml", "--out", "again", "--no-report") == 0
    first, second = ((p / "accuracy.json").read_bytes() for p in (run, Path("again")))
    assert first == second


def test_a_run_that_does_not_converge_exits_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("solve", "growth", "--out", "r", "--no-report", *small(tol=1e-14)) == 1
    assert "out of budget" in capsys.readouterr().out
    assert call("resume", "r", "--no-report") == 1
    assert "this run has ended" in capsys.readouterr().out
    assert call("resume", "r", "--no-report", "--set", "solve.steps=25") == 1  # a larger budget goes on
    records = [json.loads(line) for line in Path("r/metrics.jsonl").read_text().splitlines()]
    assert [r["step"] for r in records if r["event"] == "test"] == [0, 5, 10, 15, 20, 25]


def test_answers_of_a_run(run: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("errors", run, "--csv", "errors.csv", "--latex", "errors.tex") == 0
    assert "euler" in capsys.readouterr().out
    assert "euler" in Path("errors.csv").read_text() and "tabular" in Path("errors.tex").read_text()
    assert call("simulate", run, "--periods", 5, "--paths", 2) == 0
    assert "autocorrelation" in capsys.readouterr().out
    assert call("simulate", run, "--periods", 5, "--paths", 2, "--out", "panel.csv") == 0
    assert len(Path("panel.csv").read_text().splitlines()) == 11
    assert call("irf", run, "--periods", 3) == 0
    assert "consumption" in capsys.readouterr().out


@pytest.mark.slow
def test_the_referee_is_asked_for_by_a_flag(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("errors", run, "--referee") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "the rule differs from the referee's by" in told and "box, largest relative" in told
    assert call("solve", "growth", "--referee", "--out", "judged", *small(tol=1e-2)) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "The linear solution has mean" in told and "the rule differs from the referee's by" in told
    assert '<section id="referee">' in Path("judged/report.html").read_text(encoding="utf-8")


def test_a_solution_file_answers_too(run: Path) -> None:
    assert call("errors", run / "solution.saddle") == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["solve", "grwth"], "no shipped model is called 'grwth'; did you mean growth"),
        (["solve", "nothing.py:M"], "there is no model file nothing.py"),
        (["solve", "nothing.toml"], "cannot read the run file nothing.toml"),
        (
            ["solve", "growth", "--set", "solver.dampin=1"],
            "[solver] has no key 'dampin'; did you mean damping?",
        ),
        (
            ["solve", "growth", "--set", "calibration.beta=1.2"],
            "Growth.beta must be between 0 and 1, got 1.2",
        ),
        (["solve", "irbc", "--referee"], "collocation is for up to 3 continuous states, IRBC has 4"),
        (["resume", "nowhere"], "nowhere is not a run folder: it has no run.toml"),
        (["errors", "nowhere.saddle"], "cannot read nowhere.saddle"),
        (["describe", "growth:Grwth"], "no shipped model is called 'growth:Grwth'"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_code_2(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*words) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.startswith("saddlepath: ")
    assert len(said.strip().splitlines()) == 1 and "Traceback" not in said
    assert not Path("runs").exists()  # nothing is written for a run that cannot begin


def test_a_mistake_in_the_users_file_names_its_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.py").write_text("import saddlepath as sp\n\nx = 1 / 0\n")
    assert call("check", "bad.py:Bad") == 2
    assert "bad.py cannot be run: line 3: ZeroDivisionError: division by zero" in capsys.readouterr().err
    Path("syntax.py").write_text("x = (\n")
    assert call("check", "syntax.py:Bad") == 2
    assert "syntax.py cannot be run: line 1: SyntaxError" in capsys.readouterr().err
    Path("empty.py").write_text("")
    assert call("check", "empty.py:Bad") == 2
    assert "empty.py has no model 'Bad'" in capsys.readouterr().err


def test_a_folder_with_a_run_is_not_overwritten(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (run / "solution.saddle").read_bytes()
    assert call("solve", "growth", "--out", run) == 2
    assert "already holds a run; continue it with: saddlepath resume" in capsys.readouterr().err
    assert (run / "solution.saddle").read_bytes() == before


def test_progress_without_a_terminal_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressLine("growth", 1e-5, 200) as progress:
        progress({"event": "attempt", "attempt": 0, "start": "auto", "seed": 0})
        progress({"event": "begun", "step": 50, "loss": 3e-4})
        progress({"event": "test", "step": 50, "mean": 2e-3})
        progress({"event": "outcome", "attempt": 0, "outcome": "exploded"})
        progress({"event": "attempt", "attempt": 1, "start": "auto", "seed": 1})
    lines = capsys.readouterr().err.splitlines()
    assert lines[1] == "growth: step 50/200  loss 3.0e-04"
    assert lines[2].startswith("growth: step 50/200  Euler error 2.0e-03 (tol 1e-05)")
    assert re.search(r"\d+/s  <\d+:\d\d left$", lines[2])
    assert lines[3:] == ["growth: this attempt exploded", "growth: attempt 2, start auto, seed 1"]


def test_control_c_outside_of_a_solve(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(catalogue, "shipped_models", interrupted)
    assert call("models") == 130
    assert "stopped by hand; a run goes on with: saddlepath resume" in capsys.readouterr().err


@pytest.mark.slow
def test_the_demonstration_reaches_its_reference_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("demo", "--out", "demo") == 0
    distances = [float(number) for number in re.findall(r"distance (\d\S+)", capsys.readouterr().out)]
    assert len(distances) == 9
    assert max(distances) < 1e-5  # the reference numbers carry seven to eight digits
    assert all(Path("demo", name, "report.html").is_file() for name in ("growth", "life_cycle"))
