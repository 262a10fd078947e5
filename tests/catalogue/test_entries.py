"""The catalogue: what a wrong entry says, and that the packaged one fits learners, suites and converters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.catalogue import load_catalogue
from bench.catalogue.convert import converter
from bench.errors import UsageError
from bench.learners.options import resolve_options
from bench.learners.registry import find_learner, load
from bench.tasks.registry import find_suite
from tests.catalogue.conftest import Published


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"licence": ""}, "licence: String should have at least 1 character"),
        ({"sha256": "abc"}, "sha256: String should match"),
        ({"base": "http://example.org/models"}, "base: String should match"),
        ({"converter": "mine.py:convert"}, "converter: String should match"),
        ({"files": [{"path": "../x", "sha256": "a" * 64, "bytes": 1}]}, "files.0.path: String should match"),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"saw_test_classes": True}, "saw_test_classes: true, but external_data does not name what showed them"),
    ],
)
def test_a_wrong_entry_is_named_with_its_line(published: Published, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        published.describe(**changes)
    where, _, message = caught.value.message.partition(": ")
    field = next(iter(changes))
    file, _, line = where.rpartition(":")
    lines = published.catalogue.read_text().splitlines()
    assert Path(file) == published.catalogue and message.startswith(says)
    below = "path" if field == "files" else field
    assert below in lines[int(line) - 1]


def test_a_name_is_declared_once(published: Published) -> None:
    text = published.catalogue.read_text()
    published.catalogue.write_text(text + text)
    with pytest.raises(UsageError, match="'tiny' is declared twice"):
        load_catalogue(published.catalogue)


@pytest.mark.parametrize("entry", load_catalogue().values(), ids=lambda entry: entry.name)
def test_what_comes_with_bench_fits_together(entry: Any) -> None:
    learner = load(find_learner(entry.learner))
    resolve_options(learner, entry.overrides)
    assert callable(converter(entry))
    for suite in entry.suites:
        assert find_suite(suite).kind in learner.domains
    commit = entry.base.rpartition("/")[2]
    assert len(commit) == 40 and set(commit) <= set("0123456789abcdef")  # a branch would move
