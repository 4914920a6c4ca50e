"""Microphone node: chunks of a device, a file or a video's sound track, stamped at capture."""

from __future__ import annotations

import sys
import threading

from builtin_interfaces.msg import Time
from emotion_bot_msgs.msg import Audio, Voice

from emotion_bot import qos, runner, sounds, stamps, topics
from emotion_bot.capture_node import (
    CONSUMPTION_TIMEOUT_SECONDS,
    WAIT_FOR_SUBSCRIBER,
    CaptureNode,
)
from emotion_bot.diagnostics import PERIOD_SECONDS, Health, Level
from emotion_bot.parameters import Parameter, declare
from emotion_bot.subscriptions import subscribe
from emotion_core.audio.chunks import AudioChunk, AudioSpecificationError
from emotion_core.audio.grabber import AudioGrabber
from emotion_core.audio.level import LevelMeter
from emotion_core.audio.sources import parse_audio_source
from emotion_core.capture.source import Pace

FRAME = "microphone_frame"

PARAMETERS = (
    Parameter("source", "device", "device[:N|:NAME], wav:PATH or video:PATH."),
    Parameter(
        "pace",
        Pace.REAL_TIME.value,
        "When the chunks of a file are taken; as_consumed waits for the answers of the voice node.",
        choices=tuple(pace.value for pace in Pace),
    ),
    Parameter(
        "follow_camera",
        False,
        "Take the time origin of a video's sound from the camera node that shows the same file.",
    ),
    WAIT_FOR_SUBSCRIBER,
)

_AHEAD_SECONDS = 0.5
"""So much sound may be waiting for its answer in the pace as_consumed."""

_CLIPPED_WARNING = 0.001


class MicrophoneNode(CaptureNode[AudioChunk]):
    """Publishes what a microphone or a file hears."""

    def __init__(self) -> None:
        super().__init__("microphone")
        values = declare(self, PARAMETERS)
        try:
            self._source = parse_audio_source(values["source"])
        except AudioSpecificationError as error:
            raise runner.ConfigurationError(str(error)) from error
        self._origin: float | None = None
        follows = bool(values["follow_camera"])
        if follows:
            subscribe(self, Time, topics.RECORDING_ORIGIN, self._on_recording_origin, qos.STATUS)
        pace = Pace(values["pace"])
        grabber = AudioGrabber(
            self._source,
            self._now,
            pace=pace,
            origin=(lambda: self._origin) if follows else None,
        )
        self._as_consumed = pace is Pace.AS_CONSUMED
        self._consumed = threading.Condition()
        self._consumed_until = 0.0
        if self._as_consumed:
            subscribe(self, Voice, topics.VOICE, self._on_voice, qos.STREAM)
        self._meter = LevelMeter()
        self._meter_lock = threading.Lock()
        self._audio = self.create_publisher(Audio, topics.AUDIO, qos.SOUND)
        self.capture_from(grabber, self._audio, values[WAIT_FOR_SUBSCRIBER.name])

    def _interrupt(self) -> None:
        with self._consumed:
            self._consumed.notify_all()

    def _on_recording_origin(self, message: Time) -> None:
        self._origin = stamps.seconds_from_stamp(message)

    def _on_voice(self, message: Voice) -> None:
        with self._consumed:
            self._consumed_until = stamps.seconds_from_stamp(message.header.stamp)
            self._consumed.notify_all()

    def _publish(self, chunk: AudioChunk) -> None:
        with self._meter_lock:
            self._meter.add(chunk.samples)
        self._audio.publish(sounds.audio_message(chunk, FRAME))
        if self._as_consumed:
            with self._consumed:
                self._consumed.wait_for(
                    lambda: (
                        self._stop.is_set() or chunk.time - self._consumed_until < _AHEAD_SECONDS
                    ),
                    CONSUMPTION_TIMEOUT_SECONDS,
                )

    def _health(self) -> Health:
        status = self._grabber.status
        with self._meter_lock:
            level = self._meter.read()
        values: dict[str, object] = {
            "chunks_captured": status.captured,
            "chunks_dropped": status.dropped,
            "invalid_samples": self._source.invalid_samples,
            "level_dbfs": round(level.rms_dbfs, 1),
            "peak": round(level.peak, 3),
            "clipped_percent": round(100 * level.clipped, 2),
        }
        severity, message, values = self._device_health(status, values)
        if severity is Level.OK and level.clipped > _CLIPPED_WARNING:
            stretch = f"{level.clipped:.1%} of the last {PERIOD_SECONDS:.0f} s"
            return Level.WARN, f"{self._source.name}: too loud, {stretch} is clipped", values
        return severity, message, values


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(MicrophoneNode, arguments))


if __name__ == "__main__":
    main()
