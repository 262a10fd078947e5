"""The suites: what `tasks.yaml` says, checked. Free of torch, so that `bench list` starts at once.

A suite is immutable once released; a change that can move a score gets `version: 2`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, SerializeAsAny, ValidationInfo, field_validator

from bench.domains.contract import Domain
from bench.domains.registry import domain_of, task_definitions
from bench.domains.task import TaskDefinition
from bench.errors import UsageError
from bench.yamlfile import line_of, parse_yaml

OFFICIAL_EPISODES = 2_000
MANIFEST_EPISODES = 10_000
BUDGET_EPISODES = {"full": OFFICIAL_EPISODES, "short": OFFICIAL_EPISODES, "smoke": 100}


def _task(value: object) -> TaskDefinition:
    """The definition that `kind` names; its own mistakes keep their places."""
    if isinstance(value, TaskDefinition):
        return value
    definitions = task_definitions()
    if not isinstance(value, dict):
        raise ValueError("must be a mapping with a `kind`")
    kind = value.get("kind")
    if kind not in definitions:
        found = f"found {kind!r}" if "kind" in value else "`kind` is missing"
        raise ValueError(f"kind must be one of {', '.join(map(repr, definitions))}; {found}")
    return definitions[kind].model_validate(value)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Validation(_Part):
    """Model selection: best mean over a fixed validation stream in the suite's own shape, earliest on ties."""

    checks: int = Field(default=20, ge=1)
    episodes: int = Field(default=200, ge=1)


Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Pin(_Part):
    """Hashes that a suite must have. data : of the images, or one for each source (as `bench data info` names it)."""

    manifest: Sha256
    data: Sha256 | dict[str, Sha256] | None = None

    def data_of(self, source: str | None) -> str | None:
        """What images of this source must hash to; None where that is not pinned."""
        return self.data.get(source or "") if isinstance(self.data, dict) else self.data


class Suite(_Part):
    """One suite as declared. `name` is its key in the file."""

    name: str
    version: int = Field(ge=1)
    title: str
    task: Annotated[SerializeAsAny[TaskDefinition], PlainValidator(_task)]
    metric: str  # after `task`, which decides what fits
    validation: Validation = Validation()
    pin: Pin | None = None

    @property
    def domain(self) -> Domain:
        return domain_of(self.task)

    @property
    def kind(self) -> str:
        """Of its domain, as records name it."""
        return self.domain.kind

    @property
    def higher_is_better(self) -> bool:
        return self.domain.metric(self.metric).higher_is_better

    def score_text(self, value: float) -> str:
        """A value of the ranked metric with its name: `accuracy 98.27 %`."""
        return f"{self.metric} {self.value_text(value)}"

    def value_text(self, value: float) -> str:
        """The same without the name: `98.27 %`."""
        return self.domain.metric(self.metric).text(value)

    @field_validator("metric")
    @classmethod
    def _metric_fits(cls, metric: str, known: ValidationInfo) -> str:
        if task := known.data.get("task"):  # else it has a mistake of its own
            fitting = [name for name, facts in domain_of(task).metrics.items() if facts.ranked]
            if metric not in fitting:
                raise ValueError(
                    f"does not fit a task of kind {task.kind!r}, which is ranked by {' or '.join(fitting)}"
                )
        return metric


def parse_suites(path: Path) -> dict[str, Suite]:
    """The suites of one YAML file. Raises UsageError naming file, line, what was expected and what was found."""
    from pydantic import ValidationError

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"Can't read the suites file {path}: {error}", "Name an existing YAML file with --tasks."
        ) from None
    raw, node = parse_yaml(path, text, "Fix the line and run again.")
    if not isinstance(raw, dict) or raw.get("schema") != 1 or not isinstance(raw.get("suites"), dict):
        raise UsageError(
            f"{path}:1: expected `schema: 1` and a mapping `suites:`, found {_brief(raw)}",
            "See docs/suites.md for a file to start from.",
        )
    suites = {}
    for name, entry in raw["suites"].items():
        if not isinstance(entry, dict):
            line = line_of(node, ("suites", name))
            raise UsageError(
                f"{path}:{line}: suite {name!r} must be a mapping, found {_brief(entry)}", "See docs/suites.md."
            )
        if "name" in entry:
            line = line_of(node, ("suites", name, "name"))
            raise UsageError(
                f"{path}:{line}: suite {name!r}, name: a suite's name is its key, found {_brief(entry['name'])}",
                "Delete the line, or rename the key.",
            )
        try:
            suites[str(name)] = Suite.model_validate({"name": str(name), **entry})
        except ValidationError as error:
            first = error.errors()[0]
            line = line_of(node, ("suites", name, *first["loc"]))
            field = ".".join(str(part) for part in first["loc"]) or "suite"
            found = "" if first["type"] == "missing" else f", found {_brief(first['input'])}"
            raise UsageError(
                f"{path}:{line}: suite {name!r}, {field}: {first['msg'].removeprefix('Value error, ')}{found}",
                f"{error.error_count()} problem(s) in this suite; fix the line and run again. Fields: docs/suites.md.",
            ) from None
    return suites


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
