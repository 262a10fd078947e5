"""docs/reproduction: a page for every learner with a published number, and an index that leads to all of them."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from bench.learners.registry import all_learners
from bench.resources import repository

ROOT = repository()
assert ROOT is not None
FOLDER = ROOT / "docs" / "reproduction"
PAGES = {path.stem: path for path in FOLDER.glob("*.md") if path.stem != "README"}


def links(page: Path) -> list[Path]:
    return [page.parent / target for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))]


def test_every_learner_with_a_published_number_has_a_page() -> None:
    content = yaml.safe_load((ROOT / "bench" / "boards" / "board" / "published.yaml").read_text(encoding="utf-8"))
    published = {entry["algorithm"] for entry in content["published"]}
    assert published & set(all_learners()) <= set(PAGES)


def test_every_page_is_a_learner_s_and_the_index_leads_to_it() -> None:
    assert set(PAGES) <= set(all_learners())
    assert {link.resolve() for link in links(FOLDER / "README.md")} >= set(PAGES.values())
    for name, page in PAGES.items():
        assert page.read_text(encoding="utf-8").startswith(f"# {name}\n")


def test_links_lead_somewhere() -> None:
    for page in (*PAGES.values(), FOLDER / "README.md", ROOT / "docs" / "design.md"):
        for link in links(page):
            assert link.exists(), f"{page.name}: {link}"
