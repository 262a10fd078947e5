"""A syntax tree without what does not run: comments, formatting and docstrings don't count, all the rest does."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import UsageError
from bench.identity import code_sha256
from bench.identity.code import normalised

LEARNER = '''
"""A learner."""
from dataclasses import dataclass
import torch
from torch import nn
import bench

class Net(bench.Learner):
    """The class."""

    family = "model"

    @dataclass
    class Options:
        width: int = 16  # units
        rate: float = 0.5

    def __init__(self, task, options):
        super().__init__(task, options)
        self.map = nn.Linear(1, options.width, bias=False)

    def predict(self, support_x, support_y, query_x):
        mean = support_y.mean(1, keepdim=True) + 2 * self.map(query_x)[:, 1:-1, ...]
        if mean.numel() > 3 and not self.training:
            mean = -mean
        elif mean is None:
            raise ValueError(f"no {mean!r} mean")
        else:
            pass
        for i in range(2):
            mean += i
        return bench.Gaussian(mean, torch.ones_like(mean))
'''
SAME = {
    "comments": lambda code: code.replace("\n", "  # a remark\n").replace("  # a remark\n\n", "\n\n"),
    "blank lines": lambda code: code.replace("\n", "\n\n"),
    "formatting": lambda code: ast.unparse(ast.parse(code)),
    "docstring changed": lambda code: code.replace("The class.", "Another text."),
    "docstring gone": lambda code: code.replace('    """The class."""\n', ""),
    "docstring more": lambda code: code.replace(
        "__init__(self, task, options):", '__init__(self, task, options):\n        "new"'
    ),
    "parentheses": lambda code: code.replace("2 * self.map", "(2) * (self.map)").replace("-mean", "(-(mean))"),
    "pass": lambda code: code.replace(
        "            mean += i", "            pass\n            mean += i\n            pass"
    ),
    "dots": lambda code: code.replace("            mean += i", "            ...\n            mean += i"),
    "quotes": lambda code: code.replace('"model"', "'model'").replace('"model"', "'''model'''"),
    "numbers": lambda code: code.replace("= 16", "= 0x10").replace("0.5", "5e-1"),
    "semicolons": lambda code: code.replace("import torch\nfrom", "import torch;\nfrom"),
    "line ends": lambda code: code.replace("\n", "\r\n"),
    "old line ends": lambda code: code.replace("\n", "\r"),
    "continued": lambda code: code.replace("> 3 and", "> 3 \\\n            and"),
    "trailing comma": lambda code: code.replace("options.width, bias=False)", "options.width, bias=False,)"),
    "byte order mark": lambda code: "\ufeff" + code,
    "indentation": lambda code: textwrap.dedent(code).replace("    ", "\t"),
}
OTHER = {
    "number": ("2 * self", "3 * self"),
    "type of number": ("2 * self", "2.0 * self"),
    "true for one": ("range(2)", "range(True)"),
    "sign": ("mean = -mean", "mean = +mean"),
    "operator": ("mean += i", "mean -= i"),
    "comparison": ("> 3", ">= 3"),
    "and": (" and ", " or "),
    "not": ("not self.training", "self.training"),
    "slice": ("1:-1", ":-1"),
    "slice end": ("1:-1", "1:"),
    "ellipsis": (", ...]", "]"),
    "keyword": ("bias=False", "bias=True"),
    "keyword gone": (", bias=False", ""),
    "order": ("Gaussian(mean, torch.ones_like(mean))", "Gaussian(torch.ones_like(mean), mean)"),
    "string": ('"model"', '"metric"'),
    "name": ("class Net", "class Nets"),
    "default": ("= 16", "= 17"),
    "no default": (" = 16", ""),
    "annotation": ("width: int", "width: float"),
    "decorator": ("    @dataclass\n", ""),
    "base": ("bench.Learner)", "bench.Explorer)"),
    "import": ("import torch\n", "import torch as torch_\n"),
    "import from": ("from torch import nn", "from mytorch import nn"),
    "relative": ("from torch import nn", "from .torch import nn"),
    "conversion": ("{mean!r}", "{mean!s}"),
    "format": ("{mean!r}", "{mean!r:>3}"),
    "is": ("mean is None", "mean is not None"),
    "else": ("        elif mean is None", "        if mean is None"),
    "statement": ("            mean = -mean", "            pass"),
    "else arm": ("        else:\n            pass\n", "        else:\n            mean = 0\n"),
    "indented less": ("            mean += i\n        return", "            mean += i\n            return"),
    "await": ("def predict", "async def predict"),
    "star": ("bench.Gaussian(mean,", "bench.Gaussian(*mean,"),
}


def _sha256(folder: Path, code: str) -> str:
    file = folder / "net.py"
    file.write_text(code, encoding="utf-8", newline="")
    return code_sha256(file)


@pytest.mark.parametrize("change", SAME)
def test_what_does_not_run_does_not_count(tmp_path: Path, change: str) -> None:
    changed = SAME[change](LEARNER)
    assert changed != LEARNER
    assert _sha256(tmp_path, changed) == _sha256(tmp_path, LEARNER)


@pytest.mark.parametrize("change", OTHER)
def test_what_runs_counts(tmp_path: Path, change: str) -> None:
    before, after = OTHER[change]
    assert LEARNER.count(before) == 1 or change in ("string", "import")
    assert _sha256(tmp_path, LEARNER.replace(before, after)) != _sha256(tmp_path, LEARNER)


def test_all_changes_differ_from_each_other(tmp_path: Path) -> None:
    found = {_sha256(tmp_path, LEARNER.replace(*change)) for change in OTHER.values()}
    assert len(found) == len(OTHER)


expressions = st.recursive(
    st.one_of(
        st.integers(0, 9).map(str), st.sampled_from(["x", "y", "None", "True", "''", "'é'", "b'x'", "1.5", "2j"])
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "@", "and", "or", "<", "is"]), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        ),
        inner.map(lambda one: f"f({one})"),
        inner.map(lambda one: f"[{one}]"),
        inner.map(lambda one: f"(not {one})"),
        inner.map(lambda one: f"{{{one}: {one}}}"),
        inner.map(lambda one: f"(lambda x={one}: x)"),
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=200)
@given(expressions, expressions)
def test_trees_are_equal_exactly_where_python_says_so(one: str, other: str) -> None:
    trees = [ast.parse(f"z = {text}") for text in (one, other)]
    assert (normalised(trees[0]) == normalised(trees[1])) == (ast.dump(trees[0]) == ast.dump(trees[1]))
    assert normalised(ast.parse(ast.unparse(trees[0]))) == normalised(trees[0])


def test_a_sum_of_thousands_is_no_trouble(tmp_path: Path) -> None:
    _sha256(tmp_path, f"x = {'+'.join(['1'] * 2000)}\n")


@pytest.mark.parametrize(
    "content", [b"def (:\n", b"x = 1\0\n", b"x = '\xff'\n", b"\tx = 1\n  y\n", b"x = " + b"-" * 100_000 + b"1"]
)
def test_what_is_no_python_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.py").write_bytes(content)
    with pytest.raises(UsageError, match=r"net\.py"):
        code_sha256(tmp_path / "net.py")
