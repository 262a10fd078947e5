"""The catalogue, `baselines/weights.yaml`: parsed and checked. Free of torch.

- name: relnet-authors-omniglot-5w1s
  learner: relnet
  options: {norm: batch}
  suites: [omniglot-5w1s]
  paper: "Sung et al. 2018, Relation Networks, arXiv:1711.06025"
  licence: MIT
  trained_on: "..."
  base: https://raw.githubusercontent.com/owner/name/<commit>
  files:
    - {path: models/encoder.pkl, sha256: <64 hex digits>, bytes: 452391}
  converter: baselines/converters/relnet.py:omniglot
  sha256: <64 hex digits>
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from bench.errors import unknown_name
from bench.records import PublishedWeights
from bench.resources import resource
from bench.yamlfile import load_yaml

AUTHORS: Final = "authors"  # the recipe that a record of published weights names
_FIX = "fix: the head of bench/catalogue/entries.py shows an entry with every field"

_Text = Annotated[str, Field(min_length=1)]
_Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=1)]
# A path below the address and below a folder: no way up, no empty parts.
_Path = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PublishedFile(_Part):
    """A file as it was published: `path` below the entry's base."""

    path: _Path
    sha256: _Hash
    bytes: _Count


class Entry(_Part):
    """Weights that can be fetched by name.

    learner, options : what evaluates them
    suites : what they are meant for
    base : address that the paths of `files` are below
    trained_on : in words: data, split, how the checkpoint was chosen
    external_data, saw_test_classes : as a learner declares them (rule: docs/submitting.md)
    converter : function of the files' state dicts, in order, that gives the learner's
    sha256 : of the converted safetensors file
    """

    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]*$")]
    learner: _Text
    options: dict[str, str | int | float | bool] = Field(default_factory=dict)
    suites: Annotated[tuple[_Text, ...], Field(min_length=1)]
    paper: _Text
    licence: _Text
    trained_on: _Text
    external_data: tuple[_Text, ...] = ()
    saw_test_classes: bool = False
    base: Annotated[str, Field(pattern=r"^https://[^\s?#]+[^/\s?#]$")]
    files: Annotated[tuple[PublishedFile, ...], Field(min_length=1)]
    converter: Annotated[str, Field(pattern=r"^baselines/converters/[a-z0-9_]+\.py:[a-z][a-z0-9_]*$")]
    sha256: _Hash

    @property
    def overrides(self) -> dict[str, str]:
        """The options as `--set` would give them."""
        return {name: str(value) for name, value in self.options.items()}

    @property
    def published(self) -> PublishedWeights:
        """What a record says of them."""
        return PublishedWeights(
            name=self.name, paper=self.paper, licence=self.licence, address=self.base, trained_on=self.trained_on
        )


_ENTRIES = TypeAdapter(tuple[Entry, ...])


def catalogue_file() -> Path:
    """The file that comes with bench."""
    return resource("baselines") / "weights.yaml"


def load_catalogue(path: Path | None = None) -> dict[str, Entry]:
    """Every entry by name, in the file's order. Raises UsageError naming line and field of a mistake."""
    entries, mistake = load_yaml(path or catalogue_file(), _ENTRIES, _FIX)
    found: dict[str, Entry] = {}
    for i, entry in enumerate(entries):
        if entry.name in found:
            raise mistake((i, "name"), f"{entry.name!r} is declared twice")
        if entry.saw_test_classes and not entry.external_data:
            raise mistake((i, "saw_test_classes"), "true, but external_data does not name what showed them")
        found[entry.name] = entry
    return found


def find_entry(name: str) -> Entry:
    """The entry called `name`. Raises UsageError with the nearest names."""
    known = load_catalogue()
    if name not in known:
        raise unknown_name("published weights", name, known)
    return known[name]
