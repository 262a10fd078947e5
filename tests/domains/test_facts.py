"""What a domain says of itself is there without torch, and is what published records say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.domains import all_domains, domain_of, find_domain
from bench.errors import UsageError
from bench.learners.contract import unfit
from bench.learners.registry import all_learners, load
from bench.records import each_run
from bench.tasks.registry import all_suites

REPOSITORY = Path(__file__).parents[2]

_SPY = """
import sys
from bench.domains import all_domains
from bench.tasks.registry import all_suites
for suite in all_suites().values():
    domain = suite.domain
    domain.metric(suite.metric), domain.examples, domain.references, domain.clusters(suite.name, None)
    domain.columns(suite), domain.chance(suite), domain.binomial_queries(suite), domain.drawable(suite)
print(*(name for name in ("torch", "pandas", "scipy") if name in sys.modules))
"""


def test_facts_need_no_torch() -> None:
    done = subprocess.run([sys.executable, "-c", _SPY], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_published_metrics_are_those_of_their_domains() -> None:
    seen = set()
    for _, run in each_run([REPOSITORY / "leaderboards" / "results"]):
        assert run.record is not None
        domain = find_domain(run.record.suite.kind)
        for metric in run.record.metrics:
            facts = domain.metric(metric.name)
            assert (metric.unit, metric.higher_is_better) == (facts.unit, facts.higher_is_better), metric.name
            assert (metric.ci_method == "bootstrap-t") == facts.skewed, metric.name
            seen.add(metric.name)
    assert {"accuracy", "mse", "mse@step1", "loglik", "coverage95", "reward", "reward@episode10", "regret"} <= seen


def test_kinds_of_suites_and_of_domains_are_the_same() -> None:
    assert list(all_domains()) == ["classification", "regression", "exploration"]
    for suite in all_suites().values():
        assert find_domain(suite.kind) is domain_of(suite.task) is suite.domain
    with pytest.raises(UsageError, match="Unknown domain 'regresion'"):
        find_domain("regresion")


@pytest.mark.parametrize("kind", list(all_domains()))
def test_references_are_baselines_that_answer_and_need_no_training(kind: str) -> None:
    domain = find_domain(kind)
    learners = {info.origin: load(info) for info in all_learners().values()}
    for origin in domain.references:
        assert not learners[origin].trains
    assert all(unfit(learners[domain.references[-1]], spec) is None for spec in domain.examples.values())
    assert domain.suggestion in all_learners()


def test_a_numbered_metric_has_the_facts_of_its_own_kind() -> None:
    domain = find_domain("exploration")
    assert domain.metric("reward@episode10").unit == "reward per inner episode" != domain.metric("reward").unit
    assert find_domain("regression").metric("mse@step3") == find_domain("regression").metric("mse")
    with pytest.raises(KeyError):
        domain.metric("mse")


def test_turns_of_an_omniglot_character_are_one_class() -> None:
    images = find_domain("classification")
    assert images.clusters("omniglot-5w1s", None) == images.clusters("mine", "Omniglot, official layout") == 4
    assert images.clusters("glyphs-5w1s", "generated") == find_domain("regression").clusters("sinusoid-5s", None) == 1
