"""Volatility of returns: GARCH(1,1)-t, exponential smoothing, HAR, and a recurrent network around GARCH.

The network looks at a window of returns standardised by the GARCH forecast, and at that forecast, and multiplies the
variance: sigma^2 = sigma^2_GARCH exp(f). It maximises the likelihood of Student's t, is kept at the epoch that is best
on a validation part, and starts at f = 0, so that it is GARCH before it has learnt anything.

References:
    Bollerslev (1987, Review of Economics and Statistics); J.P. Morgan (1996, RiskMetrics); Corsi (2009); Nguyen et al.
    (2022, Journal of the Royal Statistical Society C), a recurrent network inside a volatility model.
"""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.errors import ConfigError
from saddlepath.forecast.baselines import HAR_LAGS, RISK_METRICS, least_squares
from saddlepath.forecast.comparison import diebold_mariano
from saddlepath.forecast.econometric import GARCH, GarchFit
from saddlepath.forecast.heads import LEAST_NU, SequenceNetwork, student_log_density
from saddlepath.forecast.metrics import qlike
from saddlepath.forecast.value_at_risk import christoffersen, kupiec
from saddlepath.forecast.walking import Past
from saddlepath.nn.training import Data, Log, Training, train
from saddlepath.sequence.recurrent import LSTM
from saddlepath.table import Table, table

Returns = Float[np.ndarray, " time"]
Variances = Float[np.ndarray, " days"]
TAIL = 0.01
"""Level of the value at risk [-]."""
SMALL = 0.1
"""What is added to a squared standardised return before its logarithm is taken [-]."""
REFERENCE = GARCH().name
"""The model that others are compared with."""


@dataclasses.dataclass(frozen=True)
class NetworkVolatility:
    """A recurrent network around GARCH.

    Attributes:
        hidden: Units.
        window: Days that it looks at.
        members: Networks whose mean log variance is the forecast.
        training: How it is trained.
        validation: Share of the past, the last one, that chooses the epoch. [-]
        seed: Of weights and batches.
    """

    hidden: int = 8
    window: int = 22
    members: int = 3
    training: Training = Training(rate=3e-3, epochs=30, batch=256, decay=1e-3)
    validation: float = 0.25
    seed: int = 0


class TLoss(eqx.Module):
    """Minus the log density of a return under Student's t, whose log variance a network moves.

    Attributes:
        nu: Degrees of freedom. [-]
    """

    nu: float = eqx.field(static=True)

    def __call__(self, network: Any, x: Array, y: Float[Array, " 1"], key: Any) -> Array:
        shift = network(x, key)[0, 0]
        scale = jnp.exp(shift / 2) * jnp.sqrt((self.nu - 2) / self.nu).astype(shift.dtype)
        nu = jnp.asarray(self.nu, dtype=shift.dtype)
        return -student_log_density(y[0], jnp.zeros_like(shift), scale, nu)


@dataclasses.dataclass(frozen=True, eq=False)
class VolatilityForecasts:
    """One-day forecasts of the variance after an origin, with fixed coefficients.

    Attributes:
        variances: By model, one per day. [squared units of the returns]
        quantiles: Lower quantile of the return at level `TAIL`, by model. [units of the returns]
        returns: What came. [units of the returns]
    """

    variances: dict[str, Variances]
    quantiles: dict[str, Variances]
    returns: Returns

    def losses(self, model: str) -> Variances:
        """QLIKE by day, without days of a return of zero, whose logarithm does not exist. [-]"""
        traded = self.returns != 0
        ratio = self.returns[traded] ** 2 / self.variances[model][traded]
        return ratio - np.log(ratio) - 1

    def table(self) -> Table:
        """QLIKE, its comparison with GARCH-t, and back-tests of the value at risk."""
        traded, rows = self.returns != 0, {}
        for name, variance in self.variances.items():
            hits = self.returns < self.quantiles[name]
            equal = name == REFERENCE
            test = np.nan if equal else diebold_mariano(self.losses(name), self.losses(REFERENCE)).p_value
            rows[name] = {
                "QLIKE": qlike(self.returns[traded] ** 2, variance[traded]),
                "DM p": test,
                "hits [%]": 100 * float(hits.mean()),
                "Kupiec p": kupiec(hits, TAIL).p_value,
                "Christoffersen p": christoffersen(hits).p_value,
            }
        note = f"{len(self.returns)} days; value at risk at {100 * TAIL:g} %; DM p against GARCH-t."
        return table(rows, "model", title="One-day forecasts of the variance", note=note)


def volatility_forecasts(
    returns: Returns, first: int, model: NetworkVolatility = NetworkVolatility(), log: Log | None = None
) -> VolatilityForecasts:
    """Variances of every day from an origin on, all coefficients estimated on the days before.

    Args:
        returns: Daily returns. [%, or any unit]
        first: Days that coefficients may know.
        model: The network.
        log: Called with a record per part of the training.

    Raises:
        ConfigError: Fewer than 500 days to learn from, or none to forecast; arch is not installed.
    """
    if not 500 <= first < len(returns):
        raise ConfigError(
            f"a volatility model needs 500 days or more and one to forecast, got {first} of {len(returns)}."
        )
    garch = GARCH().fit(Past(returns[:first, None]), 1)
    errors = np.concatenate([[0.0], returns[1:] - garch.constant - garch.slope * returns[:-1]])
    ahead = garch.along(returns)[:-1]  # entry t - 1 is the forecast for day t
    variance = np.concatenate([ahead[:1], ahead])
    known = slice(22, first)
    others = {
        REFERENCE: variance,
        "EWMA": _smoothed(errors, first),
        "HAR": _har(errors, first),
        "LSTM around GARCH": variance * np.exp(_learned(errors, variance, garch, first, model, log)),
    }
    quantiles = {}
    for name, found in others.items():
        # Every model gets the lower quantile of its own standardised errors of the past: filtered historical
        # simulation (Barone-Adesi et al., 1999, Journal of Futures Markets).
        low = np.quantile(errors[known] / np.sqrt(found[known]), TAIL)
        quantiles[name] = (returns - errors + low * np.sqrt(found))[first:]
    return VolatilityForecasts({name: found[first:] for name, found in others.items()}, quantiles, returns[first:])


def _smoothed(errors: Returns, first: int) -> Returns:
    """Exponential smoothing of squared errors, known the day before."""
    from scipy.signal import lfilter

    before = errors[:first].var()
    start = np.array([RISK_METRICS * before])
    smooth = np.asarray(lfilter([1 - RISK_METRICS], [1.0, -RISK_METRICS], errors**2, zi=start)[0])
    return np.concatenate([[before], smooth[:-1]])


def _har(errors: Returns, first: int) -> Returns:
    """Log of a day's squared error on logs of mean squares of a day, a week, a month; rescaled to the right mean."""
    squares, most = errors**2, HAR_LAGS[-1]
    least = np.quantile(squares[:first], 0.01)
    total = np.concatenate([[0.0], np.cumsum(squares)])
    rows = np.arange(most, len(squares))
    means = [np.log(np.maximum((total[rows] - total[rows - k]) / k, least)) for k in HAR_LAGS]
    x, known = np.column_stack([np.ones(len(rows)), *means]), rows < first
    coefficients, _ = least_squares(x[known], np.log(np.maximum(squares[rows], least))[known])
    found = np.exp(x @ coefficients)
    found *= np.mean(squares[rows][known] / found[known])
    return np.concatenate([np.full(most, squares[:first].mean()), found])


def _learned(
    errors: Returns, variance: Returns, garch: GarchFit, first: int, model: NetworkVolatility, log: Log | None
) -> Returns:
    """How far networks move the logarithm of the variance, on average."""
    z = errors / np.sqrt(variance)
    rows = np.arange(model.window, len(errors))
    past = np.column_stack([z, np.log(z**2 + SMALL)])
    today = np.log(variance[rows]) - np.log(variance[:first]).mean()  # the forecast for the day, known the day before
    x = np.stack(
        [
            np.column_stack([past[t - model.window : t], np.full(model.window, level)])
            for t, level in zip(rows, today, strict=True)
        ]
    ).astype(np.float32)
    cut = first - model.window - round(model.validation * (first - model.window))
    end = first - model.window
    with jax.enable_x64(False):
        y = jnp.asarray(z[rows, None], dtype=jnp.float32)
        cell: Any = LSTM  # its constructor is inherited, which type checkers do not see
        build = lambda key: SequenceNetwork(cell(x.shape[2], model.hidden, key=key), model.hidden, 1, 1)
        networks = eqx.filter_vmap(build)(jax.random.split(jax.random.key(model.seed), model.members))
        data = Data(jnp.asarray(x[:cut]), y[:cut], jnp.asarray(x[cut:end]), y[cut:end])
        networks = train(networks, data, TLoss(max(garch.nu, LEAST_NU)), model.training, model.seed, log=log)
        found = np.asarray(_shifts(networks, jnp.asarray(x)), dtype=float)
    return np.concatenate([np.zeros(model.window), found])


@eqx.filter_jit
def _shifts(networks: Any, x: Array) -> Array:
    return jnp.mean(eqx.filter_vmap(lambda network: jax.vmap(network)(x)[:, 0, 0])(networks), axis=0)
