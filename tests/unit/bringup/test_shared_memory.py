import fcntl
import os

import pytest

from emotion_bot.shared_memory import PortWatch, remove_abandoned_segments

pytestmark = pytest.mark.unit

PORT = "fastrtps_port7411"


@pytest.fixture
def shared(tmp_path):
    """A folder like that of the shared memory, in which this process has a port."""
    folder = tmp_path / "shm"
    folder.mkdir()
    (folder / PORT).write_text("port")
    (folder / f"{PORT}_el").touch()
    return folder


@pytest.fixture
def process(tmp_path, shared):
    """What /proc shows of a process with the port."""
    folder = tmp_path / "process"
    (folder / "fd").mkdir(parents=True)
    (folder / "fd" / "7").symlink_to(shared / f"{PORT}_el")
    (folder / "fd" / "8").symlink_to("socket:[4711]")
    (folder / "maps").write_text(f"7f28-7f29 rw-s 0 00:1b 1 {shared / PORT}\n")
    return folder


def cut_off(process, shared):
    (process / "maps").write_text(f"7f28-7f29 rw-s 0 00:1b 1 {shared / PORT} (deleted)\n")
    (shared / PORT).rename(shared / "kept, so that the next one is another file")


def test_a_port_that_all_can_open_is_not_lost(process, shared):
    watch = PortWatch(shared, process)
    assert [watch.lost() for _ in range(3)] == [[], [], []]


@pytest.mark.parametrize("made_anew", [True, False])
def test_a_port_is_lost_when_others_have_removed_it(process, shared, made_anew):
    watch = PortWatch(shared, process)
    watch.lost()
    cut_off(process, shared)
    if made_anew:
        (shared / PORT).write_text("the others' port")
    assert watch.lost() == []
    assert watch.lost() == [PORT]


def test_a_process_that_makes_its_port_anew_goes_on(process, shared):
    watch = PortWatch(shared, process)
    cut_off(process, shared)
    assert watch.lost() == []
    (shared / PORT).write_text("its new port")
    (process / "maps").write_text(f"7f28-7f29 rw-s 0 00:1b 2 {shared / PORT}\n")
    assert [watch.lost() for _ in range(3)] == [[], [], []]


def test_only_what_nobody_holds_is_removed(tmp_path):
    abandoned, held, young = (f"fastrtps_{digit * 16}" for digit in "abc")
    for name in (abandoned, held, young, PORT):
        (tmp_path / name).write_text("messages")
        (tmp_path / f"{name}_el").touch()
        os.utime(tmp_path / f"{name}_el", (1000.0, 1095.0 if name == young else 1000.0))
    with (tmp_path / f"{held}_el").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert remove_abandoned_segments(1100.0, tmp_path) == 1
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {name for kept in (held, young, PORT) for name in (kept, f"{kept}_el")}
