"""Reads dolo's `.yaml` files: symbols, definitions, transitions, arbitrage equations with bounds, calibration."""

from saddlepath.errors import ModelError
from saddlepath.interchange.syntax import Source


def read_dolo(text: str, file: str) -> Source:
    raise ModelError(file)
