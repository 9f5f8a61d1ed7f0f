"""Series to learn on: one that is simulated, one that is printed in a textbook, and some that ship with packages.

Nothing is downloaded. `co2`, `sunspots` and `macro` come with statsmodels, `sp500` with arch.
"""

from collections.abc import Callable

import numpy as np

from saddlepath.errors import ConfigError
from saddlepath.forecast.econometric import optional
from saddlepath.forecast.series import Series, read_series
from saddlepath.model import nearest_names

AIRLINE = (
    (112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118),
    (115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114, 140),
    (145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166),
    (171, 180, 193, 181, 183, 218, 230, 242, 209, 191, 172, 194),
    (196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201),
    (204, 188, 235, 227, 234, 264, 302, 293, 259, 229, 203, 229),
    (242, 233, 267, 269, 270, 315, 364, 347, 312, 274, 237, 278),
    (284, 277, 317, 313, 318, 374, 413, 405, 355, 306, 271, 306),
    (315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305, 336),
    (340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337),
    (360, 342, 406, 396, 420, 472, 548, 559, 463, 407, 362, 405),
    (417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432),
)
"""International airline passengers by month, 1949 to 1960, one row per year: series G of Box and Jenkins (1970)
[thousands]."""


def noisy_sine(seed: int = 42) -> Series:
    """sin t + 0.2 e at 500 points t of [0, 50], e standard normal, from NumPy's legacy generator. [-]"""
    import pandas as pd

    wave = np.sin(np.linspace(0, 50, 500))
    return read_series(pd.Series(wave + 0.2 * np.random.RandomState(seed).normal(size=500), name="sine"))


def airline() -> Series:
    """International airline passengers. [thousands per month]"""
    import pandas as pd

    months = pd.period_range("1949-01", periods=144, freq="M")
    return read_series(pd.Series(np.ravel(AIRLINE).astype(float), months, name="passengers"))


def co2() -> Series:
    """Carbon dioxide at Mauna Loa, weekly means 1958 to 2001, weeks without one between their neighbours. [ppm]"""
    frame = optional("statsmodels.datasets").co2.load_pandas().data
    return read_series(frame["co2"].interpolate().rename("co2"))


def sunspots() -> Series:
    """Sunspots, yearly means 1700 to 2008; a cycle takes about eleven years. [-]"""
    frame = optional("statsmodels.datasets").sunspots.load_pandas().data
    return read_series(frame.rename(columns={"SUNACTIVITY": "sunspots"}), "sunspots", date="YEAR", period=11.0)


def macro() -> Series:
    """United States, quarters 1959 to 2009: growth of GDP beside inflation, interest and unemployment. [% a year]"""
    import pandas as pd

    raw = optional("statsmodels.datasets").macrodata.load_pandas().data
    quarters = pd.PeriodIndex.from_fields(year=raw["year"].astype(int), quarter=raw["quarter"].astype(int), freq="Q")
    growth = 400 * np.diff(np.log(raw["realgdp"]))
    inflation = 400 * np.diff(np.log(raw["cpi"]))
    rest = {"interest": raw["tbilrate"].to_numpy()[1:], "unemployment": raw["unemp"].to_numpy()[1:]}
    frame = pd.DataFrame({"growth": growth, "inflation": inflation} | rest, index=quarters[1:])
    return read_series(frame, "growth", beside=("inflation", "interest", "unemployment"), period=1.0)


def sp500() -> Series:
    """Daily returns of the S&P 500, close to close, 1999 to 2018. [%]"""
    frame = optional("arch.data.sp500").load()
    returns = 100 * np.log(frame["Adj Close"]).diff().dropna()
    return read_series(returns.rename("return"), period=1.0)


SERIES: dict[str, Callable[[], Series]] = {
    "sine": noisy_sine,
    "airline": airline,
    "co2": co2,
    "sunspots": sunspots,
    "macro": macro,
    "sp500": sp500,
}
"""Series by name."""


def sample_series(name: str) -> Series:
    """A series that ships with this package or with one of the extra `forecast`.

    Args:
        name: One of `SERIES`.

    Raises:
        ConfigError: No such series, or its package is not installed.
    """
    if name not in SERIES:
        raise ConfigError(f"no series {name!r}; {nearest_names(name, list(SERIES))}")
    return SERIES[name]()
