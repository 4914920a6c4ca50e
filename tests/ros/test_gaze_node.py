import math

import pytest
from builtin_interfaces.msg import Time
from emotion_bot_msgs.msg import (
    Face,
    Faces,
    GazeTarget,
    HeadCommand,
    NormalizedRegionOfInterest2D,
    Posture,
)
from sensor_msgs.msg import CameraInfo, JointState
from std_msgs.msg import Header, String

from emotion_bot import joints, qos, stamps, topics
from emotion_bot.nodes.gaze import GazeNode
from emotion_core.vision.camera_model import PinholeCamera

pytestmark = pytest.mark.ros

CAMERA = PinholeCamera.from_field_of_view(640, 480, math.radians(60))


class Robot:
    """Feeds the gaze node with a camera, a head and faces, and hears its answers."""

    def __init__(self, bench):
        self.clock = bench.node.get_clock()
        self.node = bench.add(GazeNode())
        self.targets = bench.listen(GazeTarget, topics.GAZE_TARGET)
        self.commands = bench.listen(HeadCommand, topics.HEAD_COMMAND)
        self.faces = bench.publisher(Faces, topics.FACES, qos.STREAM)
        self.joints = bench.publisher(JointState, topics.JOINT_STATES, qos.STREAM)
        self.infos = bench.publisher(CameraInfo, topics.CAMERA_INFO, qos.STREAM)
        info = CameraInfo(width=640, height=480, k=CAMERA.k.ravel())
        while not self.node.pipeline.knows_camera:
            self.infos.publish(info)
            bench.wait_until(lambda: True, "")

    def now(self):
        return self.clock.now().nanoseconds * 1e-9

    def head_at(self, time, pan, tilt=0.0):
        message = JointState(name=[joints.PAN, joints.TILT], position=[pan, tilt])
        message.header.stamp = stamps.stamp_from_seconds(time)
        self.joints.publish(message)

    def see(self, time, *centers):
        faces = [
            Face(
                id=f"f{index}",
                roi=NormalizedRegionOfInterest2D(
                    xmin=x - 0.05, xmax=x + 0.05, ymin=y - 0.05, ymax=y + 0.05, c=1.0
                ),
            )
            for index, (x, y) in enumerate(centers)
        ]
        header = Header(stamp=stamps.stamp_from_seconds(time), frame_id="camera_optical_frame")
        self.faces.publish(Faces(header=header, width=640, height=480, faces=faces))
        return header.stamp


@pytest.fixture
def robot(bench):
    return Robot(bench)


def target_for(robot, stamp):
    return robot.targets.wait_for(
        lambda seen: next((t for t in seen if t.header.stamp == stamp), None)
    )


def test_a_face_is_projected_with_the_pose_at_capture_time(bench, robot):
    now = robot.now()
    for index in range(11):
        robot.head_at(now - 0.2 + 0.02 * index, pan=0.04 * index)
    bench.wait_until(lambda: len(robot.node.pipeline.head_pose) >= 11, "the joint states")
    # In the middle of the picture, taken when the head was half way.
    target = target_for(robot, robot.see(now - 0.1, (0.5, 0.5)))
    assert target.state == GazeTarget.TRACKING
    assert target.face_id == "f0"
    assert target.pan == pytest.approx(0.2, abs=0.01)
    assert target.tilt == pytest.approx(0.0, abs=0.01)


def test_left_in_the_picture_is_left_of_the_robot_and_up_is_up(robot):
    now = robot.now()
    robot.head_at(now, 0.0)
    target = target_for(robot, robot.see(now, (0.25, 0.25)))
    assert target.pan == pytest.approx(math.atan(0.5 * math.tan(math.radians(30))), abs=0.02)
    assert target.tilt > 0.05


def test_commands_carry_the_capture_time_and_stay_bounded(robot):
    now = robot.now()
    robot.head_at(now, 0.0)
    stamp = robot.see(now, (0.1, 0.5))
    commands = robot.commands.wait_for_count(30)
    assert all(command.header.stamp == stamp for command in commands)
    pans = [command.pan for command in commands]
    assert pans == sorted(pans)
    assert max(pans) <= robot.node.pipeline.limits.pan.maximum


def test_no_command_is_given_before_the_first_picture(bench, robot):
    robot.head_at(robot.now(), 0.0)
    bench.wait_until(lambda: len(robot.node.pipeline.head_pose) > 0, "the joint state")
    assert robot.commands.messages == []


def test_the_face_somebody_asked_for_is_followed(bench, robot):
    wishes = bench.publisher(String, topics.FOLLOW, qos.STATUS)
    now = robot.now()
    robot.head_at(now, 0.0)
    assert target_for(robot, robot.see(now, (0.5, 0.5), (0.3, 0.5))).face_id == "f0"
    wishes.publish(String(data="f1"))
    bench.wait_until(lambda: robot.node.pipeline.wish == "f1", "the wish")
    seen = robot.see(now + 0.03, (0.5, 0.5), (0.3, 0.5))
    assert target_for(robot, seen).face_id == "f1"


def test_a_posture_moves_the_command_and_may_send_the_gaze_home(bench, robot):
    postures = bench.publisher(Posture, topics.POSTURE, qos.SET_POINT)
    now = robot.now()
    robot.head_at(now, 0.0)
    assert target_for(robot, robot.see(now, (0.5, 0.5))).state == GazeTarget.TRACKING
    postures.publish(Posture(tilt=math.nan, speed=1.0, engaged=True))
    postures.publish(Posture(tilt=-0.1, speed=1.0, engaged=False))
    bench.wait_until(lambda: not robot.node.pipeline._posture.engaged, "the posture")
    robot.commands.wait_for(lambda seen: any(command.tilt < -0.001 for command in seen))
    target = target_for(robot, robot.see(robot.now() + 0.3, (0.5, 0.5)))
    assert target.state != GazeTarget.TRACKING


def test_after_a_loss_the_head_holds_but_not_for_one_missing_frame(robot):
    now = robot.now()
    robot.head_at(now, 0.0)
    robot.see(now, (0.3, 0.5))
    assert target_for(robot, robot.see(now + 0.03)).state == GazeTarget.TRACKING
    assert target_for(robot, robot.see(now + 0.4)).state == GazeTarget.HOLDING


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_absurd_boxes_are_refused_and_the_next_ones_are_used(robot, value):
    now = robot.now()
    robot.head_at(now, 0.0)
    robot.see(now, (value, 0.5))
    target = target_for(robot, robot.see(now + 0.03, (0.5, 0.5)))
    assert math.isfinite(target.pan)
    assert target.state == GazeTarget.TRACKING


def test_a_negative_time_does_not_stop_it(robot):
    now = robot.now()
    robot.head_at(now, 0.0)
    robot.faces.publish(Faces(header=Header(stamp=Time(sec=-5)), width=640, height=480))
    assert target_for(robot, robot.see(now, (0.5, 0.5))).face_id == "f0"


@pytest.mark.parametrize("bench", [{"camera_on_head": False}], indirect=True)
def test_a_camera_beside_the_head_does_not_turn_with_it(bench):
    robot = Robot(bench)
    now = robot.now()
    robot.head_at(now, 0.5)
    bench.wait_until(lambda: len(robot.node.pipeline.head_pose) > 0, "the joint state")
    assert target_for(robot, robot.see(now, (0.5, 0.5))).pan == pytest.approx(0.0, abs=0.01)
