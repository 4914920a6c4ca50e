"""The robot and the workstation on machines of their own, made of namespaces."""

import sys

import pytest
from bench import two_machines
from bench.two_machines import WITNESS, TwoMachines, robot_environment, up

from emotion_bot.graph import Host, default_environment
from emotion_bot.up.processes import config_directory

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

START_SECONDS = 60.0
PARK_SECONDS = 10.0
RECOVERY_SECONDS = 20.0
WITHOUT_THE_REST = ("--mic", "none", "--no-dashboard", "--no-memory", "--no-behaviour")
SCENE = ("--source", "scene:walk", *WITHOUT_THE_REST)


@pytest.fixture(scope="module", autouse=True)
def _namespaces():
    if reason := two_machines.missing():
        pytest.skip(f"two machines cannot be made here: {reason}")


class Split:
    """The robot's and the workstation's bring-up, and a witness on each of them."""

    def __init__(self, machines, folder):
        environment = robot_environment(folder)
        watching = {**default_environment(str(config_directory()), Host.ROBOT), **environment}
        self.machines = machines
        self.workstation = machines.workstation.start(
            *up("workstation", *SCENE), environment=environment
        )
        self.robot = machines.robot.start(
            *up("robot", *SCENE, "--head", "virtual"), environment=environment
        )
        self.at_robot = machines.robot.start(
            sys.executable, WITNESS, "head/state", "joint_states", environment=watching
        )
        self.at_workstation = machines.workstation.start(
            sys.executable, WITNESS, "faces", environment=watching
        )

    def works(self, since, seconds):
        """Wait until frames of after a time have been answered by the head."""
        self.at_workstation.wait_for(
            lambda seen: sum(e["stamp"] > since * 1e9 for e in seen) >= 30,
            "faces at the workstation",
            seconds,
        )
        self.at_robot.wait_for(
            lambda seen: any(e.get("acked_stamp", 0) > since * 1e9 for e in seen[-50:]),
            "acknowledgements at the robot",
            seconds,
        )


@pytest.fixture
def split(request, tmp_path):
    """Both sides on a link with (loss, delay in s), working."""
    with TwoMachines(*request.param) as machines:
        both = Split(machines, tmp_path)
        both.works(0.0, START_SECONDS)
        yield both


@pytest.mark.parametrize("split", [(0.05, 0.01)], indirect=True)
def test_lost_and_late_packets_do_not_stop_the_robot(split):
    split.at_workstation.wait_for(lambda seen: len(seen) >= 90, "more faces", START_SECONDS)
    newest = split.at_workstation.events[-1]["stamp"]
    split.works(newest * 1e-9, START_SECONDS)


@pytest.mark.parametrize("split", [(0.0, 0.0)], indirect=True)
def test_the_head_goes_home_when_the_link_is_cut_and_follows_again_after(split):
    # It walks about: home is not where the head is looking already.
    split.at_robot.wait_for(
        lambda seen: any(abs(e.get("pan") or 0.0) > 0.1 for e in seen),
        "a turn of the head",
        START_SECONDS,
    )
    cut_at = split.machines.cut()
    split.at_robot.wait_for(
        lambda seen: any(e.get("parked") and e["at"] > cut_at for e in seen),
        "parking",
        PARK_SECONDS,
    )
    resting = [e for e in split.at_robot.events if "pan" in e][-1]
    assert abs(resting["pan"]) < 0.02
    split.works(split.machines.mend(), RECOVERY_SECONDS)
    for side in (split.robot, split.workstation):
        side.interrupt()
    for side in (split.robot, split.workstation):
        assert side.wait(30) == 0, "\n".join(side.lines)
        assert not [line for line in side.lines if "Traceback" in line]
