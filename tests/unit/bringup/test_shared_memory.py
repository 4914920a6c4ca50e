import fcntl
import os
from contextlib import ExitStack

import pytest

from emotion_bot.shared_memory import PortWatch, port_numbers, remove_abandoned

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
    assert [watch.lost(now) for now in (0.0, 1.0, 60.0)] == [[], [], []]


@pytest.mark.parametrize("made_anew", [True, False])
def test_a_port_is_lost_when_others_have_removed_it(process, shared, made_anew):
    watch = PortWatch(shared, process)
    watch.lost(0.0)
    cut_off(process, shared)
    if made_anew:
        (shared / PORT).write_text("the others' port")
    # However long it is since the last look.
    assert watch.lost(60.0) == []
    assert watch.lost(61.9) == []
    assert watch.lost(62.0) == [PORT]


def test_a_process_that_makes_its_port_anew_goes_on(process, shared):
    watch = PortWatch(shared, process)
    watch.lost(0.0)
    cut_off(process, shared)
    assert watch.lost(1.9) == []
    (shared / PORT).write_text("its new port")
    (process / "maps").write_text(f"7f28-7f29 rw-s 0 00:1b 2 {shared / PORT}\n")
    assert [watch.lost(now) for now in (2.0, 4.0, 60.0)] == [[], [], []]


def leave(folder, names, at):
    for name in names:
        (folder / name).write_text("messages")
        os.utime(folder / name, (at, at))


SEGMENTS = [f"fastrtps_{digit * 16}" for digit in "ab"]
OTHERS = ["fastrtps_port7411_mutex", "psm_1234", f"fastrtps_{'c' * 16}"]
"""Not understood, somebody else's, and a segment of which nobody can tell whether it is held."""


@pytest.mark.parametrize("lock", ["_el", "_sl"])
def test_what_nobody_holds_is_removed(tmp_path, lock):
    ports = [PORT, "fastrtps_port7413"]
    leave(tmp_path, [*SEGMENTS, *ports, *OTHERS], 1000.0)
    leave(tmp_path, [f"{name}{lock}" for name in (*SEGMENTS, *ports)], 1000.0)
    held = {SEGMENTS[1], ports[1]}
    with ExitStack() as stack:
        for name in held:
            file = stack.enter_context((tmp_path / f"{name}{lock}").open("rb"))
            fcntl.flock(file, fcntl.LOCK_EX if lock == "_el" else fcntl.LOCK_SH)
        assert remove_abandoned(1100.0, tmp_path) == 2
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*OTHERS, *held, *(f"{name}{lock}" for name in held)}


def test_a_port_that_was_closed_is_removed_and_what_is_young_is_not(tmp_path):
    leave(tmp_path, [PORT], 1000.0)
    leave(tmp_path, ["fastrtps_port7413", SEGMENTS[0], f"{SEGMENTS[0]}_el"], 1095.0)
    assert remove_abandoned(1100.0, tmp_path) == 1
    assert not (tmp_path / PORT).exists()
    assert len(list(tmp_path.iterdir())) == 3


def test_traces_of_ports_are_found(tmp_path):
    leave(tmp_path, [PORT, "fastrtps_port7413_el", "fastrtps_port7415_sl", *OTHERS[1:]], 1000.0)
    assert port_numbers(tmp_path) == {7411, 7413, 7415}
