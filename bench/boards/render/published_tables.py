"""Published numbers beside what was measured, as tables of text: a suite's, and the index's counts of verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from bench.boards.board.answered import Answered
from bench.boards.board.domain_facts import shown_facts, unit_facts
from bench.boards.board.published import Published, Source
from bench.boards.board.rows import Board, seeds_text
from bench.boards.board.verdicts import KINDS
from bench.boards.render.formats import score_text
from bench.boards.render.table import NONE, Table
from bench.boards.render.tables import algorithm_text

_PUBLISHED = "Beside the published numbers"
PUBLISHED_NOTE = (
    "Verdicts are about ours minus the published number. Equivalent: its 90 % interval lies within the margin (two "
    "one-sided tests at 5 %). Different: not so, and its 95 % interval excludes 0. Inconclusive: neither is shown, and "
    "what would decide it. A published ± counts with its meaning, which stands beside its source; without one only "
    "rounding counts, and the sampling of the test episodes where their number is known. Only the same mode is "
    "compared. Other people's repetitions are listed, not judged by. More, and where differences come from: "
    "docs/reproduction/."
)


def published_table(board: Board) -> Table | None:
    """Every published number of the suite, what was measured, the verdict, and the sources below; None without any."""
    if not board.published:
        return None
    metrics = [_metric_text(item, board) for item in board.published]
    several = len(set(metrics)) > 1
    headers = (
        *("algorithm", "mode", "metric", "published", "repeated by others"),
        *("measured", "margin", "verdict", "differences"),
    )
    cells = [
        (
            _name(item.published),
            item.published.mode,
            metric,
            f"{_printed(item.published)} [{item.number}]",
            "; ".join(f"{_printed(entry)} [{number}]" for entry, _, number in item.repeats) or NONE,
            _measured(item),
            _margin(item),
            _verdict(item),
            "; ".join(_differences(item)) or NONE,
        )
        for item, metric in zip(board.published, metrics, strict=True)
    ]
    kept = [i for i, header in enumerate(headers) if several or header != "metric"]
    return Table(
        _PUBLISHED,
        tuple(headers[i] for i in kept),
        tuple(headers[i] in ("published", "repeated by others", "measured", "margin") for i in kept),
        tuple(tuple(row[i] for i in kept) for row in cells),
        sources=_sources(board.published),
    )


def summary_table(boards: Sequence[Board]) -> Table | None:
    """How many published numbers of each suite have which verdict; None where no suite has any.

    Each number counts once: what its authors' own weights score is no training of ours.
    """
    counted = [board for board in boards if board.published]
    if not counted:
        return None
    trained = [[item for item in board.published if not (item.row and item.row.weights)] for board in counted]
    counts = [[sum(item.verdict.kind == kind for item in items) for kind in KINDS] for items in trained]
    rows = [(board.suite, *map(str, row)) for board, row in zip(counted, counts, strict=True)]
    total = ("all", *(str(sum(column)) for column in zip(*counts, strict=True)))
    return Table(_PUBLISHED, ("suite", *KINDS), (False,) + (True,) * len(KINDS), (*rows, total))


def verdict_text(item: Answered) -> str:
    """What is known of ours minus the published number, with the interval that decided; in the unit of both.

    `equivalent -0.02 [-0.25, +0.21]`, `different -4.27 [-4.71, -3.83] (worse)`, `not comparable: an ensemble`.
    """
    kind, found, why = item.verdict.kind, item.verdict.found, item.verdict.why
    if found is None or item.metric is None:
        return f"{kind}: {why}" if why else kind
    unit = unit_facts(item.metric.unit)
    by, low, high = (f"{unit.scale * x:+.{unit.fine_digits}f}" for x in (found.difference, found.low, found.high))
    text = f"{kind} {by} [{low}, {high}]"
    if kind == "different":
        text += " (better)" if (found.difference > 0) == item.metric.higher_is_better else " (worse)"
    return f"{text}; {why}" if why else text


def short_verdict(item: Answered) -> str:
    """The kind and, where there is one, the difference alone: `different -4.27`."""
    if item.verdict.found is None or item.metric is None:
        return item.verdict.kind
    unit = unit_facts(item.metric.unit)
    return f"{item.verdict.kind} {unit.scale * item.verdict.found.difference:+.{unit.fine_digits}f}"


def short_measured(item: Answered) -> str:
    """The number alone, without how it was made."""
    return score_text(item.measured, item.metric.unit) if item.measured and item.metric and item.row else NONE


def _verdict(item: Answered) -> str:
    """With the label of a row that does not speak of the algorithm."""
    label = item.row.label if item.row and item.verdict.found else ""
    return f"{verdict_text(item)} ({label})" if label else verdict_text(item)


def _margin(item: Answered) -> str:
    if item.verdict.found is None or item.metric is None:
        return NONE
    unit = unit_facts(item.metric.unit)
    return f"{unit.scale * item.verdict.found.margin:.{unit.fine_digits}f}"


def _name(entry: Published) -> str:
    """The learner with the options that the number asks for; those that are off go without saying."""
    return " ".join([str(entry.learner), *(f"{name}={value}" for name, value in entry.options.items() if value)])


def _differences(item: Answered) -> list[str]:
    """What forbids the comparison comes first where the verdict does not say it."""
    entry = item.published
    said = item.verdict.why == entry.not_comparable
    return [*([entry.not_comparable] if entry.not_comparable and not said else []), *entry.differences]


def _printed(entry: Published) -> str:
    return f"{entry.value} ± {entry.interval}" if entry.interval else entry.value


def _metric_text(item: Answered, board: Board) -> str:
    name = item.published.metric or (board.metric.name if board.metric else "")
    unit = shown_facts(item.published.unit)
    return f"{name}, {unit.sign}" if unit.sign else name or unit.shown


def _measured(item: Answered) -> str:
    if item.row is None or item.measured is None or item.metric is None:
        return NONE
    row = item.row
    how = [algorithm_text(row)] if row.overrides or row.precision != "fp32" else []
    if row.weights:
        how.append("authors' weights")
    if row.trains:
        seeds = f"seeds {seeds_text(row.seeds)}" if len(row.seeds) > 1 else f"seed {seeds_text(row.seeds)}"
        how += [row.recipe, seeds]
    how += [flag for flag in row.flags if row.superseded and flag.startswith("older")]
    text = score_text(item.measured, item.metric.unit)
    return f"{text} ({', '.join(how)})" if how else text


def _sources(items: Sequence[Answered]) -> tuple[tuple[str, str], ...]:
    cited = {item.number: item.source for item in items}
    cited |= {number: source for item in items for _, source, number in item.repeats}
    return tuple((_cited(cited[number]), cited[number].url) for number in sorted(cited))


def _cited(source: Source) -> str:
    """The title, with what stands behind a number from there."""
    if source.plus_minus:
        return f"{source.title}; ±: {source.plus_minus}"
    return f"{source.title}; no ±, {f'{source.episodes:,} test episodes' if source.episodes else 'rounding only'}"
