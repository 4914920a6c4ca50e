"""Speech node: sound and voice activity in, words and their expression out."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any

from emotion_bot_msgs.msg import Audio, Speech, Voice
from rclpy.node import Node

from emotion_bot import qos, runner, topics
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import declare
from emotion_bot.pipeline.speech import PARAMETERS, SpeechPipeline
from emotion_bot.priority import lower_priority
from emotion_bot.subscriptions import subscribe
from emotion_core.audio.recognizer import NO_RECOGNIZER, RecognizerError, make_recognizer
from emotion_core.inference.expression import ModelError
from emotion_core.inference.text import TextModel
from emotion_core.resources import models_directory

_IDLE_SECONDS = 0.1


class SpeechNode(Node):
    """Recognises in a thread of low priority, so that seeing never waits for hearing.

    A recogniser or text model that cannot be used is reported; the robot goes on without it.
    """

    def __init__(self) -> None:
        super().__init__("speech")
        values = declare(self, PARAMETERS)
        lower_priority(values["niceness"])
        self._rejection = ""
        self._rejected = 0
        self._model: TextModel | None = None
        self._model_error = ""
        try:
            path = Path(values["text_model"] or models_directory() / "text.onnx")
            self._model = TextModel(path, values["threads"])
        except (ModelError, FileNotFoundError) as error:
            self._model_error = str(error)
            self.get_logger().warning(f"words without expression: {error}")
        self._recognizer_error = ""
        self.pipeline = self._make_pipeline(values)
        self._work = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._speech = self.create_publisher(Speech, topics.SPEECH, qos.STREAM_PUBLISHER)
        if self.pipeline is not None:
            subscribe(self, Audio, topics.AUDIO, self._on_audio, qos.SOUND)
            subscribe(self, Voice, topics.VOICE, self._on_voice, qos.SOUND)
            self._thread = threading.Thread(target=self._recognize, name="speech", daemon=True)
            self._thread.start()
        self._diagnostics = Diagnostics(self, values["recognizer"], self._health)

    def close(self) -> None:
        """Stop recognising; safe to call twice."""
        self._stop.set()
        self._work.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _make_pipeline(self, values: dict[str, Any]) -> SpeechPipeline | None:
        try:
            recognizer = make_recognizer(values["recognizer"])
        except RecognizerError as error:
            self._recognizer_error = str(error)
            self.get_logger().error(f"no words: {error}")
            return None
        if recognizer is None:
            return None
        return SpeechPipeline(
            values, recognizer, self._model.predict if self._model is not None else None
        )

    def _on_audio(self, message: Audio) -> None:
        assert self.pipeline is not None  # noqa: S101
        try:
            self.pipeline.add_audio(message)
        except ValueError as error:
            self._rejected += 1
            self._rejection = str(error)
            self.get_logger().error(f"sound rejected: {error}", throttle_duration_sec=5.0)
            return
        self._rejection = ""
        self._work.set()

    def _on_voice(self, message: Voice) -> None:
        assert self.pipeline is not None  # noqa: S101
        self.pipeline.add_voice(message)
        self._work.set()

    def _recognize(self) -> None:
        assert self.pipeline is not None  # noqa: S101
        while not self._stop.is_set():
            self._work.clear()
            answers = self.pipeline.step(time.monotonic())
            if not self.context.ok():
                return
            for answer in answers or ():
                self._speech.publish(answer)
            if answers is None:
                self._work.wait(_IDLE_SECONDS)

    def _health(self) -> Health:
        if self._recognizer_error:
            return Level.ERROR, f"no words: {self._recognizer_error}", {}
        if self.pipeline is None:
            return Level.OK, f"recognizer: {NO_RECOGNIZER}", {}
        pipeline = self.pipeline
        values = {
            "utterances_recognized": pipeline.recognized,
            "utterances_without_words": pipeline.without_words,
            "utterances_dropped": pipeline.dropped,
            "utterances_failed": pipeline.failed,
            "utterances_waiting": pipeline.waiting,
            "lag_seconds": round(pipeline.lag, 2),
            "sound_rejected": self._rejected,
            "model": self._model.metadata.get("version", "unknown") if self._model else "none",
        }
        if self._rejection:
            return Level.ERROR, f"sound rejected: {self._rejection}", values
        if pipeline.failure:
            return Level.ERROR, pipeline.failure, values
        if self._model_error:
            return Level.WARN, f"words without expression: {self._model_error}", values
        return Level.OK, f"{pipeline.recognized} utterances", values


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(SpeechNode, arguments))


if __name__ == "__main__":
    main()
