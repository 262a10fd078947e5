"""What makes a run the run it is. Free of torch: a finished run is found again without importing a learner."""

from bench.identity.code import Layout, code_sha256, source_files
from bench.identity.run import PROTOCOL, RunIdentity, former_key, learner_identity

__all__ = ["PROTOCOL", "Layout", "RunIdentity", "code_sha256", "former_key", "learner_identity", "source_files"]
