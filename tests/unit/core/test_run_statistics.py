import pytest

from emotion_core.replay.run_statistics import RunStatistics

pytestmark = pytest.mark.unit

MILLISECOND = 1_000_000
START = 1_700_000_000 * 10**9


def stamp_of(frame, fps=25):
    return START + frame * 10**9 // fps


def test_latencies_and_losses_of_a_run():
    statistics = RunStatistics()
    for frame in range(100):
        stamp = stamp_of(frame)
        captured = stamp * 1e-9
        statistics.frame_captured(stamp, captured + 0.001)
        if frame % 10 == 9:
            continue
        statistics.faces_found(stamp, 1, captured + 0.010)
        statistics.expression_read(stamp, "sad" if frame < 50 else "happy", captured + 0.020)
        statistics.head_commanded(stamp, captured + 0.030)
        statistics.head_reported(stamp, captured + 0.040, frame, frame, 0)
        statistics.pan_measured(0.1)
    report = statistics.report(4.0, stamp_of(200) * 1e-9)
    assert report["frames_captured"] == 100
    assert report["frames_dropped"] == 10
    assert report["frames_with_face"] == 90
    assert report["labels"] == {"happy": 45, "sad": 45}
    assert report["expression_rate_hz"] == pytest.approx(22.7, abs=0.1)
    assert report["latency_ms"]["capture_to_faces"]["p50"] == pytest.approx(10, abs=0.1)
    assert report["latency_ms"]["capture_to_head_ack"]["p99"] == pytest.approx(40, abs=0.1)
    assert report["head"]["pan_max_deg"] == pytest.approx(5.73)


def test_an_answer_that_overtakes_its_frame_is_no_loss():
    statistics = RunStatistics()
    statistics.faces_found(START, 0, START * 1e-9)
    statistics.frame_captured(START, START * 1e-9 + 0.001)
    report = statistics.report(1.0, START * 1e-9 + 10)
    assert (report["frames_captured"], report["frames_dropped"]) == (1, 0)


def test_frames_the_camera_dropped_count_as_captured_and_dropped():
    statistics = RunStatistics(frames_dropped_by_camera=3)
    statistics.frame_captured(START, START * 1e-9)
    statistics.faces_found(START, 0, START * 1e-9)
    report = statistics.report(1.0, START * 1e-9 + 10)
    assert (report["frames_captured"], report["frames_dropped"]) == (4, 3)


def test_a_frame_under_way_is_not_yet_lost():
    statistics = RunStatistics()
    statistics.frame_captured(START, START * 1e-9)
    assert statistics.report(0.1, START * 1e-9 + 0.1)["frames_dropped"] == 0


def test_an_acknowledgement_counts_once():
    statistics = RunStatistics()
    for _ in range(5):
        statistics.head_reported(START, START * 1e-9 + 0.04, 1, 1, 0)
    statistics.head_reported(START + MILLISECOND, START * 1e-9 + 0.101, 2, 2, 0)
    latency = statistics.report(1.0, START * 1e-9 + 1)["latency_ms"]["capture_to_head_ack"]
    assert latency["p50"] == pytest.approx(70, abs=0.1)


def test_a_run_without_anything_reports_unknown_and_not_zero():
    report = RunStatistics().report(1.0, 0.0)
    assert report["expression_rate_hz"] is None
    assert report["latency_ms"]["capture_to_faces"] == {"p50": None, "p95": None, "p99": None}
    assert report["head"]["pan_min_deg"] is None
