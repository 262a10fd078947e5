"""The published numbers: what an entry means, that mistakes are told with their line, and that the file is in order."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.boards import Published, load_published
from bench.boards.board.published import Margin, Source
from bench.boards.board.verdicts import published_interval
from bench.errors import UsageError
from bench.resources import repository, resource
from bench.stats import Interval

GOOD = """\
margins: {percent: {absolute: "1", why: w}}
sources:
  paper: {title: A paper, url: "https://example.org/a"}
published:
  - {suite: s, algorithm: a, value: "98.70", mode: inductive, source: paper}
"""
ROOT = repository()
assert ROOT is not None
ENTRY = '  - {suite: s, algorithm: b, value: "1", mode: inductive, source: paper}\n'


def entry(**fields: object) -> Published:
    return Published.model_validate(
        {"suite": "s", "algorithm": "a", "value": "1", "mode": "inductive", "source": "x", **fields}
    )


SOURCE = Source(title="A paper", url="https://example.org/a")


def interval(entry: Published, sd: float = 0.0, **source: object) -> Interval:
    return published_interval(entry, SOURCE.model_copy(update=source), sd)


@pytest.mark.parametrize(
    ("meaning", "se", "df"),
    [
        ("95 %", 0.004 / 1.96, math.inf),
        ("standard error", 0.004, math.inf),
        ("not stated", 0.004, math.inf),  # the widest of its usual meanings
        ("sd of 4 seeds", 0.002, 3.0),
    ],
)
def test_a_plus_minus_counts_with_its_meaning(meaning: str, se: float, df: float) -> None:
    found = interval(entry(value="98.700", interval="0.4"), plus_minus=meaning)
    assert (found.mean, found.df) == (pytest.approx(0.987), df)
    assert found.se == pytest.approx(math.hypot(se, 0.000005 / math.sqrt(3)))
    assert found.high - found.mean == pytest.approx(float(stats.t.ppf(0.975, df)) * found.se)


@pytest.mark.parametrize(
    ("fields", "half_digit"),
    [
        ({"value": "98.7"}, 0.0005),
        ({"value": "98.70"}, 0.00005),
        ({"value": "99"}, 0.005),
        ({"value": "-0.35", "unit": "nats per target point"}, 0.005),
    ],
)
def test_without_a_plus_minus_only_rounding_counts(fields: dict[str, str], half_digit: float) -> None:
    """All numbers that round to the printed one are equally likely: the standard deviation of a uniform."""
    found = interval(entry(**fields), sd=0.3)
    assert found.se == pytest.approx(float(stats.uniform(-half_digit, 2 * half_digit).std()))


def test_a_known_number_of_episodes_adds_their_sampling() -> None:
    few, many = (interval(entry(value="0.67", unit="squared target unit"), sd=1.2, episodes=n) for n in (600, 60_000))
    assert few.se == pytest.approx(math.hypot(1.2 / math.sqrt(600), 0.005 / math.sqrt(3)))
    assert many.se < few.se / 5


@given(st.decimals(0, 100, places=2), st.integers(0, 4))
def test_any_value_lies_within_half_a_digit_of_its_own_rounding(value: object, digits: int) -> None:
    printed = entry(value=f"{value:.{digits}f}")
    assert abs(float(str(value)) / 100 - printed.mean) <= printed.half_digit + 1e-12


@pytest.mark.parametrize(
    ("margin", "value", "unit", "size"),
    [
        ({"absolute": "1"}, "98.7", "percent", 0.01),
        ({"relative": "0.1"}, "0.67", "squared target unit", 0.067),
        ({"relative": "0.02"}, "-50", "reward per trial", 1.0),
        ({"absolute": "0.05"}, "-3.5", "nats per target point", 0.05),
    ],
)
def test_margins_are_absolute_or_shares_of_the_number(
    margin: dict[str, str], value: str, unit: str, size: float
) -> None:
    assert Margin(**margin, why="w").around(entry(value=value, unit=unit)) == pytest.approx(size)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD + ENTRY.replace('"1"', "1"), ":6: value: Input should be a valid string"),
        (GOOD + ENTRY.replace('"1"', '"about 1"'), ":6: value: String should match"),
        (GOOD + ENTRY.replace("mode: inductive", "mode: both"), ":6: mode: Input should be"),
        (GOOD + ENTRY.replace("mode:", "moode:"), ":6: mode: Field required"),
        (GOOD + ENTRY.replace("}", ", note: n}"), ":6: note: Extra inputs"),
        (
            GOOD + ENTRY + "  - suite: s\n    algorithm: c\n    value: '1'\n    unit: apples\n",
            ":10: unit: Input should",
        ),
        (GOOD + ENTRY.replace("source: paper", "source: papper"), ":6: source: 'papper' is not among the sources"),
        (GOOD + ENTRY.replace("b,", "a,"), ":6: entry: answers what an earlier entry answers"),
        (GOOD + ENTRY.replace("}", ", repeats: true}"), ":6: repeats: there is no entry that it repeats"),
        (GOOD.replace("https", "ftp"), ":3: sources.paper.url: String should match"),
        (GOOD + "  - {\n", ":7: not valid YAML"),
        (GOOD + ENTRY.replace("}", ', interval: "1"}'), ":6: interval: the source 'paper' has no `plus_minus`"),
        (GOOD + ENTRY.replace("}", ", unit: reward per trial}"), ":6: unit: there is no margin for reward per trial"),
        (GOOD.replace('absolute: "1", ', ""), ":1: margins.percent: Value error, a margin is either absolute or"),
        (GOOD.replace("why", 'relative: "0.1", why'), ":1: margins.percent: Value error, a margin is either absolute"),
        (GOOD.replace('/a"', '/a", plus_minus: about'), ":3: sources.paper.plus_minus: String should match"),
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


def test_every_packaged_number_has_a_margin_that_its_unit_explains() -> None:
    found = load_published()
    assert all(found.margins[entry.unit].around(entry) > 0 for entry in found.published)
    page = (ROOT / "docs" / "reproduction" / "README.md").read_text(encoding="utf-8")
    for unit, margin in found.margins.items():
        size = f"{float(margin.relative):.0%}".replace("%", " % of the number") if margin.relative else margin.absolute
        assert f"| {unit} | {size} | {margin.why} |" in page


def test_reading_them_needs_no_torch() -> None:
    code = "import sys, bench.boards as b; b.load_published(); assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
