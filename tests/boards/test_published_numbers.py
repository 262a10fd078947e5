"""The published numbers: what an entry means, that mistakes are told with their line, and that the file is in order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bench.boards import Published, load_published
from bench.errors import UsageError
from bench.resources import resource

GOOD = """\
sources:
  paper: {title: A paper, url: "https://example.org/a"}
published:
  - {suite: s, algorithm: a, value: "98.70", mode: inductive, source: paper}
"""
ENTRY = '  - {suite: s, algorithm: b, value: "1", mode: inductive, source: paper}\n'


def entry(**fields: object) -> Published:
    return Published.model_validate(
        {"suite": "s", "algorithm": "a", "value": "1", "mode": "inductive", "source": "x", **fields}
    )


@pytest.mark.parametrize(
    ("fields", "ends"),
    [
        ({"value": "98.7", "interval": "0.4"}, (0.983, 0.991)),
        ({"value": "98.7"}, (0.9865, 0.9875)),
        ({"value": "98.70"}, (0.98695, 0.98705)),
        ({"value": "99"}, (0.985, 0.995)),
        ({"value": "-0.35", "unit": "nats per target point"}, (-0.355, -0.345)),
        ({"value": "0.67", "interval": "0.10", "unit": "squared target unit"}, (0.57, 0.77)),
    ],
)
def test_a_number_without_an_interval_is_what_rounds_to_it(fields: dict[str, str], ends: tuple[float, float]) -> None:
    assert entry(**fields).ends == pytest.approx(ends, abs=1e-12)


@given(st.decimals(0, 100, places=2), st.integers(0, 4))
def test_any_value_lies_between_the_ends_of_its_own_rounding(value: object, digits: int) -> None:
    printed = entry(value=f"{value:.{digits}f}")
    low, high = printed.ends
    assert low <= float(str(value)) / 100 + 1e-12 and float(str(value)) / 100 <= high + 1e-12
    assert low < printed.mean < high


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD + ENTRY.replace('"1"', "1"), ":5: value: Input should be a valid string"),
        (GOOD + ENTRY.replace('"1"', '"about 1"'), ":5: value: String should match"),
        (GOOD + ENTRY.replace("mode: inductive", "mode: both"), ":5: mode: Input should be"),
        (GOOD + ENTRY.replace("mode:", "moode:"), ":5: mode: Field required"),
        (GOOD + ENTRY.replace("}", ", note: n}"), ":5: note: Extra inputs"),
        (GOOD + ENTRY + "  - suite: s\n    algorithm: c\n    value: '1'\n    unit: apples\n", ":9: unit: Input should"),
        (GOOD + ENTRY.replace("source: paper", "source: papper"), ":5: source: 'papper' is not among the sources"),
        (GOOD + ENTRY.replace("b,", "a,"), ":5: entry: answers what an earlier entry answers"),
        (GOOD + ENTRY.replace("}", ", repeats: true}"), ":5: repeats: there is no entry that it repeats"),
        (GOOD.replace("https", "ftp"), ":2: sources.paper.url: String should match"),
        (GOOD + "  - {\n", ":6: not valid YAML"),
        ("just words\n", ":1: entry"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "published.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=f"published.yaml{says}") as caught:
        load_published(path)
    assert str(caught.value).endswith("docs/reproduction/README.md says what an entry holds")


def test_other_options_modes_and_metrics_are_other_questions(tmp_path: Path) -> None:
    path = tmp_path / "published.yaml"
    base = ENTRY.replace("b,", "a,")
    others = [base.replace("}", f", {more}}}") for more in ("options: {norm: batch}", "metric: mse@step1")]
    path.write_text(GOOD + "".join(others) + base.replace("inductive", "transductive"))
    assert len(load_published(path).on("s")) == 4


def test_the_packaged_numbers_name_suites_and_learners_that_exist() -> None:
    found = load_published()
    suites = yaml.safe_load(resource("tasks.yaml").read_text())["suites"]
    learners = {path.stem for path in resource("baselines").glob("*.py")}
    assert {entry.suite for entry in found.published} <= suites.keys()
    assert {entry.algorithm for entry in found.published} <= learners
    assert found.sources.keys() == {entry.source for entry in found.published}, "a source that nothing cites"


def test_published_percentages_are_percentages() -> None:
    for entry in load_published().published:
        if entry.unit == "percent":
            assert 20 < float(entry.value) < 100 and float(entry.interval or 0) < 3, entry


def test_reading_them_needs_no_torch() -> None:
    code = "import sys, bench.boards as b; b.load_published(); assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
