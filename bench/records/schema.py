"""The record: everything one run leaves behind for people and programs (`bench.record/1`).

Field names are public for ever; a change that breaks a reader makes `bench.record/2`. Units are in the
comments. Accuracies are fractions in [0, 1], log-likelihoods nats per target point, times seconds unless the
name says ms.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

SCHEMA: Final = "bench.record/1"

# "validated": trained and validated, and asked no test episode (`bench run --no-test`, `bench tune`)
Status = Literal["ok", "failed", "timeout", "skipped", "interrupted", "validated"]
Budget = Literal["full", "short", "smoke"]

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Amount = Annotated[float, Field(ge=0)]  # seconds, rates, sizes


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SuiteRef(_Part):
    """Which frozen episodes were asked."""

    name: str
    version: Positive
    kind: str  # the domain's: "classification", "regression", "exploration", or one from outside
    manifest_sha256: str
    data_fingerprint: str | None  # None for generated tasks
    pinned: bool  # both hashes agree with tasks.yaml; False shows as "unpinned"
    data_source: str | None = None  # where the images came from, e.g. "omniglot official layout"


class AlgorithmRef(_Part):
    """Which learner answered, and how it was set up."""

    name: str
    family: str  # optimization | metric | model | exploration | reference
    origin: str  # which learner: "baselines/maml.py", "file.py:Class" or "entry point: package.module:Class"
    title: str  # first line of the learner's module docstring
    options: dict[str, Any]  # resolved, every field
    overrides: dict[str, Any]  # what --set changed
    trains: bool
    # For oracles: what they are told beyond the support set; their rows are bounds. Called "knows" in older records.
    privileged: str = Field(default="", validation_alias=AliasChoices("privileged", "knows"))
    source_sha256: str  # of the learner's code (`bench.identity.code`)


class Identity(_Part):
    """What the key was made of, beside what the record says elsewhere (`bench.identity`)."""

    protocol: Positive  # the harness's number
    suite_sha256: str  # of the suite's definition
    initial_checkpoint_sha256: str | None = None  # of the weights that the run started from


class Protocol(_Part):
    """What the learner was allowed to see."""

    transductive: bool
    external_data: list[str] = Field(default_factory=list)
    saw_test_classes: bool = False
    test_time_ensemble: Positive = 1
    train_way: Positive | None = None
    train_shot: Positive | None = None
    train_query: Positive | None = None
    selection: Literal["validation", "last", "none"] = "none"
    n_configs_tried: Positive = 1  # declared by whoever runs it


class Metric(_Part):
    """One metric over the official prefix of the test episodes; the unit of analysis is the episode."""

    name: str
    unit: str
    higher_is_better: bool
    mean: float
    sd: float  # ddof 1
    se: float
    n: Count
    ci95: tuple[float, float]
    ci_method: str  # "t", "bootstrap-t"
    median: float
    floored: Count = 0  # episodes scored the suite's floor because the prediction was not finite


class Validation(_Part):
    metric: str
    mean: float
    n: Count
    step: Count  # optimiser step of the chosen checkpoint
    checks: Count  # validation checks made


class AuditCheck(_Part):
    """How the answers to audited episodes agree in one kind of other company."""

    check: str  # "queries_alone", ... (`bench.checks.audit`)
    compared: int  # clear decisions, values or steps
    differing: int
    largest: float | None  # relative difference; None where it has no end


class Audit(_Part):
    """Official episodes that were answered again after the evaluation, by the run's own learner."""

    episodes: list[int]
    checks: list[AuditCheck]
    seconds: float


class Attempt(_Part):
    """A try at this run that came to nothing; a sweep made another one."""

    started: str  # RFC 3339, UTC
    host: str
    kind: str  # "lost", "memory" or "infrastructure"
    reason: str
    peak_mib: Amount | None = None  # the most memory that was seen, of the device where there is one


class Timing(_Part):
    train_s: Amount | None = None  # wall-clock seconds in meta-training, all attempts added up
    train_episodes_per_s: Amount | None = None
    eval_s: Amount | None = None  # wall-clock seconds for the scored episodes, embedding included
    eval_episodes_per_s: Amount | None = None
    adapt_ms_p50: Amount | None = None  # support to query predictions, one episode at a time
    adapt_ms_p95: Amount | None = None
    batch: Positive = 1  # episodes a batch in eval_episodes_per_s
    warmup: Count = 0  # untimed repetitions
    repeats: Count = 0  # timed repetitions behind the percentiles
    contended: bool = False  # other processes kept the machine busy; never used in a speed column
    measured: str | None = None  # RFC 3339, UTC: when `bench time` measured; None: only the run itself was clocked
    hardware_class: str | None = None  # what it was measured on; None: the environment's


class Memory(_Part):
    peak_host_mib: Amount | None = None
    peak_device_mib: Amount | None = None


class Size(_Part):
    parameters: Count
    flops_per_episode: Amount | None = None


class Environment(_Part):
    device: str  # "cpu" or the GPU's name
    hardware_class: str  # e.g. "cpu-x86_64-AMD EPYC-2c"; timings never cross it
    cpu: str
    cores: Count
    threads: Count
    ram_gib: Amount
    os: str
    python: str
    versions: dict[str, str]


class Code(_Part):
    bench_version: str
    commit: str | None  # of the folder the bench package lies in, not of the working directory
    dirty: bool | None


class Checkpoint(_Part):
    sha256: str
    bytes: Count
    uri: str | None = None  # where the weights lie if not beside the record


class PublishedWeights(_Part):
    """Weights that others trained and published; a run with some trained nothing (`bench run --weights`)."""

    name: str  # in the catalogue, baselines/weights.yaml
    paper: str
    licence: str
    address: str  # the folder on the web that they come from
    trained_on: str  # in words: data, split, how the checkpoint was chosen


class Scores(_Part):
    sha256: str
    bytes: Count
    columns: list[str]


class Record(_Part):
    """`record.json`. `metrics[0]` is the ranked metric."""

    schema_: Literal["bench.record/1"] = Field(default=SCHEMA, alias="schema")
    key: str
    identity: Identity | None = None  # None before there was a protocol number
    status: Status
    reason: str | None = None
    failure: Literal["learner", "timeout", "memory", "lost"] | None = None  # of failed runs: what kind it was
    traceback: str | None = None  # of a failure in the learner's own code, shortened
    attempts: list[Attempt] = Field(default_factory=list)  # earlier tries by sweeps, oldest first
    suite: SuiteRef
    episodes: Count  # test episodes scored: a prefix of the manifest
    algorithm: AlgorithmRef
    recipe: str  # "paper", "fast" or "defaults"; "authors" for published weights
    budget: Budget
    seed: int | None  # None for a learner with nothing to train and no randomness, and for published weights
    published_weights: PublishedWeights | None = None  # whose training this was, where nobody here trained
    protocol: Protocol
    metrics: list[Metric]
    validation: Validation | None = None
    audit: Audit | None = None  # None in records from before there was one, and for domains that can't ask again
    timing: Timing = Field(default_factory=Timing)
    memory: Memory = Field(default_factory=Memory)
    size: Size | None = None
    precision: Literal["fp32", "tf32", "bf16"] = "fp32"
    strategy: str = "loop"
    environment: Environment
    code: Code
    command: str
    started: str  # RFC 3339, UTC
    finished: str
    checkpoint: Checkpoint | None = None
    scores: Scores | None = None
    submission: dict[str, Any] | None = None
    verification: list[dict[str, Any]] = Field(default_factory=list)  # append-only

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
