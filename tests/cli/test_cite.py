"""`bench cite`: every learner and suite that has a paper, each entry once, as BibTeX that BibTeX reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.citing import _read, each_once, own_reference, references_of_learner, references_of_suite
from bench.learners.registry import all_learners
from bench.resources import resource
from bench.tasks.registry import all_suites
from tests.conftest import Cli
from tests.records.factory import accuracy_scores, store_run

WITHOUT_PAPER = {"chance", "nearest_centroid", "from_scratch", "random_policy", "greedy"}
ENTRY = re.compile(r"^@(\w+)\{([\w-]+),$(.*?)^\}$", re.MULTILINE | re.DOTALL)


def _keys(text: str) -> list[str]:
    return [key for _, key, _ in ENTRY.findall(text)]


def test_every_learner_with_a_paper_and_every_standard_suite_has_an_entry() -> None:
    silent = {name for name, info in all_learners().items() if not references_of_learner(name, info.file)}
    assert silent == WITHOUT_PAPER
    generated = {name for name in all_suites(None) if not references_of_suite(name)}
    assert {name.partition("-")[0] for name in generated} == {"glyphs"}


def test_every_arxiv_number_in_a_title_is_in_an_entry_of_the_learner() -> None:
    for name, info in all_learners().items():
        for number in re.findall(r"arXiv:(\d{4}\.\d{5})", info.title):
            assert any(number in found.bibtex for found in references_of_learner(name)), (name, number)


def test_the_entries_are_bibtex() -> None:
    known = _read(resource("references.yaml"))
    assert len({found.key for found in known}) == len(known)
    for text in [own_reference(), *(found.bibtex for found in known)]:
        ((kind, _, body),) = ENTRY.findall(text)
        fields = dict(re.findall(r"^  (\w+)\s*= \{(.*)\},?$", body, re.MULTILINE))
        assert {"title", "author", "year"} <= fields.keys(), text
        assert kind in ("article", "inproceedings", "book", "techreport", "misc", "software")
        assert "journal" in fields or kind != "article"
        assert "booktitle" in fields or kind != "inproceedings"


def test_a_run_cites_its_learner_and_its_suite_once(cli: Cli, tmp_path: Path) -> None:
    path = store_run(tmp_path / "runs", accuracy_scores(100), algorithm__name="matching", suite__name="omniglot-5w1s")
    done = cli("cite", path.name, "matching", "--runs", tmp_path / "runs")
    assert done.code == 0 and done.err == ""
    assert _keys(done.out) == ["bench", "vinyals2016matching", "lake2015omniglot"]


def test_what_has_no_paper_is_said_beside_the_entries(cli: Cli) -> None:
    done = cli("cite", "chance", "protonet", "glyphs-5w1s")
    assert _keys(done.out) == ["bench", "snell2017prototypical"]
    assert done.err.strip() == "no paper is known for chance, glyphs-5w1s"
    assert _keys(cli("cite").out) == ["bench"]


def test_a_learner_of_ones_own_brings_its_reference(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        '"""Mine."""\nimport bench\n\nclass Mine(bench.Learner):\n    family = "metric"\n'
    )
    entry = "@misc{me2026,\n      title = {Mine},\n      author = {Me},\n      year = {2026}\n    }"
    (tmp_path / "references.yaml").write_text(f"- algos: [mine]\n  bibtex: |\n    {entry}\n")
    assert _keys(cli("cite", f"{tmp_path / 'mine.py'}:Mine").out) == ["bench", "me2026"]
    _read.cache_clear()  # a command reads it once
    (tmp_path / "references.yaml").write_text("- algos: [mine]\n  bibtex: none\n")
    refused = cli("cite", f"{tmp_path / 'mine.py'}:Mine")
    assert refused.code == 2 and "references.yaml:2: bibtex: " in refused.err and "BibTeX entry" in refused.err


def test_an_unknown_name_is_one_screen(cli: Cli) -> None:
    done = cli("cite", "protonett")
    assert done.code == 2 and "Traceback" not in done.err


def test_the_first_of_equal_keys_counts() -> None:
    twice = [*references_of_learner("protonet"), *references_of_learner("timm_proto")]
    assert [found.key for found in each_once(twice)] == ["snell2017prototypical", "wightman2019timm"]


@pytest.mark.parametrize("name", ["relnet", "omniglot-5w1s"])
def test_as_typed(cli: Cli, name: str) -> None:
    assert len(_keys(cli("cite", name).out)) >= 2
