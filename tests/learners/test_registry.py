"""Finding learners: by name, by file and class, in installed packages, registered in the process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import bench
from bench.learners import registry
from bench.learners.registry import GROUP, all_learners, find_learner, load

SOURCE = '''"""Mine: a learner of my own.

More about it.
"""

from dataclasses import dataclass

import bench


class Mine(bench.Learner):
    family = "metric"
    transductive = True
    trains = False

    @dataclass
    class Options:
        hidden: int = 64
        name: str = "a"

    def predict(self, support_x, support_y, query_x):
        return query_x.new_zeros(*query_x.shape[:2], self.task.way)


class NotOne:
    pass
'''


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's file; modules and paths that loading adds are taken away afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    path = tmp_path / "my_learner.py"
    path.write_text(SOURCE)
    return path


def refused(name: str) -> bench.UsageError:
    with pytest.raises(bench.UsageError) as caught:
        load(find_learner(name))
    assert caught.value.fix
    return caught.value


def test_every_baseline_has_a_name_and_loads() -> None:
    learners = all_learners()
    assert {"maml", "relnet", "protonet", "cnp", "np", "chance", "nearest_centroid", "gp_oracle"} <= set(learners)
    for name in ("maml", "protonet"):
        found = load(find_learner(name))
        assert issubclass(found, bench.Learner)
        assert found.family == learners[name].family and found.trains == learners[name].trains


def test_what_baselines_share_is_no_learner() -> None:
    """Files of shared classes are not listed, learners whose base class lies in one are."""
    learners = all_learners()
    assert not {"arms", "functions", "pretraining", "attention"} & set(learners)
    assert {"ucb1", "tnp", "baselinepp", "anp", "reptile"} <= set(learners)


def test_the_source_says_what_the_class_says() -> None:
    """Listing reads text only; what it reads must be what importing gives."""
    for info in all_learners().values():
        found = load(info)
        assert info.family == found.family and info.trains == found.trains and info.title
        assert set(info.options) == set(getattr(found.Options, "__dataclass_fields__", {}))
        if info.transductive is None:
            assert isinstance(vars(found)["transductive"], property)
        else:
            assert info.transductive == found.transductive


def test_options_are_inherited_from_a_sibling_s_class_and_from_the_file_s_own(file: Path) -> None:
    (file.parent / "heirs.py").write_text(
        f"from {file.stem} import Mine\n\n\n"
        "class Heir(Mine):\n    class Options(Mine.Options):\n        hidden: int = 8\n        depth: int = 2\n\n\n"
        "class Grandchild(Heir):\n    family = 'model'\n"
    )
    expected = {"hidden": ("int", "8"), "name": ("str", "'a'"), "depth": ("int", "2")}
    assert find_learner(f"{file.parent / 'heirs.py'}:Heir").options == expected
    assert find_learner(f"{file.parent / 'heirs.py'}:Grandchild").options == expected


def test_an_unknown_name_lists_the_near_ones() -> None:
    with pytest.raises(bench.UsageError, match=r"Unknown algo 'relnt'. Did you mean 'relnet'"):
        find_learner("relnt")


def test_a_class_in_a_file(file: Path) -> None:
    info = find_learner(f"{file}:Mine")
    assert (info.name, info.title, info.family) == ("mine", "Mine: a learner of my own.", "metric")
    assert info.transductive is True and info.trains is False
    assert info.options == {"hidden": ("int", "64"), "name": ("str", "'a'")}
    learner = load(info)
    assert learner.Options().hidden == 64  # type: ignore[attr-defined]  # the file's own options


def test_a_file_may_import_its_neighbours(file: Path) -> None:
    (file.parent / "my_neighbour.py").write_text("WIDTH = 7\n")
    file.write_text("import my_neighbour\n" + SOURCE.replace("= 64", "= my_neighbour.WIDTH"))
    assert load(find_learner(f"{file}:Mine")).Options().hidden == 7  # type: ignore[attr-defined]  # the file's own


def test_a_missing_file_and_a_missing_class(file: Path) -> None:
    assert "No such file" in refused(f"{file.parent / 'none.py'}:Mine").message
    assert "Did you mean 'Mine'" in refused(f"{file}:Mime").message
    for name in (str(file), f"{file}:"):
        assert "path/file.py:Class" in refused(name).message


def test_a_syntax_error_names_file_and_line(file: Path) -> None:
    file.write_text("import bench\n\nclass Mine(bench.Learner:\n    pass\n")
    assert f"{file}:3: " in refused(f"{file}:Mine").message


def test_an_import_error_names_the_cause(file: Path) -> None:
    file.write_text("import nowhere_to_be_found\n" + SOURCE)
    message = refused(f"{file}:Mine").message
    assert "ModuleNotFoundError" in message and "nowhere_to_be_found" in message and str(file) in message


def test_a_class_that_is_no_learner(file: Path) -> None:
    assert "not a subclass of bench.Learner" in refused(f"{file}:NotOne").message


def test_registered_learners(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", {})
    learner = load(find_learner(f"{file}:Mine"))
    bench.register("my-own", learner)
    info = find_learner("my-own")
    assert info.file == file and load(info) is learner


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    """A fake distribution on sys.path whose only entry point is `entry`."""
    info = folder / "theirs-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{entry}\n")
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    monkeypatch.setattr(sys, "modules", dict(sys.modules))


def test_learners_of_installed_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "their-learner = their_module:Mine")
    (tmp_path / "their_module.py").write_text(SOURCE)
    info = find_learner("their-learner")
    assert info.origin == "entry point: their_module:Mine" and info.transductive is True
    assert "their_module" not in sys.modules, "listing imports nothing"
    assert load(info).__module__ == "their_module"


@pytest.mark.parametrize("target", ["nowhere_at_all:Mine", "nowhere_at_all.inside:Mine"])
def test_an_entry_point_that_leads_nowhere(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, f"lost = {target}")
    with pytest.raises(bench.UsageError, match=f"'lost' names {target}, which can't be found"):
        all_learners()


def test_an_entry_point_may_not_take_the_name_of_a_baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "maml = their_module:Mine")
    (tmp_path / "their_module.py").write_text(SOURCE)
    with pytest.raises(bench.UsageError, match=r"takes the name 'maml', which is baselines/maml.py"):
        all_learners()
