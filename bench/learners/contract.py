"""The adapter contract: what a learner must say and what it may change.

A learner is an `nn.Module` with `Options`, a constructor and `predict`. Everything else has a default.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.domains.task import TaskSpec
from bench.learners.predictions import (
    Answer,
    Gaussian,
    GaussianMixture,
    MultivariateGaussian,
    Point,
    Prediction,
    named,
)
from bench.learners.strategies import Strategy

if TYPE_CHECKING:
    from bench.domains.episodes import Episodes
    from bench.domains.images.task import ImageSpec

Family = Literal["optimization", "metric", "model", "exploration", "reference"]


class Learner(nn.Module):
    """Base class of every algorithm under test.

    Class attributes, declared by the author and tested by the harness (an option may decide them: use a property):

    family : the kind of meta-learning
    domains : kinds of task it can be asked; `skip` refuses single ones of them
    transductive : does a prediction depend on the other queries of its episode? (`bench check` tests it)
    fixed_queries : does it answer only as many queries at a time as the suite asks? The checks then never ask fewer
    label_equivariant : does renaming the classes rename the answers? Required by `bench check` where declared
    trains : False for a learner with nothing to meta-train; its rows have no seeds
    external_data, saw_test_classes : pre-training outside the suite's train split (rule: docs/submitting.md)
    test_time_ensemble : how many trained models answer together; rows of ensembles say so
    privileged : for oracles, what `predict` is told beyond the support set; such a row is a bound
    """

    family: ClassVar[Family]
    domains: ClassVar[tuple[str, ...]] = ("classification", "regression")
    transductive: bool = False
    fixed_queries: bool = False
    label_equivariant: bool = False
    trains: bool = True
    external_data: tuple[str, ...] = ()
    saw_test_classes: bool = False
    test_time_ensemble: int = 1
    privileged: str = ""

    @dataclass
    class Options:
        """Every field is a `--set key=value` and an entry of a recipe."""

    task: Any  # the spec of its domain, `bench.TaskSpec` being what all have in common
    options: Any

    def __init__(self, task: TaskSpec, options: Any) -> None:
        super().__init__()
        self.task = task
        self.options = options
        self.noise_seed = 0  # set by the harness before training, as is:
        self.strategy: Strategy = "loop"  # how work on a batch of tasks is spread, see `bench.meta_gradient`
        self._drawn: set[str] = set()  # buffers that `noise` made; others of such a name are the learner's own

    @classmethod
    def skip(cls, task: Any) -> str | None:
        """Why this learner can't answer such a task of its `domains`, or None; the reason stands in the record."""
        return None

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Answer:
        """Answer B episodes at once. The one required method.

        Runs in eval mode under `torch.no_grad` (use `torch.func`, or re-enable autograd, to adapt by gradients).

        Parameters
        ----------
        support_x : images [B, S, C, H, W] float32 in [0, 1], or inputs [B, S, dx]
        support_y : labels [B, S] int64 in 0..way-1, or targets [B, S, dy]
        query_x : [B, Q, C, H, W] or [B, Q, dx]

        Returns
        -------
        logits [B, Q, way]; `Point`, `Gaussian`, `GaussianMixture` or `MultivariateGaussian` for regression; or a dict
        whose "final" is ranked and whose other keys become further metrics. Ties go to the lowest label.
        A privileged one also takes the keyword `parameters`: dict of float32 [B].
        """
        raise NotImplementedError(f"{type(self).__name__} must implement predict")

    def loss(self, episodes: Episodes) -> Tensor:
        """Training loss of a batch, a scalar: cross-entropy, squared error or negative log-likelihood of `predict`."""
        answer = named(self.predict(episodes.support_x, episodes.support_y, episodes.query_x))
        return default_loss(answer["final"], episodes.query_y)

    def train_step(self, episodes: Any) -> Tensor:  # Episodes; of an explorer Environments
        """Leave the meta-gradient in `.grad` of the parameters and return the loss (a scalar, detached or not).

        Gradients are cleared before and clipped, applied and scheduled after this call by the training loop.
        """
        loss = self.loss(episodes)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves Tensor.backward untyped
        return loss

    def configure_optimizer(self, steps: int) -> torch.optim.Optimizer | None:
        """An optimizer of the learner's own for `steps` steps, or None to take the recipe's."""
        return None

    def meta_train(self, source: Any, validate: Callable[[], float], steps: int) -> None:
        """Override for total control: train from `source`, call `validate()` when a candidate is ready.

        `source` is the `TrainingSource` of the suite's domain. The best validated state is kept. A training that calls
        `source.resume`, `source.seed_step` and `source.save` continues exactly after a kill; another one starts again.
        """
        raise NotImplementedError  # the harness calls it only where it is overridden

    def noise(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """Standard normal noise for prediction: drawn once a run, saved with the checkpoint, equal in all episodes."""
        key = f"noise_{name}"
        if key not in self._drawn and hasattr(self, key):
            raise AttributeError(f"{type(self).__name__} has a {key} of its own: give the noise another name")
        buffer = getattr(self, key, None)
        if buffer is None or tuple(buffer.shape) != shape:
            digest = hashlib.sha256(f"{self.noise_seed}:{name}:{shape}".encode()).digest()
            generator = torch.Generator().manual_seed(int.from_bytes(digest[:7], "little"))
            device = next((p.device for p in self.parameters()), torch.device("cpu"))
            buffer = torch.randn(shape, generator=generator).to(device)
            self.keep_noise(key, buffer)
        return buffer

    def keep_noise(self, key: str, values: Tensor) -> None:
        """Hold drawn noise under its buffer's name, as `noise` would."""
        self.register_buffer(key, values)
        self._drawn.add(key)

    def drop_noise(self) -> None:
        """Forget all noise that was drawn; buffers of the learner's own stay, however they are called."""
        for key in self._drawn:
            delattr(self, key)
        self._drawn.clear()


class EmbeddingLearner(Learner):
    """A learner whose answer depends on images only through their embeddings.

    Inductive ones are evaluated by embedding every pool image once: ten thousand episodes then are gathers and
    small products. `embed` must treat images independently in eval mode.
    """

    domains = ("classification",)
    task: ImageSpec

    def embed(self, images: Tensor) -> Tensor:
        """[M, C, H, W] float32 in [0, 1] -> [M, ...], any trailing shape."""
        raise NotImplementedError(f"{type(self).__name__} must implement embed")

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:
        """[B, S, ...], [B, S] int64, [B, Q, ...] -> logits [B, Q, way]."""
        raise NotImplementedError(f"{type(self).__name__} must implement classify")

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Answer:
        images = torch.cat([support_x, query_x], dim=1)
        z = self.embed(images.flatten(0, 1))
        z = z.reshape(*images.shape[:2], *z.shape[1:])
        shots = support_x.shape[1]
        return self.classify(z[:, :shots], support_y, z[:, shots:])


def default_loss(prediction: Prediction, query_y: Tensor) -> Tensor:
    """Mean cross-entropy of logits, mean squared error of points, mean negative log-likelihood of Gaussians."""
    match prediction:
        case Tensor():
            return F.cross_entropy(prediction.flatten(0, 1), query_y.flatten())
        case Point(mean):
            return F.mse_loss(mean, query_y)
        case Gaussian(mean, std):
            return F.gaussian_nll_loss(mean, query_y, std**2, full=True, eps=1e-12)
        case GaussianMixture() | MultivariateGaussian():
            raise TypeError(f"no default loss for {type(prediction).__name__}: override loss()")


def unfit(learner: type[Learner], task: TaskSpec) -> str | None:
    """Why a learner can't be asked such a task, or None: it is of another domain, or the learner skips it."""
    if task.kind not in learner.domains:
        return f"does {' and '.join(learner.domains)} only; the suite asks for {task.kind}"
    return learner.skip(task)
