"""Level spot: a few episodes that nobody could foresee, answered again from the checkpoint."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.errors import Mismatch
from bench.records import scores_sha256
from bench.submissions.entry import Entry
from bench.submissions.replay import Replay, Site, replay
from bench.submissions.report import Finding, Report, mismatch, note, ok
from bench.submissions.spot_sampling import chosen_episodes, detection_probability

K = 60  # finds 5 % altered episodes with probability .95
# Other hardware or precision: a few episodes may differ by a few queries. bfloat16-like rounding changes 7 % of them.
SHARE_EQUAL, MOST_QUERIES = 0.9, 3
# Regression, relative to the score. Measured: 1e-5 between batches of 1 and of 500, ten compiled inner steps.
RTOL_SAME, RTOL_OTHER = 1e-4, 1e-2
_ASKED_AGAIN = 5  # differing episodes that are asked again in the batch they were scored in
_SHARES = (0.01, 0.02, 0.05, 0.1)


def verify_spot(entry: Entry, nonce: str, site: Site, k: int = K) -> Report:
    """Answer `k` episodes again and compare with the submitted scores, exactly where this machine computes alike.

    Where it does not (see `Replay.exact`), at least 90 % must agree and none differ by more than 3 queries; squared
    errors and log-likelihoods agree within a relative 1e-4 (1e-2 elsewhere). In exploration one action that
    rounding turned changes all that follows: elsewhere 90 % of the trials must agree, whatever the others are. `agree`
    counts the agreeing episodes.

    Raises what `replay` raises, Mismatch for scores that are not those of the record.
    """
    published = entry.scores()
    recorded = entry.record.scores
    if recorded is None or scores_sha256(published) != recorded.sha256 or len(published) != entry.record.episodes:
        raise Mismatch(
            "scores.parquet is not what the record was written with.", "bench verify PATH names the changes."
        )
    chosen = chosen_episodes(recorded.sha256, nonce, len(published), k)
    ready = replay(entry, site)
    again = ready.singles(chosen)
    claimed = published.iloc[chosen].reset_index(drop=True)
    again = _ask_again(ready, claimed, again)
    differ = np.flatnonzero(_differ(ready, claimed, again))
    gap = float(np.abs(claimed["score"] - again["score"]).max())
    findings = [*ready.findings, _verdict(ready, claimed, again, differ), _power(len(published), len(chosen), ready)]
    return Report("spot", tuple(findings), len(chosen), len(chosen) - len(differ), gap, nonce, answered=ready.answered)


def _differ(ready: Replay, claimed: pd.DataFrame, again: pd.DataFrame) -> np.ndarray:
    """Which episodes do not agree: bool [k]."""
    if "n_correct" in claimed.columns:
        different: np.ndarray = claimed["n_correct"].to_numpy() != again["n_correct"].to_numpy()
        return different
    a, b = claimed["score"].to_numpy(), again["score"].to_numpy()
    rtol = RTOL_SAME if ready.exact or ready.acts else RTOL_OTHER
    # Near 0 a relative difference says nothing: the typical score sets the scale there.
    far: np.ndarray = np.abs(a - b) > rtol * np.maximum(np.abs(a), np.median(np.abs(a)))
    return far


def _ask_again(ready: Replay, claimed: pd.DataFrame, again: pd.DataFrame) -> pd.DataFrame:
    """A batch of one may round otherwise than the batch an episode was scored in: repeat what differs in that batch.

    Only the first few: where the rounding is to blame, few differ.
    """
    rows = [again.iloc[[i]] for i in range(len(again))]
    for i in np.flatnonzero(_differ(ready, claimed, again))[:_ASKED_AGAIN]:
        rows[i] = ready.in_its_batch(int(claimed["episode"].iloc[i]))
    return pd.concat(rows, ignore_index=True)


def _verdict(ready: Replay, claimed: pd.DataFrame, again: pd.DataFrame, differ: np.ndarray) -> Finding:
    k = len(claimed)
    if not len(differ):
        return ok("spot", f"all {k} episodes agree")
    counts = "n_correct" in claimed.columns
    column = "n_correct" if counts else "score"
    named = "; ".join(
        f"episode {claimed['episode'].iloc[i]}: submitted {claimed[column].iloc[i]:.6g}, "
        f"found {again[column].iloc[i]:.6g}"
        for i in differ[:3]
    )
    text = f"{len(differ)} of {k} episodes differ ({named})"
    if ready.exact or not (counts or ready.acts):
        return mismatch("spot", text)
    tolerated = k - len(differ) >= SHARE_EQUAL * k
    if counts:
        tolerated &= int(np.abs(claimed["n_correct"] - again["n_correct"]).max()) <= MOST_QUERIES
    return note("spot", f"{text}: within what other arithmetic explains") if tolerated else mismatch("spot", text)


def _power(n: int, k: int, ready: Replay) -> Finding:
    chances = ", ".join(f"{share:.0%} {detection_probability(n, round(share * n), k):.3f}" for share in _SHARES)
    beyond = "" if ready.acts else f"{MOST_QUERIES} queries or "
    limits = "" if ready.exact else f" (alterations beyond {beyond}a tenth of the episodes)"
    return note(
        "power", f"probability that {k} of {n:,} episodes meet an altered one, by share altered: {chances}{limits}"
    )
