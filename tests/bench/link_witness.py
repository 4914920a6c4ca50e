"""Runs on one machine and prints what arrives there of some topics, one line of JSON per message.

Keys: `at` (arrival, s), `topic`, `stamp` (of the header, ns), and of head/state `acked_stamp` (ns),
`acked_at` (s), `parked`; of joint_states `pan` (rad); of /diagnostics `values` by node and name.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from emotion_bot_msgs.msg import Faces, HeadCommand, HeadState
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, JointState

from emotion_bot import joints, qos, stamps, topics


def main() -> None:
    """Print until a signal comes."""
    rclpy.init(args=[])
    node = Node("witness")

    def printer(topic: str, details: Callable[[Any], dict[str, object]]) -> Callable[[Any], None]:
        def note(message: Any) -> None:
            entry = {
                "at": time.time(),
                "topic": topic,
                "stamp": stamps.nanoseconds_from_stamp(message.header.stamp),
                **details(message),
            }
            sys.stdout.write(json.dumps(entry) + "\n")
            sys.stdout.flush()

        return note

    def nothing(_: object) -> dict[str, object]:
        return {}

    def acknowledged(state: HeadState) -> dict[str, object]:
        return {
            "acked_stamp": stamps.nanoseconds_from_stamp(state.acked_command_stamp),
            "acked_at": stamps.seconds_from_stamp(state.acked_time),
            "parked": state.parked,
        }

    def pan(state: JointState) -> dict[str, object]:
        position = joints.position(state)
        return {"pan": position[0] if position else None}

    def values(array: DiagnosticArray) -> dict[str, object]:
        return {
            "values": {
                status.name: {item.key: item.value for item in status.values}
                for status in array.status
            }
        }

    for kind, topic, details in (
        (CameraInfo, topics.CAMERA_INFO, nothing),
        (Faces, topics.FACES, nothing),
        (HeadCommand, topics.HEAD_COMMAND, nothing),
        (HeadState, topics.HEAD_STATE, acknowledged),
        (JointState, topics.JOINT_STATES, pan),
        (DiagnosticArray, topics.DIAGNOSTICS, values),
    ):
        if topic in sys.argv[1:]:
            node.create_subscription(kind, topic, printer(topic, details), qos.OBSERVER)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
