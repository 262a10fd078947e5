"""Many runs: a plan of cells, and workers that carry them out. The store is the queue.

A worker takes a cell by a lease beside the cell's place in the store, and a record ends it; who starts the workers, and
on which machine, is an engine's affair. Free of torch.
"""

from bench.sweeps.events import Event, follow

__all__ = ["Event", "follow"]
