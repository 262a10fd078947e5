"""What learners of functions share: which suites they can answer."""

from __future__ import annotations

import bench


class FunctionLearner(bench.Learner):
    """A learner that predicts functions from points of them."""

    @classmethod
    def skip(cls, task: bench.TaskSpec) -> str | None:
        return None if task.kind == "regression" else "predicts functions; the suite asks for classes"
