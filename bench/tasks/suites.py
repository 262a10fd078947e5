"""The suites: what `tasks.yaml` says, checked. Free of torch, so that `bench list` starts at once.

A suite is immutable once released; a change that can move a score gets `version: 2`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from bench.errors import UsageError
from bench.yamlfile import line_of, parse_yaml

OFFICIAL_EPISODES = 2_000
MANIFEST_EPISODES = 10_000
BUDGET_EPISODES = {"full": OFFICIAL_EPISODES, "short": OFFICIAL_EPISODES, "smoke": 100}

Kernel = Literal["rbf", "matern52", "periodic"]


def _ordered(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError("a range is [low, high] with low <= high")
    return bounds


def _positive(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] <= 0:
        raise ValueError("must be positive")
    return bounds


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
PositiveRange = Annotated[Range, AfterValidator(_positive)]
Split = Literal["train", "val", "test"]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ImageTask(_Spec):
    """N-way K-shot classification of images.

    pool : classes (rotations counted) and images per class of each split. Standard suites state it, so that
        their episodes can be drawn and hashed without the images; None takes what the folder holds.
    """

    kind: Literal["images"]
    data: Literal["omniglot", "miniimagenet", "cifarfs", "glyphs", "imagefolder"]
    way: int = Field(ge=2)
    shot: int = Field(ge=1)
    query: int = Field(ge=1)  # per class
    rotations: bool = False  # every quarter turn of a class is a class of its own
    pool: dict[Split, tuple[int, int]] | None = None
    path: Path | None = None  # imagefolder only
    image_size: int | None = Field(default=None, ge=8)  # pixels, imagefolder only

    @model_validator(mode="after")
    def _folder(self) -> ImageTask:
        if (self.data == "imagefolder") != (self.path is not None):
            raise ValueError("`path` belongs to data: imagefolder, and imagefolder needs it")
        if self.pool is None and self.data != "imagefolder":
            raise ValueError(
                f"data: {self.data} needs `pool`, e.g. {{train: [64, 600], val: [16, 600], test: [20, 600]}}"
            )
        return self

    @model_validator(mode="after")
    def _pool_suffices(self) -> ImageTask:
        if self.pool is None:
            return self
        per_class = self.shot + self.query
        for split in get_args(Split):
            if split not in self.pool:
                raise ValueError(f"`pool` needs all of train, val and test; {split} is missing")
            classes, images = self.pool[split]
            if classes < self.way or images < per_class:
                raise ValueError(
                    f"{self.way} classes of {per_class} images (shot + query) can't be drawn from the {split} pool of "
                    f"{classes} classes of {images}"
                )
        return self


class SinusoidTask(_Spec):
    """y = A sin(x - phi) without noise (Finn et al. 2017, section 5.1)."""

    kind: Literal["sinusoid"]
    context: int = Field(ge=1)  # support points
    target: int = Field(ge=1)  # query points
    amplitude: Range
    phase: Range
    x: Range


class GPTask(_Spec):
    """Functions drawn from a Gaussian process on an interval (protocol of Nguyen & Grover 2022, TNP).

    Training draws from `train_kernel`, test from `test_kernel`; validation follows training, so that a suite whose
    test kernel is out of distribution stays so. Context sizes are uniform on context[0]..context[1], target sizes
    on target[0]..max_points - 1 - context; both are shared by 16 consecutive episodes.
    """

    kind: Literal["gp1d"]
    train_kernel: Kernel
    test_kernel: Kernel
    length: PositiveRange
    scale: PositiveRange
    period: PositiveRange
    noise: float = Field(gt=0)  # standard deviation
    x: Range
    context: tuple[int, int]
    target_min: int = Field(ge=1)
    max_points: int

    @model_validator(mode="after")
    def _sizes_fit(self) -> GPTask:
        low, high = self.context
        if not 1 <= low <= high < self.max_points - self.target_min:
            raise ValueError(
                f"context must be [low, high] with 1 <= low <= high < max_points - target_min = "
                f"{self.max_points - self.target_min}, found {[low, high]}"
            )
        return self


class BanditTask(_Spec):
    """Bernoulli bandits, success probabilities uniform on [0, 1] (Duan et al. 2016, RL^2, section 3.1)."""

    kind: Literal["bandit"]
    arms: int = Field(ge=2)
    pulls: int = Field(ge=1)  # of one trial

    @property
    def actions(self) -> int:
        return self.arms

    @property
    def steps(self) -> int:
        return self.pulls


class MDPTask(_Spec):
    """Random tabular MDPs (Duan et al. 2016, RL^2, section 3.2).

    Every transition row is drawn from a flat Dirichlet distribution, every mean reward of a state and action from
    Normal(1, 1); rewards are observed with Normal(0, 1) noise. Inner episodes of `horizon` steps start in state 0; a
    trial is `episodes` of them in the same MDP.
    """

    kind: Literal["mdp"]
    states: int = Field(ge=2)
    actions: int = Field(ge=2)
    horizon: int = Field(ge=1)  # steps of one inner episode
    episodes: int = Field(ge=1)  # inner episodes of one trial

    @property
    def steps(self) -> int:
        return self.horizon * self.episodes


ExplorationTask = BanditTask | MDPTask
Task = Annotated[ImageTask | SinusoidTask | GPTask | BanditTask | MDPTask, Field(discriminator="kind")]


class Validation(_Spec):
    """Model selection: best mean over a fixed validation stream in the suite's own shape, earliest on ties."""

    checks: int = Field(default=20, ge=1)
    episodes: int = Field(default=200, ge=1)


class Pin(_Spec):
    manifest: str = Field(pattern="^[0-9a-f]{64}$")
    data: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")


class Suite(_Spec):
    """One suite as declared. `name` is its key in the file."""

    name: str
    version: int = Field(ge=1)
    title: str
    task: Task
    metric: Literal["accuracy", "mse", "loglik", "reward"]
    validation: Validation = Validation()
    pin: Pin | None = None

    @property
    def kind(self) -> Literal["classification", "regression", "exploration"]:
        if isinstance(self.task, ImageTask):
            return "classification"
        return "exploration" if isinstance(self.task, ExplorationTask) else "regression"

    @property
    def higher_is_better(self) -> bool:
        return self.metric != "mse"

    @model_validator(mode="after")
    def _metric_fits(self) -> Suite:
        fitting = {"classification": ("accuracy",), "regression": ("mse", "loglik"), "exploration": ("reward",)}
        if self.metric not in fitting[self.kind]:
            raise ValueError(f"metric {self.metric!r} does not fit a task of kind {self.task.kind!r}")
        return self


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
