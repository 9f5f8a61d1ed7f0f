"""How generated code names what a model consists of."""

import dataclasses
from collections.abc import Mapping
from functools import cached_property

from saddlepath.interchange.code import Writer
from saddlepath.interchange.conditions import positive_variables
from saddlepath.interchange.dates import fresh, known_names
from saddlepath.interchange.spelling import spelled
from saddlepath.interchange.structure import Structure
from saddlepath.interchange.syntax import Expression, Name, Number, Parameter, Source, Steady, everything, names


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """A sorted model with the names of its parts in generated code.

    Attributes:
        source: What the file says, with aligned dates.
        structure: The same, sorted.
        at: Parameters, and variables in the steady state where it is known.
    """

    source: Source
    structure: Structure
    at: Mapping[str, float]

    @cached_property
    def needs(self) -> dict[str, set[str]]:
        """By definition, which of `s` and `x` its formula needs."""
        found: dict[str, set[str]] = {}
        states = {state.name for state in self.structure.states}
        for name, formula in self.structure.definitions.items():
            own = lambda n: found.get(n, {"s" if n in states else "x"})
            found[name] = set().union(*(own(n.name) for n in names(formula)))
        return found

    @property
    def writer(self) -> Writer:
        """The writer of methods of today's state and policy."""
        return Writer(lambda part: self._spelling("s", "x", part), self._spelling_tomorrow)

    def _spelling(self, state: str, policy: str, part: Name | Parameter | Steady) -> str:
        name = spelled(part.name)
        match part:
            case Parameter():
                return f"self.{name}"
            case Steady():
                return f'self.steady()["{name}"]' if self.source.closed_form else f"self.{self.frozen[part.name]}"
            case _ if part.name in self.structure.policies:
                return f"{policy}.{name}"
            case _ if part.name in self.structure.definitions:
                needs = self.needs[part.name]
                return f"self.{name}({', '.join(a for a, k in ((state, 's'), (policy, 'x')) if k in needs)})"
            case _:
                return f"{state}.{name}"

    def _spelling_tomorrow(self, part: Name | Parameter | Steady) -> str:
        """Inside of an expectation, what is decided today is a state of tomorrow where there is one for it."""
        if not isinstance(part, Name):
            return self._spelling("s", "x", part)
        held = [s.name for s in self.structure.states if s.variable == part.name and s.lag == 1]
        if part.date == 0 and held:
            return f"s1.{spelled(held[0])}"
        return self._spelling("s1", "x1", part) if part.date else self._spelling("s", "x", part)

    @cached_property
    def descriptions(self) -> dict[str, str]:
        """What the file says in words about names."""
        declared = (*self.source.variables, *self.source.innovations, *self.source.parameters)
        return {d.name: d.description for d in declared if d.description}

    @cached_property
    def positive(self) -> frozenset[str]:
        """Variables that are positive everywhere."""
        return positive_variables(self.source, self.structure, self.at)

    @cached_property
    def asked_at_rest(self) -> tuple[str, ...]:
        """Variables whose steady-state value an equation asks for."""
        sides = [side for c in self.structure.conditions for side in (c.left, c.right)]
        everywhere = [*sides, *self.structure.definitions.values(), *(s.law for s in self.structure.states)]
        return tuple(dict.fromkeys(p.name for e in everywhere for p in everything(e) if isinstance(p, Steady)))

    @cached_property
    def frozen(self) -> dict[str, str]:
        """Names of parameters that hold steady-state values, where the file gives no formulas for these."""
        asked = () if self.source.closed_form else self.asked_at_rest
        return {name: fresh(f"{spelled(name)}_steady", known_names(self.source)) for name in asked}

    @cached_property
    def numbered(self) -> dict[str, str]:
        """Names of parameters for standard deviations that are numbers other than one, by innovation."""
        given = {n: e for n, e in self.source.deviations.items() if isinstance(e, Number) and e.value != 1}
        return {name: fresh(f"sigma_{spelled(name)}", known_names(self.source)) for name in given}

    def deviation(self, innovation: str) -> Expression:
        """Standard deviation of an innovation: a parameter where the file gives a number."""
        own = self.numbered.get(innovation)
        return Parameter(own) if own else self.source.deviations[innovation]

    def is_innovation(self, name: str) -> bool:
        """Whether a state is an innovation itself."""
        return name in self.source.deviations
