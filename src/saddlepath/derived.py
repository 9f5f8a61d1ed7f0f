"""Equilibrium conditions of a planner's problem, derived by automatic differentiation.

A model that gives `period_return`, `discount`, `constraints` and `transition` maximises

    E sum_t discount^t u(s_t, x_t)   subject to   s_{t+1} = h(s_t, x_t, shock),   g(s_t, x_t) >= 0.

With multipliers `mu` and costates `lambda` (the value of one more unit of a state), in units of the return,
every control satisfies the first and every endogenous state the second of

    u_x + mu' g_x + discount E[lambda1' h_x] = 0,      lambda = u_s + mu' g_s + discount E[h_s' lambda1],

and `mu >= 0`, `g >= 0`, `mu g = 0`. A state is endogenous if a policy or an endogenous state moves it.

Euler form. If endogenous states do not depend on the shock, and as many controls as there are endogenous
states move them one for one, the first condition of these controls gives the cost of a unit of each state
tomorrow, `q(s, x) = -h_x^-T (u_x + mu' g_x) = discount E[lambda1]`. Used today and tomorrow it eliminates the
costates:

    q_j(s, x) = discount E[ (u_s + mu' g_s + h_s' q)_j at (s1, x1) ]        one equation per endogenous state,
    u_x + mu' g_x + h_x' q = 0                                              for every other control.

The controls used are the first entries of `Policy` whose derivatives are independent, so put investment,
saving or consumption before hours. Otherwise (costate form) costates become policies and both conditions are
residuals.

Units. Everything is divided by marginal utility `m`. In the Euler form `m` is the cost of a unit of the first
endogenous state tomorrow without multipliers, `p = -h_x^-T u_x`, and the Euler equation of state j is divided
by its own `p_j`; in the costate form `m` is the size of `u_x` for the first control that moves a state and
enters the return. Multipliers and costates in `Policy` are `mu / m` and `lambda / m`, hence in goods and free
of the scale of the return. A condition of another control is in goods per unit of that control, and a slack
enters its complementarity as the model gives it: write controls and slacks so that they are of order one.

Not covered: economies with several decision makers, taxes or externalities, where a planner's conditions are
not the equilibrium's.

References:
    Kuhn-Tucker conditions of dynamic programmes: Stokey, Lucas and Prescott (1989), Recursive Methods in
    Economic Dynamics, chapter 4. Complementarity: Fischer (1992, Optimization).
"""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple, get_type_hints

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.complementarity import fischer_burmeister
from saddlepath.elimination import eliminated
from saddlepath.errors import ModelError
from saddlepath.layout import Layout
from saddlepath.model import Model, label
from saddlepath.ranges import NonNegative, Real
from saddlepath.shocks import Shocks
from saddlepath.structure import Plan, Slacks, find_plan, first_point

MULTIPLIER, COSTATE = "multiplier_", "costate_"
"""Prefixes of the policies that are added: `multiplier_<constraint>` and `costate_<state>`."""


class Margins(NamedTuple):
    """Derivatives at one point with respect to the endogenous states `[n]` and the controls `[m]`.

    Those of the constraints are weighted with the multipliers of `Policy`, that is with `mu / m`.
    """

    u_s: Array
    u_x: Array
    g_s: Array
    g_x: Array
    h_s: Array
    h_x: Array


class Prices(NamedTuple):
    """Cost of a unit of each endogenous state tomorrow `[n]`, without and with multipliers; and `m`."""

    p: Array
    q: Array
    m: Array


class Planner(Model):
    """A planner's problem with the residuals that follow from it.

    Attributes:
        problem: The model as its author wrote it; its parameters and methods are found here by name, too.
        state_layout: Order of the entries of the state.
        control_layout: Order of the entries of the author's `Policy`.
        plan: Structure of the problem.
    """

    problem: Model
    state_layout: Layout
    control_layout: Layout
    plan: Plan = eqx.field(static=True)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("problem", "state_layout", "control_layout", "plan"):
            raise AttributeError(name)
        return getattr(self.problem, name)

    def replace(self, **values: Any) -> "Planner":
        return dataclasses.replace(self, problem=self.problem.replace(**values))

    @property
    def discount(self) -> Any:
        return discount(self.problem)

    def state_range(self) -> Any:
        return self.problem.state_range()

    def policy_range(self) -> Any:
        return self.Policy(*self.problem.policy_range(), *(extra.range for extra in self._extras()))

    def shocks(self) -> Shocks:
        return self.problem.shocks()

    def transition(self, s: Any, x: Any, shock: Any) -> Any:
        return self.problem.transition(s, self._written(x), shock)

    def definitions(self, s: Any, x: Any) -> Mapping[str, Array]:
        return self.problem.definitions(s, self._written(x))

    def known(self, s: Any) -> Any:
        return self.problem.known(s)

    def features(self, s: Any) -> Array | None:
        return self.problem.features(s)

    def start(self) -> Any | None:
        return self.problem.start()

    def initial(self, key: PRNGKeyArray) -> Any | None:
        return self.problem.initial(key)

    def steady_guess(self) -> Any | None:
        guess = self.problem.steady_guess()
        if guess is None:
            return None
        return guess[0], self.Policy(*guess[1], *(extra.range.default() for extra in self._extras()))

    def exact(self, s: Any) -> Any | None:
        """The author's closed form, where it says all of `Policy`: no constraint and no costate."""
        return None if self._extras() else self.problem.exact(s)

    def residuals(self, s: Any, x: Any, E: Any) -> dict[str, Array]:
        conditions = self._costate_form(s, x, E) if self.plan.euler is None else self._euler_form(s, x, E)
        return conditions | self._complementarity(s, x)

    def _euler_form(self, s: Any, x: Any, E: Any) -> dict[str, Array]:
        margins = self._margins(s, x, self.shocks().mean(s))
        price = self._prices(margins)
        worth = self.discount * E(self._worth)
        static = (margins.u_x + price.m * margins.g_x + margins.h_x.T @ price.q) / price.m
        return self._by_state("euler", (worth - price.q) / price.p) | self._by_control("optimal", static)

    def _costate_form(self, s: Any, x: Any, E: Any) -> dict[str, Array]:
        today = self._margins(s, x, self.shocks().mean(s))

        def value(shock: Any, s1: Any, x1: Any) -> tuple[Array, Array]:
            tomorrow = self._margins(s1, x1, self.shocks().mean(s1))
            costate = self._marginal_utility(tomorrow) * self._added(x1, COSTATE)
            reached = self._margins(s, x, shock)
            return reached.h_s.T @ costate, reached.h_x.T @ costate

        later_s, later_x = E.with_shock(value)
        m, factor = self._marginal_utility(today), self.discount
        control = (today.u_x + factor * later_x) / m + today.g_x
        state = (today.u_s + factor * later_s) / m + today.g_s - self._added(x, COSTATE)
        return self._by_control("optimal", control) | self._by_state("costate", state)

    def _complementarity(self, s: Any, x: Any) -> dict[str, Array]:
        slacks = slacks_of(self.problem, s, self._written(x))
        return {
            f"complementarity_{name}": fischer_burmeister(slacks[name], getattr(x, MULTIPLIER + name))
            for name, _ in self.plan.slacks
        }

    def _worth(self, s: Any, x: Any) -> Float[Array, " n"]:
        """Costates implied by the prices of the same date."""
        margins = self._margins(s, x, self.shocks().mean(s))
        price = self._prices(margins)
        return margins.u_s + price.m * margins.g_s + margins.h_s.T @ price.q

    def _prices(self, margins: Margins) -> Prices:
        used = np.asarray(self.plan.euler)
        rows = jnp.stack([margins.u_x[used], margins.g_x[used]], axis=1)
        p, wedge = -eliminated(margins.h_x[:, used].T, rows).T
        m = jnp.abs(p[0])
        return Prices(p, p + m * wedge, m)

    def _marginal_utility(self, margins: Margins) -> Array:
        """Of a whole field, so that members of a group are alike."""
        return jnp.mean(jnp.abs(margins.u_x[np.asarray(self.plan.numeraire)]))

    def _margins(self, s: Any, x: Any, shock: Any) -> Margins:
        multipliers = self._added(x, MULTIPLIER)
        point = (self._stock(s), self.control_layout.flatten(self._written(x), "the decision rule"))
        read = lambda e, v: (self._with_stock(s, e), self.control_layout.unflatten(v))
        weighted = lambda e, v: flat_slacks(self.problem, *read(e, v)) @ multipliers
        u_s, u_x = jax.grad(lambda e, v: self.problem.period_return(*read(e, v)), (0, 1))(*point)
        g_s, g_x = jax.grad(weighted, (0, 1))(*point)
        move = lambda e, v: self._stock(self.problem.transition(*read(e, v), shock))
        h_s, h_x = jax.jacrev(move, (0, 1))(*point)
        return Margins(u_s, u_x, g_s, g_x, h_s, h_x)

    def _written(self, x: Any) -> Any:
        """The part of a policy that the author's `Policy` has."""
        return self.control_layout.point(*x[: len(self.control_layout.fields)])

    def _added(self, x: Any, prefix: str) -> Float[Array, " n_added"]:
        values = [jnp.ravel(getattr(x, extra.name)) for extra in self._extras() if extra.name.startswith(prefix)]
        return jnp.concatenate(values) if values else jnp.zeros(0)

    def _extras(self) -> tuple["_Extra", ...]:
        return _extras(self.plan, self.state_layout)

    def _stock(self, s: Any) -> Float[Array, " n"]:
        return jnp.concatenate([jnp.ravel(jnp.asarray(getattr(s, name))) for name in self.plan.endogenous])

    def _with_stock(self, s: Any, e: Float[Array, " n"]) -> Any:
        return s._replace(**_split(e, self.plan.endogenous, _shapes(self.state_layout)))

    def _by_state(self, prefix: str, values: Float[Array, " n"]) -> dict[str, Array]:
        parts = _split(values, self.plan.endogenous, _shapes(self.state_layout))
        return {f"{prefix}_{name}": value for name, value in parts.items()}

    def _by_control(self, prefix: str, values: Float[Array, " m"]) -> dict[str, Array]:
        """Conditions of the controls that price no state, field by field."""
        used, named = self.plan.euler or (), {}
        for name, shape in _shapes(self.control_layout).items():
            entries = range(*self.control_layout.slices[name].indices(self.control_layout.size))
            left = np.asarray([i for i in entries if i not in used], dtype=int)
            if left.size:
                row = values[left]
                named[f"{prefix}_{name}"] = row.reshape(shape) if left.size == len(entries) else row
        return named


class _Extra(NamedTuple):
    """A policy that is added: name, description and range."""

    name: str
    text: str
    range: NonNegative | Real


def _extras(plan: Plan, states: Layout) -> tuple[_Extra, ...]:
    multipliers = [
        _Extra(MULTIPLIER + name, f"multiplier of {name}, over marginal utility", NonNegative(shape))
        for name, shape in plan.slacks
    ]
    costates = [
        _Extra(COSTATE + name, f"value of {name}, over marginal utility", Real(_shapes(states)[name]))
        for name in (plan.endogenous if plan.euler is None else ())
    ]
    return (*multipliers, *costates)


def _shapes(layout: Layout) -> dict[str, tuple[int, ...]]:
    return dict(zip(layout.fields, layout.shapes, strict=True))


def _split(vector: Array, names: tuple[str, ...], shapes: dict[str, tuple[int, ...]]) -> dict[str, Array]:
    ends = np.cumsum([int(np.prod(shapes[name])) for name in names])
    parts = jnp.split(vector, ends[:-1])
    return {name: part.reshape(shapes[name]) for name, part in zip(names, parts, strict=True)}


def is_problem(model: Model) -> bool:
    """Whether a model gives a period return instead of residuals.

    Raises:
        ModelError: It gives both, so that it is not clear which conditions are meant.
    """
    if type(model).period_return is Model.period_return or isinstance(model, Planner):
        return False
    if type(model).residuals is not Model.residuals:
        raise ModelError(
            f"{type(model).__name__} gives both residuals(s, x, E) and period_return(s, x); keep residuals "
            "if you write the conditions yourself, or period_return if they are to be derived."
        )
    return True


def as_written(model: Model) -> Model:
    """The model as its author wrote it, whether or not its conditions were derived."""
    return model.problem if isinstance(model, Planner) else model


def discount(problem: Model) -> Any:
    """The discount factor, from a field, property or method `discount`. [1/period]"""
    value = problem.discount
    return value() if callable(value) else value


def slacks_of(problem: Model, s: Any, x: Any) -> Mapping[str, Array]:
    """The slacks of a problem's constraints by name."""
    slacks = problem.constraints(s, x)
    if not isinstance(slacks, Mapping):
        raise ModelError(
            f"{type(problem).__name__}.constraints(s, x) must return slacks by name such as "
            f"{{'irreversible': investment}}, got {type(slacks).__name__}; give every constraint a name."
        )
    return slacks


def flat_slacks(problem: Model, s: Any, x: Any) -> Float[Array, " n_slacks"]:
    """All slacks as one vector, in the order in which the model names them."""
    values = [jnp.ravel(jnp.asarray(v, dtype=jnp.result_type(float))) for v in slacks_of(problem, s, x).values()]
    return jnp.concatenate(values) if values else jnp.zeros(0)


def derive(problem: Model, states: Layout, controls: Layout) -> Planner:
    """The equilibrium conditions of a planner's problem.

    Args:
        problem: A model with a period return, parameters as array leaves.
        states: Order of the entries of its state.
        controls: Order of the entries of its policy.

    Returns:
        A model with the same states and a longer policy: `multiplier_<constraint>` and, in the costate form,
        `costate_<state>` are added. Residuals are named `euler_<state>`, `optimal_<control>`,
        `costate_<state>` and `complementarity_<constraint>`.

    Raises:
        ModelError: No discount factor, a period return that is no scalar, constraints without names, no
            policy that moves a state, a policy completed outside the problem, or a transition that is not
            finite.
    """
    _check_policy(problem)
    _check_forever(problem)
    first = first_point(problem)
    state, policy = states.unflatten(first[0]), controls.unflatten(first[1])
    _check_return(problem, state, policy)
    plan = find_plan(problem, states, controls, _slack_shapes(problem, state, policy))
    added = tuple((extra.name, extra.text, bool(extra.range.shape)) for extra in _extras(plan, states))
    _check_names(problem, [name for name, *_ in added])
    author: Any = type(problem)
    return _planner_class(author, added)(problem, states, controls, plan)


@functools.cache
def _planner_class(author: type[Model], added: tuple[tuple[str, str, bool], ...]) -> type[Planner]:
    """`Planner` under the author's name, with the longer `Policy`; one class each, so nothing recompiles."""
    names = {"__module__": author.__module__, "__qualname__": author.__qualname__, "__doc__": author.__doc__}
    names["exchangeable"] = author.exchangeable
    policy = _longer(author.Policy, added) if added else author.Policy
    return type(Planner)(author.__name__, (Planner,), names | {"State": author.State, "Policy": policy})


def _longer(policy: type, added: tuple[tuple[str, str, bool], ...]) -> type:
    hints = get_type_hints(policy, include_extras=True)
    fields = [(name, hints[name]) for name in policy._fields]
    kinds = {False: Float[Array, ""], True: Float[Array, "..."]}
    longer = NamedTuple(
        policy.__name__,
        fields + [(name, Annotated[kinds[is_array], label(text)]) for name, text, is_array in added],
    )
    longer.__module__, longer.__qualname__ = policy.__module__, policy.__qualname__
    return longer


def _check_policy(problem: Model) -> None:
    if type(problem).complete is not Model.complete:
        raise ModelError(
            f"{type(problem).__name__} gives period_return(s, x) and complete(s, x); derived conditions "
            "treat every entry of Policy as a free choice. Leave what follows from others out of Policy and "
            "compute it in a method, or write residuals(s, x, E)."
        )


def _check_forever(problem: Model) -> None:
    for name, verb in (("terminal_value", "backward_induction"), ("value_growth", "iterate_values")):
        if getattr(type(problem), name) is not getattr(Model, name):
            raise ModelError(
                f"{type(problem).__name__} gives {name}; conditions are derived for a life without end whose values do "
                f"not scale. Solve for the value itself with {verb}, or write residuals(s, x, E)."
            )


def _check_return(problem: Model, state: Any, policy: Any) -> None:
    factor = discount(problem)
    if not isinstance(factor, float | int | np.ndarray | np.generic | jax.Array) or np.shape(factor) != ():
        raise ModelError(
            f"{type(problem).__name__}.discount must be one number, got {type(factor).__name__} of shape "
            f"{np.shape(factor)}; give a field discount, or a property that returns the discount factor."
        )
    value = jax.eval_shape(problem.period_return, state, policy)
    if getattr(value, "shape", None) != ():
        raise ModelError(
            f"{type(problem).__name__}.period_return(s, x) must return one number, got "
            f"{'shape ' + str(value.shape) if hasattr(value, 'shape') else type(value).__name__}; "
            "add up the returns of all members with their weights."
        )


def _slack_shapes(problem: Model, state: Any, policy: Any) -> Slacks:
    named = jax.eval_shape(lambda s, x: dict(slacks_of(problem, s, x)), state, policy)
    for name in named:
        if not name.isidentifier():
            raise ModelError(
                f"{type(problem).__name__}.constraints(s, x) names a constraint {name!r}; use letters, "
                f"digits and underscores, because its multiplier becomes the policy {MULTIPLIER}<name>."
            )
    order = slacks_of(problem, state, policy)
    return tuple((name, tuple(named[name].shape)) for name in order)


def _check_names(problem: Model, added: list[str]) -> None:
    taken = sorted(set(added) & set(problem.Policy._fields))
    if taken:
        raise ModelError(
            f"{type(problem).__name__}.Policy has a field {taken[0]!r}, which the derived conditions add "
            "themselves; leave multipliers and costates out of Policy."
        )
