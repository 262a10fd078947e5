"""The pages as files: inert text, nothing from outside, links that lead somewhere, numbers that are in the CSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from bench.boards import build_boards
from bench.boards.render.across import across_suites
from bench.errors import UsageError
from bench.site import write_site
from tests.conftest import Cli
from tests.records.factory import accuracy_scores, store_run
from tests.site.conftest import HOSTILE, Site, Tags

REPOSITORY = Path(__file__).parents[2]
WEIGHT = 300_000  # bytes of a page
_NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*(?:e-?\d+)?")


def test_there_is_a_page_of_every_kind(site: Site) -> None:
    there = {str(page.relative_to(site.root)) for page in site.pages()}
    assert {"index.html", "suites/sinusoid-10s.html", "episodes/glyphs-5w1s.html", "learners/maml.html"} <= there
    assert not (site.root / "episodes" / "sinusoid-10s.html").exists()


def test_hostile_text_stays_text(site: Site) -> None:
    shown = 0
    for page in site.pages():
        found = Tags(page)
        assert found.values("src", "script") == [f"{'../' * (len(page.relative_to(site.root).parts) - 1)}site.js"]
        assert [tag for tag, _ in found.tags].count("script") == 1
        assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]
        assert not [value for value in found.values("href") if value.lower().startswith("javascript")]
        shown += found.text.count(HOSTILE)
    assert shown >= 5  # option, title, command, who verified, why a run is not on the board


def test_nothing_comes_from_outside(site: Site) -> None:
    for page in site.pages():
        found = Tags(page)
        asked = [*found.values("src"), *found.values("href", "link", "image", "use"), *found.values("srcset")]
        assert all(not urlsplit(url).netloc and urlsplit(url).scheme in ("", "data") for url in asked), page
        assert not {"iframe", "object", "embed", "base", "form"} & {tag for tag, _ in found.tags}
    for name in ("site.css", "site.js"):
        text = (site.root / name).read_text(encoding="utf-8")
        assert not re.search(r"https?:|//[a-z]+\.|@import|url\(|fetch\(|XMLHttp|import\(", text), name


def test_links_lead_somewhere(site: Site) -> None:
    ids = {page.resolve(): set(Tags(page).values("id")) for page in site.pages()}
    checked = 0
    for page in site.pages():
        for url in [*Tags(page).values("href"), *Tags(page).values("src")]:
            parts = urlsplit(url)
            if parts.scheme:
                assert parts.scheme == "data" or url.startswith("https://")
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page.resolve()
            assert target.is_file(), f"{page}: {url}"
            assert not parts.fragment or parts.fragment in ids[target], f"{page}: {url}"
            checked += 1
    assert checked > 200


def test_pages_are_light(site: Site) -> None:
    assert all(page.stat().st_size < WEIGHT for page in site.pages())
    assert (site.root / "site.js").stat().st_size < 15_000


@pytest.mark.slow
def test_pages_of_the_published_records_are_light_and_say_what_the_csv_says(tmp_path: Path) -> None:
    results = REPOSITORY / "leaderboards" / "results"
    write_site(tmp_path, build_boards(results), [results], tmp_path / "no data")
    published = Site(tmp_path, (results,))
    test_pages_are_light(published)
    test_links_lead_somewhere(published)
    test_numbers_of_a_suite_are_in_its_csv(published)


def test_two_writings_are_equal(site: Site, tmp_path: Path, bench_data: Path) -> None:
    boards = build_boards(*site.roots)
    first = write_site(tmp_path, boards, site.roots, bench_data)
    files = {path.relative_to(site.root): path.read_bytes() for path in site.root.rglob("*") if path.is_file()}
    assert {path.relative_to(tmp_path): path.read_bytes() for path in first.changed} == files
    assert write_site(tmp_path, boards, site.roots, bench_data).changed == []


def test_all_is_there_without_scripts(site: Site) -> None:
    for board in build_boards(*site.roots):
        found = Tags(site.root / "suites" / f"{board.suite}.html")
        hidden = [
            attributes.get("id") or attributes.get("class") for _, attributes in found.tags if "hidden" in attributes
        ]
        assert hidden == ["theme", "tools"]
        assert {f"row-{row.keys[0]}" for row in board.rows} <= set(found.values("data-row", "tr"))
        assert all(command in found.text for row in board.rows for command in row.commands)
        assert all(f"bench verify {key} --level" in found.text for row in board.rows for key in row.keys)


def test_the_last_verification_is_told(site: Site) -> None:
    text = Tags(site.root / "suites" / "sinusoid-10s.html").text
    assert f"rescored passed, 2,000 of 2,000 episodes agree, 2026-01-05 by {HOSTILE}." in text
    assert "No verification is recorded yet." in text


def test_somebodys_own_page_is_left_alone(site: Site, tmp_path: Path) -> None:
    own = tmp_path / "index.html"
    own.write_text("<h1>mine</h1>")
    with pytest.raises(UsageError, match="not a page of bench"):
        write_site(tmp_path, build_boards(*site.roots), site.roots)
    assert own.read_text() == "<h1>mine</h1>" and len(list(tmp_path.iterdir())) == 1


def test_the_command_writes_it(site: Site, tmp_path: Path, cli: Cli, bench_data: Path) -> None:
    runs = [word for root in site.roots for word in ("--runs", root)]
    done = cli("leaderboard", "--format", "html", "--write", tmp_path, "--suite", "sinusoid-10s", *runs)
    assert done.code == 0 and done.out.rstrip().endswith("index.html") and "files changed" in done.out
    assert [path.name for path in (tmp_path / "suites").glob("*.html")] == ["sinusoid-10s.html"]


def test_a_check_names_what_is_stale(tmp_path: Path, site: Site, cli: Cli, bench_data: Path) -> None:
    how = ["leaderboard", "--format", "html", "--suite", "sinusoid-10s", "--runs", site.roots[0]]
    assert cli(*how, "--write", tmp_path).code == 0
    fine = cli(*how, "--check", tmp_path)
    assert (fine.code, fine.out) == (0, f"{tmp_path}: every page says what its records say\n")
    page, table = tmp_path / "suites" / "sinusoid-10s.html", tmp_path / "suites" / "sinusoid-10s.csv"
    page.write_text(page.read_text().replace("maml", "mine"))
    table.unlink()
    (tmp_path / "suites" / "gone.html").write_bytes((tmp_path / "index.html").read_bytes())
    (tmp_path / "about.html").write_text("<h1>mine</h1>")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    ended = cli(*how, "--check", tmp_path)
    assert ended.code == 4 and "about.html" not in ended.err and f"--write {tmp_path}" in ended.err
    told = [line.removeprefix("error: ") for line in ended.err.splitlines()]
    assert told[:2] == [f"{table} is missing", f"{page} is stale"]
    assert told[2].startswith(f"{tmp_path / 'suites' / 'gone.html'}: its records are gone") and len(told) == 4
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_cells_that_nobody_has_measured_are_told_with_their_cost(site: Site) -> None:
    text = Tags(site.root / "suites" / "omniglot-5w1s.html").text
    assert "3 x 10 hours on one core" in text and "there it is" not in text
    index = Tags(site.root / "index.html").text
    assert "1 row wanted" in index and "No row yet: birds-5w1s (1 wanted)." in index
    assert "Not measured yet" not in Tags(site.root / "suites" / "sinusoid-10s.html").text


def test_a_mean_over_suites_is_shown_where_three_learners_share_three_of_them(site: Site, tmp_path: Path) -> None:
    assert "Mean over" not in Tags(site.root / "index.html").text
    runs = tmp_path / "runs"
    for name, level in (("protonet", 0.9), ("relnet", 0.8), ("r2d2", 0.7)):
        for suite in ("a-5w1s", "b-5w1s", "c-5w1s"):
            for seed in range(3):
                of = {"algorithm__name": name, "suite__name": suite, "suite__kind": "elsewhere"}
                store_run(runs, accuracy_scores(2000, level, seed), seed=seed, **of)
    boards = build_boards(runs)
    (table,) = across_suites(boards)
    write_site(tmp_path / "site", boards, [runs])
    text = Tags(tmp_path / "site" / "index.html").text
    assert "Mean over 3 suites, inductive" in text and all(cell in text for row in table.rows for cell in row)


class _Rows(HTMLParser):
    """The cells of columns of numbers, by the row's anchor."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self._row, self._number = "", False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "tr":
            self._row = attributes.get("data-row") or ""
        if tag in ("td", "th"):
            self._number = tag == "td" and "num" in (attributes.get("class") or "").split()

    def handle_data(self, data: str) -> None:
        if self._row and self._number:
            self.found.setdefault(self._row, []).append(data)


def _said(rows: list[dict[str, str]]) -> Iterator[float]:
    """Every number of a board's row in its CSV, in the units of a page: percent, half-widths, minutes and hours."""
    for row in rows:
        numbers = {name: float(text) for name, text in row.items() if re.fullmatch(r"-?[\d.]+(e-?\d+)?", text)}
        halves = {
            name: (high - numbers[low]) / 2
            for name, high in numbers.items()
            if name.endswith("high") and (low := f"{name.removesuffix('high')}low") in numbers
        }
        for number in (*numbers.values(), *halves.values()):
            yield from (number, 100 * number)
        yield from (numbers.get("train_s", 0) / unit for unit in (60, 3600))


def test_numbers_of_a_suite_are_in_its_csv(site: Site) -> None:
    looked = 0
    for page in site.pages("suites"):
        with page.with_suffix(".csv").open(encoding="utf-8") as file:
            table = list(csv.DictReader(file))
        for anchor, cells in _Rows(page.read_text(encoding="utf-8")).found.items():
            said = list(_said([row for row in table if row["keys"].split()[0] == anchor.removeprefix("row-")]))
            for text in (text for cell in cells for text in _NUMBER.findall(cell)):
                plain = text.replace(",", "")
                half_digit = 0.5 * 10.0 ** -len(plain.partition(".")[2])
                near = min(abs(abs(number) - abs(float(plain))) for number in said)
                assert near <= half_digit + 6e-5, f"{page.name} {anchor}: {text} in {cells}"  # a CSV rounds, too
                looked += 1
    assert looked > 50


def test_published_numbers_have_their_csv(site: Site) -> None:
    text = (site.root / "suites" / "omniglot-5w1s-published.csv").read_text(encoding="utf-8")
    assert "98.7 ± 0.4 [1]" in text and "not measured" in text


def test_the_document_shows_light_pictures() -> None:
    there = {path.name: path for path in (REPOSITORY / "docs" / "pictures").glob("site-*")}
    shown = re.findall(
        r"!\[[^\]]+\]\(pictures/([^)]+)\)", (REPOSITORY / "docs" / "site.md").read_text(encoding="utf-8")
    )
    assert set(shown) == set(there) and all(path.stat().st_size < 150_000 for path in there.values())
