"""Models written for other programs, Dynare's `.mod` and dolo's `.yaml`, as model files that their owner edits."""
