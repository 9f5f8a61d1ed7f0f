"""Climate: carbon cycle and temperature, forcing, exogenous paths, published calibrations."""

from saddlepath.climate.calibrations import CARBON_CYCLES as CARBON_CYCLES
from saddlepath.climate.calibrations import TEMPERATURES as TEMPERATURES
from saddlepath.climate.calibrations import carbon_cycle as carbon_cycle
from saddlepath.climate.calibrations import temperature_boxes as temperature_boxes
from saddlepath.climate.carbon import CO2_PER_CARBON as CO2_PER_CARBON
from saddlepath.climate.carbon import CarbonCycle as CarbonCycle
from saddlepath.climate.emulator import pulse as pulse
from saddlepath.climate.emulator import quadrupling as quadrupling
from saddlepath.climate.emulator import ramp as ramp
from saddlepath.climate.emulator import rcp_run as rcp_run
from saddlepath.climate.exogenous import ExogenousPaths as ExogenousPaths
from saddlepath.climate.fitting import fit_carbon_cycle as fit_carbon_cycle
from saddlepath.climate.fitting import fit_temperature as fit_temperature
from saddlepath.climate.fitting import joos_pulse as joos_pulse
from saddlepath.climate.five_year import FiveYearProblem as FiveYearProblem
from saddlepath.climate.five_year import five_year_optimum as five_year_optimum
from saddlepath.climate.forcing import LinearForcing as LinearForcing
from saddlepath.climate.forcing import ProportionalForcing as ProportionalForcing
from saddlepath.climate.forcing import co2_forcing as co2_forcing
from saddlepath.climate.optimum import optimum as optimum
from saddlepath.climate.planner import PlannerProblem as PlannerProblem
from saddlepath.climate.rcp import SCENARIOS as SCENARIOS
from saddlepath.climate.rcp import rcp as rcp
from saddlepath.climate.temperature import Temperature as Temperature
