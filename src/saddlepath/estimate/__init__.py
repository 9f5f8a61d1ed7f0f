"""From data to parameters: simulated moments, likelihoods, posteriors, identification."""
