"""Model files of Dynare and dolo, written afresh from the published models that the package ships, and their twins."""
