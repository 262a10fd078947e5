"""What makes a run the run it is. Free of torch: a finished run is found again without importing a learner."""

from bench.identity.code import code_sha256
from bench.identity.run import PROTOCOL, RunIdentity, former_key, learner_identity

__all__ = ["PROTOCOL", "RunIdentity", "code_sha256", "former_key", "learner_identity"]
