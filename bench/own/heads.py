"""Classifiers on stored features. Each is fitted to a few labelled features and becomes one form: rows that score.

| name | what it does |
|---|---|
| centroid | nearest class mean, Euclidean (Snell et al. 2017, arXiv:1703.05175) |
| cosine | the class mean of unit features with the largest cosine |
| simpleshot | features centred, of unit length, then nearest class mean (Wang et al. 2019, arXiv:1911.04623) |
| ridge | ridge regression onto the labels in closed form (Bertinetto et al. 2019, arXiv:1805.08136) |
| logistic | multinomial logistic regression with an L2 penalty (the head of Chen et al. 2019, arXiv:1904.04232) |
| nearest | the one nearest image by cosine |

Ridge and logistic see features centred and of unit length too, so that one penalty suits all encoders.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

RIDGE = 0.5  # penalty on weights, for features of unit length; from 0.1 to 1 accuracies differ by half a point at most
DECAY = 0.1  # penalty of the logistic loss summed over images
_EPSILON = 1e-12


@dataclass(frozen=True)
class Fitted:
    """A classifier: the score of a class is the best score of its rows.

    centre : float [D], taken off features first
    unit : are features then scaled to length 1?
    rows, bias : float [R, D] and [R]; a row scores z @ row + bias
    owner : int [R], the class of each row, ascending
    """

    centre: Floats
    unit: bool
    rows: Floats
    bias: Floats
    owner: Labels

    def scores(self, z: Floats) -> Floats:
        """Features [M, D] -> scores [M, classes]."""
        each = prepared(z, self.centre, self.unit) @ self.rows.T + self.bias
        if len(self.rows) == self.owner[-1] + 1:
            return each
        first = np.flatnonzero(np.diff(self.owner, prepend=-1))
        best: Floats = np.maximum.reduceat(each, first, axis=1)
        return best


Head = Callable[[Floats, Labels], Fitted]


def centroid(z: Floats, y: Labels) -> Fitted:
    return _nearest_mean(np.zeros(z.shape[1]), False, z, y)


def cosine(z: Floats, y: Labels) -> Fitted:
    nowhere = np.zeros(z.shape[1])
    means = class_means(prepared(z, nowhere, True), y)
    rows = means / (np.linalg.norm(means, axis=1, keepdims=True) + _EPSILON)
    return Fitted(nowhere, True, rows, np.zeros(len(rows)), np.arange(len(rows)))


def simpleshot(z: Floats, y: Labels) -> Fitted:
    centre = _centre(z, y)
    return _nearest_mean(centre, True, prepared(z, centre, True), y)


def ridge(z: Floats, y: Labels) -> Fitted:
    centre = _centre(z, y)
    x, targets = prepared(z, centre, True), _one_hot(y)
    targets = targets - targets.mean(0)
    if len(x) <= x.shape[1]:
        rows = np.linalg.solve(x @ x.T + RIDGE * np.eye(len(x)), targets).T @ x
    else:  # the same, in the smaller space
        rows = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ targets).T
    return Fitted(centre, True, rows, _one_hot(y).mean(0), np.arange(len(rows)))


def logistic(z: Floats, y: Labels) -> Fitted:
    """By L-BFGS in the span of the support features, where the solution lies."""
    from scipy.optimize import minimize

    centre = _centre(z, y)
    x, targets = prepared(z, centre, True), _one_hot(y)
    classes = targets.shape[1]
    coordinates, basis = x, np.eye(x.shape[1])
    if len(x) < x.shape[1]:
        values, vectors = np.linalg.eigh(x @ x.T)
        kept = values > 1e-6 * values[-1]
        coordinates = vectors[:, kept] * np.sqrt(values[kept])  # [n, r], the same products as x
        basis = (vectors[:, kept] / np.sqrt(values[kept])).T @ x  # [r, D], orthonormal
    size = coordinates.shape[1]

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights, bias = flat[: classes * size].reshape(classes, size), flat[classes * size :]
        logits = coordinates @ weights.T + bias
        logits -= logits.max(1, keepdims=True)
        likelihood = np.exp(logits)
        total = likelihood.sum(1, keepdims=True)
        value = float(np.log(total).sum() - (logits * targets).sum() + 0.5 * DECAY * (weights**2).sum())
        error = likelihood / total - targets
        slope = error.T @ coordinates + DECAY * weights
        return value, np.concatenate([slope.ravel(), error.sum(0)])

    found = minimize(
        loss, np.zeros(classes * (size + 1)), jac=True, method="L-BFGS-B", options={"maxiter": 40, "gtol": 1e-3}
    )
    weights, bias = found.x[: classes * size].reshape(classes, size), found.x[classes * size :]
    return Fitted(centre, True, weights @ basis, bias, np.arange(classes))


def nearest(z: Floats, y: Labels) -> Fitted:
    nowhere, order = np.zeros(z.shape[1]), np.argsort(y, kind="stable")
    return Fitted(nowhere, True, prepared(z[order], nowhere, True), np.zeros(len(z)), y[order])


HEADS: dict[str, Head] = {
    "ridge": ridge,
    "logistic": logistic,
    "cosine": cosine,
    "centroid": centroid,
    "simpleshot": simpleshot,
    "nearest": nearest,
}
"""In the order of how they did on average in folders of other data; the first is taken where none clearly leads."""


def prepared(z: Floats, centre: Floats, unit: bool) -> Floats:
    """Features [M, D] less a centre, then of length 1 if `unit`."""
    moved = z - centre
    return moved / (np.linalg.norm(moved, axis=1, keepdims=True) + _EPSILON) if unit else moved


def _one_hot(y: Labels) -> Floats:
    return np.eye(int(y.max()) + 1)[y]


def class_means(z: Floats, y: Labels) -> Floats:
    """[N, D] and labels 0..classes-1, none missing -> [classes, D]."""
    members = _one_hot(y)
    means: Floats = members.T @ z / members.sum(0)[:, None]
    return means


def _centre(z: Floats, y: Labels) -> Floats:
    """The mean of the class means, so that a class with many images does not draw it to itself."""
    centre: Floats = class_means(z, y).mean(0)
    return centre


def _nearest_mean(centre: Floats, unit: bool, x: Floats, y: Labels) -> Fitted:
    """-|x - m|^2 without the part that all classes share."""
    means = class_means(x, y)
    return Fitted(centre, unit, 2 * means, -(means**2).sum(1), np.arange(len(means)))
