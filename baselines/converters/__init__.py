"""From the files that authors have published to the state dicts of baselines: a module per learner."""
