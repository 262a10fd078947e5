"""Which neighbours of a learner's file count: those that it imports, however it says so and wherever they lie below."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.identity import code_sha256
from bench.learners.source import source_files

TREES = {
    "a neighbour": {"net.py": "import common", "common.py": ""},
    "by name": {"net.py": "from common import x", "common.py": ""},
    "relatively": {"net.py": "from .common import x", "common.py": ""},
    "in a function": {"net.py": "def f():\n    from common import x", "common.py": ""},
    "in a condition": {"net.py": "try:\n    import common\nexcept ImportError:\n    common = None", "common.py": ""},
    "from a sub-package": {
        "net.py": "from nets.head import x",
        "nets/__init__.py": "",
        "nets/head.py": "from common import x",
        "common.py": "",
    },
    "upwards from a sub-package": {
        "net.py": "from .nets.head import x",
        "nets/__init__.py": "",
        "nets/head.py": "from ..common import x",
        "common.py": "",
    },
    "upwards, twice": {
        "net.py": "from .a.b import head",
        "a/__init__.py": "",
        "a/b/__init__.py": "",
        "a/b/head.py": "from ... import common",
        "common.py": "",
    },
    "from a folder without __init__": {
        "net.py": "from nets import head",
        "nets/head.py": "import common",
        "common.py": "",
    },
    "through an __init__": {"net.py": "import nets", "nets/__init__.py": "from .head import x", "nets/head.py": ""},
    "an __init__ on the way": {"net.py": "import a.b.c", "a/__init__.py": "", "a/b/__init__.py": "", "a/b/c.py": ""},
    "a star": {"net.py": "from nets.head import *", "nets/__init__.py": "", "nets/head.py": ""},
    "another name": {"net.py": "import nets.head as h, os as o", "nets/head.py": ""},
    "in a circle": {"net.py": "import a", "a.py": "import b", "b.py": "import a, net"},
}
PACKAGE = {
    "pkg/__init__.py": "from . import setup",
    "pkg/setup.py": "",
    "pkg/method/__init__.py": "",
    "pkg/method/net.py": "from ..losses import x\nfrom pkg.nets import head\nimport beside\nfrom utils.more import y",
    "pkg/losses.py": "from . import constants",
    "pkg/constants.py": "",
    "pkg/nets/__init__.py": "",
    "pkg/nets/head.py": "",
    "pkg/method/beside.py": "",
    "utils/more.py": "",
}
UNRELATED = {"unrelated.py": "", "nets_/head.py": "", "tests/test_net.py": "import net"}


def _lay(root: Path, tree: dict[str, str]) -> None:
    for name, text in (UNRELATED | tree).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")


def _check_all_count(root: Path, learner: str, tree: dict[str, str]) -> None:
    first = root / learner
    found = source_files(first)
    assert found[0] == first and {path.relative_to(root).as_posix() for path in found} == set(tree)
    before = code_sha256(first)
    for name in [*tree, *UNRELATED]:
        text = (root / name).read_text()
        (root / name).write_text(text + "CHANGED = 1\n")
        assert (code_sha256(first) != before) == (name in tree), name
        (root / name).write_text(f"# remark\n{text}\n\n")
        assert code_sha256(first) == before, name


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_of_a_file_that_stands_alone(tmp_path: Path, tree: dict[str, str]) -> None:
    _lay(tmp_path, tree)
    _check_all_count(tmp_path, "net.py", tree)


def test_of_a_package(tmp_path: Path) -> None:
    _lay(tmp_path, PACKAGE)
    _check_all_count(tmp_path, "pkg/method/net.py", PACKAGE)


def test_of_an_installed_package_its_own_modules_only(tmp_path: Path) -> None:
    root = tmp_path / "site-packages"
    _lay(root, PACKAGE)
    own = {name: text for name, text in PACKAGE.items() if name != "utils/more.py"}
    found = source_files(root / "pkg/method/net.py")
    assert {path.relative_to(root).as_posix() for path in found} == set(own)


def test_a_neighbour_behind_a_link_counts(tmp_path: Path) -> None:
    (tmp_path / "method").mkdir()
    (tmp_path / "method" / "net.py").write_text("import common\n")
    (tmp_path / "shared.py").write_text("x = 1\n")
    (tmp_path / "method" / "common.py").symlink_to(tmp_path / "shared.py")
    before = code_sha256(tmp_path / "method" / "net.py")
    (tmp_path / "shared.py").write_text("x = 2\n")
    assert code_sha256(tmp_path / "method" / "net.py") != before


def test_one_file_however_it_is_called_and_wherever_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _lay(tmp_path / "one", TREES["from a sub-package"])
    _lay(tmp_path / "two", TREES["from a sub-package"])
    (tmp_path / "two" / "net.py").rename(tmp_path / "two" / "copy_of_net.py")
    monkeypatch.chdir(tmp_path / "one")
    (tmp_path / "link.py").symlink_to(tmp_path / "one" / "net.py")
    names = ["net.py", "./net.py", "../one/net.py", tmp_path / "one/net.py", tmp_path / "two/copy_of_net.py"]
    assert len({code_sha256(Path(name)) for name in [*names, tmp_path / "link.py"]}) == 1
