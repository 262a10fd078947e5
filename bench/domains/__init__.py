"""What bench can ask: one domain for each kind of problem, the built-in three and those of installed packages.

Importing this loads no torch: kinds, metrics, references and task definitions are there for boards and `bench list`.
"""

from bench.domains.contract import Domain, Loaded, MetricFacts
from bench.domains.registry import GROUP, all_domains, all_examples, domain_of, find_domain
from bench.domains.sources import Batch, Columns, Frozen, Scorer, TrainingSource
from bench.domains.task import TaskDefinition, TaskSpec

__all__ = [
    "GROUP",
    "Batch",
    "Columns",
    "Domain",
    "Frozen",
    "Loaded",
    "MetricFacts",
    "Scorer",
    "TaskDefinition",
    "TaskSpec",
    "TrainingSource",
    "all_domains",
    "all_examples",
    "domain_of",
    "find_domain",
]
