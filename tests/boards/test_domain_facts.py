"""What boards know of kinds and units is in one module, and what is in no table there is shown as it is."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

import bench.boards
from bench.boards import build_boards, rendered
from bench.boards.board.domain_facts import ShownUnit, ids_per_class, references, shown_facts, unit_facts
from bench.boards.board.rows import MetricSpec
from bench.records import Record, SuiteRef
from bench.resources import resource
from tests.records.factory import make_record

KINDS = get_args(SuiteRef.model_fields["kind"].annotation)


def suite(name: str, source: str | None = None, kind: str = "classification") -> SuiteRef:
    changes = {"suite__name": name, "suite__data_source": source, "suite__kind": kind}
    record: Record = make_record(None, **changes)
    return record.suite


def test_every_kind_has_references_and_all_are_baselines() -> None:
    shipped = {path.stem for path in resource("baselines").glob("*.py")}
    for kind in KINDS:
        found = references(kind)
        assert found and all(learner.is_baseline and learner.name in shipped for learner in found)
    assert references("auction") == ()


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (suite("omniglot-5w1s"), 4),
        (suite("mine", "Omniglot official layout"), 4),
        (suite("glyphs-5w1s", "built in"), 1),
        (suite("omniglot-functions", kind="regression"), 1),
    ],
)
def test_only_omniglots_classes_come_in_four_turns(found: SuiteRef, expected: int) -> None:
    assert ids_per_class(found) == expected


def test_units_without_an_entry_are_shown_as_they_are() -> None:
    facts = unit_facts("coins")
    assert (facts.shown, facts.scale, facts.difference, facts.sign) == ("coins", 1.0, "coins", "")
    assert shown_facts("percent") is unit_facts("fraction") and shown_facts("coins") == facts


def test_published_numbers_can_be_in_every_unit_that_records_have(results: Path) -> None:
    units = {
        metric.unit for board in build_boards(results) for metric in (board.metric, *board.extra_metrics) if metric
    }
    assert {unit_facts(unit).shown for unit in units} <= set(get_args(ShownUnit))


def test_a_board_of_another_kind_and_unit_is_shown(results: Path) -> None:
    board = next(board for board in build_boards(results) if board.kind == "regression")
    coins = replace(board, kind="auction", metric=MetricSpec("revenue", "coins", True), reference="", extra_metrics=())
    page = rendered([coins], "markdown")
    assert "auction: revenue in coins, higher is better" in page and "| revenue |" in page
    assert "the reference" not in page


def test_no_other_module_knows_a_kind_or_a_unit() -> None:
    facts = {*KINDS, "fraction", "omniglot"}
    folder = Path(bench.boards.__file__).parent
    for path in folder.rglob("*.py"):
        constants = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        known = facts & {value for value in constants if isinstance(value, str)}
        assert not known or path.name == "domain_facts.py", f"{path.name} knows {known}"
