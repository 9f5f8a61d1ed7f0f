"""How a run ended, as a value and as a sentence."""

import enum


class Outcome(enum.Enum):
    """The end of a run; only `CONVERGED` means that the tolerance was met."""

    CONVERGED = "converged: the Euler errors on fresh paths meet the tolerance"
    STALLED = "stalled: the Euler errors stopped falling before they met the tolerance; the best rule is returned"
    EXHAUSTED = "out of budget: all steps or seconds were spent before the tolerance was met; the best rule is returned"
    EXPLODED = (
        "exploded: simulated paths left the economy or came to rest far away, from every start; do not use this rule"
    )
    REJECTED = "rejected: no step lowered the residuals for a long time; do not use this rule"
    INTERRUPTED = "interrupted: the run was stopped by hand; the best rule so far is returned"

    @property
    def converged(self) -> bool:
        return self is Outcome.CONVERGED

    @property
    def sentence(self) -> str:
        return self.value
