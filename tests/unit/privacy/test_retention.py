import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from emotion_core.privacy.retention import TemporaryFolders

pytestmark = pytest.mark.unit

LIFETIME = 600.0

PROGRAM = """
import pathlib, sys, time
from emotion_core.privacy.retention import TemporaryFolders
folders = TemporaryFolders("test", 600, time.monotonic, pathlib.Path(sys.argv[1]))
key, path = folders.create()
(path / "picture").write_bytes(b"a face")
print(path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folders(tmp_path, clock):
    made = TemporaryFolders("test", LIFETIME, clock, tmp_path)
    yield made
    made.close()


def test_nothing_is_made_before_it_is_needed(folders, tmp_path):
    assert list(tmp_path.iterdir()) == []
    assert folders.root is None


def test_folders_are_private_and_cannot_be_guessed(folders):
    key, path = folders.create()
    assert path.stat().st_mode & 0o777 == 0o700
    assert folders.root.stat().st_mode & 0o777 == 0o700
    assert len(key) >= 20
    assert folders.create()[0] != key


def test_a_folder_goes_when_nobody_used_it_for_its_lifetime(folders, clock):
    key, path = folders.create()
    (path / "picture.jpg").write_bytes(b"a face")
    clock.advance(LIFETIME)
    assert folders.expire() == []
    assert path.exists()
    clock.advance(1.0)
    assert folders.expire() == [key]
    assert not path.exists()
    with pytest.raises(KeyError):
        folders.use(key)


def test_use_begins_the_lifetime_anew(folders, clock):
    key, path = folders.create()
    for _ in range(5):
        clock.advance(0.9 * LIFETIME)
        assert folders.use(key) == path
    clock.advance(1.1 * LIFETIME)
    # Asking for it does not bring back what is past its time.
    with pytest.raises(KeyError):
        folders.use(key)
    assert not path.exists()


def test_what_is_worked_on_stays(folders, clock):
    key, path = folders.create()
    folders.pin(key, True)
    clock.advance(10 * LIFETIME)
    assert folders.expire() == []
    folders.pin(key, False)
    clock.advance(1.1 * LIFETIME)
    assert folders.expire() == [key]
    assert not path.exists()


def test_a_key_is_no_path(folders, tmp_path):
    folders.create()
    (tmp_path / "secret").mkdir()
    for key in ("../secret", "..", ".", "", str(tmp_path / "secret"), "lock"):
        with pytest.raises(KeyError):
            folders.use(key)
        folders.remove(key)
    assert (tmp_path / "secret").exists()


def test_closing_leaves_nothing(folders, tmp_path):
    _, path = folders.create()
    (path / "frames.bin").write_bytes(b"x" * 1000)
    folders.close()
    folders.close()
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_killed_program_are_deleted_and_those_of_a_running_one_are_not(
    tmp_path, clock
):
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    path = Path(program.stdout.readline().strip())
    other = TemporaryFolders("test", LIFETIME, clock, tmp_path)
    assert path.exists()
    program.send_signal(signal.SIGKILL)
    program.wait()
    program.stdin.close()
    program.stdout.close()
    assert other.remove_leftovers() == 1
    assert list(tmp_path.iterdir()) == []


def test_a_link_with_a_fitting_name_is_left_alone(tmp_path, clock):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "lock").touch()
    (tmp_path / f"test-{os.getuid()}-link").symlink_to(precious)
    TemporaryFolders("test", LIFETIME, clock, tmp_path)
    assert (precious / "lock").exists()
