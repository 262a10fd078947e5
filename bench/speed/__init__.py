"""Where the time of a learner goes on this machine: measured without a run, two measurements side by side."""
