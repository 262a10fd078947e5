"""Names of what lies beside a run while it is made: both begin with a dot, so that no listing takes them for runs."""

TRAINING = ".training-"  # folder of an unfinished training
LEASE = ".lease-"  # who works on it
