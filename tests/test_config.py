"""Run files: tables are constructor calls, round trips are exact, mistakes are answered with valid keys."""

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import equinox as eqx
import numpy as np
import optax
import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

import saddlepath as sp
from saddlepath.accuracy import TestPaths
from saddlepath.config import TABLES, Config, read_config
from saddlepath.constructors import construct, table_of
from saddlepath.grid import BASES
from saddlepath.models.growth import Growth
from saddlepath.models.life_cycle import LifeCycle
from saddlepath.network import ACTIVATIONS
from saddlepath.quadrature import Quadrature
from saddlepath.solvers.balancing import SCHEMES
from saddlepath.solvers.collocation import METHODS
from saddlepath.solvers.first_order import KERNELS, OPTIMIZERS, SCHEDULES

reals = st.floats(allow_nan=False, allow_infinity=False, width=64)
shares = st.floats(0.0, 1.0)
counts = st.integers(1, 10_000)
maybe = st.none() | counts
names = st.sampled_from(["alpha", "beta", "k", "z"])


# A recipe is a constructor with its arguments. It is followed in the body of a test, not by the strategy: the
# run-time checks of types draw random numbers of their own, which hypothesis forbids inside a strategy.
Recipe = tuple[Any, dict[str, Any]]


def recipe(constructor: Any, **arguments: st.SearchStrategy) -> st.SearchStrategy[Recipe]:
    return st.tuples(st.just(constructor), st.fixed_dictionaries(arguments))


def made(instruction: Any) -> Any:
    """The value of a recipe, and of the recipes inside it."""
    if isinstance(instruction, tuple) and len(instruction) == 2 and callable(instruction[0]):
        constructor, given_arguments = instruction
        return constructor(**{key: made(value) for key, value in given_arguments.items()})
    return instruction


@st.composite
def bounds(draw: st.DrawFn) -> tuple[Any, Any]:
    """Bounds of a scalar or of an array."""
    low = draw(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=3))
    width = draw(st.floats(1e-3, 1e3))
    entries = np.array(low) if len(low) > 1 else np.array(low[0])
    return entries, entries + width


boxes = st.tuples(st.just(sp.Box), st.dictionaries(names, bounds(), min_size=1))
balancings = recipe(sp.Relobralo, temperature=st.floats(1e-3, 1e3), memory=shares, lookback=shares)
solvers = (
    recipe(
        sp.LevenbergMarquardt,
        batch=maybe,
        damping=reals,
        accept=reals,
        reject=reals,
        floor=st.none() | reals,
        memory=st.none() | st.floats(0, 0.99),
        scaling=st.sampled_from(sorted(SCHEMES)) | balancings,
        steps=maybe,
    )
    | recipe(
        sp.FirstOrder,
        optimizer=st.sampled_from(sorted(OPTIMIZERS)),
        learning_rate=reals,
        schedule=st.sampled_from(SCHEDULES),
        kernel=st.sampled_from(sorted(KERNELS)),
        scaling=st.sampled_from(sorted(SCHEMES)) | balancings,
        batch=maybe,
        steps=maybe,
    )
    | recipe(
        sp.TimeIteration,
        hold=counts,
        fit=recipe(sp.LevenbergMarquardt, damping=reals, floor=st.none() | reals),
        batch=maybe,
        steps=maybe,
    )
)
collocations = recipe(
    sp.Collocation,
    nodes=st.none() | st.integers(5, 40) | st.tuples(st.integers(5, 40), st.integers(5, 40)),
    basis=st.sampled_from(["auto", *BASES]),
    method=st.sampled_from(METHODS),
    box=st.none() | boxes,
)
paths = recipe(sp.Paths, restart=shares, settled_restart=shares, dispersed=shares, spread=reals)
regions = recipe(sp.Region, box=boxes)
activations = st.sampled_from(sorted(ACTIVATIONS))
values = {
    "solver": solvers | collocations,
    "network": recipe(sp.Network, width=counts, depth=counts, activation=activations),
    "sampling": paths
    | regions
    | recipe(sp.Mixture, region=regions, paths=paths, share=shares)
    | recipe(sp.Replay, memory=counts, paths=paths),
    "quadrature": recipe(sp.GaussHermite, n=counts) | recipe(sp.Monomial, degree=st.sampled_from([3, 5])),
    "over": boxes,
    "homotopy": recipe(sp.Homotopy, sigma=st.lists(reals, min_size=1, max_size=4)),
    "test": recipe(TestPaths, paths=counts, burn_in=counts, dates=counts, repeats=counts),
}


@pytest.mark.parametrize("key", sorted(TABLES))
def test_every_value_survives_a_file(key: str) -> None:
    @given(values[key])
    def round_trip(instruction: Recipe) -> None:
        value = made(instruction)
        text = tomli_w.dumps({key: table_of(value)})
        assert eqx.tree_equal(construct(tomllib.loads(text)[key], TABLES[key], key), value)

    round_trip()


@settings(max_examples=30)
@given(shares, shares, st.integers(0, 2**31 - 1), st.lists(solvers, min_size=2, max_size=3))
def test_a_resolved_run_file_is_complete(beta: float, delta: float, seed: int, instructions: list[Recipe]) -> None:
    stages = [dataclasses.replace(made(one), steps=7) for one in instructions]
    table = {
        "model": "growth",
        "calibration": {"beta": beta, "delta": delta},
        "solve": {"seed": seed},
        "solver": [table_of(stage) for stage in stages],
    }
    once = Config(table).resolved(Growth)
    again = Config(tomllib.loads(tomli_w.dumps(once)))
    assert again.resolved(Growth) == once
    assert again.build_model(Growth) == Growth(beta=beta, delta=delta)
    assert again.arguments(Growth)["solver"] == tuple(stages)
    assert once["calibration"] == {"alpha": 0.36, "beta": beta, "delta": delta, "rho": 0.9, "sigma": 0.04}


def test_structure_and_whole_numbers_of_a_model() -> None:
    model = Config({"model": "life_cycle", "calibration": {"ages": 20, "beta": 1}}).build_model(LifeCycle)
    assert model.ages == 20 and isinstance(model.beta, float)


@pytest.mark.parametrize(
    ("assignment", "key", "value"),
    [
        ("solve.seed=3", "seed", 3),
        ("solve.tol=1e-7", "tol", 1e-7),
        ("solve.tol=1", "tol", 1.0),
        ("solve.start=steady", "start", "steady"),
        ('solve.start="steady"', "start", "steady"),
        ("solver.kind=FirstOrder", "solver", sp.FirstOrder()),
        ("solver.batch=none", "solver", sp.LevenbergMarquardt()),
        ("network.width=8", "network", sp.Network(width=8)),
        ("over.beta=[0.85, 0.97]", "over", sp.Box(beta=(0.85, 0.97))),
        ("homotopy.sigma=[0.01, 0.02]", "homotopy", sp.Homotopy(sigma=(0.01, 0.02))),
        ("sampling.restart=0.1", "sampling", sp.Paths(restart=0.1)),
    ],
)
def test_every_value_can_be_set(assignment: str, key: str, value: Any) -> None:
    given_arguments = Config({"model": "growth"}).override([assignment]).arguments(Growth)
    assert eqx.tree_equal(given_arguments[key], value)


def test_calibration_and_stages_can_be_set() -> None:
    config = Config({"model": "growth", "solver": [{"kind": "FirstOrder", "steps": 5}, {}]})
    changed = config.override(["calibration.beta=0.95", "solver.0.steps=9", "model=brock_mirman"])
    assert changed.build_model(Growth).beta == 0.95
    assert changed.arguments(Growth)["solver"] == (sp.FirstOrder(steps=9), sp.LevenbergMarquardt())
    assert changed.reference == "brock_mirman"
    assert config.arguments(Growth)["solver"][0].steps == 5  # the first run file is unchanged


def test_states_to_start_from() -> None:
    table = {"kind": "FromStates", "horizon": 20, "states": {"k": [4.0, 6.0], "z": [0.0, 0.1]}}
    sampling = Config({"model": "growth", "sampling": table}).arguments(Growth)["sampling"]
    np.testing.assert_array_equal(sampling.states.k, [4.0, 6.0])
    with pytest.raises(sp.ConfigError, match="needs a list for every state"):
        Config({"model": "growth", "sampling": table | {"states": {"k": [1.0]}}}).arguments(Growth)


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (["solver.dampin=2"], r"\[solver\] has no key 'dampin'; did you mean damping\? Valid names are"),
        (["solve.tool=1"], r"\[solve\] has no key 'tool'; did you mean tol"),
        (["solve.log=1"], r"\[solve\] has no key 'log'"),
        (["tol=1"], r"no key 'tol'; it belongs into the table \[solve\]; write solve.tol"),
        (["calibraton.beta=1"], "a run file has no key 'calibraton'; did you mean calibration"),
        (["calibration.bta=1"], r"\[calibration\] has no key 'bta'; did you mean beta"),
        (
            ["solver.kind=Newton"],
            r"\[solver\] has no kind 'Newton'; .*Valid names are LevenbergMarquardt, FirstOrder",
        ),
        (["solve.steps=1.5"], "solve.steps must be a whole number, got 1.5"),
        (["solve.steps=many"], "solve.steps must be a whole number, got 'many'"),
        (["network.width=true"], "network.width must be a whole number, got True"),
        (["network.width=[1, 2]"], r"network.width must be a single value, got the list \[1, 2\]"),
        (["network=8"], r"\[network\] must be a table of arguments, got 8"),
        (["sampling.kind=Mixture"], r"\[sampling\] needs region; add region = ..."),
        (["over.beta=[0.9]"], "a Box needs a pair"),
        (["seed"], "--set expects table.key=value, got 'seed'"),
        (["solve.seed.x=1", "solve.seed=1", "solve.seed.x=1"], "seed is a value, not a table"),
    ],
)
def test_mistakes_are_answered(assignments: list[str], message: str) -> None:
    with pytest.raises(sp.ConfigError, match=message):
        config = Config({"model": "growth"}).override(assignments)
        config.build_model(Growth)
        config.arguments(Growth)


def test_values_that_no_file_can_hold() -> None:
    with pytest.raises(
        sp.ConfigError, match="FirstOrder.optimizer holds GradientTransformation.*, which a file cannot"
    ):
        table_of(sp.FirstOrder(optimizer=optax.adam(1e-3)))


def test_an_abstract_kind_needs_a_name_that_exists() -> None:
    with pytest.raises(sp.ConfigError, match="has no kind 'Gauss'; did you mean"):
        construct({"kind": "Gauss"}, (Quadrature,), "quadrature")


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('model = "growth"\n[solve]\nseed = 1\n')
    assert read_config(path).arguments(Growth) == {"seed": 1}
    path.write_text('model = "growth"\n[solve\n')
    with pytest.raises(sp.ConfigError, match=r"is not valid TOML: .*line 2.*; correct that line"):
        read_config(path)
    path.write_text("[solve]\nseed = 1\n")
    with pytest.raises(sp.ConfigError, match="a run file needs model = "):
        read_config(path)
    with pytest.raises(sp.FileError, match="cannot read the run file"):
        read_config(tmp_path / "nothing.toml")
