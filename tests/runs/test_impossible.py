"""What can't end well is refused before anything is trained: on one screen, with exit code 2."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

import bench
from bench.domains.functions.task import FunctionSpec
from bench.domains.images.task import ImageSpec, ImageTask
from bench.errors import UsageError
from bench.learners.loading import load
from bench.learners.options import resolve_options
from bench.learners.registry import all_learners
from bench.runs.facts import answer
from bench.runs.impossible import way_bound
from bench.runs.spec import spec_of
from bench.tasks.registry import all_suites
from bench.training.recipe_files import read_recipes
from tests.conftest import Cli
from tests.runs.conftest import Workshop

LEARNERS = '''
import torch
from torch import nn
import bench


class Head(bench.Learner):
    family = "optimization"
    domains = ("classification",)

    def __init__(self, task, options):
        super().__init__(task, options)
        self.head = nn.Linear(784, task.way)

    def predict(self, support_x, support_y, query_x):
        return self.head(query_x.flatten(2))


class Told(bench.EmbeddingLearner):
    """Nearest mean; takes the support set's form from its task, in training as in evaluation."""

    family = "metric"

    def __init__(self, task, options):
        super().__init__(task, options)
        self.net = nn.Linear(784, 8)

    def embed(self, images):
        return self.net(images.flatten(1))

    def classify(self, support_z, support_y, query_z):
        return -torch.cdist(query_z, support_z.view(len(support_z), self.task.way, self.task.shot, -1).mean(2))
'''


@pytest.fixture
def learners(workshop: Workshop) -> str:
    file = workshop.folder / "learners.py"
    file.write_text(LEARNERS)
    return str(file)


@pytest.mark.parametrize(
    ("algo", "suite", "reason"),
    [
        ("protonet", "sinusoid-10s", "does classification only; the suite asks for regression"),
        ("cnp", "glyphs-5w1s", "does regression only; the suite asks for classification"),
        ("protonet", "bandit-n10k5", "does classification only; the suite asks for exploration"),
        ("thompson", "mdp-n10", "thompson on mdp-n10:"),
        ("maml", "gp1d-rbf", "gp1d-rbf ranks the log-likelihood"),
    ],
)
def test_a_learner_that_is_not_for_the_suite(
    workshop: Workshop, cli: Cli, monkeypatch: pytest.MonkeyPatch, algo: str, suite: str, reason: str
) -> None:
    monkeypatch.setattr("bench.runs.ask.asking", lambda timeout: answer)  # in this process
    runs = workshop.folder / "runs"
    done = cli("run", "--algo", algo, "--suite", suite, "--runs", runs)
    assert done.code == 2 and done.out == "" and not list(runs.glob("*/*"))
    assert reason in " ".join(done.err.split()) and "bench list suites" in done.err and "Traceback" not in done.err
    with pytest.raises(UsageError, match="Nothing of this can be measured"):
        bench.run(algo, suite, runs=runs, quiet=True)


def test_a_head_of_the_suites_way_is_not_trained_on_another(workshop: Workshop, learners: str) -> None:
    with pytest.raises(UsageError) as raised:
        workshop.job(f"{learners}:Head", "glyphs-5w1s", changes={"train.way": 20})
    assert "episodes of 20 classes" in raised.value.message and "head.weight [5, 784]" in raised.value.message
    assert "--train way=5" in raised.value.fix
    assert workshop.job(f"{learners}:Head", "glyphs-5w1s", changes={"train.way": 5}).facts.way_bound == ""


def test_in_training_a_learner_is_told_of_the_batch(workshop: Workshop, learners: str) -> None:
    outcome = workshop.run(f"{learners}:Told", "glyphs-5w1s", changes={"train.way": 20, "train.shot": 2})
    assert outcome.status == "ok", outcome.reason


def test_specs_of_training() -> None:
    images = ImageSpec(5, 1, 15, (1, 28, 28), 30)
    assert images.in_training(20, None, 5) == ImageSpec(20, 1, 5, (1, 28, 28), 30)
    assert images.in_training(20, None, 5) is images.in_training(20, None, 5)  # compiled code looks at identity
    assert FunctionSpec(5, 10).in_training(None, 10, None) == FunctionSpec(10, 10)
    assert FunctionSpec(0, 0, kernel="rbf").in_training(None, 10, 10) == FunctionSpec(0, 0, kernel="rbf")


@pytest.mark.slow
def test_no_recipe_of_a_baseline_is_refused() -> None:
    refused, asked = [], 0
    for name, info in all_learners().items():
        for recipe, patterns in read_recipes(info).entries.items():
            for pattern, fields in patterns.items():
                for suite in all_suites().values():
                    if fields.train.way and fnmatchcase(suite.name, pattern) and isinstance(suite.task, ImageTask):
                        learner, asked = load(info), asked + 1
                        options = resolve_options(learner, fields.options)
                        if found := way_bound(learner, options, spec_of(suite), fields):
                            refused.append((name, recipe, suite.name, found))
    assert refused == [] and asked > 50
