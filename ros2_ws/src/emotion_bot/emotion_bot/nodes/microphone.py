"""Microphone node: chunks of a device, a file or a video's sound track, stamped at capture."""

from __future__ import annotations

import sys
import threading

from builtin_interfaces.msg import Time
from emotion_bot_msgs.msg import Audio, Voice
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

from emotion_bot import camera_health, qos, runner, sounds, stamps, topics
from emotion_bot.diagnostics import PERIOD_SECONDS, Diagnostics, Health, Level
from emotion_bot.parameters import Parameter, declare
from emotion_bot.subscriptions import subscribe
from emotion_core.audio.chunks import AudioChunk, AudioSpecificationError
from emotion_core.audio.grabber import AudioGrabber
from emotion_core.audio.level import LevelMeter
from emotion_core.audio.sources import parse_audio_source
from emotion_core.vision.grabber import GrabberState, Pace

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
    Parameter(
        "wait_for_subscriber",
        True,
        "Start only when somebody listens, so that a file is heard from its first sample.",
    ),
)

_TAKE_TIMEOUT_SECONDS = 0.2

_AHEAD_SECONDS = 0.5
_CONSUMPTION_TIMEOUT_SECONDS = 2.0
"""After this long without an answer the consumer is taken to be gone; the next chunk follows."""

_CLIPPED_WARNING = 0.001


class MicrophoneNode(runner.DeviceNode):
    """Active: the source is open. Inactive: the device is closed."""

    def __init__(self) -> None:
        super().__init__("microphone")
        values = declare(self, PARAMETERS)
        try:
            self._source = parse_audio_source(values["source"])
        except AudioSpecificationError as error:
            raise runner.ConfigurationError(str(error)) from error
        self._wait_for_subscriber: bool = values["wait_for_subscriber"]
        self._origin: float | None = None
        follows = bool(values["follow_camera"])
        if follows:
            subscribe(self, Time, topics.RECORDING_ORIGIN, self._on_recording_origin, qos.STATUS)
        pace = Pace(values["pace"])
        self._grabber = AudioGrabber(
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
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._diagnostics = Diagnostics(self, values["source"], self._health)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open the source; a device that is absent is retried."""
        self._stop.clear()
        self._thread = self.device_thread(self._publish_chunks)
        self._thread.start()
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the source; fails while the device cannot be closed, and the node stays active."""
        self.close()
        if self._grabber.status.state is not GrabberState.CLOSED:
            return TransitionCallbackReturn.FAILURE
        return super().on_deactivate(state)

    def close(self) -> None:
        """Close the source; safe to call twice."""
        self._stop.set()
        with self._consumed:
            self._consumed.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _now(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9

    def _on_recording_origin(self, message: Time) -> None:
        self._origin = stamps.seconds_from_stamp(message)

    def _on_voice(self, message: Voice) -> None:
        with self._consumed:
            self._consumed_until = stamps.seconds_from_stamp(message.header.stamp)
            self._consumed.notify_all()

    def _publish_chunks(self) -> None:
        while self._wait_for_subscriber and self._audio.get_subscription_count() == 0:
            if self._stop.wait(0.05):
                return
        with self._grabber:
            while not self._stop.is_set():
                chunk = self._grabber.take(_TAKE_TIMEOUT_SECONDS)
                if not self.context.ok():
                    return
                if chunk is not None:
                    self._publish(chunk)
                elif self._grabber.status.state is GrabberState.ENDED:
                    self._diagnostics.publish()
                    self._stop.wait()

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
                    _CONSUMPTION_TIMEOUT_SECONDS,
                )

    def _health(self) -> Health:
        status = self._grabber.status
        with self._meter_lock:
            level = self._meter.read()
        values: dict[str, object] = {
            camera_health.STATE: status.state.value,
            camera_health.FAILURES: status.failures,
            "chunks_captured": status.captured,
            "chunks_dropped": status.dropped,
            "invalid_samples": self._source.invalid_samples,
            "level_dbfs": round(level.rms_dbfs, 1),
            "peak": round(level.peak, 3),
            "clipped_percent": round(100 * level.clipped, 2),
        }
        if status.state is GrabberState.RETRYING and status.failures:
            return Level.ERROR, status.last_error, values
        if status.state is GrabberState.ENDED and status.last_error:
            return Level.ERROR, status.last_error, values
        if level.clipped > _CLIPPED_WARNING:
            stretch = f"{level.clipped:.1%} of the last {PERIOD_SECONDS:.0f} s"
            return Level.WARN, f"{self._source.name}: too loud, {stretch} is clipped", values
        return Level.OK, f"{self._source.name}: {status.state.value}", values


def main(arguments: list[str] | None = None) -> None:
    """Run the node until it is stopped."""
    sys.exit(runner.run(MicrophoneNode, arguments))


if __name__ == "__main__":
    main()
