"""Metadata of a dataset repository in JSON-LD, as Croissant 1.0 has it (https://docs.mlcommons.org/croissant/)."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.records.files import file_sha256

CROISSANT = "croissant.json"
_FORMATS = {".json": "application/json", ".parquet": "application/x-parquet"}
_LICENCES = "https://spdx.org/licenses/"

# The context of the specification: which vocabulary each word below is of.
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(
    name: str,
    description: str,
    version: str,
    files: Sequence[Path],
    columns: Mapping[str, str],
    cite: str,
    address: str | None = None,
    licence: str | None = None,
) -> dict[str, Any]:
    """The metadata of files that lie in one folder.

    columns : of the parquet file among them, with what they hold; none where there is no such file
    cite : BibTeX
    address : of the repository on the web; licence : its SPDX name
    """
    described: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": name,
        "description": description,
        "version": f"{version}.0.0",
        "citeAs": cite,
        "distribution": [_file(file) for file in files],
    }
    if address:
        described["url"] = address
    if licence:
        described["license"] = f"{_LICENCES}{licence.upper() if licence == 'mit' else licence}"
    if columns:
        (table,) = (file for file in files if file.suffix == ".parquet")
        described["recordSet"] = [_record_set(table, columns)]
    return described


def _file(file: Path) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "contentUrl": file.name,
        "contentSize": f"{file.stat().st_size} B",
        "encodingFormat": _FORMATS[file.suffix],
        "sha256": file_sha256(file),
    }


def _record_set(table: Path, columns: Mapping[str, str]) -> dict[str, Any]:
    import pyarrow.parquet as pq
    import pyarrow.types as kinds

    schema, name = pq.read_schema(table), table.stem
    fields = []
    for column, holds in columns.items():
        kind = schema.field(column).type
        repeated = kinds.is_list(kind)
        number = "sc:Integer" if kinds.is_integer(kind.value_type if repeated else kind) else "sc:Float"
        fields.append(
            {
                "@type": "cr:Field",
                "@id": f"{name}/{column}",
                "name": f"{name}/{column}",
                "description": holds,
                "dataType": number,
                **({"repeated": True} if repeated else {}),
                "source": {"fileObject": {"@id": table.name}, "extract": {"column": column}},
            }
        )
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "key": {"@id": f"{name}/episode"}, "field": fields}


def problems(folder: Path) -> list[str] | None:
    """What mlcroissant finds wrong with a folder's metadata; None where it is not installed (extra `hub`)."""
    try:
        import mlcroissant
    except ImportError:
        return None
    told = logging.getLogger("absl")  # mlcroissant says there what it would like besides, a date of publication
    before = told.level
    told.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # between mlcroissant and rdflib
            return sorted(mlcroissant.Dataset(jsonld=folder / CROISSANT).metadata.ctx.issues.errors)
    except mlcroissant.ValidationError as error:
        return str(error).splitlines()
    finally:
        told.setLevel(before)
