"""`split.yaml` of a user's image folder."""

from __future__ import annotations

from pathlib import Path

from bench.data.contract import SPLITS
from bench.data.splits import ClassSplit, check_disjoint
from bench.errors import DataInvalid, UsageError
from bench.yamlfile import line_of, parse_yaml

SPLIT_FILE = "split.yaml"
_FORM = "It lists class folders: train: [...], val: [...], test: [...]"


def read_split(path: Path) -> ClassSplit:
    """Class folders of each split, in the file's order.

    DataInvalid with the line: no YAML, a key twice, another form, a class twice.
    """
    from pydantic import ValidationError

    from bench.data.card import SplitFile

    try:
        content, node = parse_yaml(path, path.read_text("utf-8"), _FORM)
    except UnicodeDecodeError as error:
        raise DataInvalid(f"{path} is not YAML: {error}", "Save it as UTF-8.") from error
    except UsageError as error:
        raise DataInvalid(error.message, error.fix) from error
    try:
        named = SplitFile.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "the file"
        raise DataInvalid(f"{path}:{line_of(node, first['loc'])}: {where}: {first['msg']}", _FORM) from error
    split = {part: tuple(getattr(named, part)) for part in SPLITS}
    check_disjoint(str(path), split)
    return split
