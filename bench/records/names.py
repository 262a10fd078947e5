"""Names in the store."""

import re

SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+=-]*")  # of a suite, a learner or a key: one folder each

SCORES = "scores.parquet"  # of a run

# Names of what lies beside a run while it is made: both begin with a dot, so that no listing takes them for runs.
TRAINING = ".training-"  # folder of an unfinished training
LEASE = ".lease-"  # who works on it
CLAIM = ".claim-"  # which worker of a sweep has taken it

CLASSES = "classes"  # column of class ids in the scores, and of the class file they may lie in
BUNDLE = "bundle.json"  # lists the files of a packed run with their hashes: such a folder stays as it is
