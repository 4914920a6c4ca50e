"""Behaviour node: people's faces, expressions and voice in, the robot's posture and words out."""

from __future__ import annotations

import sys
from pathlib import Path

from emotion_bot_msgs.msg import Expression, Faces, GazeTarget, Posture
from emotion_bot_msgs.srv import SetBehaviour
from rclpy.node import Node
from std_msgs.msg import Bool, ColorRGBA, String

from emotion_bot import qos, runner, stamps, topics
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import Parameter, declare
from emotion_bot.subscriptions import subscribe
from emotion_bot.timers import create_timer
from emotion_bot.up.processes import config_directory
from emotion_core.behaviour import companion
from emotion_core.behaviour.people import SeenFace
from emotion_core.behaviour.reactions_file import ReactionsError, load_reactions
from emotion_core.behaviour.tree import Request

PARAMETERS = (
    Parameter("rate", 20.0, "Postures per second.", 10.0, 50.0),
    Parameter(
        "reactions_file",
        "",
        "YAML with your own reactions; what it leaves out comes from the shipped reactions.yaml. "
        "Empty for the shipped ones alone.",
    ),
    Parameter("speak", False, f"Publish sentences on {topics.SAY}."),
)


class BehaviourNode(Node):
    """Tells a companion what is seen and heard, and publishes its posture at a fixed rate."""

    def __init__(self) -> None:
        super().__init__("behaviour")
        values = declare(self, PARAMETERS)
        self._reactions_file: str = values["reactions_file"]
        try:
            shipped = config_directory() / "reactions.yaml"
            if self._reactions_file:
                reactions = load_reactions(Path(self._reactions_file).expanduser(), shipped)
            else:
                reactions = load_reactions(shipped)
        except (ReactionsError, FileNotFoundError) as error:
            raise runner.ConfigurationError(str(error)) from error
        self._companion = companion.Companion(reactions)
        self._speak: bool = values["speak"]
        self._state = ""
        self._frames = 0
        self._rejection = ""
        self._postures = self.create_publisher(Posture, topics.POSTURE, qos.STREAM_PUBLISHER)
        self._sentences = self.create_publisher(String, topics.SAY, qos.STREAM_PUBLISHER)
        subscribe(self, Faces, topics.FACES, self._on_faces, qos.STREAM)
        subscribe(self, Expression, topics.EXPRESSION, self._on_expression, qos.STREAM)
        subscribe(self, GazeTarget, topics.GAZE_TARGET, self._on_gaze, qos.STREAM)
        subscribe(self, Bool, topics.VOICE_IS_SPEAKING, self._on_voice, qos.STREAM)
        subscribe(self, Bool, topics.SAY_ACTIVE, self._on_own_voice, qos.STATUS)
        self.create_service(SetBehaviour, topics.SET_BEHAVIOUR_SERVICE, self._on_request)
        create_timer(self, 1.0 / values["rate"], self._publish)
        self._diagnostics = Diagnostics(self, self._reactions_file or shipped.name, self._health)

    def close(self) -> None:
        """Release what the companion holds."""
        self._companion.close()

    def _on_faces(self, message: Faces) -> None:
        faces = [
            SeenFace.from_corners(
                face.id, face.roi.xmin, face.roi.ymin, face.roi.xmax, face.roi.ymax
            )
            for face in message.faces
        ]
        self._companion.observe_faces(stamps.seconds_from_stamp(message.header.stamp), faces)
        self._frames += 1

    def _on_expression(self, message: Expression) -> None:
        try:
            self._companion.observe_expression(
                stamps.seconds_from_stamp(message.header.stamp),
                message.face_id,
                message.probabilities.tolist(),
            )
        except ValueError as error:
            self._reject(topics.EXPRESSION, error)

    def _on_gaze(self, message: GazeTarget) -> None:
        try:
            self._companion.observe_gaze(message.face_id, message.pan, message.tilt)
        except ValueError as error:
            self._reject(topics.GAZE_TARGET, error)

    def _on_voice(self, message: Bool) -> None:
        self._companion.observe_voice(self._now(), message.data)

    def _on_own_voice(self, message: Bool) -> None:
        self._companion.observe_own_voice(message.data)

    def _on_request(
        self, request: SetBehaviour.Request, response: SetBehaviour.Response
    ) -> SetBehaviour.Response:
        try:
            if request.request == SetBehaviour.Request.FOLLOW:
                self._companion.follow(request.face_id)
            else:
                self._companion.request(Request(request.request))
        except ValueError as error:
            response.message = str(error)
        else:
            response.success = True
        return response

    def _publish(self) -> None:
        posture = self._companion.update(self._now())
        self._postures.publish(_posture_message(posture))
        if self._speak and posture.sentence:
            self._sentences.publish(String(data=posture.sentence))
        if posture.state.value != self._state:
            self._state = posture.state.value
            self.get_logger().info(self._state)

    def _now(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9

    def _reject(self, topic: str, error: ValueError) -> None:
        self._rejection = f"{topic} rejected: {error}"
        self.get_logger().error(self._rejection, throttle_duration_sec=5.0)

    def _health(self) -> Health:
        values = {"state": self._state, "frames": self._frames, "speak": self._speak}
        rejection, self._rejection = self._rejection, ""
        if rejection:
            return Level.WARN, rejection, values
        if not self._frames:
            return Level.WARN, f"nothing yet on {topics.FACES}", values
        return Level.OK, self._state, values


def _posture_message(posture: companion.Posture) -> Posture:
    red, green, blue = posture.rgb
    message = Posture(
        state=posture.state.value,
        expression=posture.emotion.rep155 if posture.emotion else "",
        pan=posture.offset.pan,
        tilt=posture.offset.tilt,
        speed=posture.speed,
        led=ColorRGBA(r=red, g=green, b=blue, a=posture.brightness),
        engaged=posture.engaged,
        face_id=posture.face_id,
    )
    message.header.stamp = stamps.stamp_from_seconds(posture.time)
    return message


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(BehaviourNode, arguments))


if __name__ == "__main__":
    main()
