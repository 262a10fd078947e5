"""`--train field=value` and `--recipe FILE.yaml`: what they mean, how the recipe is then called, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.training.recipe_changes import changed, parse_changes
from bench.training.recipe_choice import find_recipe
from bench.training.recipe_file import read_recipe_file
from bench.training.recipes import Optimizer, Recipe, Schedule, TrainShape
from tests.runs.conftest import Workshop
from tests.runs.test_recipe_choice import RECIPES, learner, written

FAST = Recipe(steps=300, optimizer=Optimizer(lr=2e-3), schedule=Schedule(name="cosine"), clip_norm=0.5)


def test_fields_by_short_and_by_full_names() -> None:
    changes = parse_changes(["steps=500, lr=1e-3", "way=20", "schedule.name=constant", "clip_norm=none"])
    name, recipe = changed("fast", FAST, changes)
    assert recipe == Recipe(steps=500, optimizer=Optimizer(lr=1e-3), train=TrainShape(way=20), clip_norm=None)
    assert name == "fast steps=500 train.way=20 optimizer.lr=0.001 schedule.name=constant clip_norm=none"


def test_what_changes_nothing_has_no_other_name() -> None:
    assert changed("fast", FAST, parse_changes(["steps=300", "lr=.002"])) == ("fast", FAST)


def test_the_order_in_which_fields_are_typed_makes_no_other_name() -> None:
    assert changed("fast", FAST, parse_changes(["lr=.1,way=5"])) == changed(
        "fast", FAST, parse_changes(["way=5,lr=.1"])
    )


@pytest.mark.parametrize(
    ("typed", "says", "fix"),
    [
        ("steps", r"Expected --train field=value, found 'steps'", "Example: --train steps=500"),
        ("steps=", r"Expected --train field=value, found 'steps='", "Example"),
        ("steps=5,steps=6", "--train gives steps twice: 5 and 6", "once"),
        ("lr=5,optimizer.lr=6", "--train gives optimizer.lr twice: 5 and 6", "once"),
        ("stepz=5", "Unknown field of a recipe 'stepz'. Did you mean 'steps'?", "schedule.name"),
        ("options.temperature=5", "its options are not of it", "--set key=value"),
        ("steps=few", "--train steps: .* found 'few'", "Example"),
        ("steps=0", "--train steps: .*greater than or equal to 1, found '0'", "Example"),
        ("momentum=.9", "Unknown field of a recipe 'momentum'", "optimizer.momentum"),
        ("optimizer.momentum=.9", "momentum is an entry of sgd, and the optimizer is adam", "Example"),
        ("schedule.name=step", "schedule `step` needs `every`", "Example"),
    ],
)
def test_what_can_not_be_meant(typed: str, says: str, fix: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        changed("fast", FAST, parse_changes([typed]))
    assert fix in caught.value.fix


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "longer.yaml"
    file.write_text("steps: 4000\noptimizer: {lr: 5.0e-4}\noptions: {temperature: 16}\n")
    recipe = Recipe(steps=4000, optimizer=Optimizer(lr=5e-4), options={"temperature": 16})
    assert read_recipe_file(file) == ("longer", recipe)
    file.write_text("name: mine\n")
    assert read_recipe_file(file) == ("mine", Recipe())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("steps: few\n", r"mine.yaml:1: steps: .*integer"),
        ("name: x\nstepz: 5\n", r"mine.yaml:2: stepz: Extra inputs"),
        ("name: defaults\n", r"mine.yaml:1: name: 'defaults' is what trains without a recipe"),
        ("- steps: 5\n", r"mine.yaml:1: entry"),
    ],
)
def test_a_file_that_is_no_recipe(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=says):
        read_recipe_file(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such recipe file"):
        read_recipe_file(tmp_path / "mine.yaml")


def test_a_file_may_not_pass_for_a_recipe_of_the_learner(tmp_path: Path) -> None:
    net = learner(written(tmp_path, RECIPES), "net")
    file = tmp_path / "copy.yaml"
    file.write_text("name: fast\nsteps: 21\n")
    with pytest.raises(UsageError, match="net has a recipe 'fast' of its own, and this one is not it"):
        find_recipe(net, "glyphs-5w1s", str(file))
    file.write_text("name: fast\nsteps: 20\n")
    assert find_recipe(net, "glyphs-5w1s", str(file)).recipe == find_recipe(net, "glyphs-5w1s", "fast").recipe


def test_the_recipe_beside_a_record_leads_back_to_its_run(workshop: Workshop) -> None:
    first = workshop.run("Dropped", "glyphs-5w1s", changes={"steps": "7"})
    assert first.record.recipe.endswith("steps=7")
    again = workshop.run("Dropped", "glyphs-5w1s", recipe=str(first.path / "recipe.yaml"))
    assert again.cached and again.record.key == first.record.key


def test_a_learner_that_trains_nothing_has_no_training_to_change(workshop: Workshop) -> None:
    for asked in ({"changes": {"steps": "7"}}, {"test": False}):
        with pytest.raises(UsageError, match="trains nothing"):
            workshop.run("chance", "glyphs-5w1s", **asked)
