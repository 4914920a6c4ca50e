"""Humans node: republishes the people in view and their voices as REP-155 (ROS4HRI) has them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from emotion_bot_msgs.msg import Expression, Faces, Speech, Voice
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import Image
from std_msgs.msg import Bool, String

from emotion_bot import hri, qos, runner, topics
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import declare
from emotion_bot.pipeline.humans import LISTS, PARAMETERS, Humans, Kind, Publication
from emotion_bot.subscriptions import subscribe
from emotion_bot.timers import create_timer

_CHECKS_PER_SECOND = 4.0


class HumansNode(Node):
    """Publishes with hri_msgs below /humans what the robot's own topics say about people."""

    def __init__(self) -> None:
        super().__init__("humans")
        self._types = _message_types()
        self._humans = Humans(declare(self, PARAMETERS))
        self._outlets: dict[str, Publisher] = {}
        self._published = 0
        self._rejection = ""
        for topic in LISTS:
            self._outlet(Publication(topic, Kind.IDS, {}, latched=True))
        subscribe(self, Faces, topics.FACES, self._on_faces, qos.STREAM)
        subscribe(self, Expression, topics.EXPRESSION, self._on_expression, qos.STREAM)
        subscribe(self, Voice, topics.VOICE, self._on_voice, qos.STREAM)
        subscribe(self, Speech, topics.SPEECH, self._on_speech, qos.STREAM)
        subscribe(self, String, topics.SPEAKER, self._on_speaker, qos.STATUS)
        create_timer(self, 1.0 / _CHECKS_PER_SECOND, self._check)
        self._diagnostics = Diagnostics(self, "", self._health)

    def _on_faces(self, message: Faces) -> None:
        self._accept("faces", lambda: self._humans.see(message, time.monotonic()))

    def _on_expression(self, message: Expression) -> None:
        self._accept("expression", lambda: self._humans.judge(message))

    def _on_voice(self, message: Voice) -> None:
        self._accept("voice", lambda: self._humans.hear(message, time.monotonic()))

    def _on_speech(self, message: Speech) -> None:
        self._accept("words", lambda: self._humans.hear_words(message, time.monotonic()))

    def _on_speaker(self, message: String) -> None:
        self._accept("speaker", lambda: self._humans.attribute(message.data))

    def _check(self) -> None:
        self._publish(self._humans.expire(time.monotonic()))

    def _accept(self, what: str, take: Callable[[], list[Publication]]) -> None:
        """Publish what follows from a message; a bad one is named and passed over."""
        try:
            publications = take()
        except ValueError as error:
            self._rejection = f"{what} rejected: {error}"
            self.get_logger().error(self._rejection, throttle_duration_sec=5.0)
            return
        if what == "faces":
            self._rejection = ""
        self._publish(publications)

    def _publish(self, publications: Iterable[Publication]) -> None:
        for publication in publications:
            self._outlet(publication).publish(self._message(publication))
            self._published += 1
        here = self._humans.namespaces
        for topic in [t for t in self._outlets if t not in LISTS and _namespace(t) not in here]:
            self.destroy_publisher(self._outlets.pop(topic))

    def _outlet(self, publication: Publication) -> Publisher:
        outlet = self._outlets.get(publication.topic)
        if outlet is None:
            profile = qos.STATUS if publication.latched else qos.STREAM_PUBLISHER
            message_type = self._types[publication.kind]
            outlet = self.create_publisher(message_type, publication.topic, profile)
            self._outlets[publication.topic] = outlet
        return outlet

    def _message(self, publication: Publication) -> Any:
        if publication.kind is Kind.IMAGE:
            return publication.fields["image"]
        message_type = self._types[publication.kind]
        known = message_type.get_fields_and_field_types()
        return message_type(**{k: v for k, v in publication.fields.items() if k in known})

    def _health(self) -> Health:
        values = {
            "faces": self._humans.faces,
            "voices": self._humans.voices,
            "topics": len(self._outlets),
            "messages": self._published,
        }
        if self._rejection:
            return Level.ERROR, self._rejection, values
        return Level.OK, f"{self._humans.faces} faces, {self._humans.voices} voices", values


def _message_types() -> Mapping[Kind, Any]:
    """Return the message classes.

    Raises:
        ConfigurationError: if hri_msgs is not installed.
    """
    try:
        from hri_msgs import msg
    except ImportError as error:
        raise runner.ConfigurationError(hri.installation_advice()) from error
    return {
        Kind.IDS: msg.IdsList,
        Kind.REGION: msg.NormalizedRegionOfInterest2D,
        Kind.EXPRESSION: msg.Expression,
        Kind.SPEECH: msg.LiveSpeech,
        Kind.IMAGE: Image,
        Kind.FLAG: Bool,
        Kind.TEXT: String,
    }


def _namespace(topic: str) -> str:
    return topic.rpartition("/")[0]


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(HumansNode, arguments))


if __name__ == "__main__":
    main()
