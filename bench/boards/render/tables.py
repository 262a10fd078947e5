"""Boards as plain tables of text: the rows, what was published, the mean over suites, the runs left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.boards.board.domain_facts import AVERAGED_METRIC, shown_facts, unit_facts
from bench.boards.board.published import KINDS, Answered, Published
from bench.boards.board.rows import SECTIONS, Board, LeftOut, MetricSpec, Row, seeds_text
from bench.boards.render.formats import (
    NONE,
    Table,
    delta_text,
    metric_header,
    rank_text,
    rate_text,
    score_text,
    seconds_text,
)
from bench.stats import Interval, mean_across_suites

_PUBLISHED = "Beside the published numbers"
PUBLISHED_NOTE = (
    "Reproduced: our 95 % interval meets the published one; a number printed without ± stands for all that round to "
    "it. Above, below: by the difference of the means. Only the same mode is compared. Other people's repetitions are "
    "listed, not judged by. What the differences are and where they come from: docs/reproduction/."
)
_Setting = tuple[str, str, str, str]


@dataclass(frozen=True)
class _Column:
    header: str
    right: bool
    text: Callable[[Row], str]
    bold: bool = False  # in rows whose first place is not ruled out


def section_tables(board: Board) -> list[Table]:
    """One table per section that has rows: inductive, external data, transductive; best row first."""
    return [_table(name, _columns(board, rows), rows) for name in SECTIONS if (rows := board.section(name))]


def left_out_table(items: Sequence[LeftOut]) -> Table:
    """The runs that are stored but not on the board, with the reason."""
    return Table(
        "Not on the board",
        ("algorithm", "recipe", "seed", "run", "why"),
        (False, False, True, False, False),
        tuple(
            (item.learner, item.recipe or NONE, NONE if item.seed is None else str(item.seed), item.key, item.reason)
            for item in items
        ),
    )


def _columns(board: Board, rows: Sequence[Row]) -> list[_Column]:
    assert board.metric is not None  # a board with rows has a ranked metric
    metric = board.metric
    columns = [
        _Column("algorithm", False, algorithm_text),
        _Column(metric_header(metric), True, lambda row: score_text(row.score, metric.unit), bold=True),
        *_ranking_columns(board, metric, rows),
    ]
    for extra in board.extra_metrics:
        if any(extra.name in row.extras for row in rows):
            columns.append(_extra_column(extra))
    if board.bound:
        columns.append(_Column(f"gap to {board.bound}", True, lambda row: _interval(row.gap, metric.unit)))
    return [
        *columns,
        _Column("recipe", False, _recipe),
        _Column("seeds", False, lambda row: seeds_text(row.seeds) if row.trains else "n/a"),
        _Column("configs tried", True, lambda row: str(row.n_configs_tried)),
        _Column("parameters", True, lambda row: NONE if row.parameters is None else f"{row.parameters:,}"),
        _Column("training", True, _training),
        _Column("episodes/s", True, lambda row: rate_text(row.speed.episodes_per_s) if row.speed else NONE),
        _Column("speed measured on", False, lambda row: row.speed.hardware_class if row.speed else NONE),
        _Column("verified", False, lambda row: row.verified),
        _Column("notes", False, lambda row: "; ".join(filter(None, (row.label, *row.flags))) or NONE),
    ]


def _ranking_columns(board: Board, metric: MetricSpec, rows: Sequence[Row]) -> list[_Column]:
    """How the score stands beside the others', and beside itself on new classes; only columns that say something."""
    columns = []
    if any(row.rank for row in rows):
        columns.append(_Column("rank", True, lambda row: rank_text(row.rank), bold=True))
    if any(row.delta for row in rows):
        header = f"vs {board.reference}"
        columns.append(_Column(header, True, lambda row: delta_text(row.delta, metric.unit) if row.delta else NONE))
    if any(row.new_classes for row in rows):
        columns.append(_Column("on new classes", True, lambda row: _interval(row.new_classes, metric.unit)))
    return columns


def _extra_column(metric: MetricSpec) -> _Column:
    return _Column(metric_header(metric), True, lambda row: _interval(row.extras.get(metric.name), metric.unit))


def algorithm_text(row: Row) -> str:
    """`maml norm=batch bf16`: the learner, what differs from its defaults, and a precision that is not fp32."""
    return " ".join([str(row.learner), *settings_texts(row)])


def settings_texts(row: Row) -> list[str]:
    """What differs from the learner's defaults, and a precision that is not fp32."""
    changed = [f"{name}={value}" for name, value in row.overrides]
    return [*changed, *([] if row.precision == "fp32" else [row.precision])]


def _recipe(row: Row) -> str:
    return row.recipe if row.trains else "n/a"


def _training(row: Row) -> str:
    if not row.trains:
        return "none"
    return f"{seconds_text(row.cost.train_s)}, {row.cost.device}" if row.cost else NONE


def _interval(interval: Interval | None, unit: str) -> str:
    return NONE if interval is None else score_text(interval, unit)


def _table(title: str, columns: Sequence[_Column], rows: Sequence[Row]) -> Table:
    leading = [i for i, row in enumerate(rows) if row.rank and row.rank.best == 1]
    return Table(
        title,
        tuple(column.header for column in columns),
        tuple(column.right for column in columns),
        tuple(tuple(column.text(row) for column in columns) for row in rows),
        frozenset((i, j) for i in leading for j, column in enumerate(columns) if column.bold),
    )


def published_table(board: Board) -> Table | None:
    """Every published number of the suite, what was measured, the verdict, and the sources below; None without any."""
    if not board.published:
        return None
    metrics = [_metric_text(item, board) for item in board.published]
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
        for item, metric in zip(board.published, metrics, strict=True)
    ]
    kept = [i for i, header in enumerate(headers) if several or header != "metric"]
    return Table(
        _PUBLISHED,
        tuple(headers[i] for i in kept),
        tuple(headers[i] in ("published", "repeated by others", "measured") for i in kept),
        tuple(tuple(row[i] for i in kept) for row in cells),
        sources=_sources(board.published),
    )


def summary_table(boards: Sequence[Board]) -> Table | None:
    """How many published numbers of each suite have which verdict; None where no suite has any."""
    counted = [board for board in boards if board.published]
    if not counted:
        return None
    counts = [[sum(item.verdict.kind == kind for item in board.published) for kind in KINDS] for board in counted]
    rows = [(board.suite, *map(str, row)) for board, row in zip(counted, counts, strict=True)]
    total = ("all", *(str(sum(column)) for column in zip(*counts, strict=True)))
    return Table(_PUBLISHED, ("suite", *KINDS), (False,) + (True,) * len(KINDS), (*rows, total))


def verdict_text(item: Answered) -> str:
    """`reproduced`, `below by 0.42 points`, `not comparable: measured inductive only`."""
    verdict = item.verdict
    if verdict.kind == "not comparable":
        return f"{verdict.kind}: {verdict.why}"
    if verdict.kind not in ("above", "below") or item.metric is None:
        return verdict.kind
    unit = unit_facts(item.metric.unit)
    by = f"{unit.scale * verdict.by:.{unit.fine_digits}f}"
    if unit.sign:  # the one whose meaning needs no word
        return f"{verdict.kind} by {by} {unit.difference}"
    better = (verdict.kind == "above") == item.metric.higher_is_better
    return f"{verdict.kind} by {by} ({'better' if better else 'worse'})"


def _verdict(item: Answered) -> str:
    """With the label of a row that does not speak of the algorithm."""
    judged = item.verdict.kind in ("reproduced", "above", "below")
    return f"{verdict_text(item)} ({item.row.label})" if judged and item.row and item.row.label else verdict_text(item)


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
    if row.trains:
        seeds = f"seeds {seeds_text(row.seeds)}" if len(row.seeds) > 1 else f"seed {seeds_text(row.seeds)}"
        how += [row.recipe, seeds]
    how += [flag for flag in row.flags if row.superseded and flag.startswith("older")]
    text = score_text(item.measured, item.metric.unit)
    return f"{text} ({', '.join(how)})" if how else text


def _sources(items: Sequence[Answered]) -> tuple[tuple[str, str], ...]:
    cited = {item.number: item.source for item in items}
    cited |= {number: source for item in items for _, source, number in item.repeats}
    return tuple((cited[number].title, cited[number].url) for number in sorted(cited))


def across_suites(boards: Sequence[Board]) -> Table | None:
    """One number over several suites, with equal weights; a row that lacks one has no mean. None with fewer than two.

    Checkpoints, bounds and older sources have no part in it. Suites with other metrics are not averaged.
    """
    counted = [board for board in boards if board.metric and board.metric.name == AVERAGED_METRIC]
    metric = counted[0].metric if counted else None
    if metric is None or len(counted) < 2:
        return None
    scores: dict[_Setting, list[Interval]] = {}
    for board in counted:
        once = {_setting(row): row.score for row in board.rows if row.ranked}
        for setting, score in once.items():
            scores.setdefault(setting, []).append(score)
    means = {who: mean_across_suites(found) for who, found in scores.items() if len(found) == len(counted)}
    order = sorted(scores, key=lambda who: (-means[who].mean if who in means else 0.0, -len(scores[who]), who))
    return Table(
        f"Mean over {len(counted)} suites",
        ("algorithm", "section", "recipe", f"mean {metric_header(metric)}", "suites"),
        (False, False, False, True, True),
        tuple(
            (
                *who[:3],
                score_text(means[who], metric.unit) if who in means else NONE,
                f"{len(scores[who])} of {len(counted)}",
            )
            for who in order
        ),
    )


def _setting(row: Row) -> _Setting:
    return algorithm_text(row), row.section, _recipe(row), row.learner.origin
