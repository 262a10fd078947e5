"""The files that come in from outside: `card.json` of a prepared cache, `split.yaml` of a user's image folder."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bench.data.contract import DataCard, Remark

ClassName = Annotated[str, Field(pattern=r"^[^/]+$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RemarkFields(_Part):
    """The fields of `bench.data.contract.Remark`."""

    kind: str
    where: str
    count: int = Field(ge=1)
    first: list[str]


class CardFields(_Part):
    """The fields of `bench.data.contract.DataCard`."""

    name: str
    source: str
    revision: str | None
    licence: str
    transform: str
    fingerprint: str = Field(pattern=r"^[0-9a-f]{64}$")
    exact: bool
    pixel_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    remarks: list[RemarkFields] | None = None  # bench.data/1 had none

    def contract(self) -> DataCard:
        if self.remarks is None:
            return DataCard(**dict(self))
        remarks = tuple(Remark(found.kind, found.where, found.count, tuple(found.first)) for found in self.remarks)
        return DataCard(**{**dict(self), "remarks": remarks})


class SplitFields(_Part):
    shape: tuple[int, int, int, int]  # N, C, H, W
    classes: list[str]
    counts: list[int]

    @model_validator(mode="after")
    def _consistent(self) -> SplitFields:
        if len(self.counts) != len(self.classes):
            raise ValueError(f"{len(self.classes)} classes but {len(self.counts)} counts")
        if min(self.counts, default=0) < 1 or sum(self.counts) != self.shape[0]:
            raise ValueError(f"counts must be positive and add up to {self.shape[0]}, not {sum(self.counts)}")
        return self


class CardFile(_Part):
    schema_: Literal["bench.data/1", "bench.data/2"] = Field(alias="schema")
    card: CardFields
    splits: dict[Literal["train", "val", "test"], SplitFields]

    @model_validator(mode="after")
    def _all_splits(self) -> CardFile:
        if len(self.splits) != 3:
            raise ValueError(f"expected splits train, val and test, found {', '.join(self.splits)}")
        return self


class SplitFile(_Part):
    """Which class folders belong to which split. The names are plain: a path could leave the folder.

    A folder whose name is not UTF-8 is named as `bench.data.names.text_of` writes it.
    """

    train: list[ClassName] = Field(min_length=1)
    val: list[ClassName] = Field(min_length=1)
    test: list[ClassName] = Field(min_length=1)
