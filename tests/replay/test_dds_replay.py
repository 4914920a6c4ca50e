import json
import signal

import psutil
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_nothing_is_lost_and_the_labels_are_those_of_the_exact_replay(
    step_bag, tmp_path, emotion_bot
):
    checks = tmp_path / "checks.yaml"
    checks.write_text(
        "checks:\n"
        "  - {check: frames_with_face, min: 0.95}\n"
        "  - {check: ids_per_person, max: 1}\n"
        "  - {check: latency, stage: head_command, percentile: 50, min: 0.5}\n"
        "  - {check: latency, stage: head_ack, percentile: 50, min: 0.5}\n"
        "  - {check: rate, topic: joint_states, min: 20}\n"
        "  - {check: diagnostics, above: warn, max: 0}\n"
    )
    arguments = ["--compare", "--check", checks, "--report", tmp_path / "report.json"]
    run = emotion_bot("replay", step_bag, *arguments)
    assert run.returncode == 0, run.stdout + run.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["mode"] == "dds"
    assert report["messages_lost"] == dict.fromkeys(report["messages_lost"], 0)
    assert report["frames"] == 75
    assert report["agreement"] >= 0.98
    assert report["hash"] is None


def test_a_replay_can_be_interrupted_and_leaves_no_process(step_bag, start):
    process = start("replay", step_bag, "--rate", "0.05")
    family = []
    while len(family) < 4:
        assert process.poll() is None
        family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    process.wait(60)
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []


def test_a_running_robot_is_not_disturbed(step_bag, start, emotion_bot):
    start("up", "--source", "scene:still", "--head", "none")
    # The robot may take longer to come up than the replay; it is asked until they meet.
    for _ in range(5):
        run = emotion_bot("replay", step_bag, "--rate", "0.5")
        if run.returncode:
            break
    assert run.returncode == 2
    assert "a robot is running" in run.stderr.replace("\n", " ")
