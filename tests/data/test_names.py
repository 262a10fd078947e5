"""Names on disk."""

from __future__ import annotations

import json
import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.data.names import is_foreign, text_of


@pytest.mark.parametrize("name", [".git", ".DS_Store", "._cat.png", "@eaDir", "__MACOSX", "Thumbs.db", "Desktop.ini"])
def test_what_programs_leave_is_foreign(name: str) -> None:
    assert is_foreign(name) and not is_foreign(f"a{name}")


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
@given(st.lists(st.binary(min_size=1, max_size=12), min_size=2, max_size=6, unique=True))
def test_different_names_have_different_texts_that_json_and_utf8_hold(names: list[bytes]) -> None:
    texts = [text_of(os.fsdecode(name)) for name in names]
    assert len(set(texts)) == len(names)
    assert json.loads(json.dumps(texts).encode("utf-8")) == texts and all(text.encode("utf-8") for text in texts)


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
def test_the_rule() -> None:
    r"""UTF-8 as it is; other bytes \xNN; backslashes doubled only where they could be taken for one."""
    raw = {
        b"K\xc3\xa4fer": "Käfer",
        b"K\xe4fer": r"K\xe4fer",
        rb"K\xe4fer": r"K\\xe4fer",
        rb"a\b": r"a\b",
        b"a\\\xe4": r"a\\\xe4",
    }
    assert {name: text_of(os.fsdecode(name)) for name in raw} == raw
