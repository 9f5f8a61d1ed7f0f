"""Value functions of planners' problems, learnt from maximisations at a few points of the state space."""
