"""A grammar of statements as central banks make them, each hawkish or dovish, for text tasks that need no download.

Half of the statements carry a decision, whose words tell the stance. The other half only observe that of two quantities
one rose and the other fell: whether prices or unemployment rose is then said by the order of the words alone, so that a
bag of words cannot know. A second grammar, on the stability of banks, shares the language but not the sentences: a
corpus to fine-tune on. All sentences are made up here; none is of a central bank.
"""

import dataclasses

import numpy as np

LABELS = ("dovish", "hawkish")
HEATS = ("inflation", "core inflation", "wage growth", "domestic demand", "credit growth", "the output gap")
"""What calls for higher rates where it rises."""
COOLS = (
    "unemployment",
    "economic slack",
    "the saving rate",
    "spare capacity",
    "uncertainty",
    "the number of insolvencies",
)
"""What calls for lower rates where it rises."""
ROSE = ("rose", "increased", "picked up", "moved higher")
FELL = ("fell", "declined", "moved lower", "eased")
WHEN = ("over the past quarter", "in recent months", "since the last meeting", "this year")
MUCH = ("noticeably", "slightly", "again", "more than expected")
WHO = ("The committee", "The council", "The board", "The bank")
LINKS = ("while", "and", "whereas", "as")
RAISED = ("raised the policy rate", "sold government bonds", "tightened its stance", "announced further rate increases")
LOWERED = ("lowered the policy rate", "bought government bonds", "loosened its stance", "announced further rate cuts")
FIRM = ("to bring inflation back to target", "to contain price pressures", "because prices rise too fast")
MILD = ("to support the recovery", "to ease financing conditions", "because prices rise too slowly")
BANKS = ("Large banks", "Regional banks", "Insurers", "Pension funds", "Mortgage lenders")
HOLD = ("capital buffers", "liquid assets", "loan loss provisions", "foreign currency deposits", "housing loans")
HELD = ("hold larger", "hold smaller", "reported stable", "have sold part of their")
SO = (
    "so that a fall in house prices would be absorbed",
    "and stress tests show no shortfall",
    "which leaves them exposed to higher funding costs",
    "and the countercyclical buffer is kept unchanged",
)


@dataclasses.dataclass(frozen=True)
class Statement:
    """One statement.

    Attributes:
        text: Of one sentence or two.
        label: `dovish` or `hawkish`.
    """

    text: str
    label: str


def statements(n: int, seed: int = 0) -> list[Statement]:
    """Draw statements, hawkish and dovish equally often on average.

    Args:
        n: Number of statements.
        seed: Of the draws.
    """
    random = np.random.default_rng(seed)
    pick = lambda words: str(random.choice(words))
    drawn = []
    for _ in range(n):
        hawkish = bool(random.integers(2))
        heats = f"{pick(HEATS)} {pick(ROSE if hawkish else FELL)}"
        cools = f"{pick(COOLS)} {pick(FELL if hawkish else ROSE)}"
        first, second = (heats, cools) if random.integers(2) else (cools, heats)
        text = f"{first} {pick(LINKS)} {second} {pick(MUCH)} {pick(WHEN)}."
        if random.integers(2):
            done, why = (RAISED, FIRM) if hawkish else (LOWERED, MILD)
            text = f"{text} {pick(WHO)} {pick(done)} {pick(why)}."
        drawn.append(Statement(text[0].upper() + text[1:], LABELS[hawkish]))
    return drawn


def stability_reports(n: int, seed: int = 0) -> list[str]:
    """Draw sentences on the stability of banks.

    Args:
        n: Number of sentences.
        seed: Of the draws.
    """
    random = np.random.default_rng(seed)
    pick = lambda words: str(random.choice(words))
    return [f"{pick(BANKS)} {pick(HELD)} {pick(HOLD)} {pick(WHEN)}, {pick(SO)}." for _ in range(n)]
