"""New-Keynesian economies with a lower bound: second writing of all equations, the kink, the published accuracy."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.new_keynesian import (
    BURN_IN,
    experiment,
    one_shock_box,
    one_shock_errors,
    one_shock_referee,
    published_errors,
)

import saddlepath as sp
from saddlepath.economy import economy
from saddlepath.models.new_keynesian import NewKeynesian
from saddlepath.models.new_keynesian_one_shock import OneShockNewKeynesian
from saddlepath.outcome import Outcome
from saddlepath.quadrature import Quadrature
from saddlepath.solvers.start import LAST_LAYER, initial_rule

ROUNDOFF = 1e-12
"""Numbers of order one after a few dozen operations [-]."""
SEEDS = 2
"""Seeds of the solver for which a bar must hold."""
SAME = ("R", "pi", "C")
"""What the one-shock economy is judged by: gross rates and consumption, all of order one."""


def wrong_solution(model: sp.Model, monkeypatch: pytest.MonkeyPatch, quadrature: Quadrature) -> sp.Solution:
    """A rule that solves nothing: what holds there holds by construction, and no residual is small by chance."""
    monkeypatch.setitem(LAST_LAYER, "linear", 0.1)
    with jax.enable_x64(True):
        eco = economy(model, quadrature=quadrature)
        rule, linear = initial_rule(eco, sp.Network(width=4, depth=1), "linear", 0)
    return sp.Solution(eco, rule, rule.cloud, Outcome.EXHAUSTED, linear=linear)


def fields(values: Any) -> dict[str, float]:
    return {name: float(value) for name, value in values._asdict().items()}


# Eight states.


@pytest.mark.slow
def test_steady_state() -> None:
    """No inflation, no dispersion, output at its natural level: all by hand."""
    m = NewKeynesian()
    steady = sp.steady_state(m)
    s, x = fields(steady.state), fields(steady.policy)
    power = 1 / (m.frisch_inverse + m.gamma)
    output = (1 - m.gbar) ** (-m.gamma * power)
    assert output == pytest.approx(1.0883, abs=5e-5)  # not exp(gbar)^..., 1.0773, from which the public codes start
    consumption = (1 - m.gbar) * output
    sums = consumption**-m.gamma * output / (1 - m.beta * m.theta)
    expected = {"R": 1 / m.beta, "pi": 1.0, "C": consumption, "F": sums, "S": sums, "efficiency": 1.0}
    assert {name: x[name] for name in expected} == pytest.approx(expected, rel=1e-10)  # Newton's tolerance
    assert s == pytest.approx({"rate": 1 / m.beta, "d": 1.0} | {f"eta_{n}": 0.0 for n in "RaLuBG"}, abs=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("target", [1.0, 1.01495])
def test_economies_with_a_bound_rest_near_their_target(target: float) -> None:
    """Not in the liquidity trap, where they rest as well.

    With positive inflation output is below its natural level, and the Taylor rule then rests a little above its target:
    `(phi_pi - 1) log(pi/pi*) = -phi_y log(Y/Yn)`.
    """
    m = NewKeynesian(target=target)
    steady = sp.steady_state(m)
    s, x = steady.state, steady.policy
    assert float(x.pi) == pytest.approx(target, abs=2e-3)
    assert float(x.R) == pytest.approx(float(x.pi) / 0.99, rel=1e-10)
    gap = float(x.C) / (1 - m.gbar) / (1 - m.gbar) ** (-m.gamma / (m.frisch_inverse + m.gamma))
    assert (m.phi_pi - 1) * np.log(float(x.pi) / target) == pytest.approx(-m.phi_y * np.log(gap), abs=1e-9)
    assert float(s.d) <= 1 + ROUNDOFF


@pytest.mark.slow
def test_all_equations_agree_with_a_second_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a rule that solves nothing: six of nine hold exactly, and the others are those of the model."""
    model, periods, quadrature = NewKeynesian(sigma_R=0.01), 400, sp.Monomial(5)  # so that the bound binds often
    solution = wrong_solution(model, monkeypatch, quadrature)
    errors = published_errors(solution, periods=periods)
    assert np.max(errors.residuals[:, 3:]) < ROUNDOFF
    start, normals = model.State(*np.ones(2), *np.zeros(6)), np.random.default_rng(0).standard_normal((periods, 6))
    data = sp.simulate(solution, periods=periods, start=start, shocks=normals)
    at = model.State(*(data[name].values[0, BURN_IN:] for name in model.State._fields))
    own = sp.euler_errors(solution, at=at, quadrature=quadrature)
    mine = np.abs(np.stack([own[name] for name in ("cost", "revenue", "euler")], axis=-1))
    assert np.min(np.median(mine, axis=0)) > 1e-4  # the rule is wrong, so that the equality says something
    np.testing.assert_allclose(errors.residuals[:, :3], mine, atol=ROUNDOFF)
    assert np.min(errors.rate) == pytest.approx(1.0, abs=ROUNDOFF)
    assert 0.1 < errors.regions()["at the bound"].mean() < 0.9  # both regimes are seen


@pytest.mark.slow
def test_elasticities_are_those_of_the_first_order_solution() -> None:
    """Inflation, marginal utility and `F` per cent of a rate that a policy shock moves; no bound, two writings."""
    free = NewKeynesian(bound=0)
    linear = sp.linearise(free)
    with jax.enable_x64(True):
        s, x = jax.tree.map(jnp.asarray, (linear.steady.state, linear.steady.policy))
        expected = np.asarray(NewKeynesian().elasticities())
        column = np.asarray(linear.slopes)[:, list(free.State._fields).index("eta_R")]
        # Coordinates are logit(kept), log F and log C^-gamma over their scales: back to logs of levels.
        kept = float(x.kept)
        log_pi = column[0] * (1 - kept) / (free.epsilon - 1)
        revenue, utility = 0.05 * column[1:]
        reaction = free.phi_pi * log_pi - free.phi_y * utility / free.gamma
        log_rate = 1 + (1 - free.mu) * reaction
    np.testing.assert_allclose(np.array([log_pi, utility, revenue]) / log_rate, expected, rtol=1e-7)
    assert float(s.d) == pytest.approx(1.0)


# One shock.


@pytest.mark.slow
def test_steady_state_of_the_one_shock_economy() -> None:
    """Calibration of Guerrieri and Iacoviello (2015): output one, 4.4 points a year away from the bound."""
    m = OneShockNewKeynesian()
    steady = sp.steady_state(m)
    s, x = fields(steady.state), fields(steady.policy)
    price = ((1 - 0.9 * 1.005**5) / 0.1) ** (-1 / 5)
    v = 0.1 * price**-6 / (1 - 0.9 * 1.005**6)
    expected = {"R": 1.005 / 0.994, "pi": 1.005, "C": 0.8, "dispersion": v}
    assert {name: x[name] for name in expected} == pytest.approx(expected, rel=1e-10)
    assert x["R"] == pytest.approx(1.011066, abs=5e-7)
    assert s == pytest.approx({"v": v, "b": 0.994}, rel=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("bound", [0, 1])
def test_all_equations_of_the_one_shock_economy_agree_with_a_second_writing(
    bound: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    quadrature = sp.GaussHermite(5)
    solution = wrong_solution(OneShockNewKeynesian(bound=bound), monkeypatch, quadrature)
    random = np.random.default_rng(0)
    at = OneShockNewKeynesian.State(
        v=random.uniform(1.0, 1.05, 200), b=0.994 * np.exp(random.uniform(-0.05, 0.05, 200))
    )
    found, own = one_shock_errors(solution, at, n=5), sp.euler_errors(solution, at=at, quadrature=quadrature)
    for name in ("prices", "dispersion", "taylor"):
        np.testing.assert_allclose(found[name], 0.0, atol=ROUNDOFF)
    for name in ("cost", "revenue", "euler"):
        assert np.median(np.abs(own[name])) > 1e-4
        np.testing.assert_allclose(found[name], own[name], atol=ROUNDOFF)
    rate = solution(at).R
    share = np.mean(rate <= 1 + ROUNDOFF)
    assert 0.1 < share < 0.9  # both regimes are seen
    assert np.min(rate) == pytest.approx(1.0, abs=ROUNDOFF) if bound else np.min(rate) < 0.99


# Solutions.


@pytest.mark.slow
def test_accuracy_with_the_bound_is_beyond_the_published_one() -> None:
    """Mean as the published polynomials of degree 3, largest error less than half of what any degree reaches, -2.15."""
    rule = sp.Monomial(5)  # the published one, for training and tests
    solutions = [
        sp.solve(
            NewKeynesian(),
            sp.LevenbergMarquardt(batch=128),
            quadrature=rule,
            test=sp.TestPaths(quadrature=rule),
            tol=5e-6,
            seed=seed,
        )
        for seed in range(SEEDS)
    ]
    for solution in solutions:
        assert solution.outcome.converged
        errors = published_errors(solution, seed=1)
        assert errors.l1 <= -5.6 and errors.linf <= -2.5
        regions = errors.regions()
        assert np.mean(regions["at the bound"] | regions["near it"]) > 0.002  # the path comes there
        assert errors.residuals[~regions["away from it"]].max() < 10**-2.5
        # Prices are stable in the mean and the bound is rare: not the equilibrium around the liquidity trap.
        assert abs(errors.inflation.mean() - 1) < 1e-3 and np.mean(errors.shadow < 1) < 0.01
    # Two networks, one rule: rates and consumption agree to a few times the Euler errors.
    gap = sp.compare(*solutions).frame.loc[list(SAME)]
    assert gap["mean relative"].max() < 2e-5 and gap["largest relative"].max() < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
def test_accuracy_without_the_bound(seed: int) -> None:
    """Beyond the published polynomials of degree 3, -5.71 and -3.54."""
    solution = sp.solve(NewKeynesian(bound=0), tol=4e-6, seed=seed)
    errors = published_errors(solution, seed=1)
    assert solution.outcome.converged and errors.l1 <= -5.71 and errors.linf <= -3.54


@pytest.mark.slow
def test_the_referee_of_the_one_shock_economy_is_right() -> None:
    """It satisfies the second writing along the experiment, and rests above the bound."""
    referee = one_shock_referee()
    assert referee.outcome.converged
    for sign in (1, -1):
        path = experiment(referee, sign)
        at = OneShockNewKeynesian.State(path["v"], path["b"])
        worst = max(np.max(np.abs(values)) for values in one_shock_errors(referee, at).values())
        assert worst < 5e-4  # the far corner of the grid, with the highest dispersion
    assert float(sp.stochastic_steady_state(referee).policy.R) > 1.009


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_network_agrees_with_the_referee(seed: int) -> None:
    """On its own paths, and on those of the experiment, where the bound binds for more than three years."""
    sampling, quadrature = sp.Region(one_shock_box()), sp.GaussHermite(41)
    solver, model = sp.LevenbergMarquardt(batch=256), OneShockNewKeynesian()
    solution = sp.solve(model, solver, sampling=sampling, quadrature=quadrature, tol=3.8e-6, seed=seed)
    assert solution.outcome.converged
    referee = one_shock_referee()
    assert sp.compare(solution, referee).frame.loc[list(SAME), "largest relative"].max() < 1e-4
    for sign in (1, -1):
        mine, theirs = experiment(solution, sign), experiment(referee, sign)
        assert max(np.max(np.abs(mine[name] - theirs[name])) for name in SAME) < 1e-4
        quarters = np.sum(theirs["R"] < 1 + ROUNDOFF)
        assert quarters == np.sum(mine["R"] < 1 + ROUNDOFF) == (14 if sign > 0 else 0)
    patient, impatient = experiment(solution, 1), experiment(solution, -1)
    # The bound makes the responses lopsided: output falls more than it rises under the opposite innovations.
    assert 1 - patient["output"].min() > 1.5 * (impatient["output"].max() - 1)
