"""`bench pack` and `bench verify` as they are typed."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import Cli

from .conftest import Cheat, Packed

PACK = ("--by", "tester", "--batch-norm", "running")


def _run(images: Packed) -> Path:
    return next(images.runs.glob("*/protonet/*/record.json")).parent


def test_pack_then_verify(cli: Cli, images: Packed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = _run(images)
    packed = cli("pack", run.name[:6], "--runs", images.runs, *PACK)
    folder = Path("submissions") / "/".join(run.parts[-3:])
    assert packed.code == 0 and packed.out == f"bench verify {folder}\n"
    again = cli("pack", run, *PACK)
    assert again.code == 2 and "exists already" in again.err
    verified = cli("verify", folder, "--against", images.runs, "--submitted")
    assert verified.code == 0 and "level consistent: agrees" in verified.out
    assert cli("pack", run, *PACK, "--out", "one.zip").code == cli("verify", "one.zip").code == 0
    assert cli("pack", run, *PACK, "--out", "two.zip").code == 0
    names = [zipfile.ZipFile(name).namelist() for name in ("one.zip", "two.zip")]
    assert names[0] == names[1] and "bundle.json" in names[0]


def test_a_stored_run_is_verified_by_the_first_letters_of_its_key(
    cli: Cli, images: Packed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("runs").symlink_to(images.runs)
    run = _run(images)
    by_key, by_place = cli("verify", run.name[:8]), cli("verify", run)
    assert by_key.code == by_place.code == 0 and by_key.out == by_place.out
    assert cli("verify", "0000").code == cli("verify", "nowhere").code == 2


def test_pack_refuses_what_cant_be_verified(cli: Cli, images: Packed, cheat: Cheat, tmp_path: Path) -> None:
    assert cli("pack", _run(images), "--by", "tester").code == 2  # says nothing of normalisation
    wrong = cli("pack", _run(images), "--by", "tester", "--batch-norm", "query", "--out", tmp_path / "x")
    assert wrong.code == 3 and "batch_norm" in wrong.err and not (tmp_path / "x").exists()
    cheat.edit_record(lambda fields: fields["algorithm"].update(source_sha256="0" * 64))
    other = cli("pack", cheat.folder, *PACK, "--out", tmp_path / "x")
    assert other.code in (2, 3) and not (tmp_path / "x").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["copy"]


def test_a_large_checkpoint_lies_elsewhere(cli: Cli, images: Packed, tmp_path: Path) -> None:
    uri = "https://example.org/weights.safetensors"
    out = tmp_path / "light"
    assert cli("pack", _run(images), *PACK, "--out", out, "--checkpoint-uri", uri).code == 0
    assert not (out / "checkpoint.safetensors").exists()
    report = json.loads(cli("verify", out, "--json").out)
    assert report["passed"] and any(uri in finding["text"] for finding in report["findings"])


def test_mismatch_exits_3_and_is_recorded_only_on_request(cli: Cli, cheat: Cheat, tmp_path: Path) -> None:
    cheat.edit_record(lambda fields: fields["metrics"][0].update(mean=0.99))
    before = (cheat.folder / "record.json").read_bytes()
    failed = cli("verify", cheat.folder, "--log", tmp_path / "log.json")
    assert failed.code == 3 and "mean of accuracy is 0.99" in failed.err
    assert json.loads((tmp_path / "log.json").read_text())["passed"] is False
    assert (cheat.folder / "record.json").read_bytes() == before
    assert cli("verify", cheat.folder, "--record").code == 2
    assert cli("verify", cheat.folder, "--record", "--by", "maintainer").code == 3
    assert [entry["by"] for entry in cheat.record.verification] == ["maintainer"]


def test_level_consistent_needs_no_torch(images: Packed) -> None:
    code = (
        "import sys\nfrom bench.cli.app import app\n"
        f"app(['verify', {str(images.folder)!r}, '--submitted'], standalone_mode=False)\n"
        "assert not {'torch', 'pickle5', 'baselines'} & set(sys.modules), 'torch was imported'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
