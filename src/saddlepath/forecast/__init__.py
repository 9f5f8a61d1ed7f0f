"""Forecasts of economic and financial series: walk-forward tests, baselines, networks, intervals, comparisons."""
