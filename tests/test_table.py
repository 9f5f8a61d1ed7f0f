"""Tables in every form: what is shown is rounded, what is stored is not, and no character breaks a form."""

import io

import numpy as np
import pandas as pd
import pytest

from saddlepath.table import Table, log10, table

VALUE = 0.1 + 0.2  # has seventeen digits


@pytest.fixture
def example() -> Table:
    rows = {"euler_1": {"mean": VALUE, "n": 3, "word": "a|b"}, "x<y": {"mean": 1e-7, "n": 12, "word": "5 %"}}
    return table(rows, "equation", title="Errors & more", note="Two rows.", formats={"mean": ".2e"})


def test_csv_keeps_every_digit(example: Table) -> None:
    back = pd.read_csv(io.StringIO(example.to_csv()), index_col=0)
    assert back.loc["euler_1", "mean"] == VALUE
    assert back.index.name == "equation"


def test_text_is_aligned(example: Table) -> None:
    lines = str(example).splitlines()
    assert lines[0] == "Errors & more" and lines[-1] == "Two rows."
    end = lines[1].index(" n ") + 2
    assert lines[2][:end].endswith(" 3") and lines[3][:end].endswith("12")
    assert "3.00e-01" in lines[2] and "1.00e-07" in lines[3]


def test_markdown(example: Table) -> None:
    text = example.to_markdown()
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "  ").count("|") for line in rows}) == 1
    assert "a\\|b" in text and "--:" in rows[1]


def test_latex_escapes_what_latex_reads(example: Table) -> None:
    text = example.to_latex()
    assert r"euler\_1" in text and r"5 \%" in text and r"Errors \& more" in text
    assert text.count(r"\\") == 3  # head and two rows
    assert r"\begin{tabular}{lrrr}" in text


def test_html_escapes_what_html_reads(example: Table) -> None:
    assert "x&lt;y" in example.to_html() and "Errors &amp; more" in example.to_html()
    assert example._repr_html_() == example.to_html()


def test_missing_values_are_blank() -> None:
    row = {"x": np.nan, "y": -np.inf, "z": True, "t": -1e-9}
    assert table({"a": row}, "row", formats={"t": ".2f"}).cells() == [["a", "", "-inf", "True", "0.00"]]


def test_log10_of_nothing() -> None:
    assert log10(0.0) == -np.inf
    assert log10(-1e-3) == pytest.approx(-3)
