"""The table "Beside the published numbers" of a board, and the summary of all boards for the index."""

from __future__ import annotations

from collections.abc import Sequence

from bench.boards.beside import KINDS, Beside
from bench.boards.numbers import NONE, score_text, seeds_text, unit_text
from bench.boards.references import Published
from bench.boards.rows import Board
from bench.boards.tables import Table, algorithm_text

TITLE = "Beside the published numbers"
NOTE = (
    "Reproduced: our 95 % interval meets the published one; a number printed without ± stands for all that round to "
    "it. Above, below: by the difference of the means. Only the same mode is compared. Other people's repetitions are "
    "listed, not judged by. What the differences are and where they come from: docs/reproduction.md."
)


def beside_table(board: Board) -> Table | None:
    """Every published number of the suite, what was measured, the verdict, and the sources below; None without any."""
    if not board.beside:
        return None
    metrics = [_metric_text(item, board) for item in board.beside]
    several = len(set(metrics)) > 1
    headers = ("algorithm", "mode", "metric", "published", "repeated by others", "measured", "verdict", "differences")
    cells = [
        (
            _name(item.published),
            item.published.mode,
            metric,
            f"{_printed(item.published)} [{item.number}]",
            "; ".join(f"{_printed(entry)} [{number}]" for entry, _, number in item.repeats) or NONE,
            _measured(item),
            _verdict(item),
            "; ".join(_differences(item)) or NONE,
        )
        for item, metric in zip(board.beside, metrics, strict=True)
    ]
    kept = [i for i, header in enumerate(headers) if several or header != "metric"]
    return Table(
        TITLE,
        tuple(headers[i] for i in kept),
        tuple(headers[i] in ("published", "repeated by others", "measured") for i in kept),
        tuple(tuple(row[i] for i in kept) for row in cells),
        sources=_sources(board.beside),
    )


def summary_table(boards: Sequence[Board]) -> Table | None:
    """How many published numbers of each suite have which verdict; None where no suite has any."""
    counted = [board for board in boards if board.beside]
    if not counted:
        return None
    counts = [[sum(item.verdict.kind == kind for item in board.beside) for kind in KINDS] for board in counted]
    rows = [(board.suite, *map(str, row)) for board, row in zip(counted, counts, strict=True)]
    total = ("all", *(str(sum(column)) for column in zip(*counts, strict=True)))
    return Table(TITLE, ("suite", *KINDS), (False,) + (True,) * len(KINDS), (*rows, total))


def verdict_text(item: Beside) -> str:
    """`reproduced`, `below by 0.42 points`, `not comparable: measured inductive only`."""
    verdict = item.verdict
    if verdict.kind == "not comparable":
        return f"{verdict.kind}: {verdict.why}"
    if verdict.kind not in ("above", "below") or item.metric is None:
        return verdict.kind
    if item.metric.unit == "fraction":
        return f"{verdict.kind} by {100 * verdict.by:.2f} points"
    better = (verdict.kind == "above") == item.metric.higher_is_better
    return f"{verdict.kind} by {verdict.by:.3f} ({'better' if better else 'worse'})"


def _verdict(item: Beside) -> str:
    """With the label of a row that does not speak of the algorithm."""
    judged = item.verdict.kind in ("reproduced", "above", "below")
    return f"{verdict_text(item)} ({item.row.label})" if judged and item.row and item.row.label else verdict_text(item)


def _name(entry: Published) -> str:
    """The learner with the options that the number asks for; those that are off go without saying."""
    return " ".join([entry.algorithm, *(f"{name}={value}" for name, value in entry.options.items() if value)])


def _differences(item: Beside) -> list[str]:
    """What forbids the comparison comes first where the verdict does not say it."""
    entry = item.published
    said = item.verdict.why == entry.not_comparable
    return [*([entry.not_comparable] if entry.not_comparable and not said else []), *entry.differences]


def _printed(entry: Published) -> str:
    return f"{entry.value} ± {entry.interval}" if entry.interval else entry.value


def _metric_text(item: Beside, board: Board) -> str:
    name = item.published.metric or (board.metric.name if board.metric else "")
    return f"{name}, %" if item.published.unit == "percent" else name or unit_text(item.published.unit)


def _measured(item: Beside) -> str:
    if item.row is None or item.measured is None or item.metric is None:
        return NONE
    row = item.row
    how = [algorithm_text(row)] if row.overrides or row.precision != "fp32" else []
    if row.trains:
        seeds = f"seeds {seeds_text(row.seeds)}" if len(row.seeds) > 1 else f"seed {seeds_text(row.seeds)}"
        how += [row.recipe, seeds]
    how += [flag for flag in row.flags if row.superseded and flag.startswith("older")]
    text = score_text(item.measured, item.metric.unit)
    return f"{text} ({', '.join(how)})" if how else text


def _sources(items: Sequence[Beside]) -> tuple[tuple[str, str], ...]:
    cited = {item.number: item.source for item in items}
    cited |= {number: source for item in items for _, source, number in item.repeats}
    return tuple((cited[number].title, cited[number].url) for number in sorted(cited))
