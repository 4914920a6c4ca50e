import math

import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from emotion_bot_msgs.msg import HeadCommand, HeadState
from lifecycle_msgs.msg import State
from sensor_msgs.msg import JointState

from emotion_bot import joints, qos, runner, topics
from emotion_bot.nodes.head import HeadNode

pytestmark = pytest.mark.ros


@pytest.fixture
def head(bench):
    node = bench.add(HeadNode())
    node.autostart()
    return node


def command(pan, tilt=0.0, seconds=1):
    message = HeadCommand(pan=pan, tilt=tilt)
    message.header.stamp = Time(sec=seconds)
    return message


def test_a_command_moves_the_head_and_comes_back_acknowledged(bench, head):
    states = bench.listen(HeadState, topics.HEAD_STATE)
    positions = bench.listen(JointState, topics.JOINT_STATES)
    bench.publisher(HeadCommand, topics.HEAD_COMMAND, qos.SET_POINT).publish(command(0.3, 0.1, 7))
    states.wait_for(lambda seen: any(state.acked_command_stamp.sec == 7 for state in seen))
    reached = positions.wait_for(
        lambda seen: next(
            (p for m in seen if (p := joints.position(m)) and abs(p[0] - 0.3) < 0.005), None
        )
    )
    assert reached[1] == pytest.approx(0.1, abs=0.005)


def test_a_command_out_of_range_is_limited_and_said_to_be(bench, head):
    states = bench.listen(HeadState, topics.HEAD_STATE)
    bench.publisher(HeadCommand, topics.HEAD_COMMAND, qos.SET_POINT).publish(command(3.0))
    limited = states.wait_for(lambda seen: next((s for s in seen if s.limited), None))
    assert limited.commanded_pan < 1.6


def test_a_command_that_is_no_number_is_refused_with_a_diagnostic(bench, head):
    diagnostics = bench.listen(DiagnosticArray, topics.DIAGNOSTICS)
    publisher = bench.publisher(HeadCommand, topics.HEAD_COMMAND, qos.SET_POINT)
    publisher.publish(command(math.nan))
    warning = diagnostics.wait_for(
        lambda seen: next(
            (s for m in seen for s in m.status if s.level == DiagnosticStatus.WARN), None
        )
    )
    assert "finite" in warning.message


def test_a_head_that_nobody_steers_any_more_is_parked(bench, head):
    states = bench.listen(HeadState, topics.HEAD_STATE)
    bench.publisher(HeadCommand, topics.HEAD_COMMAND, qos.SET_POINT).publish(command(0.3))
    states.wait_for(lambda seen: any(state.powered for state in seen))
    parked = states.wait_for(lambda seen: next((s for s in seen if s.parked), None))
    assert parked.acked_command_stamp.sec == 1
    states.wait_for(lambda seen: not seen[-1].powered)


def test_deactivation_closes_the_head_and_activation_opens_it_again(bench, head):
    positions = bench.listen(JointState, topics.JOINT_STATES)
    positions.wait_for_count(1)
    head.trigger_deactivate()
    assert head._state_machine.current_state[0] == State.PRIMARY_STATE_INACTIVE
    count = len(positions.messages)
    head.trigger_activate()
    positions.wait_for_count(count + 5)


@pytest.mark.parametrize("bench", [{"backend": "teleporter"}], indirect=True)
def test_an_unknown_head_is_a_configuration_error(bench):
    with pytest.raises(runner.ConfigurationError, match="'teleporter'"):
        HeadNode()
