import re
import signal

import psutil
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def frames_flow(lines):
    return any(re.search(r"[1-9]\d*\.\d frames/s", line) for line in lines)


def test_the_scene_is_seen_read_and_followed(run_report):
    report = run_report(
        "--no-dashboard", "--source", "scene:step:25,time=2", "--head", "virtual", "--duration", "8"
    )
    assert report["frames_captured"] > 100
    assert report["frames_with_face"] >= 0.9 * report["frames_captured"]
    assert report["labels"].get("happy", 0) >= 0.8 * report["expressions"]
    assert report["head"]["acked"] > 0
    assert report["head"]["lost"] == 0
    # Pan is positive to the left, azimuths of the scene likewise.
    assert 22 <= report["head"]["pan_max_deg"] <= 28
    assert report["restarts"] == {}
    assert all(
        report["latency_ms"][name]["p50"] is not None
        for name in (
            "capture_to_faces",
            "capture_to_expression",
            "capture_to_head_command",
            "capture_to_head_ack",
        )
    )


def test_a_video_is_read_without_losing_a_frame(run_report, clip):
    report = run_report(
        "--no-dashboard",
        "--source",
        f"video:{clip}",
        "--mic",
        "none",
        "--head",
        "virtual",
        "--duration",
        "18",
    )
    assert report["frames_captured"] >= 440
    assert report["frames_dropped"] == 0
    assert report["expression_rate_hz"] >= 10
    assert report["labels"]["happy"] > 100


def test_a_video_is_heard_with_its_own_sound(run_report, clip):
    report = run_report(
        "--no-dashboard", "--source", f"video:{clip}", "--mic", "auto", "--head", "virtual"
    )
    assert {"microphone", "voice", "speech"} <= set(report["cpu_percent_by_node"])
    assert report["restarts"] == {}
    assert report["frames_captured"] >= 440


def test_a_sound_file_that_cannot_be_heard_leaves_the_rest_running(run_report, tmp_path):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF\0\0\0\0no sound")
    report = run_report(
        "--no-dashboard", "--mic", f"wav:{broken}", "--head", "virtual", "--duration", "5"
    )
    assert report["frames_captured"] > 50
    assert report["expressions"] > 50
    assert report["restarts"] == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_and_leaves_no_process(start, number):
    program = start("up", "--no-dashboard", "--source", "scene:still")
    program.wait_for(frames_flow, "the first frames")
    family = psutil.Process(program.process.pid).children(recursive=True)
    assert len(family) >= 5
    program.process.send_signal(number)
    assert program.wait() == 0
    assert not [process for process in family if process.is_running()]


def test_nodes_do_not_outlive_a_killed_supervisor(start):
    program = start("up", "--no-dashboard", "--source", "scene:still")
    program.wait_for(frames_flow, "the first frames")
    family = psutil.Process(program.process.pid).children(recursive=True)
    program.process.kill()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--source", "video:/no/such/file.mp4"), "no such file"),
        (("--source", "telescope"), "unknown source 'telescope'"),
        (("--source", "scene:dance"), "unknown scene 'dance'"),
        (("--head", "teleporter"), "'teleporter'"),
        (("--mic", "trumpet"), "--mic"),
    ],
)
def test_a_run_that_cannot_work_ends_with_a_reason(start, arguments, message):
    program = start("up", *arguments)
    assert program.wait() != 0
    assert message in program.output
    assert "Traceback" not in program.output
