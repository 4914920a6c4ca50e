"""What our topics say about people, in the topics and words of REP-155 (ROS4HRI).

Nothing here needs hri_msgs: a publication names its message type and gives the fields, and the node
fills the message in.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from emotion_bot_msgs.msg import Expression, Face, Faces, Speech, Voice
from std_msgs.msg import Header

from emotion_bot import images, stamps
from emotion_bot.parameters import Parameter
from emotion_bot.topics import HUMANS
from emotion_core.affect import Emotion

PARAMETERS = (
    Parameter("crop_width", 128, "Width of the cropped faces, pixels.", 16, 1024),
    Parameter("crop_height", 128, "Height of the cropped faces, pixels.", 16, 1024),
    Parameter(
        "face_timeout", 2.0, "Without news of the camera for so long nobody is seen, s.", 0.5, 60.0
    ),
    Parameter(
        "voice_timeout",
        5.0,
        "How long a voice stays after the last that was heard of it, so that its words find it, s.",
        0.5,
        60.0,
    ),
)

FACES_TRACKED: Final = f"{HUMANS}/faces/tracked"
VOICES_TRACKED: Final = f"{HUMANS}/voices/tracked"
PERSONS_TRACKED: Final = f"{HUMANS}/persons/tracked"
PERSONS_KNOWN: Final = f"{HUMANS}/persons/known"
LISTS: Final = (FACES_TRACKED, VOICES_TRACKED, PERSONS_TRACKED, PERSONS_KNOWN)

_OWN_ID: Final = re.compile(r"(?=.{1,32}$)[0-9A-Za-z]+(-[0-9A-Za-z]+)*")


class Kind(Enum):
    """The message types of REP-155 that are used, by their names."""

    IDS = "hri_msgs/IdsList"
    REGION = "hri_msgs/NormalizedRegionOfInterest2D"
    EXPRESSION = "hri_msgs/Expression"
    SPEECH = "hri_msgs/LiveSpeech"
    IMAGE = "sensor_msgs/Image"
    FLAG = "std_msgs/Bool"
    TEXT = "std_msgs/String"


@dataclass(frozen=True)
class Publication:
    """One message to publish.

    Attributes:
        topic: absolute name.
        kind: message type.
        fields: content, by field name; of an image the message itself under `image`.
        latched: whether those who come later need it too.
    """

    topic: str
    kind: Kind
    fields: Mapping[str, Any]
    latched: bool = False


def humans_id(kind: str, own: str) -> str:
    """Return an id that may be part of a topic's name: letters, digits and underscores.

    Ours may begin with a digit and have hyphens in them. Different ids stay different.

    Args:
        kind: one letter: f(ace), v(oice) or p(erson).
        own: id in our messages.
    """
    if _OWN_ID.fullmatch(own):
        return kind + own.replace("-", "_")
    return f"{kind}_{hashlib.blake2s(own.encode(), digest_size=6).hexdigest()}"


def fit_crop(crop: npt.NDArray[np.uint8], width: int, height: int) -> npt.NDArray[np.uint8]:
    """Return a crop scaled to fit, centred, with black around it.

    Args:
        crop: uint8 (H, W) or (H, W, 3).
        width: of the result, pixels.
        height: of the result, pixels.
    """
    scale = min(width / crop.shape[1], height / crop.shape[0])
    size = (max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale)))
    scaled = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    fitted = np.zeros((height, width, *crop.shape[2:]), np.uint8)
    top, left = (height - scaled.shape[0]) // 2, (width - scaled.shape[1]) // 2
    fitted[top : top + scaled.shape[0], left : left + scaled.shape[1]] = scaled
    return fitted


class Humans:
    """Keeps who is there, and says what to publish about them.

    A person is anonymous and as old as the face; an utterance is a voice. Headers are passed on, so
    that stamps stay capture times.

    Args:
        values: of `PARAMETERS`, by name.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._crop_size = (int(values["crop_width"]), int(values["crop_height"]))
        self._face_timeout = float(values["face_timeout"])
        self._voice_timeout = float(values["voice_timeout"])
        # The voice that each face speaks with, in REP-155's words; empty when it has none.
        self._people: dict[str, str] = {}
        self._faces_header = Header()
        self._faces_at = -math.inf
        self._heard_at: dict[str, float] = {}
        self._voices_header = Header()
        self._utterance = ""
        self._speaker = ""

    @property
    def faces(self) -> int:
        """How many faces are tracked."""
        return len(self._people)

    @property
    def voices(self) -> int:
        """How many voices are tracked."""
        return len(self._heard_at)

    @property
    def namespaces(self) -> frozenset[str]:
        """The faces, voices and persons that are there; topics of others have no right to stay."""
        return frozenset(
            [_face_topic(own) for own in self._people]
            + [_person_topic(own) for own in self._people]
            + [_voice_topic(own) for own in self._heard_at]
        )

    def see(self, message: Faces, now: float) -> list[Publication]:
        """Take the faces of a frame.

        Args:
            message: as the faces node publishes it.
            now: time of arrival, s, never set back.

        Raises:
            ValueError: if a region is not finite or a crop cannot be read; nothing is changed then.
        """
        published = []
        for face in message.faces:
            published += self._show_face(face, message.header)
        self._faces_header, self._faces_at = message.header, now
        came = [face.id for face in message.faces if face.id not in self._people]
        self._people = {face.id: self._people.get(face.id, "") for face in message.faces}
        for own in came:
            published += [
                _flag(f"{_person_topic(own)}/anonymous", value=True),
                _text(f"{_person_topic(own)}/face_id", humans_id("f", own)),
            ]
        return published + self._link() + self._people_lists()

    def judge(self, message: Expression) -> list[Publication]:
        """Take the expression of a face that is in view; that of others is passed over.

        Raises:
            ValueError: if REP-155 lacks the word or a figure is not finite.
        """
        if message.face_id not in self._people:
            return []
        figures = (message.valence, message.arousal, message.confidence)
        if not all(map(math.isfinite, figures)):
            raise ValueError(f"expression of {message.face_id!r} is not finite: {figures}")
        fields = {
            "header": message.header,
            "expression": Emotion.from_rep155(message.expression).rep155,
            "valence": _clip(message.valence, -1.0),
            "arousal": _clip(message.arousal, -1.0),
            "confidence": _clip(message.confidence, 0.0),
        }
        return [
            Publication(f"{namespace}/expression", Kind.EXPRESSION, fields)
            for namespace in (_face_topic(message.face_id), _person_topic(message.face_id))
        ]

    def hear(self, message: Voice, now: float) -> list[Publication]:
        """Take what is heard of a voice; see `see` for the arguments."""
        self._voices_header = message.header
        own = message.utterance_id
        self._utterance = own if message.is_speaking else ""
        if not own:
            return [self._voice_list()]
        self._heard_at[own] = now
        speaking = _flag(f"{_voice_topic(own)}/is_speaking", value=message.is_speaking)
        return [speaking, *self._link(), self._voice_list()]

    def hear_words(self, message: Speech, now: float) -> list[Publication]:
        """Take the words of an utterance; see `see` for the arguments."""
        own = message.utterance_id
        if not own:
            return []
        # Words come late: what they are from may lie before the newest sound.
        self._voices_header = max(self._voices_header, message.header, key=_time)
        self._heard_at[own] = now
        fields = {
            "header": message.header,
            "incremental": message.incremental,
            "final": message.final,
            "confidence": message.confidence,
            # REP-155 has renamed the field; the message of the installed version has one or both.
            "locale": message.locale,
            "language": message.locale.replace("_", "-"),
        }
        words = Publication(f"{_voice_topic(own)}/speech", Kind.SPEECH, fields, latched=True)
        return [words, self._voice_list()]

    def attribute(self, face_id: str) -> list[Publication]:
        """Take who speaks: the id of a face, or nothing when none of those in view does."""
        self._speaker = face_id
        return self._link()

    def expire(self, now: float) -> list[Publication]:
        """Let go of those of whom nothing has been heard or seen for too long."""
        published = []
        if self._people and now - self._faces_at > self._face_timeout:
            self._people = {}
            published += self._people_lists()
        silent = [own for own, at in self._heard_at.items() if now - at > self._voice_timeout]
        for own in silent:
            del self._heard_at[own]
            published += self._unlink(humans_id("v", own))
            if self._utterance == own:
                self._utterance = ""
        return [*published, self._voice_list()] if silent else published

    def _show_face(self, face: Face, header: Header) -> Iterable[Publication]:
        roi = face.roi
        corners = {name: getattr(roi, name) for name in ("xmin", "ymin", "xmax", "ymax", "c")}
        if not all(map(math.isfinite, corners.values())):
            raise ValueError(f"region of face {face.id!r} is not finite: {corners}")
        # Ours may leave the image; those of REP-155 must not.
        clipped = {name: _clip(value, 0.0) for name, value in corners.items()}
        topic = _face_topic(face.id)
        yield Publication(f"{topic}/roi", Kind.REGION, {"header": header, **clipped})
        if face.crop.width > 0:
            crop = fit_crop(images.array_from_image(face.crop), *self._crop_size)
            image = images.image_message(crop, header)
            yield Publication(f"{topic}/cropped", Kind.IMAGE, {"image": image})

    def _link(self) -> list[Publication]:
        """Give the voice that is heard to the person who speaks, and to nobody else."""
        if self._speaker not in self._people or not self._utterance:
            return []
        voice = humans_id("v", self._utterance)
        if self._people[self._speaker] == voice:
            return []
        published = self._unlink(voice)
        self._people[self._speaker] = voice
        return [*published, _text(f"{_person_topic(self._speaker)}/voice_id", voice)]

    def _unlink(self, voice: str) -> list[Publication]:
        owners = [own for own, its_voice in self._people.items() if its_voice == voice]
        for own in owners:
            self._people[own] = ""
        return [_text(f"{_person_topic(own)}/voice_id", "") for own in owners]

    def _people_lists(self) -> list[Publication]:
        persons = [humans_id("p", own) for own in self._people]
        faces = [humans_id("f", own) for own in self._people]
        return [
            _ids(FACES_TRACKED, self._faces_header, faces),
            _ids(PERSONS_TRACKED, self._faces_header, persons),
            _ids(PERSONS_KNOWN, self._faces_header, persons),
        ]

    def _voice_list(self) -> Publication:
        ids = [humans_id("v", own) for own in self._heard_at]
        return _ids(VOICES_TRACKED, self._voices_header, ids)


def _face_topic(own: str) -> str:
    return f"{HUMANS}/faces/{humans_id('f', own)}"


def _voice_topic(own: str) -> str:
    return f"{HUMANS}/voices/{humans_id('v', own)}"


def _person_topic(own: str) -> str:
    return f"{HUMANS}/persons/{humans_id('p', own)}"


def _ids(topic: str, header: Header, ids: list[str]) -> Publication:
    return Publication(topic, Kind.IDS, {"header": header, "ids": ids}, latched=True)


def _flag(topic: str, *, value: bool) -> Publication:
    return Publication(topic, Kind.FLAG, {"data": value}, latched=True)


def _text(topic: str, text: str) -> Publication:
    return Publication(topic, Kind.TEXT, {"data": text}, latched=True)


def _time(header: Header) -> int:
    return stamps.nanoseconds_from_stamp(header.stamp)


def _clip(value: float, low: float) -> float:
    return min(1.0, max(low, value))
