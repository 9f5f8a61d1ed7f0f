"""`solve` against referees, closed forms and itself: accuracy, other seeds, other devices, other optimizers."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import saddlepath as sp
from saddlepath.accuracy import Accuracy
from saddlepath.cloud import Cloud
from saddlepath.economy import economy
from saddlepath.models.brock_mirman import BrockMirman
from saddlepath.models.growth import Growth
from saddlepath.rule import ExactRule
from saddlepath.solvers.solve import Attempt, _stuck
from saddlepath.solvers.training import Budget

REFERENCE = json.loads((Path(__file__).parent / "referee" / "growth_reference.json").read_text())


class AffineGrowth(sp.Model):
    """Growth with partial depreciation, its Euler equation affine in the expectation."""

    alpha: float = 0.36
    beta: float = 0.99
    delta: float = 0.10
    rho: float = 0.90
    sigma: float = 0.04

    class State(NamedTuple):
        k: sp.Scalar
        z: sp.Scalar

    class Policy(NamedTuple):
        saving: sp.Scalar

    def state_range(self):
        return self.State(k=sp.Positive(), z=sp.Real())

    def policy_range(self):
        return self.Policy(saving=sp.Unit())

    def shocks(self):
        return sp.Normal(1)

    def output(self, s):
        return jnp.exp(s.z) * s.k**self.alpha

    def consumption(self, s, x):
        return (1 - x.saving) * self.output(s)

    def transition(self, s, x, shock):
        k = (1 - self.delta) * s.k + x.saving * self.output(s)
        return self.State(k=k, z=self.rho * s.z + self.sigma * shock[0])

    def residuals(self, s, x, E):
        def marginal_value(s1, x1):
            return (1 - self.delta + self.alpha * self.output(s1) / s1.k) / self.consumption(s1, x1)

        return {"euler": self.beta * self.consumption(s, x) * E(marginal_value) - 1}


@pytest.fixture(scope="module")
def growth() -> sp.Solution:
    return sp.solve(Growth(), tol=2e-6)


def compilations(call) -> int:
    """How often a call made JAX lower something larger than a single operation, to compile it or to load it."""
    seen: list[str] = []

    def hear(event: str, duration: float, **_: object) -> None:
        if event == "/jax/core/compile/jaxpr_to_mlir_module_duration" and duration > 0.03:
            seen.append(event)

    jax.monitoring.register_event_duration_secs_listener(hear)
    try:
        call()
    finally:
        jax.monitoring.unregister_event_duration_listener(hear)
    return len(seen)


def test_growth_meets_its_tolerance_and_the_referee(growth):
    assert growth.outcome is sp.Outcome.CONVERGED
    assert growth.accuracy.mean <= 2e-6 and growth.accuracy.p99 <= 2e-5
    assert growth.accuracy.n_states >= 10_000
    rows = [row for row in REFERENCE["partial_depreciation"]["rows"] if 3.9 < row["k"] < 8.1]
    found = growth(k=np.array([r["k"] for r in rows]), z=np.array([r["log_z"] for r in rows])).saving
    # An Euler error of 2e-6 of consumption moves the saving share by the same order; ten times as much off the path.
    assert np.max(np.abs(found - [r["saving"] for r in rows])) < 2e-5


def test_another_seed_or_calibration_compiles_nothing_again(growth):
    def again() -> None:
        sp.solve(Growth(beta=0.985), tol=1e-4, seed=1)

    assert growth.outcome.converged
    assert compilations(again) == 0


@pytest.mark.slow
@pytest.mark.usefixtures("optax_promotion")
def test_first_order_optimizers_lower_the_error():
    for name in ("nesterov", "muon"):
        solver = sp.FirstOrder(optimizer=name, learning_rate=1e-3, steps=100, batch=32)
        solution = sp.solve(Growth(), solver, tol=1e-9, steps=100, start="steady", attempts=1)
        assert solution.outcome is sp.Outcome.EXHAUSTED
        # At the steady-state rule the mean error is 0.05; a hundred steps of any of these optimizers halve it.
        assert solution.accuracy.mean < 0.025, name


@pytest.mark.slow
@pytest.mark.usefixtures("optax_promotion")
def test_a_warm_up_is_followed_by_the_polish():
    stages = (sp.FirstOrder(steps=50, batch=32), sp.LevenbergMarquardt())
    solution = sp.solve(Growth(), stages, tol=1e-4, start="steady")
    assert solution.outcome.converged
    assert solution.how["solver"] == "adam, then Levenberg-Marquardt"


@pytest.mark.slow
def test_single_precision_reaches_what_single_precision_can():
    solution = sp.solve(Growth(), tol=5e-5, precision="float32")
    assert solution.outcome.converged  # residuals of float32 carry 1e-6 of roundoff
    assert solution(k=6.0, z=0.0).saving.dtype == np.float64


@pytest.mark.slow
def test_homotopy_leads_to_the_model_asked_for():
    solution = sp.solve(Growth(), homotopy=sp.Homotopy(sigma=(0.01,)), tol=1e-5)
    assert solution.outcome.converged
    assert float(solution.model.sigma) == 0.04


@pytest.mark.slow
def test_a_family_knows_the_saving_rate_of_every_member():
    family = sp.solve(BrockMirman(), over=sp.Box(alpha=(0.3, 0.4), beta=(0.9, 0.97)), tol=1e-5)
    assert family.outcome.converged
    member = family.at(alpha=0.33, beta=0.95)
    steady = sp.steady_state(member.model).state
    # Euler errors of 1e-5 of consumption: a few times that in the saving rate at the centre of the states.
    assert abs(float(member(k=steady.k, z=0.0).saving) / (0.33 * 0.95) - 1) < 1e-4
    with pytest.raises(sp.ConfigError, match="lies outside the box"):
        family.at(alpha=0.5, beta=0.95)


def test_two_draws_are_refused_where_the_residual_is_not_affine():
    with pytest.raises(sp.ConfigError, match="affine in E, and the equation 'euler' is not"):
        sp.solve(Growth(), sp.FirstOrder(expectation="two draws"))


@pytest.mark.slow
@pytest.mark.usefixtures("optax_promotion")
def test_two_draws_are_unbiased_where_the_residual_is_affine():
    solver = sp.FirstOrder(expectation="two draws", steps=100, batch=64)
    solution = sp.solve(AffineGrowth(), solver, steps=100, tol=1e-9, start="steady", attempts=1)
    # A product of two draws has mean zero at the solution only: the error falls from its 0.05 at the steady-state rule.
    assert solution.accuracy.mean < 0.025


def test_only_random_weights_that_lead_nowhere_are_drawn_again():
    """Weights of seed 0 may save all of output at some states, where consumption and every slope vanish."""
    eco = economy(BrockMirman())
    lost = Accuracy({"euler": {"mean": 0.1, "99 %": 1.0, "max": 1.0}}, 100, 3.0, 0.0, "by hand")
    stalled = sp.Solution(eco, ExactRule(), Cloud(0, *jnp.ones((3, 1, 2))), sp.Outcome.STALLED, lost)
    near = dataclasses.replace(stalled, accuracy=dataclasses.replace(lost, equations={"euler": {"mean": 1e-4}}))
    budget = Budget(tol=1e-6, steps=100, seconds=None, every=50, patience=20)
    random, linear = (Attempt(start, (), 0) for start in ("random", "linear"))
    assert _stuck(stalled, random, budget)
    assert not _stuck(stalled, linear, budget)
    assert not _stuck(near, random, budget)
    assert not _stuck(dataclasses.replace(stalled, outcome=sp.Outcome.EXHAUSTED), random, budget)


def test_unknown_names_are_answered():
    with pytest.raises(sp.ConfigError, match="no optimizer 'adma'; did you mean adam"):
        sp.FirstOrder(optimizer="adma")
    with pytest.raises(sp.ConfigError, match="start must be one of auto, linear, steady, random"):
        sp.solve(Growth(), start="warm")
    with pytest.raises(sp.ConfigError, match="the sampling box names 'kk'; did you mean k"):
        sp.solve(Growth(), sampling=sp.Region(sp.Box(kk=(1.0, 2.0))))


def test_a_run_that_does_not_converge_says_so():
    solution = sp.solve(Growth(), tol=1e-12, steps=50)
    assert solution.outcome is sp.Outcome.EXHAUSTED
    assert "before the tolerance was met" in solution.outcome.sentence
    with pytest.raises(sp.ConvergenceError, match="out of budget"):
        solution.require_converged()


DEVICES = """
import sys, jax, numpy as np, saddlepath as sp
from saddlepath.models.growth import Growth
solver = sp.LevenbergMarquardt(batch=64, floor=1e-6)
solution = sp.solve(Growth(), solver, steps=20, every=20, tol=1e-12, attempts=1)
np.save(sys.argv[1], np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(solution.rule.network)]))
print(jax.device_count())
"""


@pytest.mark.slow
def test_eight_devices_take_the_same_steps_as_one(tmp_path):
    weights = {}
    for n in (1, 8):
        env = os.environ | {"XLA_FLAGS": f"--xla_force_host_platform_device_count={n}", "JAX_PLATFORMS": "cpu"}
        command = [sys.executable, "-c", DEVICES, str(tmp_path / f"{n}.npy")]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        assert done.stdout.split()[-1] == str(n)
        weights[n] = np.load(tmp_path / f"{n}.npy")
    # Sums over eight parts instead of one differ by roundoff, which damping above 1e-6 does not amplify beyond 1e-10.
    assert np.max(np.abs(weights[1] - weights[8])) < 1e-10
