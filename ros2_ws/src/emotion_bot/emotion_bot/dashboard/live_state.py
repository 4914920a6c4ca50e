"""What the page shows: the newest of every topic, as JSON-ready values.

Ages are by arrival, because the stamps of a replay are old. Angles go out in degrees, for people.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from emotion_bot_msgs.msg import (
    Expression,
    Face,
    Faces,
    GazeTarget,
    HeadCommand,
    HeadState,
    Posture,
)
from sensor_msgs.msg import CameraInfo, JointState

from emotion_bot import joints
from emotion_bot.dashboard.latency import LatencyWindow
from emotion_bot.dashboard.pictures import Picture
from emotion_bot.stamps import nanoseconds_from_stamp, seconds_from_stamp
from emotion_core.affect import Emotion

TRAIL_SECONDS = 30.0
_TRAIL_INTERVAL_SECONDS = 0.2
_STALE_SECONDS = 1.0
_WORDS_KEPT = 20

GAZE_STATES = {
    GazeTarget.IDLE: "idle",
    GazeTarget.TRACKING: "tracking",
    GazeTarget.HOLDING: "holding",
    GazeTarget.RETURNING: "returning",
}

LATENCIES = ("faces", "expression", "head command", "head acknowledgement")


@dataclass
class _Seen:
    """A message and when it came, s."""

    message: Any
    time: float


@dataclass
class _Person:
    expression: Expression
    time: float
    trail: deque[tuple[float, float, float]] = field(default_factory=deque)


class LiveState:
    """Takes messages and gives the state of the robot. One thread uses it. Times in s."""

    def __init__(self) -> None:
        self._people: dict[str, _Person] = {}
        self._faces: _Seen | None = None
        self._gaze: _Seen | None = None
        self._joints: _Seen | None = None
        self._posture: _Seen | None = None
        self._head_state: _Seen | None = None
        self._command: _Seen | None = None
        self._command_stamp = 0
        self._words: deque[dict[str, Any]] = deque(maxlen=_WORDS_KEPT)
        self._frames = 0
        self._rate_base: tuple[float, int] | None = None
        self._rate = 0.0
        self.latencies = {name: LatencyWindow() for name in LATENCIES}

    def on_faces(self, message: Faces, received: int, now: float) -> None:
        """Take the faces of a frame."""
        self._faces = _Seen(message, now)
        self._note_latency("faces", message, received, now)

    def on_expression(self, message: Expression, received: int, now: float) -> None:
        """Take one person's expression."""
        self._note_latency("expression", message, received, now)
        person = self._people.get(message.face_id)
        if person is None:
            person = self._people[message.face_id] = _Person(message, now)
        person.expression = message
        person.time = now
        trail = person.trail
        if not trail or now - trail[-1][0] >= _TRAIL_INTERVAL_SECONDS:
            trail.append((now, _rounded(message.valence, 3), _rounded(message.arousal, 3)))
        while trail and now - trail[0][0] > TRAIL_SECONDS:
            trail.popleft()

    def on_gaze_target(self, message: GazeTarget, _received: int, now: float) -> None:
        """Take where the robot looks."""
        self._gaze = _Seen(message, now)

    def on_head_command(self, message: HeadCommand, received: int, now: float) -> None:
        """Take a set-point; of those for one frame only the first counts for the latency."""
        self._command = _Seen(message, now)
        stamp = nanoseconds_from_stamp(message.header.stamp)
        if stamp > self._command_stamp:
            self._command_stamp = stamp
            self._note_latency("head command", message, received, now)

    def on_head_state(self, message: HeadState, _received: int, now: float) -> None:
        """Take what the head reports."""
        self._head_state = _Seen(message, now)
        acked = seconds_from_stamp(message.acked_command_stamp)
        if acked > 0:
            self.latencies["head acknowledgement"].add(
                seconds_from_stamp(message.acked_time) - acked, now
            )

    def on_joint_states(self, message: JointState, _received: int, now: float) -> None:
        """Take the head's angles."""
        if joints.position(message) is not None:
            self._joints = _Seen(message, now)

    def on_posture(self, message: Posture, _received: int, now: float) -> None:
        """Take what the behaviour does."""
        self._posture = _Seen(message, now)

    def on_words(self, text: str, face_id: str, *, final: bool, now: float) -> None:
        """Take recognised speech; a partial text is replaced by the next one."""
        if self._words and not self._words[-1]["final"]:
            self._words.pop()
        self._words.append({"text": text, "face_id": face_id, "final": final, "time": now})

    def on_camera_info(self, _message: CameraInfo, _received: int, _now: float) -> None:
        """Count a frame that the camera has published."""
        self._frames += 1

    @property
    def followed(self) -> str:
        """Id of the face that is looked at; empty for none."""
        return self._gaze.message.face_id if self._gaze is not None else ""

    @property
    def people_in_view(self) -> list[str]:
        """Ids of the faces in the newest frame."""
        return [face.id for face in self._faces.message.faces] if self._faces is not None else []

    def snapshot(self, now: float, picture: Picture | None) -> dict[str, Any]:
        """Return what changes several times a second.

        Args:
            now: s.
            picture: that goes with it; None when there is no new one.
        """
        self._forget(now)
        return {
            "picture": _picture(picture),
            "people": {
                face_id: _person(person, now)
                for face_id, person in self._people.items()
                if now - person.time <= _STALE_SECONDS
            },
            "faces": self.people_in_view if _is_fresh(self._faces, now) else None,
            "gaze": self._gaze_state(now),
            "head": self._head(now),
            "posture": self._posture_state(now),
        }

    def history(self, now: float) -> dict[str, list[list[float]]]:
        """Return each person's trail as lists of (age in s, valence, arousal), oldest first."""
        return {
            face_id: [
                [round(now - time, 1), valence, arousal] for time, valence, arousal in person.trail
            ]
            for face_id, person in self._people.items()
            if person.trail
        }

    def words(self, now: float) -> list[dict[str, Any]]:
        """Return what was heard, newest last, with ages in s."""
        return [
            {
                "text": word["text"],
                "face_id": word["face_id"],
                "final": word["final"],
                "age": round(now - word["time"]),
            }
            for word in self._words
        ]

    def latency_table(self, now: float) -> list[dict[str, Any]]:
        """Return median and 95th percentile in ms of each stage; null where unknown."""
        rows = []
        for name, window in self.latencies.items():
            percentiles = window.percentiles_ms(now)
            rows.append(
                {
                    "stage": name,
                    "p50": round(percentiles[0], 1) if percentiles else None,
                    "p95": round(percentiles[1], 1) if percentiles else None,
                }
            )
        return rows

    def frame_rate(self, now: float) -> float:
        """Return frames per second since the last call that was at least a second ago."""
        if self._rate_base is None:
            self._rate_base = (now, self._frames)
        time, frames = self._rate_base
        if now - time >= 1.0:
            self._rate = (self._frames - frames) / (now - time)
            self._rate_base = (now, self._frames)
        return round(self._rate, 1)

    def _note_latency(self, stage: str, message: Any, received: int, now: float) -> None:
        stamp = nanoseconds_from_stamp(message.header.stamp)
        if stamp > 0:
            self.latencies[stage].add((received - stamp) * 1e-9, now)

    def _forget(self, now: float) -> None:
        for face_id in [i for i, person in self._people.items() if now - person.time > 60.0]:
            del self._people[face_id]

    def _gaze_state(self, now: float) -> dict[str, Any] | None:
        if not _is_fresh(self._gaze, now):
            return None
        message: GazeTarget = self._gaze.message
        return {
            "state": GAZE_STATES.get(message.state, "unknown"),
            "face_id": message.face_id,
            "pan": _degrees(message.pan),
            "tilt": _degrees(message.tilt),
        }

    def _head(self, now: float) -> dict[str, Any]:
        position = joints.position(self._joints.message) if _is_fresh(self._joints, now) else None
        commanded = self._command.message if _is_fresh(self._command, now) else None
        state: HeadState | None = self._head_state.message if self._head_state else None
        return {
            "pan": _degrees(position[0]) if position else None,
            "tilt": _degrees(position[1]) if position else None,
            "commanded_pan": _degrees(commanded.pan) if commanded else None,
            "commanded_tilt": _degrees(commanded.tilt) if commanded else None,
            "connected": state.connected if state else None,
            "powered": state.powered if state else None,
            "parked": state.parked if state else None,
        }

    def _posture_state(self, now: float) -> dict[str, Any] | None:
        if not _is_fresh(self._posture, now):
            return None
        message: Posture = self._posture.message
        led = message.led
        return {
            "state": message.state,
            "expression": message.expression,
            "face_id": message.face_id,
            "led": [_rounded(channel, 2) for channel in (led.r, led.g, led.b, led.a)],
        }


def _is_fresh(seen: _Seen | None, now: float) -> bool:
    return seen is not None and now - seen.time <= _STALE_SECONDS


def _picture(picture: Picture | None) -> dict[str, Any] | None:
    if picture is None:
        return None
    faces = None
    if picture.faces is not None:
        faces = [
            {
                "id": face.id,
                "box": [
                    _rounded(edge, 4)
                    for edge in (face.roi.xmin, face.roi.ymin, face.roi.xmax, face.roi.ymax)
                ],
                "seen": face.source != Face.PREDICTED,
            }
            for face in picture.faces.faces
        ]
    return {
        "stamp": picture.stamp // 1_000_000,
        "width": picture.width,
        "height": picture.height,
        "faces": faces,
    }


def _person(person: _Person, now: float) -> dict[str, Any]:
    message = person.expression
    try:
        label = Emotion.from_rep155(message.expression).value
    except ValueError:
        label = ""
    return {
        "label": label,
        "confidence": _rounded(message.confidence, 3),
        "p": [_rounded(probability, 3) for probability in message.probabilities],
        "v": _rounded(message.valence, 3),
        "a": _rounded(message.arousal, 3),
        "affect": message.affect,
        "weights": [
            _rounded(weight, 3)
            for weight in (message.face_weight, message.voice_weight, message.text_weight)
        ],
        "age": round(now - person.time, 2),
    }


def _rounded(value: float, digits: int) -> float:
    """Return a number that JSON can carry; one that is not finite becomes 0."""
    return round(float(value), digits) if math.isfinite(value) else 0.0


def _degrees(angle: float) -> float | None:
    return round(math.degrees(angle), 1) if math.isfinite(angle) else None
