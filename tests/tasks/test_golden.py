"""What was released stays as it was: function values, manifest hashes and every parameter of every suite."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from bench.tasks.manifest import manifest_sha256
from bench.tasks.registry import all_suites
from bench.tasks.suites import Suite
from tests.tasks.golden.write import FOLDER, FUNCTION_SUITES, RELEASED, TRIAL_SUITES, arrays, released

SUITES = all_suites()


@pytest.mark.parametrize("name", [*FUNCTION_SUITES, *TRIAL_SUITES])
def test_values_of_generated_episodes(name: str) -> None:
    found = arrays(name)
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as golden:
        assert set(golden) == set(found)
        for field, expected in golden.items():
            np.testing.assert_allclose(found[field], expected, rtol=1e-5, atol=1e-6, err_msg=field)


@pytest.mark.parametrize("name", SUITES)
def test_pinned_manifests(name: str) -> None:
    pin = SUITES[name].pin
    assert pin is not None, "every standard suite is pinned"
    assert manifest_sha256(SUITES[name]) == pin.manifest


def changes(snapshot: dict[str, dict[str, Any]], suites: dict[str, Suite]) -> list[str]:
    """Ways in which suites differ from what was released under the same name and version.

    Three things are allowed: a new version, a new suite (once it is in the snapshot) and the fingerprint of images that
    could not be pinned before.
    """
    wrong = []
    for name, suite in suites.items():
        label = f"{name}@{suite.version}"
        if label not in snapshot:
            wrong.append(f"{label} is not in the snapshot: python -m tests.tasks.golden.write")
            continue
        now, then = released(suite), json.loads(json.dumps(snapshot[label]))
        if then["pin"]["data"] is None and now["pin"]:
            now["pin"]["data"] = None
        wrong += [f"{label}: {field} changed" for field in then if now[field] != then[field]]
    names = {label.split("@")[0] for label in snapshot}
    wrong += [f"{name} was released and is gone" for name in names - set(suites)]
    for label in snapshot:
        name, _, version = label.partition("@")
        if name in suites and suites[name].version < int(version):
            wrong.append(f"{name} went back from version {version}")
    return wrong


def test_no_released_suite_has_changed() -> None:
    assert changes(json.loads(RELEASED.read_text()), SUITES) == []


def edited(name: str, **update: Any) -> dict[str, Suite]:
    return SUITES | {name: SUITES[name].model_copy(update=update)}


def test_the_snapshot_notices_any_change_without_a_new_version() -> None:
    snapshot = json.loads(RELEASED.read_text())
    suite = SUITES["glyphs-5w1s"]
    assert suite.pin is not None
    validation = suite.validation.model_copy(update={"episodes": 100})
    for field, value in {
        "task": suite.task.model_copy(update={"query": 14}),
        "metric": "mse",
        "validation": validation,
        "pin": suite.pin.model_copy(update={"manifest": "0" * 64}),
    }.items():
        assert changes(snapshot, edited("glyphs-5w1s", **{field: value})) == [f"glyphs-5w1s@1: {field} changed"]
    other_images = suite.pin.model_copy(update={"data": "0" * 64})
    assert changes(snapshot, edited("glyphs-5w1s", pin=other_images)) == ["glyphs-5w1s@1: pin changed"]
    assert changes(snapshot, edited("glyphs-5w1s", pin=None)) == ["glyphs-5w1s@1: pin changed"]
    assert "is not in the snapshot" in changes(snapshot, edited("glyphs-5w1s", version=2))[0]
    assert changes(snapshot, {n: s for n, s in SUITES.items() if n != "gp1d-rbf"}) == [
        "gp1d-rbf was released and is gone"
    ]


def test_the_snapshot_allows_a_title_and_a_first_pin_of_images() -> None:
    snapshot = json.loads(RELEASED.read_text())
    assert changes(snapshot, edited("glyphs-5w1s", title="Another title")) == []
    unpinned = json.loads(json.dumps(snapshot))
    unpinned["glyphs-5w1s@1"]["pin"]["data"] = None
    assert changes(unpinned, SUITES) == []


@pytest.mark.parametrize("field", ["way", "shot", "query"])
def test_the_manifest_depends_on_every_part_of_the_shape(field: str) -> None:
    suite = SUITES["glyphs-5w1s"]
    assert suite.pin is not None
    task = suite.task.model_copy(update={field: getattr(suite.task, field) + 1})
    assert manifest_sha256(suite.model_copy(update={"task": task})) != suite.pin.manifest


def test_the_manifest_depends_on_the_parameters_of_functions() -> None:
    suite = SUITES["sinusoid-5s"]
    assert suite.pin is not None
    for update in ({"amplitude": (0.1, 4.0)}, {"x": (-4.0, 5.0)}, {"target": 99}):
        task = suite.task.model_copy(update=update)
        assert manifest_sha256(suite.model_copy(update={"task": task})) != suite.pin.manifest
