"""No byte of a backup can change, and no file can be missing, without being named."""

import msgspec
import pytest
from blake3 import blake3

from truebook.backup.manifest import (
    FILE_NAME,
    FORMAT,
    BackupDamaged,
    Manifest,
    check,
    copy,
    files_in,
    write_manifest,
)


@pytest.fixture
def backup(tmp_path):
    for name in ("archive/00000001-1-0.segment", "keys/engine-1.key", "people.sqlite"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    made = Manifest(FORMAT, "1", 1, "1-0", 1, "00", 3, [], "", "sqlite", files_in(tmp_path))
    write_manifest(tmp_path, made)
    return tmp_path


def test_a_whole_backup_is_read_as_it_was_written(backup):
    assert [file.path for file in check(backup).files] == [
        "archive/00000001-1-0.segment",
        "keys/engine-1.key",
        "people.sqlite",
    ]


def test_every_flipped_byte_is_found_and_its_file_named(backup):
    for path in sorted(path for path in backup.rglob("*") if path.is_file()):
        data = path.read_bytes()
        for index in range(len(data)):
            path.write_bytes(data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :])
            with pytest.raises(BackupDamaged, match=path.name):
                check(backup)
        path.write_bytes(data)
    check(backup)


def test_all_files_that_are_wrong_are_named_at_once(backup):
    (backup / "people.sqlite").unlink()
    (backup / "keys/engine-1.key").write_bytes(b"longer than it was")
    with pytest.raises(BackupDamaged) as found:
        check(backup)
    assert "people.sqlite is missing" in str(found.value)
    assert "engine-1.key has 18 bytes, not 17" in str(found.value)


def test_a_folder_without_a_manifest_is_no_backup(backup):
    (backup / FILE_NAME).unlink()
    with pytest.raises(BackupDamaged, match="is no backup"):
        check(backup)


def test_a_backup_of_a_later_version_is_refused(backup):
    text = msgspec.json.encode({"format": FORMAT + 1, "news": True})
    (backup / FILE_NAME).write_bytes(blake3(text).hexdigest().encode() + b"\n" + text + b"\n")
    with pytest.raises(BackupDamaged, match="of a later version"):
        check(backup)


def test_copies_are_their_owners_alone_and_overwrite_nothing(backup, tmp_path):
    copy(backup / "people.sqlite", tmp_path / "new/people.sqlite")
    assert (tmp_path / "new/people.sqlite").stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        copy(backup / "people.sqlite", tmp_path / "new/people.sqlite")
