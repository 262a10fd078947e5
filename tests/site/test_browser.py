"""The pages in a browser, from disk: sorting, filter, theme and paper view, no error, no request to anybody."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.site.conftest import Site

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")

PHONE = 390  # pixels
_RESULT = re.compile(r'<pre id="result">(.*?)</pre>', re.DOTALL)

# Each page gets this line; it runs when the page's own script has set everything up.
_STEPS = """
const rows = () => [...document.querySelector("table.sortable tbody").rows];
const text = (row, column) => row.cells[column].textContent.trim();
const texts = (column) => rows().map((row) => text(row, column));
const press = (element) => element.click();
const result = {};
addEventListener("load", () => {
  const table = document.querySelector("table.sortable");
  const header = table.tHead.rows[0].cells[1];
  result.before = texts(0);
  press(header.querySelector("button"));
  result.descending = [texts(1), header.getAttribute("aria-sort")];
  press(header.querySelector("button"));
  result.ascending = [texts(1), header.getAttribute("aria-sort")];
  press(table.tHead.rows[0].cells[0].querySelector("button"));
  result.names = texts(0);
  const filter = document.getElementById("filter");
  filter.value = "maml";
  filter.dispatchEvent(new Event("input"));
  result.filtered = rows().filter((row) => row.checkVisibility()).map((row) => text(row, 0));
  result.said = document.getElementById("shown").textContent;
  filter.value = "";
  filter.dispatchEvent(new Event("input"));
  result.unfiltered = rows().every((row) => row.checkVisibility());
  const paper = () => getComputedStyle(document.body).backgroundColor;
  const light = paper();
  press(document.getElementById("theme"));
  result.themes = [light, paper()];
  const figure = document.querySelector("figure");
  press(figure.querySelector(".figure-tools"));
  result.onPaper = [paper(), figure.checkVisibility(), document.querySelector("h1").checkVisibility()];
  dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  result.offPaper = document.querySelector("h1").checkVisibility();
  const anchor = document.querySelector(".made > div");
  location.hash = anchor.id;
  setTimeout(() => {
    result.opened = anchor.closest("details").open;
    result.requests = performance.getEntriesByType("resource").map((entry) => entry.name);
    const pre = document.createElement("pre");
    pre.id = "result";
    pre.textContent = JSON.stringify(result);
    document.body.append(pre);
  }, 200);
});
"""


def _dom(page: Path) -> tuple[str, str]:
    """The page as it stands after its scripts, and what its console said."""
    assert BROWSER is not None
    words = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom", "--enable-logging=stderr"]
    words += ["--virtual-time-budget=4000", "--host-resolver-rules=MAP * ~NOTFOUND", page.as_uri()]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240, check=False)
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


def _result(page: Path) -> tuple[Any, str]:
    text, console = _dom(page)
    found = _RESULT.search(text)
    assert found, text[-2000:]
    return json.loads(unescape(found[1])), console


def _with_script(page: Path, script: str) -> Path:
    """A copy beside the page that runs a script more."""
    beside = page.with_name(f"checked-{page.name}")
    text = page.read_text(encoding="utf-8")
    beside.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    return beside


@pytest.fixture(scope="module")
def copy(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(site.root, tmp_path_factory.mktemp("browser") / "site")


@pytest.fixture(scope="module")
def seen(copy: Path) -> dict[str, Any]:
    result, console = _result(_with_script(copy / "suites" / "sinusoid-10s.html", _STEPS))
    return {**result, "console": console}


def _first(texts: list[str]) -> list[float]:
    return [float(text.split()[0]) for text in texts]


def test_headers_sort(seen: dict[str, Any]) -> None:
    (down, said_down), (up, said_up) = seen["descending"], seen["ascending"]
    assert (said_down, said_up) == ("descending", "ascending")
    assert _first(down) == sorted(_first(down), reverse=True) and _first(up) == sorted(_first(up)) and len(set(up)) > 2
    assert sorted(seen["before"]) == sorted(seen["names"]) != seen["before"]


def test_the_filter_leaves_what_matches(seen: dict[str, Any]) -> None:
    assert seen["filtered"] == ["maml"] and seen["said"].startswith("1 of ") and seen["unfiltered"]


def test_theme_and_paper_view(seen: dict[str, Any]) -> None:
    light, dark = seen["themes"]
    assert (light, seen["onPaper"]) == ("rgb(255, 255, 255)", ["rgb(255, 255, 255)", True, False])
    assert dark != light and seen["offPaper"]


def test_a_link_to_a_row_opens_it(seen: dict[str, Any]) -> None:
    assert seen["opened"]


def test_nothing_is_asked_from_outside_and_nothing_goes_wrong(seen: dict[str, Any]) -> None:
    assert (seen["requests"], seen["console"]) == ([], "")


def test_the_check_itself_notices_a_request(copy: Path) -> None:
    asks = 'new Image().src = "https://example.invalid/a.png"; console.error("wrong");'
    result, console = _result(_with_script(copy / "suites" / "sinusoid-10s.html", asks + _STEPS))
    assert result["requests"] == ["https://example.invalid/a.png"] and "wrong" in console


def test_no_page_is_wider_than_a_phone(copy: Path) -> None:
    places = ("index.html", "suites/sinusoid-10s.html", "learners/maml.html", "episodes/glyphs-5w1s.html")
    measure = 'addEventListener("load", () => parent.postMessage([document.documentElement.scrollWidth], "*"));'
    pages = [_with_script(copy / place, measure) for place in places]
    frames = "".join(f'<iframe width="{PHONE}" height="800" src="{page.as_uri()}"></iframe>' for page in pages)
    collect = (
        "const widths = []; addEventListener('message', (event) => { widths.push(...event.data);"
        "document.getElementById('result').textContent = JSON.stringify(widths); });"
    )
    harness = copy / "harness.html"
    harness.write_text(f'<script>{collect}</script><pre id="result"></pre>{frames}', encoding="utf-8")
    widths, _ = _result(harness)
    assert len(widths) == len(places) and max(widths) <= PHONE
