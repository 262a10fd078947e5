"""A suite's frozen episodes as a dataset repository: what is asked, by numbers and hashes.

    README.md            the card: what an episode is, protocol, how to check the hash without bench
    suite.json           the definition with its pins; a suites file for `--tasks`
    episodes.parquet     the first 10,000 test episodes, of a domain whose problems are a table
    croissant.json       the same in the words of Croissant

No image and no name of a class is in any of them.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.domains.images import MANIFEST_BLOCK
from bench.errors import UsageError
from bench.publishing.card import HUB, bibtex, table, to_cite, write_card, write_folder
from bench.publishing.croissant import CROISSANT, croissant
from bench.records.files import json_bytes, write_file
from bench.resources import resource
from bench.tasks.manifest import asked, check_pins, manifest_sha256
from bench.tasks.suites import MANIFEST_EPISODES, OFFICIAL_EPISODES, Suite, parse_suites

if TYPE_CHECKING:
    import numpy as np

DEFINITION, EPISODES = "suite.json", "episodes.parquet"
_OWN_LICENCE = "mit"  # of bench's own suites: definitions and numbers of images, not the images

_COLUMNS = {
    "episode": "Number of the test episode.",
    "classes": "Ids of the episode's classes among the test classes, in the order of their labels 0, 1, ...",
    "support": "Support images: numbers within their class, those of label 0 first.",
    "query": "Query images in the order in which they are asked: numbers within the class of their label.",
    "query_label": "Labels of the query images.",
    "support_x": "Points whose values are given.",
    "support_y": "Their values.",
    "query_x": "Points whose values are asked for.",
    "query_y": "Their values.",
}


def write_suite(suite: Suite, folder: Path, repository: str | None = None, licence: str | None = None) -> None:
    """Write a suite's repository.

    repository : owner/name on the hub, for links; licence : by its name there [default: bench's, for its own suites]

    Raises UsageError for a suite whose episodes can't be drawn without its images, Mismatch for one that is not what
    its pin says.
    """
    if not suite.domain.drawable(suite):
        raise UsageError(
            f"The episodes of {suite.name} depend on a folder of images.", "Declare `pool:` in your suites file."
        )
    manifest = manifest_sha256(suite)
    check_pins(suite, manifest, None)
    if licence is None and suite.name in parse_suites(resource("tasks.yaml")):
        licence = _OWN_LICENCE
    write_folder(folder, lambda place: _fill(suite, manifest, place, repository, licence))


def _fill(suite: Suite, manifest: str, folder: Path, repository: str | None, licence: str | None) -> None:
    from huggingface_hub import DatasetCardData

    write_file(folder / DEFINITION, json_bytes(definition(suite, manifest)))
    problems = suite.domain.problems(suite, MANIFEST_EPISODES)
    if problems is not None:
        write_file(folder / EPISODES, _parquet(problems))
    address = f"{HUB}/datasets/{repository}" if repository else None
    described = croissant(
        suite.name,
        f"{suite.title}: the frozen test {suite.domain.noun} of suite {suite.name}, version {suite.version}, of bench.",
        str(suite.version),
        [folder / name for name in (DEFINITION, EPISODES) if (folder / name).exists()],
        _columns(suite, problems) if problems is not None else {},
        bibtex(suite.name),
        address,
        licence,
    )
    write_file(folder / CROISSANT, json_bytes(described))
    metadata = DatasetCardData(
        license=licence,
        pretty_name=f"{suite.title}: frozen test {suite.domain.noun}",
        tags=["meta-learning", "few-shot-learning", "meta-bench"],
        size_categories=["10K<n<100K"] if problems is not None else None,
        configs=[{"config_name": "default", "data_files": [{"split": "test", "path": EPISODES}]}]
        if problems is not None
        else None,
    )
    write_card(
        folder,
        metadata,
        [
            f"# {suite.title}: frozen test {suite.domain.noun}",
            _what(suite),
            _files(suite, problems),
            _protocol(suite, manifest),
            _check(suite) if problems is not None and _hashed(suite) else "",
            _use(suite, repository, problems is not None),
            _terms(suite, licence),
            to_cite(bibtex(suite.name)),
        ],
    )


def definition(suite: Suite, manifest: str) -> dict[str, Any]:
    """A suites file with this suite alone, pinned; `path` of a folder of images is its reader's to add."""
    pins = {"manifest": manifest, **({"data": suite.pin.data} if suite.pin and suite.pin.data else {})}
    fields = {"version": suite.version, "title": suite.title, "task": asked(suite), "metric": suite.metric}
    return {
        "schema": 1,
        "suites": {suite.name: {**fields, "validation": suite.validation.model_dump(mode="json"), "pin": pins}},
    }


def _parquet(problems: Mapping[str, Sequence[np.ndarray]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {name: pa.array(rows) for name, rows in problems.items()}
    number = pa.array(range(MANIFEST_EPISODES), pa.int32())
    buffer = io.BytesIO()
    pq.write_table(pa.table({"episode": number, **columns}), buffer, compression="zstd")
    return buffer.getvalue()


def _hashed(suite: Suite) -> bool:
    """Is the manifest a hash over the table's own columns? Of functions it is over what their values follow from."""
    return suite.domain.loads_data


def _what(suite: Suite) -> str:
    noun = suite.domain.noun
    return (
        f"What every learner is asked on the suite `{suite.name}`, version {suite.version}, of bench, a benchmark for "
        f"meta-learning: {MANIFEST_EPISODES:,} test {noun}, of which the first {OFFICIAL_EPISODES:,} are official. "
        "They never change: what can move a score is a new version of the suite."
    )


def _columns(suite: Suite, problems: Mapping[str, Sequence[np.ndarray]]) -> dict[str, str]:
    """What each column holds."""
    said = {name: _COLUMNS.get(name, name) for name in ("episode", *problems)}
    if "classes" in said and asked(suite).get("rotations"):
        said["classes"] += " Id 4 c + k is class c turned by k quarter turns."
    return said


def _files(suite: Suite, problems: Mapping[str, Sequence[np.ndarray]] | None) -> str:
    said = f"`{DEFINITION}` is the suite's definition with its hashes, a file for `bench run --tasks`."
    if problems is None:
        return f"## Files\n\n{said} The problems themselves are generated from it by bench."
    columns = table(("column", "holds"), _columns(suite, problems).items())
    order = ""
    if suite.domain.loads_data:
        order = (
            "\n\nClasses and images count from 0 in the order in which bench prepares them: "
            f"`bench.data.load({asked(suite)['data']!r}).splits['test']` has their names."
        )
    return f"## Files\n\n{said} `{EPISODES}` has a row for each test episode:\n\n{columns}{order}"


def _protocol(suite: Suite, manifest: str) -> str:
    pinned = suite.pin.data if suite.pin else None
    hashes = pinned if isinstance(pinned, dict) else {"": pinned} if pinned else {}
    fields = [(name, _text(value)) for name, value in asked(suite).items() if value is not None]
    rows = [
        *fields,
        ("ranked metric", suite.metric),
        (
            "selection",
            f"{suite.validation.checks} checks of {suite.validation.episodes} validation {suite.domain.noun}",
        ),
        ("episodes, SHA-256", manifest),
        *((f"images, SHA-256{f', {source}' if source else ''}", value) for source, value in hashes.items()),
    ]
    over = ""
    if not _hashed(suite):
        over = (
            "\n\nThe hash is over the random words from which bench makes the problems: what is computed from them may "
            "differ between machines in the last bit."
        )
    return "## Protocol\n\n" + table(("", ""), rows) + over


def _text(value: Any) -> str:
    """
    >>> _text(True), _text({"train": [64, 600], "test": [20, 600]}), _text([-5.0, 5.0])
    ('yes', 'train 64, 600; test 20, 600', '-5.0, 5.0')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{name} {_text(part)}" for name, part in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _check(suite: Suite) -> str:
    return f"""## Check the hash

```python
import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

((name, suite),) = json.loads(Path("{DEFINITION}").read_text())["suites"].items()
header = {{"suite": name, "version": suite["version"], "task": suite["task"], "episodes": {MANIFEST_EPISODES}}}
digest = hashlib.sha256(json.dumps(header, sort_keys=True, separators=(",", ":")).encode())
episodes = pq.read_table("{EPISODES}")
for first in range(0, len(episodes), {MANIFEST_BLOCK}):
    for column in ("classes", "support", "query", "query_label"):
        digest.update(np.array(episodes[column][first : first + {MANIFEST_BLOCK}].to_pylist(), "<i4").tobytes())
assert digest.hexdigest() == suite["pin"]["manifest"]
```"""


def _use(suite: Suite, repository: str | None, has_table: bool) -> str:
    name, known = repository or "OWNER/NAME", suite.name in parse_suites(resource("tasks.yaml"))
    tasks = "" if known else f" --tasks {DEFINITION}"
    loading = ""
    if has_table:
        loading = f'```python\nfrom datasets import load_dataset\n\nload_dataset("{name}", split="test")\n```\n\n'
    return (
        f"## Use\n\n{loading}```sh\n"
        f"bench info {suite.name}{tasks}\n"
        f"bench run --algo {suite.domain.suggestion or 'LEARNER'} --suite {suite.name}{tasks}\n"
        "```"
    )


def _terms(suite: Suite, licence: str | None) -> str:
    said = f"These files are under the licence {licence}." if licence else "No licence is stated for these files."
    if not suite.domain.loads_data:
        return f"## Terms\n\n{said} Everything in them was generated."
    return (
        f"## Terms\n\n{said} They hold numbers of images, not the images, which have terms of their own and come from "
        "where their authors put them: `bench data status`."
    )
