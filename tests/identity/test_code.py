"""Identity of a learner's code: it changes with the file and what the file imports beside it, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.identity import code_sha256
from bench.learners.registry import all_learners
from bench.learners.source import source_files


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "mypackage"
    (folder / "parts").mkdir(parents=True)
    for name, text in {
        "learner.py": "import torch, mypackage.parts.head\nfrom .nets import net\nfrom mypackage import losses\n",
        "nets.py": "from . import layers\n",
        "layers.py": "import learner\n",  # leads back
        "losses.py": "",
        "parts/__init__.py": "",
        "parts/head.py": "",
        "unrelated.py": "",
        "torch.txt": "",
    }.items():
        (folder / name).write_text(text)
    return folder


def test_the_file_and_its_imported_siblings(package: Path) -> None:
    files = source_files(package / "learner.py")
    assert files[0] == package / "learner.py"
    names = {str(path.relative_to(package)) for path in files}
    assert names == {"learner.py", "nets.py", "layers.py", "losses.py", "parts/__init__.py", "parts/head.py"}


@pytest.mark.parametrize(
    "name", ["learner.py", "nets.py", "layers.py", "losses.py", "parts/__init__.py", "parts/head.py"]
)
def test_a_change_of_any_of_them_changes_the_hash(package: Path, name: str) -> None:
    before = code_sha256(package / "learner.py")
    path = package / name
    path.write_text(path.read_text() + "\nCHANGED = 1\n")
    assert code_sha256(package / "learner.py") != before


def test_nothing_else_changes_the_hash(package: Path) -> None:
    before = code_sha256(package / "learner.py")
    (package / "unrelated.py").write_text("changed = True\n")
    (package / "new.py").write_text("")
    assert code_sha256(package / "learner.py") == before


def test_line_ends_and_the_folder_do_not_matter(package: Path, tmp_path: Path) -> None:
    before = code_sha256(package / "learner.py")
    for path in package.rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    assert code_sha256(package.rename(moved / "mypackage") / "learner.py") == before


def test_a_renamed_sibling_changes_the_hash(package: Path) -> None:
    before = code_sha256(package / "learner.py")
    (package / "losses.py").rename(package / "costs.py")
    text = (package / "learner.py").read_text()
    (package / "learner.py").write_text(text.replace("losses", "costs"))
    assert code_sha256(package / "learner.py") != before


def test_baselines_count_what_they_share() -> None:
    learners = all_learners()
    shared = {name: {path.name for path in source_files(learners[name].file)} for name in learners}
    encoders = {"__init__.py", "backbones.py", "resnet12.py"}
    assert shared["protonet"] == {"protonet.py", "augmentation.py", *encoders}
    assert shared["nearest_centroid"] == {"nearest_centroid.py", *shared["protonet"]}
    assert shared["maml"] == {"__init__.py", "maml.py"}
    assert shared["np"] == {"__init__.py", "np.py", "cnp.py"}
