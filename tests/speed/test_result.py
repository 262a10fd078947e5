"""Results on disk, side by side, and in print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from bench.cli.speed_tables import comparison_table, number_table, part_table
from bench.errors import StoreError, UsageError
from bench.speed.compare import differences, refuse_others
from bench.speed.result import read, save
from bench.speed.rows import Row, number_rows, part_rows, side_by_side
from tests.speed.made import environment, result


def test_a_result_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    for made in (result(), result(training=None, peak_device_mib=None)):
        save(made, file)
        assert read(file) == made and list(tmp_path.iterdir()) == [file]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"not saved at .*No such file"):
        save(result(), tmp_path / "nowhere" / "a.json")


def _with(change: Any) -> bytes:
    fields = result().model_dump(mode="json")
    change(fields)
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "expected JSON"),
        (_with(lambda f: None)[:-20], "expected JSON"),
        (b"\xff\xfe", "expected JSON"),
        (b"[]", "expected a result of form 'bench.speed/1', found None"),
        (_with(lambda f: f.update(form="bench.speed/2")), "found 'bench.speed/2'"),
        (_with(lambda f: f.pop("flops")), "field flops: Field required"),
        (_with(lambda f: f["evaluation"].update(p50="soon")), "field evaluation.p50: Input should be a valid number"),
        (_with(lambda f: f["evaluation"].update(p50=float("nan"))), "NaN is not a JSON number"),
        (_with(lambda f: f["training"]["parts"][0].update(share=2)), "field training.parts.0.share"),
        (_with(lambda f: f.update(more=1)), "field more: Extra inputs"),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(content: bytes, says: str, tmp_path: Path) -> None:
    file = tmp_path / "damaged.json"
    file.write_bytes(content)
    with pytest.raises(StoreError) as error:
        read(file)
    assert str(file) in error.value.message and says in error.value.message and "bench speed" in error.value.fix


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"hardware_class": "cuda-H100"}, "hardware class 'cpu-x86_64-Chip-2c' in a.json, 'cuda-H100' in b.json"),
        ({"device": "H100"}, "device 'cpu' in a.json, 'H100' in b.json"),
        ({"threads": 2}, "threads 1 in a.json, 2 in b.json"),
        ({"versions": {"torch": "2.15.0"}}, "torch '2.14.1' in a.json, '2.15.0' in b.json"),
    ],
)
def test_other_machines_are_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as error:
        refuse_others("a.json", environment(), "b.json", environment(**change))
    assert says in error.value.message and error.value.message.startswith("Expected") and error.value.fix


def test_what_does_not_decide_times_is_not_refused() -> None:
    refuse_others("a.json", environment(), "b.json", environment(python="3.13.0", versions={"torch": "2.14.1"}))


def test_what_else_differs_is_told() -> None:
    a = result()
    other = a.subject.model_copy(update={"options": {"hidden": 32}, "precision": "bf16"})
    b = result(subject=other, contended=True)
    assert differences(a, a) == {}
    assert differences(a, b) == {
        "precision": ("fp32", "bf16"),
        "option hidden": ("64", "32"),
        "alone on the machine": ("yes", "no"),
    }


def test_rows_stand_side_by_side() -> None:
    a = [Row("first", 2.0), Row("one", 1.0), Row("last", 4.0)]
    b = [Row("first", 3.0), Row("two", 1.0), Row("three", 1.0), Row("last", 1.0)]
    found = {name: ratio for name, _, _, ratio in side_by_side(a, b)}
    assert found == {"first": 1.5, "two": None, "three": None, "one": None, "last": 0.25}
    assert list(found) == ["first", "two", "three", "one", "last"]
    assert side_by_side([Row("a", 0.0)], [Row("a", None)])[0][3] is None


def test_a_learner_that_trains_nothing_has_no_rows_of_training() -> None:
    untrained = result(training=None)
    assert part_rows(untrained) == [] and part_table(untrained) is None
    assert not [row.name for row in number_rows(untrained) if row.name.startswith("training")]
    assert [row.name for row, _ in part_rows(result())][-1] == "whole"


@pytest.mark.parametrize("width", [80, 100])
def test_tables_fit_and_no_number_wraps(width: int) -> None:
    a = result()
    rows = side_by_side(number_rows(a), number_rows(a))
    tables = [number_table(a), part_table(a), comparison_table("numbers", rows)]
    for table in tables:
        assert isinstance(table, Table)
        console = Console(width=width, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115  # closed with it
        with console.file:
            console.print(table)
        lines = console.export_text().splitlines()
        assert max(map(len, lines)) <= width
        titled = 1 if table.title else 0
        assert len(lines) == table.row_count + 4 + titled, "a row is a line"
    assert "1,234,567" in "".join(str(cell) for cell in number_table(a).columns[1].cells)
