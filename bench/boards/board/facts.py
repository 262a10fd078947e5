"""What a board has to know of a run's files before it takes the run: that the scores are the record's, how many
episodes scored the floor, which recipe was resolved. Files that are unchanged since they were checked
(`bench.records.unchanged`) are not read again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.boards.board.loaded import Answers, Shelf, score_columns
from bench.boards.board.memo import Memo
from bench.records import Record, RunStore
from bench.records.store import RECIPE, SCORES
from bench.records.unchanged import Signature, signature

# Entries of a resolved recipe that do not make another row; options do, through `setting`.
_PER_RUN = {"seed", "device", "strategy", "compile", "options"}


@dataclass(frozen=True)
class RunFacts:
    """floored : of the official episodes; recipe_sha256 : digest of the resolved recipe (`recipe_digest`)"""

    floored: int
    recipe_sha256: str


@dataclass
class Checker:
    """Checks the runs of one build of boards. official : episodes that boards count"""

    memo: Memo
    official: int
    _shelf: Shelf = field(default_factory=Shelf)
    _class_files: dict[Path, list[Signature | None]] = field(default_factory=dict)

    def check(self, store: RunStore, path: Path, record: Record) -> tuple[Answers, RunFacts]:
        """A run's official scores and its facts; Mismatch or StoreError where they are not the record's."""
        answers = Answers(store, path, record, self.official, self._shelf, score_columns(record))

        def read() -> RunFacts:
            return RunFacts(answers.read().floored, recipe_digest(store.read_recipe(path)))

        files = [signature(path / SCORES), signature(path / RECIPE), *self._signatures(store, path)]
        if not all(file is None or file.settled for file in files):
            return answers, read()
        of = [str(path.resolve()), answers.identity(list(answers.columns)), record.episodes, record.suite.kind, files]
        return answers, self.memo.number(RunFacts, of, read)

    def _signatures(self, store: RunStore, path: Path) -> list[Signature | None]:
        """Of the files that class ids of the run's scores may lie in."""
        there = path.resolve().parent.parent
        if there not in self._class_files:
            folders = dict.fromkeys([there, (store.root / there.name).resolve()])
            files = [file for folder in folders for file in sorted(folder.glob("classes-*.parquet"))]
            self._class_files[there] = [signature(file) for file in files]
        return self._class_files[there]


def recipe_digest(recipe: dict[str, Any] | None) -> str:
    same = {name: value for name, value in (recipe or {}).items() if name not in _PER_RUN}
    return hashlib.sha256(json.dumps(same, sort_keys=True, default=str).encode()).hexdigest()
