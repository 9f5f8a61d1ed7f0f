"""Model files that cannot be read: one sentence each, with the file and the line."""

from pathlib import Path

import pytest

import saddlepath as sp

GROWTH = """\
var c k z;
varexo e;
parameters alpha beta rho;
alpha = 0.36; beta = 0.99; rho = 0.9;
model;
1/c = beta*alpha*exp(z(+1))*k^(alpha-1)/c(+1);
c + k = exp(z)*k(-1)^alpha;
z = rho*z(-1) + e;
end;
shocks; var e; stderr 0.04; end;
"""
"""A model of nine lines, to which each mistake is made."""

DYNARE = [
    ("k(-1)^alpha", "kk(-1)^alpha", 7, "'kk' is not declared; did you mean k?"),
    ("c(+1);", "c(+1)", 7, "'c' does not fit here; look for a missing ';'"),
    ("exp(z(+1))", "expo(z(+1))", 6, "there is no function 'expo'; did you mean exp"),
    ("exp(z(+1))", "max(z(+1))", 6, "max takes 2 arguments and has 1"),
    ("beta*alpha*exp", "beta(+1)*alpha*exp", 6, "the parameter beta has a lead or lag"),
    ("k^(alpha-1)", "k^alpha^2", 6, "'^2/c(+1);' does not fit here"),
    ("var c k z;", "var c k z q;", 6, "there are 3 equations for 4 variables (c, k, z, q); give one equation"),
    ("var c k z;", "var c k z c;", 1, "c was declared on line 1 already"),
    ("rho = 0.9;", "", 3, "the parameter rho has no value; assign one, such as rho = 1;"),
    ("beta = 0.99;", "beta = 0.99; beta = 0.98;", 4, "beta was given a value on line 4 already"),
    ("alpha = 0.36;", "alpha = rho;", 4, "rho has no value yet"),
    ("shocks; var e; stderr 0.04; end;", "", 2, "the innovation e has no variance; give it one in the block shocks"),
    ("var e; stderr 0.04;", "var e; stderr 0.04; var u; stderr 1;", 1, "names 'u', which is no innovation"),
    ("var e; stderr 0.04;", "var e; periods 1:4; values 0.1;", 10, "deterministic experiment"),
    ("end;\nshocks", "end;\n@#define n = 2\nshocks", 10, "macro directives (@#, @{}) are not read"),
    (
        "end;\nshocks",
        "end;\nramsey_model(planner_discount=0.99);\nshocks",
        10,
        "the command 'ramsey_model' is not read",
    ),
    ("end;\nshocks", "end;\nload mydata.mat;\nshocks", 10, "the command 'load' is not read"),
    ("c + k =", "[mcp = 'c > 0'] c + k =", 7, "the tag 'mcp' (complementarity) is not read"),
    ("stderr 0.04; end;\n", "stderr 0.04;", 10, "the text ends in the middle of a statement"),
    ("1/c = beta*alpha*exp(z(+1))*k^(alpha-1)/c(+1);", "c = 0.5*exp(z)*k(-1)^alpha;", 6, "no equation looks ahead"),
    ("varexo e;", "varexo e; predetermined_variables x;", 1, "predetermined_variables names 'x'"),
    ("1/c = beta", "1/c = STEADY_STATE(cc)*beta", 6, "'cc' is not declared"),
    (
        "1/c = beta",
        "sqrt(-1-c^2) = STEADY_STATE(c)*beta",
        6,
        "STEADY_STATE(c) needs the steady state, and none was found",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), DYNARE, ids=[words[:40] for *_, words in DYNARE])
def test_a_mistake_in_a_mod_file_is_told_with_its_line(
    old: str, new: str, line: int, words: str, tmp_path: Path
) -> None:
    assert old in GROWTH
    place = tmp_path / "growth.mod"
    place.write_text(GROWTH.replace(old, new, 1))
    with pytest.raises(sp.ModelError) as refused:
        sp.import_model(place)
    said = str(refused.value)
    assert said.startswith(f"growth.mod, line {line}: ") and words in said


SAVING = """\
symbols:
  exogenous: [z]
  states: [k]
  controls: [i]
  parameters: [alpha, beta, rho, sigma]
definitions: |
  y[t] = exp(z[t])*k[t]^alpha
  c[t] = y[t] - i[t]
equations:
  arbitrage: |
    1 - beta*c[t]/c[t+1]*alpha*y[t+1]/k[t+1]  ⟂ 0 <= i[t] <= inf
  transition: |
    k[t] = i[t-1]
calibration: {alpha: 0.36, beta: 0.99, rho: 0.9, sigma: 0.04, z: 0, k: (alpha*beta)^(1/(1-alpha)), i: k}
exogenous: !AR1
  rho: rho
  sigma: sigma
"""
"""A dolo file, to which each mistake is made."""

DOLO = [
    ("k[t]^alpha", "kk[t]^alpha", 7, "'kk' is not declared; did you mean k?"),
    ("symbols:", "symbols: [", 3, "this is no YAML"),
    ("calibration:", "calibrated:", 1, "there is no key 'calibration'"),
    ("definitions: |", "extra: 1\ndefinitions: |", 6, "the key 'extra' is not read"),
    ("!AR1", "!MarkovChain", 15, "the process 'MarkovChain' is not read; expected !VAR1, !AR1 or !Normal"),
    ("  sigma: sigma\n", "", 15, "the exogenous process gives no Sigma"),
    ("  sigma: sigma\n", "  Sigma: [[1, 0]]\n", 17, "Sigma must have 1 rows of 1 entries"),
    ("exogenous: !AR1\n  rho: rho\n  sigma: sigma\n", "", 2, "z is exogenous and has no process"),
    ("  transition:", "  block:", 12, "equations of the kind 'block' are not read"),
    ("1 - beta", "1 = beta", 11, "an equation with bounds must be one expression"),
    ("<= i[t] <=", "<= k[t] <=", 11, "bounds must be those of a control"),
    ("[i]", "[i, j]", 11, "there are 3 equations for 4 variables (k, z, i, j)"),
    ("i: k}", "i: i2, i2: i}", 14, "depend on each other in a circle"),
    ("alpha: 0.36", "alpha: [0.36]", 14, "expected one number or formula"),
    ("sigma: 0.04,", "", 5, "the parameter sigma has no value"),
    ("c[t]/c[t+1]", "c[t]/c[t+1", 11, "does not fit here"),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), DOLO, ids=[words[:40] for *_, words in DOLO])
def test_a_mistake_in_a_yaml_file_is_told_with_its_line(
    old: str, new: str, line: int, words: str, tmp_path: Path
) -> None:
    assert old in SAVING
    place = tmp_path / "saving.yaml"
    place.write_text(SAVING.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(sp.ModelError) as refused:
        sp.import_model(place)
    said = str(refused.value)
    assert said.startswith(f"saving.yaml, line {line}: ") and words in said


def test_both_are_read_without_mistakes(tmp_path: Path) -> None:
    for name, text in (("growth.mod", GROWTH), ("saving.yaml", SAVING)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert "class " in sp.import_model(tmp_path / name).text


@pytest.mark.slow
def test_a_first_guess_is_kept_where_no_steady_state_is_found(tmp_path: Path) -> None:
    """From a bad guess the root is found, by further starts around it; capital without a product has none."""
    place = tmp_path / "growth.mod"
    guess = "initval; c = 2; k = 3; z = 0; end;\n"
    place.write_text(GROWTH.replace("1/c =", "1.5/c =") + guess)
    model = sp.import_model(place)
    assert not any("no steady state" in note for note in model.notes)
    k = (1.5 / (0.99 * 0.36)) ** (1 / (0.36 - 1))
    assert f"k_lag={k:.12g}" in model.text
    place.write_text(GROWTH.replace("1/c =", "1 + c^2 =").replace("alpha = 0.36", "alpha = 0") + guess)
    model = sp.import_model(place)
    assert "no steady state was found" in model.notes[-1]
    assert "k_lag=3.0" in model.text and "self.Policy(c=2.0, k=3.0)" in model.text


def test_files_of_another_kind_and_files_that_are_there_already(tmp_path: Path) -> None:
    with pytest.raises(sp.FileError, match="ends in .mod, .dyn, .yaml, .yml, got model.txt"):
        sp.import_model(tmp_path / "model.txt")
    with pytest.raises(sp.FileError, match="cannot be read"):
        sp.import_model(tmp_path / "none.mod")
    (tmp_path / "growth.mod").write_text(GROWTH)
    model = sp.import_model(tmp_path / "growth.mod")
    model.write(tmp_path / "growth.py")
    with pytest.raises(sp.FileError, match="exists already"):
        model.write(tmp_path / "growth.py")


def test_names_that_python_spells_alike(tmp_path: Path) -> None:
    (tmp_path / "saving.yaml").write_text(
        SAVING.replace("rho, sigma]", "rho, sigma, β]").replace("beta: 0.99,", "beta: 0.99, β: 1,"), encoding="utf-8"
    )
    with pytest.raises(sp.ModelError, match="beta and β are both spelled beta in Python"):
        sp.import_model(tmp_path / "saving.yaml")
