"""Messages of the right type whose values make no sense."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from random import Random
from typing import Any

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from emotion_bot_msgs.msg import (
    Audio,
    Expression,
    Face,
    Faces,
    GazeTarget,
    HeadCommand,
    HeadState,
    Posture,
    Privacy,
    Speech,
    Voice,
)
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Bool, String

from emotion_bot import topics
from emotion_bot.replay.names import message_class

TYPES: dict[str, type] = {
    topics.IMAGE: Image,
    topics.CAMERA_INFO: CameraInfo,
    topics.RECORDING_ORIGIN: Time,
    topics.FACES: Faces,
    topics.AUDIO: Audio,
    topics.VOICE: Voice,
    topics.SPEECH: Speech,
    topics.SPEAKER: String,
    topics.PRIVACY: Privacy,
    topics.EXPRESSION: Expression,
    topics.GAZE_TARGET: GazeTarget,
    topics.HEAD_COMMAND: HeadCommand,
    topics.HEAD_STATE: HeadState,
    topics.JOINT_STATES: JointState,
    topics.DIAGNOSTICS: DiagnosticArray,
    topics.POSTURE: Posture,
    topics.FOLLOW: String,
    topics.SAY: String,
    topics.SAY_ACTIVE: Bool,
    topics.VOICE_IS_SPEAKING: Bool,
}
"""Every topic that a node of the robot reads, with its type."""

_FLOATS = (math.nan, math.inf, -math.inf, 1e308, -1e308, 0.0, -1.0)
_TEXTS = ("", "\0", "x" * 5000, "../../etc/passwd", "<script>", "\N{SNOWMAN}" * 100, "face_1")
_LENGTHS = (0, 1, 1000)
_BOUNDS = {
    "int8": (-(2**7), 2**7 - 1),
    "uint8": (0, 2**8 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "uint16": (0, 2**16 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}
_LARGEST_FLOAT32 = 3.4e38


def absurd_message(message_type: type, random: Random) -> Any:
    """Return a message whose fields are extremes drawn at random."""
    message = message_type()
    for name, type_name in message_type.get_fields_and_field_types().items():
        setattr(message, name, _value(type_name, random))
    return message


def _value(type_name: str, random: Random) -> Any:
    if array := re.fullmatch(r"(.+)\[(\d+)\]", type_name):
        return [_value(array[1], random) for _ in range(int(array[2]))]
    if sequence := re.fullmatch(r"sequence<(.+?)(?:, (\d+))?>", type_name):
        most = int(sequence[2]) if sequence[2] else max(_LENGTHS)
        length = min(random.choice(_LENGTHS), most)
        if "/" in sequence[1]:
            length = min(length, 3)
        return [_value(sequence[1], random) for _ in range(length)]
    if type_name in ("boolean", "bool"):
        return random.random() < 0.5
    if type_name == "float":
        value = random.choice(_FLOATS)
        too_large = math.isfinite(value) and abs(value) > _LARGEST_FLOAT32
        return math.copysign(_LARGEST_FLOAT32, value) if too_large else value
    if type_name == "double":
        return random.choice(_FLOATS)
    if type_name == "string":
        return random.choice(_TEXTS)
    if type_name == "octet":
        return bytes([random.choice((0, 255))])
    if type_name in _BOUNDS:
        return random.choice((*_BOUNDS[type_name], 0))
    package, name = type_name.split("/")
    return absurd_message(message_class(f"{package}/msg/{name}"), random)


def many_faces(count: int) -> bytes:
    """Return a serialised Faces message with very many faces.

    It is put together from bytes, since a million Python objects would take the sender as long as
    they would take the robot.

    Args:
        count: rounded down to a multiple of eight.
    """
    # Eight faces keep the alignment of what follows, so that their bytes may be repeated.
    few, more = (serialize_message(Faces(faces=[Face(id="face")] * n)) for n in (8, 16))
    block = more[len(few) :]
    place = next(at for at in range(4, len(few), 4) if few[at] == 8 and more[at] == 16)
    blocks = count // 8
    header = more[:place] + (8 * blocks).to_bytes(4, "little") + more[place + 4 : len(few)]
    return header + block * (blocks - 1)


def messages(random: Random, per_topic: int) -> Iterator[tuple[str, Any]]:
    """Yield topics and messages, all topics in turn."""
    for _ in range(per_topic):
        for topic, message_type in TYPES.items():
            yield topic, absurd_message(message_type, random)
