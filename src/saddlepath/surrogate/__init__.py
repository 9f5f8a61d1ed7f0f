"""Cheap, differentiable maps from parameters to quantities of interest, with an error bar."""
