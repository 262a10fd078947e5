"""Each fault is caught by the check that is named after it, and honest learners pass."""

from __future__ import annotations

import inspect

import pytest
import torch

import bench
from bench.checks import CHECKS, LEAK_CHECKS, QUICK_CHECKS, Result, behaves_inductively, examine
from bench.checks.battery import Check
from bench.domains import all_examples
from bench.learners.contract import unfit
from bench.learners.options import resolve_options
from bench.learners.registry import all_learners, load
from tests.checks import cheats, resumers

EXAMPLES = all_examples()

IMAGES = EXAMPLES["classification"]
FAULTS = {
    cheats.StaysInTrainingMode: (
        "queries_alone queries_in_sevens queries_replaced other_episodes_swapped batch_is_single"
    ),
    cheats.RaisesForOneQuery: "queries_alone",
    cheats.CentresQueries: "queries_alone queries_in_sevens queries_replaced",
    cheats.CentresQueriesIfMany: "queries_in_sevens",
    cheats.AssumesSortedQueries: "queries_alone queries_in_sevens queries_permuted",
    cheats.CentresTheBatch: "other_episodes_swapped batch_is_single",
    cheats.ReadsFirstSupport: "batch_is_single",
    # Its memory of training is in no file.
    cheats.CarriesState: "no_state_between_episodes exact_resume checkpoint_round_trip",
    cheats.WritesInputs: "inputs_untouched",
    cheats.Random: "determinism",
    cheats.ForgetsState: "checkpoint_round_trip",
    cheats.AssumesSortedSupport: "random_support_labels",
    cheats.FixedHead: "label_equivariance",
    cheats.NotFinite: "shapes_and_finiteness",
    cheats.WrongShape: "shapes_and_finiteness",
    cheats.CannotTrain: "training_steps",
    cheats.ForgetsBackward: "training_steps",
    cheats.OptimisesOthers: "training_steps",
    cheats.ClimbsItsLoss: "training_steps",
    cheats.StandsStill: "training_steps",
    resumers.CountsItsSteps: "exact_resume",
    resumers.DrawsByItself: "exact_resume",
    cheats.OtherPredict: "embedding_path_is_predict",
    cheats.Float32Leak: "queries_alone queries_in_sevens",
}
# Long, and each like another one that is looked at by default: anil and relnet with both norms, baseline.
LIKE_ANOTHER = {"maml", "mamlpp", "metasgd", "reptile", "baselinepp", "from_scratch"}
BASELINES = [
    pytest.param(name, kind, options, marks=pytest.mark.slow)
    if kind == "classification" and name in LIKE_ANOTHER
    else pytest.param(name, kind, options)
    for name, info in sorted(all_learners().items())
    for kind in EXAMPLES
    for options in ([{}, {"norm": "batch"}] if "norm" in info.options else [{}])
    if unfit(load(info), EXAMPLES[kind]) is None
]


def results(
    learner: type[bench.Learner], kind: str = "classification", checks: tuple[Check, ...] = CHECKS, **options: str
) -> dict[str, Result]:
    return {
        result.check: result for result in examine(learner, resolve_options(learner, options), EXAMPLES[kind], checks)
    }


def failed(learner: type[bench.Learner], checks: tuple[Check, ...] = CHECKS, **options: str) -> set[str]:
    found = results(learner, checks=checks, **options)
    return {name for name, result in found.items() if result.state == "failed"}


@pytest.mark.parametrize(("cheat", "names"), FAULTS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_fault_fails_its_own_checks_and_no_others(cheat: type[bench.Learner], names: str) -> None:
    assert failed(cheat) == set(names.split())


@pytest.mark.parametrize("living", [cheats.InductiveRelationNet, cheats.InductiveMAML])
def test_batch_statistics_declared_inductive_are_a_leak(living: type[bench.Learner]) -> None:
    assert {"queries_alone", "queries_in_sevens"} <= failed(living, LEAK_CHECKS, norm="batch")
    (alone,) = examine(living, resolve_options(living, {"norm": "batch"}), IMAGES, LEAK_CHECKS[:1])
    assert alone.measured is not None and alone.limit == 1e-6 and alone.measured > 1e4 * alone.limit


@pytest.mark.parametrize("living", [cheats.InductiveRelationNet, cheats.InductiveMAML])
def test_the_same_learners_with_honest_statistics_pass(living: type[bench.Learner]) -> None:
    assert failed(living, LEAK_CHECKS) == set()


@pytest.mark.parametrize("honest", [cheats.Honest, cheats.Float32Only, cheats.RoundsToFloat32])
def test_honest_learners_pass(honest: type[bench.Learner]) -> None:
    found = results(honest)
    assert {result.state for result in found.values()} <= {"passed", "skipped"}
    assert found["queries_alone"].detail.startswith("float32") == (honest is not cheats.Honest)


@pytest.mark.parametrize(("name", "kind", "options"), BASELINES)
def test_every_baseline_passes(name: str, kind: str, options: dict[str, str]) -> None:
    found = results(load(all_learners()[name]), kind, **options)
    assert not {check: result.detail for check, result in found.items() if result.state == "failed"}
    batch = kind == "classification" and options.get("norm") == "batch"
    acts = EXAMPLES[kind].kind == "exploration"
    assert found["queries_alone"].state == ("skipped" if acts else "reported" if batch else "passed")
    assert found["other_episodes_swapped"].state == "passed"


def test_a_transductive_declaration_is_tested_too() -> None:
    relnet = load(all_learners()["relnet"])
    published = results(relnet, norm="batch")
    assert published["queries_alone"].detail.startswith("declared transductive, differs")
    assert published["other_episodes_swapped"].state == "passed"
    assert not behaves_inductively(tuple(published.values()))
    humble = results(cheats.DeclaredTransductive)
    assert humble["queries_alone"].state == "reported" and behaves_inductively(tuple(humble.values()))
    assert not behaves_inductively(tuple(results(cheats.Honest).values())), "it never said otherwise"


def test_what_can_not_be_compared_is_skipped_with_the_reason() -> None:
    shapeless, random, untrained = (results(it) for it in (cheats.WrongShape, cheats.Random, cheats.CannotTrain))
    assert (
        "see shapes_and_finiteness" in shapeless["queries_alone"].detail and shapeless["determinism"].state == "skipped"
    )
    assert "see determinism" in random["queries_alone"].detail and random["inputs_untouched"].state == "passed"
    assert "see training_steps" in untrained["checkpoint_round_trip"].detail


def test_what_keeps_a_training_from_training_is_named() -> None:
    """Each with what to do about it, or with the numbers."""
    said = {it: results(it)["training_steps"].detail for it in FAULTS if FAULTS[it] == "training_steps"}
    assert "backward" in said[cheats.ForgetsBackward] and "configure_optimizer" in said[cheats.OptimisesOthers]
    assert "loss 1 -> 1" in said[cheats.StandsStill] and "weights move" in said[cheats.ClimbsItsLoss]
    assert "4 of 4 weights move" in results(cheats.Honest)["training_steps"].detail


def test_numbers_stand_beside_their_limits() -> None:
    for result in results(cheats.Honest).values():
        if result.state in ("passed", "reported"):
            assert result.measured is not None and result.limit is not None and result.agrees


def test_checks_have_names_and_say_what_they_catch() -> None:
    names = [check.__name__ for check in CHECKS]
    assert len(set(names)) == len(names) and set(LEAK_CHECKS) <= set(QUICK_CHECKS) <= set(CHECKS)
    for check in CHECKS:
        text = inspect.getdoc(check) or ""
        assert "Catches" in text or "Required" in text, check.__name__


def test_examination_leaves_the_process_as_it_was() -> None:
    torch.manual_seed(5)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    examine(cheats.Random, cheats.Random.Options(), IMAGES)
    examine(cheats.Honest, cheats.Honest.Options(), IMAGES)
    assert torch.equal(state, torch.get_rng_state())
    assert torch.get_default_dtype() == torch.float32 and torch.is_grad_enabled()
    assert torch.get_num_threads() == threads


def test_the_same_numbers_every_time() -> None:
    def numbers() -> list[tuple[str, float | None]]:
        return [(name, result.measured) for name, result in results(cheats.CentresQueries).items()]

    torch.manual_seed(1)
    first = numbers()
    torch.manual_seed(2)
    assert numbers() == first
