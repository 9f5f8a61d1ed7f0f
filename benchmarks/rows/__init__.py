"""The benchmark table: which model is solved how, how accurate it must be, and in how many seconds.

Bars are never changed to fit a result. A row may add checks beyond Euler errors: distances to closed forms, to the
referee's tables in `tests/referee`, or to shares of binding constraints.
"""

from benchmarks.row import Row
from benchmarks.rows import (
    business_cycle,
    climate,
    generations,
    growth,
    household,
    irbc,
    irreversible,
    krusell_smith,
    new_keynesian,
    recursive,
)

ROWS: dict[str, Row] = (
    growth.ROWS
    | business_cycle.ROWS
    | climate.ROWS
    | generations.ROWS
    | household.ROWS
    | irbc.ROWS
    | irreversible.ROWS
    | krusell_smith.ROWS
    | new_keynesian.ROWS
    | recursive.ROWS
)
