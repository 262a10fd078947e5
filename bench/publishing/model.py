"""A finished run as a model repository: a store with this run alone, so that every verb of bench reads it, and a card.

    README.md                       the card: results as `model-index` metadata, idea, protocol, verification
    <suite>/<learner>/<key>/        the run: record, scores, curve, recipe, weights; of a bundle also the learner's code
    <suite>/classes-....parquet     class ids of the suite's episodes

The run is verified and the card read back before the folder is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.boards.render.formats import escape_markdown
from bench.boards.render.record import MetricText, metric_texts
from bench.boards.render.table import NONE
from bench.citing import references_of_learner
from bench.domains import all_domains
from bench.errors import UsageError
from bench.learners.reading import LearnerInfo
from bench.learners.registry import all_learners
from bench.publishing.card import CARD, HUB, bibtex, files_of, table, to_cite, write_card, write_folder
from bench.records import Record, RunStore, exposure
from bench.records.files import RECORD
from bench.records.names import BUNDLE
from bench.records.store import CURVE, RECIPE, SCORES
from bench.records.weights import CHECKPOINT, weights_of
from bench.stats import Interval
from bench.tasks.registry import all_suites
from bench.tasks.suites import Suite

_RUN = {RECORD, SCORES, CURVE, RECIPE, CHECKPOINT}
_TASKS = {"classification": "image-classification", "exploration": "reinforcement-learning"}  # as the hub calls them


def write_model(
    run: Path, folder: Path, repository: str | None = None, licence: str | None = None, tasks_file: Path | None = None
) -> None:
    """Write a run's repository and check it: the run at level consistent, the card by reading it back.

    repository : owner/name on the hub, for links; licence : of the weights, by its name there

    Raises UsageError for a run that can't be published, StoreError where weights are missing, Mismatch where the run is
    not what it says.
    """
    store = RunStore(run)
    record = store.read(run)
    _refuse(run, record)
    weights_of(run, record)

    def fill(place: Path) -> None:
        _fill(store, run, record, place, repository, licence, tasks_file)
        _prove(place, record, tasks_file)

    write_folder(folder, fill)


def _refuse(run: Path, record: Record) -> None:
    if record.status != "ok":
        raise UsageError(f"{run} is {record.status!r}: {record.reason}.", "`bench list runs` shows finished runs.")
    if record.published_weights is not None:
        raise UsageError(
            f"The weights of {run} are those of {record.published_weights.paper}.",
            f"Their authors have published them: {record.published_weights.address}",
        )
    if record.checkpoint is None:
        raise UsageError(f"{run} has no weights: there is no model to publish.", "`bench list runs` shows others.")
    if not record.algorithm.origin.startswith("baselines/") and not (run / BUNDLE).exists():
        raise UsageError(
            f"{record.algorithm.name} is a learner of yours ({record.algorithm.origin}): without its code nobody can "
            "check the result.",
            f"bench pack {record.key} --by NAME --batch-norm ..., and publish the bundle that it writes.",
        )


def _fill(
    store: RunStore,
    run: Path,
    record: Record,
    folder: Path,
    repository: str | None,
    licence: str | None,
    tasks_file: Path | None,
) -> None:
    from huggingface_hub import ModelCardData

    place = _copied(run, record, folder).relative_to(folder).as_posix()
    texts = metric_texts(store, run, record)
    results = list(_results(record, texts, place, repository, all_suites(tasks_file).get(record.suite.name)))
    metadata = ModelCardData(
        license=licence,
        tags=["meta-learning", "few-shot-learning", "meta-bench", record.algorithm.name, record.suite.name],
        metrics=[record.metrics[0].name],
        model_name=_name(record),
        eval_results=results,
    )
    learner = _learner(record)
    write_card(
        folder,
        metadata,
        [
            f"# {escape_markdown(_name(record))}",
            _idea(record, learner),
            _scores(record, texts),
            _verify(record, place, repository),
            _protocol(record),
            _terms(record, licence),
            to_cite(bibtex(record.suite.name, references_of_learner(learner.name, learner.file) if learner else ())),
        ],
    )


def _copied(run: Path, record: Record, folder: Path) -> Path:
    """The run in a store of its own. What somebody has put beside it, a picture say, stays where it is."""
    place = RunStore(folder).adopt(run, record)
    if not (run / BUNDLE).exists():  # whose files are listed by their hashes
        for name, file in files_of(place).items():
            if name not in _RUN:
                file.unlink()
    return place


def _name(record: Record) -> str:
    return f"{record.algorithm.name} on {record.suite.name}"


def _learner(record: Record) -> LearnerInfo | None:
    known = all_learners().get(record.algorithm.name)
    return known if known and known.origin == record.algorithm.origin else None


def _results(
    record: Record, texts: Sequence[MetricText], place: str, repository: str | None, suite: Suite | None
) -> Iterator[Any]:
    """Of every metric one result, in the record's units: accuracies are fractions, as the hub's metric has them."""
    from huggingface_hub import EvalResult

    asked = {
        "version": record.suite.version,
        "manifest_sha256": record.suite.manifest_sha256,
        "data_sha256": record.suite.data_fingerprint,
    }
    for metric, text in zip(record.metrics, texts, strict=True):
        args: dict[str, Any] = {"unit": metric.unit, "episodes": metric.n, **_interval("interval_95", text.of_mean)}
        if text.of_geometric:
            args |= {"geometric_mean": text.of_geometric.mean, **_interval("geometric_95", text.of_geometric)}
        source: dict[str, str] = {}
        if repository:
            source = {
                "source_name": "record.json",
                "source_url": f"{HUB}/{repository}/blob/main/{place}/record.json",
            }
        yield EvalResult(
            task_type=_TASKS.get(record.suite.kind, "other"),
            task_name=suite.title if suite else record.suite.name,
            dataset_type=record.suite.name,
            dataset_name=suite.title if suite else record.suite.name,
            dataset_split="test",
            dataset_args=asked,
            metric_type=metric.name,
            metric_name=f"{metric.name}, mean over {metric.n:,} {_noun(record)}",
            metric_value=metric.mean,
            metric_args=args,
            **source,
        )


def _noun(record: Record) -> str:
    domain = all_domains().get(record.suite.kind)
    return domain.noun if domain else "episodes"


def _interval(name: str, interval: Interval | None) -> dict[str, Any]:
    return {name: [interval.low, interval.high], f"{name}_method": interval.method} if interval else {}


def _idea(record: Record, learner: LearnerInfo | None) -> str:
    """The first line of the learner's docstring, and its sentences without the commands."""
    said = learner.doc.partition("\n")[2].strip("\n").split("\n\n") if learner else []
    sentences = [part for part in said if not part.startswith("    ")]
    return "\n\n".join([escape_markdown(record.algorithm.title), *map(escape_markdown, sentences)])


def _scores(record: Record, texts: Sequence[MetricText]) -> str:
    noun = _noun(record)
    rows = [
        (text.name, text.mean, text.geometric, f"{metric.n:,}")
        for metric, text in zip(record.metrics, texts, strict=True)
    ]
    short = ""
    if record.budget != "full":
        short = (
            f" It was trained with the {record.budget} budget, so it stands beside no result of the full one: boards "
            "leave it out."
        )
    if all(geometric == NONE for _, _, geometric, _ in rows):
        results = table(("metric", "mean, 95 % interval", noun), [(name, mean, n) for name, mean, _, n in rows])
    else:
        results = table(("metric", "mean, 95 % interval", "geometric mean", noun), rows)
    return "\n\n".join(
        [
            "## Results",
            results,
            f"The intervals speak of these weights and other {noun} of the same test pool. They say nothing of other "
            f"trainings: for that, boards of bench take three seeds.{short}",
        ]
    )


def _verify(record: Record, place: str, repository: str | None) -> str:
    name = repository or "OWNER/NAME"
    needs = "bench data status   # the next two need the suite's images\n" if record.suite.data_fingerprint else ""
    done = [
        f"{entry.get('level')}: {'passed' if entry.get('passed') else 'failed'}, {str(entry.get('date', ''))[:10]}, "
        f"{entry.get('by', '')}"
        for entry in record.verification
    ]
    return (
        "## Verify it\n\n"
        "This repository is a store of bench (the Python package `meta-bench`) with one run, so that all its commands "
        "read it:\n\n"
        "```sh\n"
        f"hf download {name} --local-dir published\n"
        f"bench verify published/{place}   # files, hashes, statistics; runs nothing\n"
        f"{needs}bench verify published/{place} --level spot   # answers 60 episodes again\n"
        f"bench verify published/{place} --level rescored   # answers all of them again\n"
        "```\n\n"
        + (f"Recorded verifications: {escape_markdown('; '.join(done))}." if done else "No verification is recorded.")
    )


def _protocol(record: Record) -> str:
    suite, algorithm, protocol = record.suite, record.algorithm, record.protocol
    rows = [
        ("suite", f"{suite.name}, version {suite.version}" + ("" if suite.pinned else ", unpinned")),
        ("episodes, SHA-256", suite.manifest_sha256),
        *([("images, SHA-256", suite.data_fingerprint)] if suite.data_fingerprint else []),
        ("learner", f"{algorithm.origin}, source {algorithm.source_sha256[:16]}"),
        ("options", ", ".join(f"{name}={value}" for name, value in algorithm.overrides.items()) or "defaults"),
        ("recipe, budget, seed", f"{record.recipe}, {record.budget}, {'n/a' if record.seed is None else record.seed}"),
        ("answers", "transductive" if protocol.transductive else "inductive: each query alone"),
        ("external data", ", ".join(protocol.external_data) or "none"),
        ("saw test classes", "yes" if exposure(record) == "test classes" else "no"),
        ("checkpoint chosen by", protocol.selection),
        ("configurations tried", str(protocol.n_configs_tried)),
        *([("parameters", f"{record.size.parameters:,}")] if record.size else []),
        ("precision", record.precision),
        ("made on", record.environment.hardware_class),
        ("made with", f"bench {record.code.bench_version}: {record.command}"),
        ("key", record.key),
    ]
    return "## Protocol\n\n" + table(("", ""), rows)


def _terms(record: Record, licence: str | None) -> str:
    weights = f"The weights are under the licence {licence}." if licence else "No licence is stated for the weights."
    training = "All training data were generated."
    if record.suite.data_fingerprint:
        source = escape_markdown(record.suite.data_source or record.suite.name)
        training = (
            f"They were trained on images ({source}), which have terms of their own. No image is in this repository."
        )
    return f"## Terms\n\n{weights} {training}"


def _prove(folder: Path, record: Record, tasks_file: Path | None) -> None:
    """A publisher learns at once what a reader would find."""
    from huggingface_hub import ModelCard

    from bench.submissions.consistent import verify_consistent

    read_back = ModelCard.load(folder / CARD).data
    assert [result.metric_value for result in read_back.eval_results] == [metric.mean for metric in record.metrics]
    place = RunStore(folder).path(record.suite.name, record.algorithm.name, record.key)
    verify_consistent(place, (), tasks_file=tasks_file).demand()
