"""Which parameter matters: variance-based sensitivity and propagation of a prior, with honest intervals."""
