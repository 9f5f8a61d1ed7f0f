"""Write a dynamic economic model as its equations; solve it globally; simulate it; say how accurate the answer is.

The public names are loaded when they are first used, so that `import saddlepath` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING

from saddlepath._version import __version__ as __version__

if TYPE_CHECKING:
    from saddlepath.accuracy import Accuracy as Accuracy
    from saddlepath.accuracy import TestPaths as TestPaths
    from saddlepath.checking import check as check
    from saddlepath.clearing import clearing_price as clearing_price
    from saddlepath.comparison import closed_form as closed_form
    from saddlepath.comparison import compare as compare
    from saddlepath.complementarity import fischer_burmeister as fischer_burmeister
    from saddlepath.complementarity import smooth_maximum as smooth_maximum
    from saddlepath.complementarity import split as split
    from saddlepath.description import describe as describe
    from saddlepath.distribution import Distribution as Distribution
    from saddlepath.distribution import stationary_distribution as stationary_distribution
    from saddlepath.dynamic_programming.backward_induction import ValuePath as ValuePath
    from saddlepath.dynamic_programming.backward_induction import backward_induction as backward_induction
    from saddlepath.dynamic_programming.value_iteration import ValueFunction as ValueFunction
    from saddlepath.dynamic_programming.value_iteration import iterate_values as iterate_values
    from saddlepath.errors import ConfigError as ConfigError
    from saddlepath.errors import ConvergenceError as ConvergenceError
    from saddlepath.errors import FileError as FileError
    from saddlepath.errors import ModelError as ModelError
    from saddlepath.errors import SaddlepathError as SaddlepathError
    from saddlepath.estimate.bootstrap import Bootstrap as Bootstrap
    from saddlepath.estimate.bootstrap import bootstrap as bootstrap
    from saddlepath.estimate.identification import Identification as Identification
    from saddlepath.estimate.identification import identification as identification
    from saddlepath.estimate.identification import profile as profile
    from saddlepath.estimate.likelihood import likelihood as likelihood
    from saddlepath.estimate.posterior import Posterior as Posterior
    from saddlepath.estimate.posterior import posterior as posterior
    from saddlepath.estimate.second_look import SecondLook as SecondLook
    from saddlepath.estimate.second_look import second_look as second_look
    from saddlepath.estimate.smm import Estimate as Estimate
    from saddlepath.estimate.smm import Moments as Moments
    from saddlepath.estimate.smm import moments_of as moments_of
    from saddlepath.estimate.smm import smm as smm
    from saddlepath.estimate.synthetic import synthetic_likelihood as synthetic_likelihood
    from saddlepath.files import load as load
    from saddlepath.files import save as save
    from saddlepath.forecast.files import load_forecaster as load_forecaster
    from saddlepath.forecast.files import save_forecaster as save_forecaster
    from saddlepath.forecast.neural import NetworkForecaster as NetworkForecaster
    from saddlepath.forecast.reading import permutation_importance as permutation_importance
    from saddlepath.forecast.reading import scenario as scenario
    from saddlepath.forecast.reading import shock_response as shock_response
    from saddlepath.forecast.series import Series as Series
    from saddlepath.forecast.series import read_series as read_series
    from saddlepath.forecast.study import ForecastStudy as ForecastStudy
    from saddlepath.forecast.study import compare_forecasts as compare_forecasts
    from saddlepath.forecast.vintages import read_vintages as read_vintages
    from saddlepath.forecast.walking import WalkForward as WalkForward
    from saddlepath.inequality import gini as gini
    from saddlepath.inequality import top_share as top_share
    from saddlepath.interchange.importing import ImportedModel as ImportedModel
    from saddlepath.interchange.importing import import_model as import_model
    from saddlepath.law_of_motion import ForecastErrors as ForecastErrors
    from saddlepath.law_of_motion import LawOfMotion as LawOfMotion
    from saddlepath.law_of_motion import fit_law_of_motion as fit_law_of_motion
    from saddlepath.macro_data import us_macro as us_macro
    from saddlepath.marginals import Beta as Beta
    from saddlepath.marginals import Gamma as Gamma
    from saddlepath.marginals import Gaussian as Gaussian
    from saddlepath.marginals import InverseGamma as InverseGamma
    from saddlepath.marginals import LogNormal as LogNormal
    from saddlepath.marginals import Uniform as Uniform
    from saddlepath.model import Known as Known
    from saddlepath.model import Model as Model
    from saddlepath.model import Scalar as Scalar
    from saddlepath.model import label as label
    from saddlepath.model import parameter as parameter
    from saddlepath.network import Network as Network
    from saddlepath.nn.estimators import NetworkClassifier as NetworkClassifier
    from saddlepath.nn.estimators import NetworkRegressor as NetworkRegressor
    from saddlepath.nn.fitted import FittedNetwork as FittedNetwork
    from saddlepath.nn.fitted import load_network as load_network
    from saddlepath.nn.fitting import Recipe as Recipe
    from saddlepath.nn.fitting import fit_best as fit_best
    from saddlepath.nn.fitting import fit_network as fit_network
    from saddlepath.nn.least_squares import LeastSquares as LeastSquares
    from saddlepath.nn.perceptron import Perceptron as Perceptron
    from saddlepath.nn.studies import run_study as run_study
    from saddlepath.nn.training import Training as Training
    from saddlepath.outcome import Outcome as Outcome
    from saddlepath.powers import log_of_power as log_of_power
    from saddlepath.powers import power as power
    from saddlepath.prior import Box as Box
    from saddlepath.prior import Prior as Prior
    from saddlepath.prior import read_prior as read_prior
    from saddlepath.quadrature import GaussHermite as GaussHermite
    from saddlepath.quadrature import Monomial as Monomial
    from saddlepath.quadrature import QuasiMonteCarlo as QuasiMonteCarlo
    from saddlepath.quadrature import Sparse as Sparse
    from saddlepath.ranges import Completed as Completed
    from saddlepath.ranges import Interval as Interval
    from saddlepath.ranges import NonNegative as NonNegative
    from saddlepath.ranges import OneOf as OneOf
    from saddlepath.ranges import Positive as Positive
    from saddlepath.ranges import Real as Real
    from saddlepath.ranges import Shares as Shares
    from saddlepath.ranges import Simplex as Simplex
    from saddlepath.ranges import Unit as Unit
    from saddlepath.report.forecast_page import write_forecast_report as write_forecast_report
    from saddlepath.report.html import write_report as write_report
    from saddlepath.report.uq_page import write_uq_report as write_uq_report
    from saddlepath.responses import impulse_response as impulse_response
    from saddlepath.shocks import Discrete as Discrete
    from saddlepath.shocks import Independent as Independent
    from saddlepath.shocks import MarkovChain as MarkovChain
    from saddlepath.shocks import Normal as Normal
    from saddlepath.shocks import NoShocks as NoShocks
    from saddlepath.simulation import simulate as simulate
    from saddlepath.simulation import stochastic_steady_state as stochastic_steady_state
    from saddlepath.social_cost import DamagesGap as DamagesGap
    from saddlepath.social_cost import OptimumGap as OptimumGap
    from saddlepath.social_cost import compare_with_damages as compare_with_damages
    from saddlepath.social_cost import compare_with_optimum as compare_with_optimum
    from saddlepath.social_cost import social_cost_of_carbon as social_cost_of_carbon
    from saddlepath.solution import Solution as Solution
    from saddlepath.solvers.balancing import Relobralo as Relobralo
    from saddlepath.solvers.collocation import Collocation as Collocation
    from saddlepath.solvers.endogenous_grid import EndogenousGrid as EndogenousGrid
    from saddlepath.solvers.first_order import FirstOrder as FirstOrder
    from saddlepath.solvers.homotopy import Homotopy as Homotopy
    from saddlepath.solvers.levenberg_marquardt import LevenbergMarquardt as LevenbergMarquardt
    from saddlepath.solvers.passages import Passages as Passages
    from saddlepath.solvers.sampling import FromStates as FromStates
    from saddlepath.solvers.sampling import Mixture as Mixture
    from saddlepath.solvers.sampling import Paths as Paths
    from saddlepath.solvers.sampling import Region as Region
    from saddlepath.solvers.sampling import Replay as Replay
    from saddlepath.solvers.solve import solve as solve
    from saddlepath.solvers.time_iteration import TimeIteration as TimeIteration
    from saddlepath.statistics import simulated as simulated
    from saddlepath.statistics import statistics_of as statistics_of
    from saddlepath.steady import LinearSolution as LinearSolution
    from saddlepath.steady import SteadyState as SteadyState
    from saddlepath.steady import linearise as linearise
    from saddlepath.steady import steady_state as steady_state
    from saddlepath.summary import hodrick_prescott as hodrick_prescott
    from saddlepath.summary import moments as moments
    from saddlepath.surrogate.acquisition import Deisenroth as Deisenroth
    from saddlepath.surrogate.acquisition import IntegratedVariance as IntegratedVariance
    from saddlepath.surrogate.acquisition import LeftOutVariance as LeftOutVariance
    from saddlepath.surrogate.acquisition import UpperConfidence as UpperConfidence
    from saddlepath.surrogate.acquisition import Variance as Variance
    from saddlepath.surrogate.active import Learned as Learned
    from saddlepath.surrogate.active import learn as learn
    from saddlepath.surrogate.auto import fit as fit
    from saddlepath.surrogate.base import Labels as Labels
    from saddlepath.surrogate.base import Prediction as Prediction
    from saddlepath.surrogate.base import Surrogate as Surrogate
    from saddlepath.surrogate.coordinates import PooledMoments as PooledMoments
    from saddlepath.surrogate.deep import Deep as Deep
    from saddlepath.surrogate.files import load_surrogate as load_surrogate
    from saddlepath.surrogate.files import save_surrogate as save_surrogate
    from saddlepath.surrogate.gaussian_process import GP as GP
    from saddlepath.surrogate.kernel_search import KernelSearch as KernelSearch
    from saddlepath.surrogate.kernel_search import search_kernel as search_kernel
    from saddlepath.surrogate.kernels import Matern as Matern
    from saddlepath.surrogate.kernels import Periodic as Periodic
    from saddlepath.surrogate.kernels import RationalQuadratic as RationalQuadratic
    from saddlepath.surrogate.kernels import SquaredExponential as SquaredExponential
    from saddlepath.surrogate.polynomial import Polynomial as Polynomial
    from saddlepath.surrogate.smooth_polynomial import SmoothPolynomial as SmoothPolynomial
    from saddlepath.surrogate.subspace import Subspace as Subspace
    from saddlepath.surrogate.subspace import active_subspace as active_subspace
    from saddlepath.sweeping import Sweep as Sweep
    from saddlepath.sweeping import sweep as sweep
    from saddlepath.table import Table as Table
    from saddlepath.uq.sensitivity import sensitivity as sensitivity
    from saddlepath.uq.study import Study as Study
    from saddlepath.uq.study import study as study
    from saddlepath.verdict import Verdict as Verdict
    from saddlepath.verdict import referee as referee
    from saddlepath.verification import certificate as certificate
    from saddlepath.verification import euler_errors as euler_errors

_MODULES = {
    "checking": ("check",),
    "accuracy": ("Accuracy", "TestPaths"),
    "clearing": ("clearing_price",),
    "comparison": ("closed_form", "compare"),
    "complementarity": ("fischer_burmeister", "smooth_maximum", "split"),
    "description": ("describe",),
    "distribution": ("Distribution", "stationary_distribution"),
    "errors": ("ConfigError", "ConvergenceError", "FileError", "ModelError", "SaddlepathError"),
    "files": ("load", "save"),
    "inequality": ("gini", "top_share"),
    "law_of_motion": ("ForecastErrors", "LawOfMotion", "fit_law_of_motion"),
    "model": ("Known", "Model", "Scalar", "label", "parameter"),
    "network": ("Network",),
    "nn.estimators": ("NetworkClassifier", "NetworkRegressor"),
    "nn.fitted": ("FittedNetwork", "load_network"),
    "nn.fitting": ("Recipe", "fit_best", "fit_network"),
    "nn.least_squares": ("LeastSquares",),
    "nn.perceptron": ("Perceptron",),
    "nn.studies": ("run_study",),
    "nn.training": ("Training",),
    "outcome": ("Outcome",),
    "powers": ("log_of_power", "power"),
    "prior": ("Box", "Prior", "read_prior"),
    "uq.study": ("Study", "study"),
    "quadrature": ("GaussHermite", "Monomial", "QuasiMonteCarlo", "Sparse"),
    "ranges": ("Completed", "Interval", "NonNegative", "OneOf", "Positive", "Real", "Shares", "Simplex", "Unit"),
    "verdict": ("Verdict", "referee"),
    "report.forecast_page": ("write_forecast_report",),
    "report.html": ("write_report",),
    "responses": ("impulse_response",),
    "shocks": ("Discrete", "Independent", "MarkovChain", "NoShocks", "Normal"),
    "simulation": ("simulate", "stochastic_steady_state"),
    "social_cost": (
        "DamagesGap",
        "OptimumGap",
        "compare_with_damages",
        "compare_with_optimum",
        "social_cost_of_carbon",
    ),
    "solution": ("Solution",),
    "solvers.solve": ("solve",),
    "solvers.balancing": ("Relobralo",),
    "solvers.collocation": ("Collocation",),
    "solvers.endogenous_grid": ("EndogenousGrid",),
    "solvers.first_order": ("FirstOrder",),
    "solvers.homotopy": ("Homotopy",),
    "solvers.levenberg_marquardt": ("LevenbergMarquardt",),
    "solvers.passages": ("Passages",),
    "solvers.sampling": ("FromStates", "Mixture", "Paths", "Region", "Replay"),
    "solvers.time_iteration": ("TimeIteration",),
    "steady": ("LinearSolution", "SteadyState", "linearise", "steady_state"),
    "summary": ("hodrick_prescott", "moments"),
    "sweeping": ("Sweep", "sweep"),
    "table": ("Table",),
    "verification": ("certificate", "euler_errors"),
    "surrogate.base": ("Labels", "Prediction", "Surrogate"),
    "surrogate.auto": ("fit",),
    "surrogate.gaussian_process": ("GP",),
    "surrogate.deep": ("Deep",),
    "surrogate.polynomial": ("Polynomial",),
    "surrogate.smooth_polynomial": ("SmoothPolynomial",),
    "surrogate.active": ("Learned", "learn"),
    "surrogate.acquisition": ("Deisenroth", "IntegratedVariance", "LeftOutVariance", "UpperConfidence", "Variance"),
    "surrogate.files": ("load_surrogate", "save_surrogate"),
    "surrogate.kernels": ("Matern", "Periodic", "RationalQuadratic", "SquaredExponential"),
    "surrogate.kernel_search": ("KernelSearch", "search_kernel"),
    "surrogate.coordinates": ("PooledMoments",),
    "dynamic_programming.backward_induction": ("ValuePath", "backward_induction"),
    "dynamic_programming.value_iteration": ("ValueFunction", "iterate_values"),
    "surrogate.subspace": ("Subspace", "active_subspace"),
    "marginals": ("Beta", "Gamma", "Gaussian", "InverseGamma", "LogNormal", "Uniform"),
    "uq.sensitivity": ("sensitivity",),
    "report.uq_page": ("write_uq_report",),
    "statistics": ("simulated", "statistics_of"),
    "estimate.likelihood": ("likelihood",),
    "estimate.posterior": ("Posterior", "posterior"),
    "estimate.identification": ("Identification", "identification", "profile"),
    "estimate.smm": ("Estimate", "Moments", "moments_of", "smm"),
    "estimate.bootstrap": ("Bootstrap", "bootstrap"),
    "estimate.second_look": ("SecondLook", "second_look"),
    "forecast.files": ("load_forecaster", "save_forecaster"),
    "forecast.neural": ("NetworkForecaster",),
    "forecast.reading": ("permutation_importance", "scenario", "shock_response"),
    "forecast.series": ("Series", "read_series"),
    "forecast.study": ("ForecastStudy", "compare_forecasts"),
    "forecast.vintages": ("read_vintages",),
    "forecast.walking": ("WalkForward",),
    "interchange.importing": ("ImportedModel", "import_model"),
    "macro_data": ("us_macro",),
    "estimate.synthetic": ("synthetic_likelihood",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"saddlepath has no {name!r}; it offers {', '.join(__all__)}.")
    return getattr(importlib.import_module(f"saddlepath.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
