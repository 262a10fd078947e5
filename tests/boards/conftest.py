"""A results directory with one of everything that a board has to tell apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.records.factory import accuracy_scores, regression_scores, store_run


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read-only: tests that change something make their own."""
    root = tmp_path_factory.mktemp("published") / "results"
    for seed in range(3):
        store_run(root, accuracy_scores(2000, 0.95, seed), seed=seed)
        store_run(root, regression_scores(2000, 0.2, seed), seed=seed, algorithm__name="maml")
    batch = {"norm": "batch"}
    store_run(
        root,
        accuracy_scores(2100, 0.90, 5),
        algorithm__name="maml",
        algorithm__options=batch,
        algorithm__overrides=batch,
        protocol__transductive=True,
        timing__contended=True,
    )
    reference = {"seed": None, "algorithm__trains": False, "timing__train_s": None, "recipe": "defaults"}
    store_run(root, accuracy_scores(2000, 0.2, 7), algorithm__name="chance", algorithm__family="reference", **reference)
    pixels = {"algorithm__name": "nearest_centroid", "algorithm__family": "reference"}
    store_run(root, accuracy_scores(2000, 0.6, 8), **pixels, **reference)
    knows = {"algorithm__name": "gp_oracle", "algorithm__privileged": "the kernel"}
    store_run(root, regression_scores(2000, 0.05, 0), **knows, **reference)
    store_run(root, accuracy_scores(2000), algorithm__name="frozen", protocol__external_data=["ImageNet-1k"])
    store_run(root, None, seed=4)
    store_run(root, accuracy_scores(100), budget="smoke")
    return root
