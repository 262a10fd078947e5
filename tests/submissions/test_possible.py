"""Values that no run can have left: refused by name, while what honest runs leave passes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench.records.files import RECORD
from bench.resources import repository
from bench.submissions.consistent import verify_consistent
from bench.submissions.entry import read_entry
from bench.submissions.possible import check_dates, check_timing, date_of
from bench.submissions.provenance import check_code
from bench.submissions.report import Finding
from tests.records.factory import accuracy_scores, make_record

from .conftest import Cheat, Packed

PUBLISHED = Path(__file__).parents[2] / "leaderboards" / "results"


def _refused(cheat: Cheat, *parts: str) -> None:
    cheat.fix_bundle()
    texts = [f"{f.check}: {f.text}" for f in verify_consistent(cheat.folder, submitted=True).of("mismatch")]
    assert any(all(part in text for part in parts) for text in texts), texts


def _set(*path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(fields: dict[str, Any]) -> None:
        for name in path[:-1]:
            fields = fields[name]
        fields[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("started",), "1970-01-01T00:00:00Z", ("dates: started is 1970", "before bench's first commit")),
        (("finished",), "9999-01-01T00:00:00Z", ("dates: finished is 9999", "yet to come")),
        (("finished",), "2026-11-23T00:00:00Z", ("dates: started", "after it had finished")),
        (("finished",), "yesterday", ("dates: finished is 'yesterday'",)),
        (("finished",), "2026-13-45T00:00:00Z", ("dates: finished",)),
        (("timing", "measured"), "2026-11-23T00:00:00Z", ("timing.measured", "before the run finished")),
        (("timing", "eval_s"), 1e6, ("dates: eval_s is 1e+06 s, but the run lasted",)),
        (("timing", "train_s"), 1e9, ("dates: train_s", "more than all the time")),
        (("timing", "eval_episodes_per_s"), 1e9, ("timing: 1e+09 episodes/s",)),
        (("timing", "train_episodes_per_s"), 0.001, ("timing:", "20 steps of")),
        (("timing", "train_s"), 0.001, ("timing:",)),
        (("validation", "step"), 10_000, ("timing: the checkpoint is from step 10,000 of 20",)),
        (("environment", "cores"), 0, ("timing: 0 cores", "no such machine")),
        (("memory", "peak_host_mib"), 1e9, ("timing: peak_host_mib",)),
        (("code", "bench_version"), "99.0.0", ("code: bench 99.0.0 is no release",)),
        (("code", "bench_version"), "latest", ("code: bench latest is no release",)),
        (("code", "commit"), "HEAD; rm -rf /", ("code:", "is no commit")),
        (("protocol", "saw_test_classes"), True, ("exposure:", "external_data is empty")),
    ],
)
def test_impossible_values(cheat: Cheat, path: tuple[str, ...], value: object, named: tuple[str, ...]) -> None:
    cheat.edit_record(_set(*path, value=value))
    _refused(cheat, *named)


def test_latencies_out_of_order_or_never_timed(cheat: Cheat) -> None:
    for change, text in (
        ({"adapt_ms_p50": 2.0, "adapt_ms_p95": 1.0, "repeats": 50}, "less than the median"),
        ({"adapt_ms_p50": 1.0, "adapt_ms_p95": 2.0, "repeats": 0}, "nothing was timed"),
        ({"adapt_ms_p50": 1.0, "adapt_ms_p95": None, "repeats": 50}, "belong together"),
        ({"measured": date_now(), "adapt_ms_p50": None, "adapt_ms_p95": None}, "its numbers are missing"),
    ):
        cheat.edit_record(lambda fields, change=change: fields["timing"].update(change))  # type: ignore[misc]
        _refused(cheat, "timing:", text)


def date_now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("size", "parameters"), -1),
        (("timing", "train_s"), -0.1),
        (("timing", "eval_episodes_per_s"), -1.0),
        (("timing", "batch"), 0),
        (("memory", "peak_host_mib"), -5.0),
        (("checkpoint", "bytes"), -1),
        (("protocol", "n_configs_tried"), 0),
        (("protocol", "test_time_ensemble"), 0),
        (("episodes",), -1),
        (("environment", "ram_gib"), -1.0),
    ],
)
def test_negative_counts_make_no_record(cheat: Cheat, path: tuple[str, ...], value: object) -> None:
    file = cheat.folder / RECORD
    fields = json.loads(file.read_bytes())
    _set(*path, value=value)(fields)
    file.write_text(json.dumps(fields))
    texts = [finding.text for finding in verify_consistent(cheat.folder).of("mismatch")]
    assert any(".".join(path) in text and "greater than or equal" in text for text in texts), texts


def test_an_interrupted_run_is_remarked_not_refused(images: Packed) -> None:
    record = read_entry(images.folder).record
    timing = record.timing.model_copy(update={"train_s": 86_000.0})
    now = datetime(2030, 1, 1, tzinfo=UTC)
    later = record.model_copy(
        update={"timing": timing, "started": "2029-01-01T00:00:00Z", "finished": "2029-01-01T00:10:00Z"}
    )
    assert [f.verdict for f in check_dates(later, now)] == ["ok", "suspicious"]


def _code(fields: dict[str, Any], checkout: Path | None, submitted: bool = True, finished: str = "") -> Finding:
    record = make_record(accuracy_scores(100))
    record = record.model_copy(update={"code": record.code.model_copy(update=fields)})
    (finding,) = check_code(record, date_of(finished or "2026-12-01T00:00:00Z"), submitted, checkout)
    return finding


def test_commits_are_looked_up_where_there_is_a_history(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        command = [
            "git",
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.org",
            "-C",
            str(tmp_path / "repo"),
            *arguments,
        ]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    (tmp_path / "repo").mkdir()
    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "--date=2026-11-24T00:00:00Z", "-m", "one")
    known = git("rev-parse", "HEAD")
    git("commit", "--quiet", "--allow-empty", "-m", "two")
    fork = git("rev-parse", "HEAD")
    git("reset", "--quiet", "--hard", known)
    made = {"bench_version": "0.1.0", "dirty": False}
    repo = tmp_path / "repo"
    ended = date_now()
    assert _code({**made, "commit": known}, repo, finished=ended).verdict == "ok"
    for commit in (fork, "0" * 40):  # there but on no branch of bench's; nowhere at all
        assert _code({**made, "commit": commit}, repo, finished=ended).verdict == "mismatch"
        assert _code({**made, "commit": commit}, repo, submitted=False, finished=ended).verdict == "suspicious"
    early = _code({**made, "commit": known}, repo, finished="2026-11-23T00:00:00Z")
    assert early.verdict == "mismatch" and "later than the run" in early.text
    outside = _code({**made, "commit": known}, tmp_path)
    assert outside.verdict == "note" and "not checked" in outside.text
    assert _code({**made, "commit": None}, repo).verdict == "note"


def test_no_published_record_is_refused_or_remarked() -> None:
    paths = sorted(path.parent for path in PUBLISHED.glob("*/*/*/record.json"))
    assert len(paths) > 100 and repository() is not None
    for path in paths:
        entry = read_entry(path)
        findings = [*check_dates(entry.record), *check_timing(entry)]
        assert [f for f in findings if f.verdict != "ok" and "interrupted and continued" not in f.text] == [], path
