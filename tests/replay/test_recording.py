"""The recorder as a program: killed, stopped, on a disk that is full, started again."""

import random
import signal
import threading

import psutil
import pytest
from recorder_trials import (
    FRAMES,
    INFOS,
    camera,
    frames_in,
    kill_trials,
    recorder,
    stamps,
)
from sensor_msgs.msg import CameraInfo, CompressedImage

from emotion_core.replay.bag_reader import BagReader

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_a_killed_recorder_leaves_a_bag_that_misses_less_than_a_second(tmp_path):
    seed = random.SystemRandom().randrange(10**6)
    for trial in kill_trials(tmp_path, 3, seed):
        assert trial.missing_seconds <= 1.0, f"seed {seed}: {trial}"
        assert trial.gaps == 0, f"seed {seed}: {trial}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_recorder_writes_everything_that_had_come(tmp_path, number):
    with camera():
        process = recorder(tmp_path / "bag", flush_period=10.0, file_size_mb=1)
        process.send_signal(number)
        assert process.wait(60) == 0
    with BagReader(tmp_path / "bag") as bag:
        frames = stamps(bag, FRAMES, CompressedImage)
        infos = stamps(bag, INFOS, CameraInfo)
    assert abs(len(frames) - len(infos)) <= 1
    assert len(frames) >= 5


def test_a_disk_that_is_full_for_a_while_costs_no_message(tmp_path):
    bag = tmp_path / "bag"
    file = bag / "bag_0.mcap"
    with camera():
        process = recorder(bag)
        # The system refuses to let files of this process grow, as on a full disk.
        full = file.stat().st_size
        unlimited = psutil.Process(process.pid).rlimit(psutil.RLIMIT_FSIZE)
        psutil.Process(process.pid).rlimit(psutil.RLIMIT_FSIZE, (full, unlimited[1]))
        threading.Event().wait(2.0)
        assert process.poll() is None
        before = frames_in(bag)
        assert before >= 3
        assert file.stat().st_size <= full
        psutil.Process(process.pid).rlimit(psutil.RLIMIT_FSIZE, unlimited)
        while frames_in(bag) <= before + 60:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    with BagReader(bag) as reader:
        frames = stamps(reader, FRAMES, CompressedImage)
        infos = stamps(reader, INFOS, CameraInfo)
    assert set(infos) - set(frames) <= {infos[0], infos[-1]}


def test_a_recorder_that_is_started_again_goes_on_with_its_bag(tmp_path):
    bag = tmp_path / "bag"
    with camera():
        first = recorder(bag)
        first.kill()
        first.wait()
        before = frames_in(bag)
        second = recorder(bag, resume=True)
        while frames_in(bag) <= before + 5:
            assert second.poll() is None
        second.send_signal(signal.SIGINT)
        assert second.wait(60) == 0
    with BagReader(bag) as reader:
        frames = stamps(reader, FRAMES, CompressedImage)
    assert len(frames) > before + 5
    assert frames == sorted(frames)
    assert len(list(bag.glob("*.mcap"))) == 2
