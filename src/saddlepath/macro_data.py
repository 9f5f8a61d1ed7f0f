"""United States quarterly data, 1959 to 2009, in the variables of a one-sector economy without government or trade.

The series are those that ship with statsmodels (`statsmodels.datasets.macrodata`: Federal Reserve Bank of St. Louis).
"""

from typing import TYPE_CHECKING

import numpy as np

from saddlepath.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd


def us_macro() -> "pd.DataFrame":
    """Real quantities per head, 1959Q1 to 2009Q3.

    Levels are shares of the exponential trend of private output, the same trend for all three: logarithms are
    deviations from a balanced growth path, ratios are those of the data.

    Returns:
        203 quarters by `period`: `output` (consumption and gross private investment), `consumption`, `investment`
        [share of trend output], and `saving`, investment as a share of output [-].

    Raises:
        ConfigError: statsmodels is not installed.
    """
    try:
        from statsmodels.datasets import macrodata
    except ImportError as error:
        raise ConfigError(
            "the US data ship with the package statsmodels, which is not installed; run pip install "
            "'saddlepath[estimate]'."
        ) from error
    import pandas as pd

    raw = pd.DataFrame(macrodata.load_pandas().data)
    consumption, investment = (raw[name] / raw["pop"] for name in ("realcons", "realinv"))
    output = consumption + investment
    time = np.arange(len(raw))
    trend = np.exp(np.polynomial.Polynomial.fit(time, np.log(output), 1)(time))
    quarters = pd.PeriodIndex.from_fields(year=raw["year"].astype(int), quarter=raw["quarter"].astype(int), freq="Q")
    series = {"output": output / trend, "consumption": consumption / trend, "investment": investment / trend}
    frame = pd.DataFrame(series | {"saving": investment / output})
    return frame.set_axis(pd.Index(quarters, name="period"))
