import math
import os
import subprocess
import sys

import psutil
import pytest
import yaml
from bench import live, machine
from bench.figures import flat, ratio, text
from bench.health_log import HealthLog
from bench.node_usage import NODE_MODULES, OBSERVER, NodeUsage

from emotion_bot.up.processes import config_directory

pytestmark = pytest.mark.unit


def test_figures_are_listed_in_their_order():
    assert flat({"a": {"b": 1, "c": {"d": None}}, "e": "f"}) == [
        ("a.b", 1),
        ("a.c.d", None),
        ("e", "f"),
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (True, "yes"),
        (3, "3"),
        (5.0, "5"),
        (1.23456, "1.235"),
        (12345.6, "12346"),
        ("words", "words"),
    ],
)
def test_a_value_is_shown(value, shown):
    assert text(value) == shown


@pytest.mark.parametrize(
    ("above", "below", "result"), [(10, 4, 2.5), (None, 4, None), (10, None, None), (10, 0, None)]
)
def test_a_ratio_of_something_unknown_is_unknown(above, below, result):
    assert ratio(above, below) == result


def test_a_counter_rises_from_its_first_count_on():
    log = HealthLog()
    for time, count in ((10.0, "0"), (15.0, "30"), (16.0, "90"), (17.0, "150")):
        log.add("camera", time, {"frames": count, "state": "open"})
    assert log.count("camera", "frames") == 150
    assert log.rate("camera", "frames") == pytest.approx(60.0)


def test_an_unknown_counter_has_no_rate():
    log = HealthLog()
    log.add("camera", 1.0, {"frames": "5"})
    assert log.count("camera", "losses") == log.count("faces", "frames") == 0
    rates = (log.rate("camera", "frames"), log.rate("faces", "frames"))
    assert all(map(math.isnan, rates))


@pytest.fixture
def node():
    """A process that looks like a node, with a helper program of its own."""
    helper = "import sys; sys.stdin.read()"
    program = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-S', '-c', {helper!r}])\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", program, f"{NODE_MODULES}camera"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process.stdout.readline()
    yield process
    process.communicate("", timeout=30)


@pytest.mark.usefixtures("node")
def test_usage_is_told_by_node():
    usage = NodeUsage(os.getpid())
    assert usage.report() == {}
    usage.sample(100.0)
    before = os.times()
    while os.times().user - before.user < 0.1:
        sum(range(10_000))
    usage.sample(101.0)
    report = usage.report()
    assert set(report) >= {OBSERVER, "camera"}
    assert report[OBSERVER]["cpu_percent"] >= 9
    assert report["camera"]["rss_mb"] > 5


def test_a_node_answers_for_its_helpers(node):
    usage = NodeUsage(os.getpid())
    usage.sample(0.0)
    usage.sample(1.0)
    alone = psutil.Process(node.pid).memory_info().rss / 2**20
    assert usage.report()["camera"]["rss_mb"] > 1.5 * alone


def test_what_has_ended_is_passed_over():
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    usage = NodeUsage(process.pid)
    usage.sample(0.0)
    usage.sample(1.0)
    assert usage.report() == {}


def test_a_run_may_change_parameters_of_its_own(tmp_path):
    environment = live.environment(tmp_path, {"camera": {"fps": 60.0}})
    folder = tmp_path / "share" / "emotion_bot" / "config"
    assert environment["AMENT_PREFIX_PATH"].split(os.pathsep)[0] == str(tmp_path)
    shipped = yaml.safe_load((config_directory() / "camera.yaml").read_text())
    shipped["/**/camera"]["ros__parameters"]["fps"] = 60.0
    assert yaml.safe_load((folder / "camera.yaml").read_text()) == shipped
    assert {path.name for path in folder.iterdir()} == {
        path.name for path in config_directory().iterdir()
    }


def test_a_run_without_parameters_has_the_shipped_ones(tmp_path):
    environment = live.environment(tmp_path, {})
    assert environment.get("AMENT_PREFIX_PATH") == os.environ.get("AMENT_PREFIX_PATH")
    assert environment["XDG_DATA_HOME"].startswith(str(tmp_path))


def test_the_processor_is_read_from_its_table(tmp_path):
    table = tmp_path / "cpuinfo"
    table.write_text("processor\t: 0\nmodel name\t: Abacus: 2000\n\nmodel name\t: other\n")
    assert machine.processor(table) == "Abacus: 2000"
    assert machine.processor(tmp_path / "nowhere")
