import shutil

import pytest
from bench import two_machines, two_machines_bench
from bench.performance_page import render

pytestmark = pytest.mark.unit


@pytest.fixture
def no_permission(tmp_path, monkeypatch):
    """A computer whose kernel refuses namespaces."""
    for tool in ("nsenter", "ip", "tc", "mount"):
        (tmp_path / tool).symlink_to("/bin/true")
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert shutil.which("unshare") == str(refusing)


def test_a_computer_that_refuses_namespaces_says_why(no_permission):
    assert "Operation not permitted" in two_machines.missing()


def test_missing_tools_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "nsenter" in two_machines.missing()


def test_the_bench_is_left_out_with_the_reason(no_permission):
    figures = two_machines_bench.run()
    assert "Operation not permitted" in figures["left_out"]
    assert "Operation not permitted" in render({"two machines": figures})


def diagnostics(node, **counters):
    return [
        {"topic": "/diagnostics", "stamp": second * 10**9, "values": {node: values}}
        for second in range(3)
        for values in [{name: str(rate * second) for name, rate in counters.items()}]
    ]


@pytest.mark.parametrize(("arrived", "lost"), [(30, 0.0), (27, 10.0), (31, 0.0)])
def test_what_the_link_lost_follows_from_the_counters(arrived, lost):
    said = diagnostics("camera", frames_captured=33, frames_dropped=3)
    said += diagnostics("republish", frames=arrived)
    assert two_machines_bench._lost_percent(said) == pytest.approx(lost)


def test_without_counters_nobody_knows_what_the_link_lost():
    assert two_machines_bench._lost_percent([]) is None
