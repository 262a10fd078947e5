"""Hostile, truncated and damaged archives: refused, named, and nothing is left behind."""

from __future__ import annotations

import errno
import io
import stat
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bench.data.unpack import Limits, read_zip, unpack
from bench.errors import DataInvalid


def _zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def _tar(path: Path, members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def _refused(archive: Path, target: Path, member: str, why: str, limits: Limits | None = None) -> None:
    with pytest.raises(DataInvalid) as caught:
        unpack(archive, target, limits or Limits())
    assert member in caught.value.message and why in caught.value.message and str(archive) in caught.value.message
    assert not target.exists()


def test_good_archives_unpack_alike(tmp_path: Path) -> None:
    members = {"a/one.txt": b"1" * 3_000_000, "a/b/two.txt": b"", "three": b"3"}
    archives = [
        _zip(tmp_path / "x.zip", members),
        _tar(tmp_path / "x.tar.gz", [(tarfile.TarInfo(name), data) for name, data in members.items()]),
        _tar(tmp_path / "x.tar", [(tarfile.TarInfo(f"./{name}"), data) for name, data in members.items()], "w"),
    ]
    for number, archive in enumerate(archives):
        target = tmp_path / f"out{number}"
        unpack(archive, target)
        found = {p.relative_to(target).as_posix(): p.read_bytes() for p in target.rglob("*") if p.is_file()}
        assert found == members
    assert read_zip(archives[0]) == members


@pytest.mark.parametrize("name", ["../out.txt", "a/../../out.txt", "/etc/out.txt", "..\\out.txt", "C:\\out.txt"])
def test_paths_that_leave_the_target(tmp_path: Path, name: str) -> None:
    _refused(_zip(tmp_path / "x.zip", {"fine": b"", name: b"bad"}), tmp_path / "t", name[-7:], "outside the target")
    _refused(
        _tar(tmp_path / "x.tar.gz", [(tarfile.TarInfo(name), b"bad")]), tmp_path / "t", name[-7:], "outside the target"
    )
    with pytest.raises(DataInvalid, match="outside the target"):
        read_zip(tmp_path / "x.zip")
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_special_files_in_a_tar(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("sly")
    info.type, info.linkname = kind, "/etc/passwd"
    _refused(_tar(tmp_path / "x.tar", [(info, b"")], "w"), tmp_path / "t", "'sly'", "is a link or a special file")


def test_links_in_a_zip(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("sly")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    _refused(tmp_path / "x.zip", tmp_path / "t", "'sly'", "is a link or a special file")


def test_bombs_by_ratio(tmp_path: Path) -> None:
    zeros = b"\0" * (20 << 20)
    _refused(_zip(tmp_path / "x.zip", {"bomb": zeros}), tmp_path / "t", "'bomb'", "200 times")
    _refused(_tar(tmp_path / "x.tar.gz", [(tarfile.TarInfo("bomb"), zeros)]), tmp_path / "t", "'bomb'", "200 times")


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(total_bytes=150), "brings the total beyond 150"),
        (Limits(member_bytes=50), "claims 100 bytes"),
        (Limits(members=1), "one of more than 1 members"),
    ],
)
def test_limits(tmp_path: Path, limits: Limits, why: str) -> None:
    members = {"one": b"x" * 100, "two": b"y" * 100}
    named = "one" if limits.member_bytes == 50 else "two"
    _refused(_zip(tmp_path / "x.zip", members), tmp_path / "t", named, why, limits)
    tar = _tar(tmp_path / "x.tar", [(tarfile.TarInfo(n), d) for n, d in members.items()], "w")
    _refused(tar, tmp_path / "t", named, why, limits)


def test_a_member_longer_than_its_claim(tmp_path: Path) -> None:
    path = _zip(tmp_path / "x.zip", {"liar": b"x" * 1000}, zipfile.ZIP_STORED)
    content = path.read_bytes().replace((1000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(content)
    _refused(path, tmp_path / "t", "'liar'", "damaged")


def test_a_flipped_byte_is_found_by_the_checksum(tmp_path: Path) -> None:
    path = _zip(tmp_path / "x.zip", {"photo": b"x" * 1000}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"xxxxxxxxxx", b"xxxxxyxxxx", 1))
    _refused(path, tmp_path / "t", "'photo'", "is damaged")


def test_a_name_twice_never_replaces_the_first(tmp_path: Path) -> None:
    tar = _tar(tmp_path / "x.tar", [(tarfile.TarInfo("twin"), b"1"), (tarfile.TarInfo("./twin"), b"2")], "w")
    _refused(tar, tmp_path / "t", "twin", "occurs twice")
    path = _zip(tmp_path / "x.zip", {"twin": b"1", "./twin": b"2"})
    _refused(path, tmp_path / "t", "twin", "occurs twice")
    with pytest.raises(DataInvalid, match="occurs twice"):
        read_zip(path)


@pytest.mark.parametrize("keep", [0, 10, 600, 2560, -30])
def test_truncated_archives(tmp_path: Path, keep: int) -> None:
    noise = [np.random.default_rng(i).bytes(2048) for i in range(9)]
    whole = [
        _zip(tmp_path / "x.zip", {f"f{i}": noise[i] for i in range(9)}, zipfile.ZIP_STORED),
        _tar(tmp_path / "x.tar.gz", [(tarfile.TarInfo(f"f{i}"), noise[i]) for i in range(9)]),
        _tar(tmp_path / "x.tar", [(tarfile.TarInfo(f"f{i}"), noise[i]) for i in range(9)], "w"),
    ]
    for path in whole[: 2 if keep == -30 else 3]:  # a plain tar is padded with thousands of zeros, a few may go
        path.write_bytes(path.read_bytes()[:keep])  # 2560: between the plain tar's first member and its second
        with pytest.raises(DataInvalid, match=path.name):
            unpack(path, tmp_path / "t")
        assert not (tmp_path / "t").exists()


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_names_too_long_for_the_file_system(tmp_path: Path, form: int) -> None:
    for name in ("a" * 300, "/".join(["b" * 200] * 30)):
        with tarfile.open(tmp_path / "x.tar", "w", format=form) as archive:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
        _refused(tmp_path / "x.tar", tmp_path / "t", name[:50], "has a name too long for this file system")
    _refused(_zip(tmp_path / "x.zip", {"c" * 300: b"1"}), tmp_path / "t", "ccc", "has a name too long")


def test_a_file_where_a_folder_is_needed(tmp_path: Path) -> None:
    for names, member, why in (
        (["a", "a/b"], "'a/b'", "needs a folder where another member is a file"),
        (["a", "a/b/c"], "'a/b/c'", "needs a folder where another member is a file"),
        (["a/b", "a"], "'a'", "is a file where other members need a folder"),
    ):
        _refused(_zip(tmp_path / "x.zip", dict.fromkeys(names, b"1")), tmp_path / "t", member, why)
        tar = _tar(tmp_path / "x.tar", [(tarfile.TarInfo(name), b"1") for name in names], "w")
        _refused(tar, tmp_path / "t", member, why)


def _headers(kind: bytes, content: bytes, times: int, claim: int | None = None) -> bytes:
    """A tar whose one member is preceded by headers that only tell about it."""
    info, member = tarfile.TarInfo("telling"), tarfile.TarInfo("member")
    info.type, info.size = kind, len(content) if claim is None else claim
    header = info.tobuf(tarfile.GNU_FORMAT) + content.ljust(512, b"\0")
    return header * times + member.tobuf(tarfile.GNU_FORMAT) + bytes(1024)


@pytest.mark.parametrize(("kind", "content"), [(b"L", b"name\0"), (b"K", b"name\0"), (b"x", b"11 path=ab\n")])
def test_chains_and_giants_of_headers(tmp_path: Path, kind: bytes, content: bytes) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(_headers(kind, content, 3))
    unpack(path, tmp_path / "fine")
    for hostile in (_headers(kind, content, 5000), _headers(kind, content, 1, claim=1 << 33)):
        path.write_bytes(hostile)
        _refused(path, tmp_path / "t", "'telling'", "has a header too long to be true")


@pytest.mark.parametrize("record", [b"30 GNU.sparse.map=1,2,x,4,5,6\n", b"14 size=-9999\n", b"0 path=a\n"])
def test_pax_records_that_make_no_sense(tmp_path: Path, record: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(_headers(b"x", record, 1))
    with pytest.raises(DataInvalid, match=r"x\.tar"):
        unpack(tmp_path / "x.tar", tmp_path / "t")
    assert not (tmp_path / "t").exists()


@pytest.mark.parametrize("at", [-1, -3, -5, -8])
def test_a_damaged_end_of_gzip(tmp_path: Path, at: int) -> None:
    path = _tar(tmp_path / "x.tar.gz", [(tarfile.TarInfo("f"), np.random.default_rng(0).bytes(5000))])
    content = bytearray(path.read_bytes())
    content[at] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataInvalid, match="not a complete zip or tar"):
        unpack(path, tmp_path / "t")
    assert not (tmp_path / "t").exists()


def test_a_full_disk_is_no_damaged_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("bench.data.unpack._copy", full)
    with pytest.raises(DataInvalid, match="No space left on device") as caught:
        unpack(_zip(tmp_path / "x.zip", {"one": b"1"}), tmp_path / "t")
    assert "disk space" in caught.value.fix and not (tmp_path / "t").exists()
