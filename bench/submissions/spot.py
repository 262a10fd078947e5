"""Level spot: a few episodes that nobody could foresee, answered again from the checkpoint."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.submissions.agreement import MOST_QUERIES, differing, published_scores, verdict
from bench.submissions.audit import repeat_audit
from bench.submissions.entry import Entry
from bench.submissions.replay import Replay, Site, replay
from bench.submissions.report import Finding, Report, note
from bench.submissions.spot_sampling import chosen_episodes, detection_probability

K = 60  # finds 5 % altered episodes with probability .95
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
    published = published_scores(entry)
    assert entry.record.scores is not None
    chosen = chosen_episodes(entry.record.scores.sha256, nonce, len(published), k)
    ready = replay(entry, site)
    again = ready.singles(chosen)
    claimed = published.iloc[chosen].reset_index(drop=True)
    again = _ask_again(ready, claimed, again)
    differ = np.flatnonzero(differing(ready, claimed, again))
    gap = float(np.abs(claimed["score"] - again["score"]).max())
    findings = [
        *ready.findings,
        verdict("spot", ready, claimed, again, differ),
        _power(len(published), len(chosen), ready),
        repeat_audit(ready),
    ]
    return Report("spot", tuple(findings), len(chosen), len(chosen) - len(differ), gap, nonce, answered=ready.answered)


def _ask_again(ready: Replay, claimed: pd.DataFrame, again: pd.DataFrame) -> pd.DataFrame:
    """A batch of one may round otherwise than the batch an episode was scored in: repeat what differs in that batch.

    Only the first few: where the rounding is to blame, few differ.
    """
    rows = [again.iloc[[i]] for i in range(len(again))]
    for i in np.flatnonzero(differing(ready, claimed, again))[:_ASKED_AGAIN]:
        rows[i] = ready.in_its_batch(int(claimed["episode"].iloc[i]))
    return pd.concat(rows, ignore_index=True)


def _power(n: int, k: int, ready: Replay) -> Finding:
    chances = ", ".join(f"{share:.0%} {detection_probability(n, round(share * n), k):.3f}" for share in _SHARES)
    beyond = "" if ready.acts else f"{MOST_QUERIES} queries or "
    limits = "" if ready.exact else f" (alterations beyond {beyond}a tenth of the episodes)"
    return note(
        "power", f"probability that {k} of {n:,} episodes meet an altered one, by share altered: {chances}{limits}"
    )
