"""`bench speed` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.speed.result import read, save
from tests.conftest import Cli
from tests.speed.made import environment, result

KNOWN = Path(__file__).with_name("known.py")
SHORT = ("-s", "sinusoid-10s", "--seconds", "0.02", "--device", "cpu")


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, and a machine, of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_measure_save_and_compare(cli: Cli, tmp_path: Path) -> None:
    measured = cli("speed", "-a", f"{KNOWN}:Talks", *SHORT, "--save", "a.json")
    assert measured.code == 0, measured.err
    assert "predicting" not in measured.out, "what learners print does not get into tables"
    for words in ("evaluation, episodes/s", "backward", "matmul peak", "of the whole"):
        assert words in measured.out
    assert not Path("runs").exists(), "no run is written"
    assert read(Path("a.json")).subject.learner in measured.out
    again = cli("speed", "-a", f"{KNOWN}:Talks", *SHORT, "--against", "a.json", "--json")
    assert again.code == 0, again.err
    found = json.loads(again.out)
    rates = [found[name]["evaluation"]["episodes_per_s"]["median"] for name in ("a", "b")]
    assert found["b_over_a"]["evaluation, episodes/s"] == pytest.approx(rates[1] / rates[0])
    assert found["a"]["evaluation"]["episodes"] == found["b"]["evaluation"]["episodes"]
    both = cli("speed", "--compare", "a.json", "a.json")
    assert both.code == 0 and "B / A" in both.out and "1.000" in both.out


def test_another_machine_is_refused_before_anything_is_measured(cli: Cli) -> None:
    save(result(environment=environment(threads=64)), Path("a.json"))
    save(result(), Path("b.json"))
    for words in (("-a", "ridge", *SHORT, "--against", "a.json"), ("--compare", "a.json", "b.json")):
        done = cli("speed", *words)
        assert done.code == 2 and not done.out
        assert "threads 64" in done.err and "timing" not in done.err and len(done.err.splitlines()) < 20


def test_a_learner_that_raises_is_told_on_one_screen(cli: Cli) -> None:
    done = cli("speed", "-a", f"{KNOWN}:Stumbles", *SHORT)
    assert done.code == 1 and "the second step is one too many" in done.err and "bench check" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "Expected --algo and --suite, found neither."),
        (("-a", "ridge"), 2, "found --algo ridge alone"),
        (("-s", "sinusoid-10s"), 2, "found --suite sinusoid-10s alone"),
        (("-a", "rigde", *SHORT), 2, "Did you mean 'ridge'?"),
        (("-a", "ridge", *SHORT, "--save", "nowhere/a.json"), 2, "expected a file in a folder that exists"),
        (("-a", "ridge", *SHORT, "--save", "."), 2, "expected a file in a folder that exists"),
        (("-a", "ridge", *SHORT, "--against", "nothing.json"), 1, "nothing.json can't be read"),
        (("-a", "ridge", "--compare", "a.json", "b.json"), 2, "measures nothing"),
        (("--compare", "a.json", "b.json"), 1, "a.json can't be read"),
        (("-a", "gp_oracle", "-s", "glyphs-5w1s"), 2, "asks for classification"),
    ],
)
def test_what_is_typed_wrong(
    words: tuple[str, ...], code: int, says: str, cli: Cli, bench_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_DATA", str(bench_data))
    done = cli("speed", *words)
    assert done.code == code and says in done.err, done.err
    assert not done.out
