"""`tasks.yaml`: what it declares, and one precise line for every way of getting such a file wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.domains.exploration.task import BanditTask, MDPTask
from bench.domains.functions.task import GPTask, SinusoidTask
from bench.domains.images.task import ImageTask
from bench.errors import UsageError
from bench.resources import resource
from bench.tasks.suites import parse_suites

VALID = """\
schema: 1
suites:
  # a comment, so that lines and entries differ
  mine-5w1s:
    version: 1
    title: "Mine"
    task:
      kind: images
      data: glyphs
      way: 5
      shot: 1
      query: 15
      pool: {train: [200, 20], val: [40, 20], test: [60, 20]}
    metric: accuracy
  waves:
    version: 3
    title: "Waves"
    task: {kind: sinusoid, context: 5, target: 10, amplitude: [0.1, 5.0], phase: [0.0, 3.0], x: [-5.0, 5.0]}
    metric: mse
  kernels:
    version: 1
    title: "Kernels"
    task: {kind: gp1d, train_kernel: rbf, test_kernel: periodic, length: [0.1, 0.6], scale: [0.1, 1.0],
           period: [0.1, 0.5], noise: 0.02, x: [-2.0, 2.0],
           context: [3, 46], target_min: 3, max_points: 50}
    metric: loglik
"""


def refusal(path: Path, text: str | bytes) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError) as caught:
        parse_suites(path)
    assert caught.value.exit_code == 2
    assert caught.value.fix
    return str(caught.value)


def line_of(text: str, part: str) -> int:
    """1-based line of the only occurrence of `part`."""
    assert text.count(part) == 1
    return text[: text.index(part)].count("\n") + 1


def test_the_standard_suites_are_those_of_the_manual() -> None:
    suites = parse_suites(resource("tasks.yaml"))
    images = {
        "omniglot": ("5w1s", "5w5s", "20w1s", "20w5s"),
        "miniimagenet": ("5w1s", "5w5s"),
        "cifarfs": ("5w1s", "5w5s"),
        "glyphs": ("5w1s", "5w5s", "20w1s"),
    }
    for data, shapes in images.items():
        for shape in shapes:
            task = suites.pop(f"{data}-{shape}").task
            assert isinstance(task, ImageTask)
            assert f"{task.way}w{task.shot}s" == shape and task.query == 15 and task.data == data
            assert task.rotations == (data == "omniglot")
    for points in (5, 10, 20):
        task = suites.pop(f"sinusoid-{points}s").task
        assert isinstance(task, SinusoidTask) and task.context == points
    for kernel in ("rbf", "matern52", "periodic"):
        task = suites.pop(f"gp1d-{kernel}").task
        assert isinstance(task, GPTask) and (task.train_kernel, task.test_kernel) == ("rbf", kernel)
    for kernel in ("matern52", "periodic"):
        task = suites.pop(f"gp1d-{kernel}-id").task
        assert isinstance(task, GPTask) and (task.train_kernel, task.test_kernel) == (kernel, kernel)
    for pulls, arms in ((10, 5), (10, 10), (100, 5), (100, 10)):
        task = suites.pop(f"bandit-n{pulls}k{arms}").task
        assert isinstance(task, BanditTask) and (task.pulls, task.arms) == (pulls, arms)
    task = suites.pop("mdp-n10").task
    assert isinstance(task, MDPTask)
    assert (task.states, task.actions, task.horizon, task.episodes, task.steps) == (10, 5, 10, 10, 100)
    assert not suites


def test_a_valid_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(VALID)
    suites = parse_suites(path)
    assert list(suites) == ["mine-5w1s", "waves", "kernels"]
    assert suites["waves"].version == 3 and suites["waves"].kind == "regression"
    assert not suites["waves"].higher_is_better and suites["kernels"].higher_is_better
    assert suites["mine-5w1s"].pin is None
    assert suites["mine-5w1s"].validation.checks == 20


# what is replaced, by what, the part whose line is named (in the broken text), what the message must say
MISTAKES = {
    "wrong type": ("way: 5\n", "way: five\n", "way: five", ["task.way", "integer", "'five'"]),
    "fraction": ("shot: 1\n", "shot: 1.5\n", "shot: 1.5", ["task.shot", "integer", "1.5"]),
    "out of range": ("way: 5\n", "way: 1\n", "way: 1\n", ["way", "greater than or equal to 2", "found 1"]),
    "unknown key": ("shot: 1\n", "shots: 1\n      shot: 1\n", "shots: 1", ["task.shots", "not permitted", "found 1"]),
    "unknown top key": ("version: 3", "version: 3\n    colour: red", "colour", ["'waves', colour", "found 'red'"]),
    "missing field": ("      shot: 1\n", "", "    task:\n", ["task.shot", "Field required"]),
    "missing top field": ("    version: 3\n", "", "waves:", ["'waves', version", "Field required"]),
    "unknown kind": ("kind: images", "kind: pictures", "    task:\n", ["'pictures'", "'images'"]),
    "unknown kernel": ("train_kernel: rbf", "train_kernel: rbff", "train_kernel", ["'rbff'", "'matern52'"]),
    "second line of a flow mapping": ("noise: 0.02", "noise: -1", "noise: -1", ["noise", "greater than 0", "found -1"]),
    "item of a list": ("period: [0.1, 0.5]", "period: [0.1, half]", "half", ["period.1", "number", "'half'"]),
    "metric that does not fit": (
        "metric: accuracy",
        "metric: loglik_joint",
        "metric: loglik_joint",
        ["does not fit", "'images'", "found 'loglik_joint'"],
    ),
    "unknown metric": ("metric: loglik", "metric: auc", "metric: auc", ["mse or loglik", "found 'auc'"]),
    "imagefolder without path": ("data: glyphs", "data: imagefolder", "    task:\n", ["imagefolder needs it", "path"]),
    "path without imagefolder": ("data: glyphs", "data: glyphs\n      path: x", "    task:\n", ["`path` belongs to"]),
    "no pool": ("      pool: {train: [200, 20], val: [40, 20], test: [60, 20]}\n", "", "    task:\n", ["needs `pool`"]),
    "split missing": (", test: [60, 20]", "", "    task:\n", ["test is missing"]),
    "pool too small": ("test: [60, 20]", "test: [4, 20]", "    task:\n", ["test pool of 4 classes of 20", "5 classes"]),
    "too few images": ("test: [60, 20]", "test: [60, 15]", "    task:\n", ["of 16 images", "60 classes of 15"]),
    "reversed range": ("[0.1, 0.6]", "[0.6, 0.1]", "[0.6, 0.1]", ["low <= high", "found [0.6, 0.1]"]),
    "negative length": ("[0.1, 0.6]", "[-0.1, 0.6]", "[-0.1, 0.6]", ["positive"]),
    "infinite range": ("[-2.0, 2.0]", "[-.inf, 2.0]", "-.inf", ["finite"]),
    "no room for targets": ("[3, 46]", "[3, 47]", "    task: {kind: gp1d", ["max_points - target_min = 47", "[3, 47]"]),
    "name given": ("version: 3", "version: 3\n    name: other", "name: other", ["a suite's name is its key"]),
    "suite twice": ("  waves:", "  mine-5w1s:", "  mine-5w1s:\n    version: 3", ["'mine-5w1s' is given twice"]),
    "field twice": ("version: 3", "version: 3\n    version: 4", "version: 4", ["'version' is given twice"]),
    "bad pin": ("metric: mse", "metric: mse\n    pin: {manifest: abc}", "pin:", ["pin.manifest", "'abc'"]),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_named_with_its_line(case: str, tmp_path: Path) -> None:
    old, new, culprit, said = MISTAKES[case]
    assert VALID.count(old) == 1
    text = VALID.replace(old, new)
    path = tmp_path / "tasks.yaml"
    message = refusal(path, text)
    assert message.startswith(f"{path}:{line_of(text, culprit)}: ")
    for part in said:
        assert part in message


def test_a_suite_that_is_no_mapping(tmp_path: Path) -> None:
    path = tmp_path / "tasks.yaml"
    assert refusal(path, VALID + "  fourth: 3\n").startswith(
        f"{path}:{VALID.count(chr(10)) + 1}: suite 'fourth' must be"
    )


@pytest.mark.parametrize(
    "text, line, said",
    [
        ("schema: 1\nsuites:\n  a: {version: 1\n", 4, "not valid YAML"),
        ("schema: 1\nsuites:\n\ta: 1\n", 3, "not valid YAML"),
        ("schema: 1\nsuites: {}\n---\nmore: 1\n", 3, "another document"),
        ("schema: 1\nsuites: !!python/object/apply:os.getcwd []\n", 2, "not valid YAML"),
        ("- a\n- b\n", 1, "found ['a', 'b']"),
        ("", 1, "found None"),
        ("suites: {}\n", 1, "expected `schema: 1`"),
        ("schema: 2\nsuites: {}\n", 1, "expected `schema: 1`"),
        ("schema: 1\nsuites: [a]\n", 1, "a mapping `suites:`"),
    ],
)
def test_a_file_of_another_kind(text: str, line: int, said: str, tmp_path: Path) -> None:
    path = tmp_path / "tasks.yaml"
    message = refusal(path, text)
    assert message.startswith(f"{path}:{line}: ")
    assert said in message


@pytest.mark.parametrize("text", [b"schema: 1\0", b"\xff\xfe\xfa", b"schema: 1\nsuites: {a: {title: 2026-13-45}}\n"])
def test_bytes_that_yaml_refuses(text: bytes, tmp_path: Path) -> None:
    assert str(tmp_path / "tasks.yaml") in refusal(tmp_path / "tasks.yaml", text)


def test_a_missing_file_and_a_directory(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(UsageError, match="Can't read the suites file"):
            parse_suites(path)


def test_a_file_that_leads_back_to_itself(tmp_path: Path) -> None:
    refusal(tmp_path / "tasks.yaml", "schema: 1\nsuites: &all\n  a: *all\n")


@settings(max_examples=150, deadline=None)
@given(cut=st.integers(0, len(VALID)), length=st.integers(0, 12), junk=st.text("[]{}:-& *!x1\n", max_size=6))
def test_any_damage_gives_suites_or_a_usage_error(
    cut: int, length: int, junk: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.yaml"
    path.write_text(VALID[:cut] + junk + VALID[cut + length :])
    try:
        parse_suites(path)
    except UsageError as error:
        assert str(path) in error.message
