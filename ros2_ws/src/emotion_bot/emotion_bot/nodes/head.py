"""Head node: set-points in, joint angles and the head's state out."""

from __future__ import annotations

import sys
import time

from emotion_bot_msgs.msg import HeadCommand, HeadState
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import JointState

from emotion_bot import qos, runner, topics
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import Parameter, declare
from emotion_bot.pipeline.head import HeadPipeline
from emotion_bot.subscriptions import subscribe
from emotion_bot.timers import create_timer
from emotion_core.head.factory import create_head
from emotion_core.head.virtual import SILENCE_UNTIL_HOMING

PARAMETERS = (
    Parameter("backend", "virtual", "Which head: virtual, sim, serial or serial:PORT."),
    Parameter(
        "command_timeout",
        SILENCE_UNTIL_HOMING,
        "Without a set-point for so long the head is parked, s: nobody steers it any more.",
        0.1,
        3600.0,
    ),
    Parameter("rate", 50.0, "Reports per second; servos move 50 times a second.", 10.0, 200.0),
)


class HeadNode(runner.DeviceNode):
    """Active: the link to the head is open. Inactive: it is parked and the port is free."""

    def __init__(self) -> None:
        super().__init__("head")
        values = declare(self, PARAMETERS)
        self._backend: str = values["backend"]
        try:
            head = create_head(self._backend, self._now)
        except ValueError as error:
            raise runner.ConfigurationError(str(error)) from error
        if head is None:
            raise runner.ConfigurationError(
                f"head {self._backend!r} leaves this node nothing to do"
            )
        self._head = head
        self._active = False
        self._rejection = ""
        self._pipeline = HeadPipeline(head, values["command_timeout"])
        self._joint_states = self.create_publisher(
            JointState, topics.JOINT_STATES, qos.STREAM_PUBLISHER
        )
        self._states = self.create_publisher(HeadState, topics.HEAD_STATE, qos.STREAM_PUBLISHER)
        subscribe(self, HeadCommand, topics.HEAD_COMMAND, self._on_command, qos.SET_POINT)
        create_timer(self, 1.0 / values["rate"], self._report)
        self._diagnostics = Diagnostics(self, self._backend, self._health)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open the link."""
        self._head.open()
        self._active = True
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Park the head and close the link."""
        self.close()
        return super().on_deactivate(state)

    def close(self) -> None:
        """Park the head and close the link; safe to call twice."""
        if self._active:
            self._active = False
            self._head.close()
            self._pipeline.report()

    def _on_command(self, message: HeadCommand) -> None:
        if not self._active:
            return
        try:
            self._pipeline.command(message, time.monotonic())
        except ValueError as error:
            self._rejection = str(error)
            self.get_logger().error(f"command rejected: {error}", throttle_duration_sec=5.0)
        else:
            self._rejection = ""

    def _report(self) -> None:
        if not self._active:
            return
        self._pipeline.watch(time.monotonic())
        angles, state = self._pipeline.report()
        if angles is not None:
            self._joint_states.publish(angles)
        if state is not None:
            self._states.publish(state)

    def _health(self) -> Health:
        snapshot = self._pipeline.snapshot
        values = {
            "connected": snapshot.connected,
            "powered": snapshot.powered,
            "firmware_version": snapshot.firmware_version,
            "boot_count": snapshot.boot_count,
            "commands_sent": snapshot.commands_sent,
            "commands_acked": snapshot.commands_acked,
            "commands_lost": snapshot.commands_lost,
        }
        if not self._active:
            return Level.OK, "closed", values
        if not snapshot.connected:
            return Level.ERROR, snapshot.message or "not connected", values
        if self._rejection:
            return Level.WARN, f"command rejected: {self._rejection}", values
        if snapshot.message:
            return Level.WARN, snapshot.message, values
        if not self._pipeline.is_followed:
            return Level.OK, "connected, no set-points", values
        return Level.OK, "connected", values


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(HeadNode, arguments))


if __name__ == "__main__":
    main()
