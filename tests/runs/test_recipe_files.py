"""Recipe files: where they lie, and what is said about a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.errors import UsageError
from bench.learners.registry import LearnerInfo
from bench.training.recipe_choice import find_recipe, recipe_names
from bench.training.recipe_files import read_recipes

NET = """class Net: ...


class Nets: ...
"""


@pytest.fixture
def net(tmp_path: Path) -> LearnerInfo:
    (tmp_path / "my_file.py").write_text(NET)
    return LearnerInfo("net", tmp_path / "my_file.py", "Net", "my_file.py:Net")


def write(net: LearnerInfo, text: str, name: str = "recipes.yaml") -> Path:
    path = net.file.parent / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_learner_has_a_file_or_an_entry(net: LearnerInfo) -> None:
    write(net, "other: {fast: {'*': {steps: 1}}}\nnet: {paper: {b-*: {}, a: {}}, fast: {'*': {steps: 2}}}")
    assert recipe_names(net) == {"paper": ["b-*", "a"], "fast": ["*"]}  # in the order of the file
    write(net, "other: {fast: {'*': {steps: 1}}}")
    own = write(net, "fast: {'*': {steps: 3}}", "recipes/net.yaml")
    found = read_recipes(net)
    assert found.file == own and found.entries["fast"]["*"].steps == 3


def test_both_files_naming_a_learner_are_refused(net: LearnerInfo) -> None:
    write(net, "net: {fast: {'*': {steps: 1}}}")
    write(net, "fast: {'*': {steps: 3}}", "recipes/net.yaml")
    with pytest.raises(UsageError, match=r"recipes/net\.yaml and .*recipes.yaml both have recipes of net"):
        read_recipes(net)


@pytest.mark.parametrize("text", ["net:\n", "net: {}\n", "others: {fast: {'*': {}}}", "nets: {fast: {'*': {}}}", ""])
def test_no_recipes_are_no_mistake(net: LearnerInfo, text: str) -> None:
    """`nets` is the name of another class of the folder."""
    write(net, text)
    assert recipe_names(net) == {}
    assert "1,000 steps" in find_recipe(net, "glyphs-5w1s", None).notice


@pytest.mark.parametrize("key", ["Net", "NET", "nett", "n_et", "my_file"])
def test_an_entry_that_nearly_has_the_learners_name(net: LearnerInfo, key: str) -> None:
    """By the class's own name, in other letters, mistyped, by the file's name."""
    write(net, f"{key}: {{fast: {{'*': {{steps: 7}}}}}}")
    with pytest.raises(UsageError, match=f"has recipes of '{key}' and nothing .* Did you mean 'net'") as caught:
        recipe_names(net)
    assert "Rename it to net;" in caught.value.fix
    write(net, f"{key}: {{fast: {{'*': {{steps: 7}}}}}}\nnet: {{}}")
    assert recipe_names(net) == {}  # the other way out that is named


@pytest.mark.parametrize("name", ["Net.yaml", "net.yml", "my_file.yaml"])
def test_a_file_that_nearly_has_the_learners_name(net: LearnerInfo, name: str) -> None:
    write(net, "fast: {'*': {steps: 7}}", f"recipes/{name}")
    with pytest.raises(UsageError, match=f"recipes/{name} is there and nothing") as caught:
        recipe_names(net)
    assert "Rename it to net.yaml;" in caught.value.fix


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("net: [fast", "not valid YAML"),
        ("net: {fast: {'*': {}}}\nnet: {paper: {'*': {}}}", ":2: 'net' is given twice"),
        ("net:\n  fast:\n    '*': {steps: 5}\n    '*': {steps: 6}", r":4: '\*' is given twice"),
        ("- net", "expected a mapping of learners, found list"),
        ("net: {fast: {'*': {}}}\n3: {}", "expected names of learners, found 3"),
        ("net: 3", ":1: net: expected recipe names.*found 3"),
        ("other: {}\nnet:\n  fast: 3", ":3: net: expected recipe names.*found 3"),
        ("net: {fast: null}", "expected recipe names.*found None"),
        ("net: {1: {'*': {}}}", "expected recipe names.*found 1"),
        ("net: {defaults: {'*': {}}}", "'defaults' is what trains without a recipe"),
        ("net:\n  fast:\n    steps: 7", ":3: net: fast: expected a suite pattern, found the field 'steps'"),
        ("net: {fast: {options: {dim: 7}}}", "expected a suite pattern, found the field 'options'"),
        ("net: {fast: {'*': {}, 5: {}, true: {}}}", "expected a suite pattern, found 5"),
        ("net: {fast: {[1]: {}}}", "not valid YAML"),
        ("net: {fast: {'*': }}", r"fast, \*: expected fields, found None"),
        ("net: {fast: {'*': [steps, 3]}}", "expected fields, found .'steps', 3"),
        ("net: {fast: {'*': {1: 2, steps: 3}}}", "Keys should be strings"),
        ("net: {paper: {'*': {steps: 0}}, fast: {'*': {}}}", "steps: .*greater than or equal to 1, found 0"),
        ("net: {fast: {'*': {steps: yes}}}", "steps: Input should be a number, found True"),
        ("net:\n  fast:\n    '*':\n      stepz: 5", ":4: .*stepz: no such field; did you mean 'steps'.*, found 5"),
        ("net: {fast: {'*': {optimizer: {lrate: 5}}}}", "optimizer.lrate: no such field"),
        ("net: {fast: {'*': {train: {ways: 5}}}}", "train.ways: no such field; did you mean 'way'"),
        ("net: {fast: {'*': {optimizer: {lr: fast}}}}", "optimizer.lr: .*number.*found 'fast'"),
        ("net: {fast: {'*': {schedule: {name: linear}}}}", "schedule.name: .*'cosine'"),
        ("net: {fast: {'*': {options: 2001-01-01}}}", "options: .*dictionary"),
        ("net: {fast: {'*': {options: {day: 2001-01-01}}}}", "options: expected numbers, words"),
        ("net: {fast: {'*': {options: &o {again: *o}}}}", "options: expected numbers, words"),
        ("net: &n {fast: *n}", "no such field"),
    ],
)
def test_a_bad_file_is_named_with_the_field(net: LearnerInfo, content: str, said: str) -> None:
    file = write(net, content)
    with pytest.raises(UsageError, match=said) as caught:
        find_recipe(net, "glyphs-5w1s", None)
    assert str(file) in caught.value.message and caught.value.fix


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("net: {fast: {'*': {steps: 5}}}", ":1: net: the file's name says whose recipes these are"),
        ("fast: {steps: 5}", "expected a suite pattern, found the field 'steps'"),
        ("[fast]", "expected a mapping of recipes, found list"),
        ("5: {}", "expected names of recipes, found 5"),
    ],
)
def test_a_bad_file_of_one_learner(net: LearnerInfo, content: str, said: str) -> None:
    write(net, content, "recipes/net.yaml")
    with pytest.raises(UsageError, match=said):
        read_recipes(net)


def test_text_that_is_not_utf_8(net: LearnerInfo) -> None:
    net.file.with_name("recipes.yaml").write_bytes("net: {} # \u00e9".encode("latin-1"))
    with pytest.raises(UsageError, match=r"recipes.yaml: not UTF-8 text \(byte 10\)"):
        read_recipes(net)
    net.file.with_name("recipes.yaml").write_bytes("net: {fast: {'*': {steps: 2}}}".encode("utf-8-sig"))
    assert recipe_names(net) == {"fast": ["*"]}


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates()
KEYS = st.sampled_from(["net", "fast", "paper", "*", "steps", "train", "way", "options", "schedule", "lr"]) | SCALARS
CONTENT = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(KEYS, CONTENT, max_size=3) | CONTENT)
def test_whatever_is_written_is_read_or_refused(net: LearnerInfo, content: object) -> None:
    for file, text in (("recipes.yaml", {"net": content}), ("recipes.yaml", content), ("recipes/net.yaml", content)):
        path = write(net, yaml.safe_dump(text, allow_unicode=True), file)
        try:
            find_recipe(net, "glyphs-5w1s", None)
        except UsageError as error:
            assert error.fix
        path.unlink()
