"""Hostile bundles: refused by name before anything in them is believed."""

from __future__ import annotations

import os
import pickle
import shutil
import stat
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.errors import DataInvalid, UsageError
from bench.submissions import container
from bench.submissions.consistent import verify_consistent
from bench.submissions.container import files_below, opened

from .conftest import Cheat, Packed


def _zip(folder: Path, out: Path, **more: bytes) -> Path:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files_below(folder).items():
            archive.write(path, name)
        for name, content in more.items():
            archive.writestr(name, content)
    return out


def test_zip_and_folder_say_the_same(images: Packed, tmp_path: Path) -> None:
    plain = verify_consistent(images.folder)
    wrapped = tmp_path / "wrapped.zip"
    with zipfile.ZipFile(wrapped, "w") as archive:
        for name, path in files_below(images.folder).items():
            archive.write(path, f"my-result/{name}")
    for archive_file in (_zip(images.folder, tmp_path / "flat.zip"), wrapped):
        with opened(archive_file) as folder:
            assert verify_consistent(folder) == plain
        assert not folder.exists()


def test_zip_slip(images: Packed, tmp_path: Path) -> None:
    bad = _zip(images.folder, tmp_path / "x.zip", **{"../../escaped.py": b"print()"})
    with pytest.raises(DataInvalid, match="outside the target"), opened(bad):
        pass
    assert not (tmp_path.parent / "escaped.py").exists()


def test_link_in_a_zip(images: Packed, tmp_path: Path) -> None:
    bad = _zip(images.folder, tmp_path / "x.zip")
    link = zipfile.ZipInfo("curve2.parquet")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(bad, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataInvalid, match="is a link"), opened(bad):
        pass


def test_bomb(tmp_path: Path) -> None:
    bad = tmp_path / "x.zip"
    with zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("scores.parquet", b"\0" * (32 << 20))
    with pytest.raises(DataInvalid, match="100 times its size"), opened(bad):
        pass


@pytest.mark.parametrize("kind", ["link to a file", "link to a folder", "pipe"])
def test_folders_hold_plain_files_only(cheat: Cheat, kind: str) -> None:
    bad = cheat.folder / "adapter" / "trap"
    if kind == "pipe":
        os.mkfifo(bad)
    else:
        bad.symlink_to("/etc" if "folder" in kind else "/etc/hostname")
    with pytest.raises(DataInvalid, match=r"adapter/trap.*link or a special file"), opened(cheat.folder):
        pass


def test_a_link_to_a_bundle(images: Packed, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(images.folder)
    with pytest.raises(DataInvalid, match="is a link"), opened(tmp_path / "link"):
        pass


def test_huge_and_many(cheat: Cheat) -> None:
    with (cheat.folder / "checkpoint.safetensors").open("r+b") as file:
        file.truncate(container.LIMITS.member_bytes + 1)  # sparse: costs no disk
    with pytest.raises(DataInvalid, match="too large"), opened(cheat.folder):
        pass
    (cheat.folder / "checkpoint.safetensors").unlink()
    for number in range(container.LIMITS.members):
        (cheat.folder / f"{number}").touch()
    with pytest.raises(DataInvalid, match="more than 200 members"), opened(cheat.folder):
        pass


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no"), opened(tmp_path / "nowhere"):
        pass


class _Exploit:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.mkdir, ("exploited",))


def test_pickle_named_safetensors(cheat: Cheat, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (cheat.folder / "checkpoint.safetensors").write_bytes(pickle.dumps(_Exploit()))
    cheat.fix_bundle()
    texts = [finding.text for finding in verify_consistent(cheat.folder).of("mismatch")]
    assert any("is not a safetensors file" in text for text in texts)
    assert not (tmp_path / "exploited").exists()


def test_files_that_are_not_listed(cheat: Cheat) -> None:
    (cheat.folder / "payload.sh").write_text("echo\n")
    (cheat.folder / "adapter" / "baselines" / "extra.py").write_text("")
    texts = [finding.text for finding in verify_consistent(cheat.folder).of("mismatch")]
    assert any("payload.sh is there but not listed" in text for text in texts)
    assert any("extra.py is there but not listed" in text for text in texts)


@pytest.mark.parametrize("name", ["payload.sh", "adapter/../x.py", "adapter/x.so", "../record.json"])
def test_files_that_no_bundle_lists(cheat: Cheat, name: str) -> None:
    """Listing a stray file does not help; what lies under adapter/ is never imported at this level."""
    bundle = cheat.folder / "bundle.json"
    bundle.write_text(bundle.read_text().replace('"checklist.yaml": {', f'"{name}": {{', 1))
    assert not verify_consistent(cheat.folder).passed


def test_a_parquet_file_of_a_billion_rows(cheat: Cheat) -> None:
    """Run-length encoding makes millions of equal rows a few bytes: the table of contents is judged first."""
    rows = 2_000_000
    pd.DataFrame({"episode": np.zeros(rows, np.int64), "score": np.ones(rows)}).to_parquet(
        cheat.folder / "scores.parquet"
    )
    cheat.fix_bundle()
    texts = [finding.text for finding in verify_consistent(cheat.folder).of("mismatch")]
    assert any("claims 2,000,000 rows" in text for text in texts)


def test_code_at_import_is_never_run(cheat: Cheat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = cheat.folder / "adapter" / "baselines" / "protonet.py"
    path.write_text('open("executed", "w")\n' + path.read_text())
    cheat.fix_bundle()
    assert not verify_consistent(cheat.folder).passed
    assert not (tmp_path / "executed").exists()


def test_source_that_breaks_parsers(cheat: Cheat) -> None:
    path = cheat.folder / "adapter" / "baselines" / "protonet.py"
    for content in ("(" * 5_000, "def broken(", "\0"):
        path.write_text(content)
        cheat.fix_bundle()
        assert any(f.check == "adapter" for f in verify_consistent(cheat.folder).of("mismatch"))
    shutil.rmtree(cheat.folder / "adapter")
    assert not verify_consistent(cheat.folder).passed
