"""Independent referees: NumPy and SciPy solvers that share no code with the package they judge."""
