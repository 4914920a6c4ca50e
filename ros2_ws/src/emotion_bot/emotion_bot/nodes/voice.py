"""Voice node: sound in, voice activity and the expression of the voice out."""

from __future__ import annotations

import secrets
import sys
import time

from emotion_bot_msgs.msg import Audio, Voice
from rclpy.node import Node
from std_msgs.msg import Bool

from emotion_bot import qos, runner, topics
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import declare
from emotion_bot.pipeline.voice import PARAMETERS, VoicePipeline
from emotion_bot.subscriptions import subscribe
from emotion_bot.timers import create_timer
from emotion_core.inference.expression import ModelError

_SILENCE_SECONDS = 0.6
"""Without a message for so long, the sound has ended, and an utterance with it."""

_CHECKS_PER_SECOND = 5.0


class VoiceNode(Node):
    """Answers sound ten times a second, and at once when speech begins or ends."""

    def __init__(self) -> None:
        super().__init__("voice")
        values = declare(self, PARAMETERS)
        try:
            self.pipeline = VoicePipeline(values, id_prefix=f"{secrets.token_hex(2)}-")
        except (ModelError, ValueError) as error:
            raise runner.ConfigurationError(str(error)) from error
        self._chunks = 0
        self._rejected = 0
        self._rejection = ""
        self._heard_at: float | None = None
        self._was_speaking = False
        self._said_at = 0.0
        self._voices = self.create_publisher(Voice, topics.VOICE, qos.STREAM_PUBLISHER)
        self._is_speaking = self.create_publisher(
            Bool, topics.VOICE_IS_SPEAKING, qos.STREAM_PUBLISHER
        )
        subscribe(self, Audio, topics.AUDIO, self._on_audio, qos.SOUND)
        create_timer(self, 1.0 / _CHECKS_PER_SECOND, self._check)
        self._diagnostics = Diagnostics(self, "silero-vad", self._health)
        if self.pipeline.model_error:
            self.get_logger().warning(f"voice activity alone: {self.pipeline.model_error}")

    def _on_audio(self, message: Audio) -> None:
        self._heard_at = time.monotonic()
        try:
            answers = self.pipeline.process(message)
        except ValueError as error:
            self._rejected += 1
            self._rejection = str(error)
            self.get_logger().error(f"sound rejected: {error}", throttle_duration_sec=5.0)
            return
        self._chunks += 1
        self._rejection = ""
        self._publish(answers)

    def _check(self) -> None:
        if self._heard_at is not None and time.monotonic() - self._heard_at > _SILENCE_SECONDS:
            self._heard_at = None
            self._publish(self.pipeline.interrupt())

    def _publish(self, answers: list[Voice]) -> None:
        for answer in answers:
            self._voices.publish(answer)
            speaking = answer.is_speaking
            now = time.monotonic()
            repeat = speaking and now - self._said_at >= 1.0 / 2
            if speaking != self._was_speaking or repeat:
                self._was_speaking = speaking
                self._said_at = now
                self._is_speaking.publish(Bool(data=speaking))

    def _health(self) -> Health:
        pipeline = self.pipeline
        values = {
            "chunks": self._chunks,
            "chunks_rejected": self._rejected,
            "gaps": pipeline.gaps,
            "utterances": pipeline.utterances,
            "speech_probability": round(pipeline.speech_probability, 2),
            "model": pipeline.model_version or "none",
        }
        if self._rejection:
            return Level.ERROR, f"sound rejected: {self._rejection}", values
        if pipeline.model_error:
            return Level.WARN, f"voice activity alone: {pipeline.model_error}", values
        if self._chunks == 0:
            return Level.WARN, f"no sound yet on {topics.AUDIO}", values
        return Level.OK, "speech" if self._was_speaking else "no speech", values


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(VoiceNode, arguments))


if __name__ == "__main__":
    main()
