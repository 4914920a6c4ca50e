"""What states and expressions do to head, light and voice: the content of the reactions file."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from emotion_core.affect import EMOTIONS, Emotion

LONGEST_SENTENCE: Final = 200
"""Characters of the longest text that is spoken at once."""

_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")


def check_colour(text: str) -> str:
    """Return a colour in lower case.

    Raises:
        ValueError: if it is not of the form "#rrggbb".
    """
    if not _COLOUR.fullmatch(text):
        raise ValueError(f'must be a colour of the form "#rrggbb", got {text!r}')
    return text.lower()


def _check_sentence(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("must be one line of text")
    return text


Seconds = Annotated[float, Field(ge=0.0, le=86400.0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Colour = Annotated[str, AfterValidator(check_colour)]
Sentence = Annotated[str, Field(max_length=LONGEST_SENTENCE), AfterValidator(_check_sentence)]


class Section(BaseModel):
    """A mapping of the file: nothing unknown, no text where a number belongs, no infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Pose(Section):
    """An angle added to the gaze.

    Attributes:
        pan_deg: positive to the robot's left.
        tilt_deg: positive upwards.
    """

    pan_deg: Annotated[float, Field(ge=-30.0, le=30.0)] = 0.0
    tilt_deg: Annotated[float, Field(ge=-30.0, le=30.0)] = 0.0


class Nod(Section):
    """Down and up again.

    Attributes:
        count: how often; 0 for no nod.
        depth_deg: how far down.
        period: of one nod, s.
    """

    count: Annotated[int, Field(ge=0, le=5)] = 0
    depth_deg: Annotated[float, Field(ge=0.0, le=15.0)] = 4.0
    period: Annotated[float, Field(ge=0.4, le=3.0)] = 0.8


class Reaction(Section):
    """What the robot does in one state or for one expression.

    Attributes:
        pose: added to the gaze for as long as it lasts.
        colour: of the light, "#rrggbb".
        brightness: of the light.
        nod: once, at the beginning.
        speed: of head and pose, a share of the usual speed.
        breathing: times the breathing's depth.
        glances: times the size of the glances.
        sentences: one of them is said at the beginning; none for silence.
    """

    pose: Pose = Pose()
    colour: Colour = "#ffffff"
    brightness: Share = 0.5
    nod: Nod = Nod()
    speed: Annotated[float, Field(ge=0.1, le=1.0)] = 1.0
    breathing: Annotated[float, Field(ge=0.0, le=2.0)] = 1.0
    glances: Share = 0.0
    sentences: Annotated[tuple[Sentence, ...], Field(strict=False, max_length=50)] = ()

    @property
    def rgb(self) -> tuple[float, float, float]:
        """The colour's channels, each in [0, 1]."""
        red, green, blue = bytes.fromhex(self.colour[1:])
        return red / 255, green / 255, blue / 255


class States(Section):
    """Reactions of the states that do not depend on an expression."""

    resting: Reaction
    idle: Reaction
    greeting: Reaction
    sleeping: Reaction


class Listening(Section):
    """What listening adds to the reaction to the speaker's expression.

    Attributes:
        pose: added to the gaze.
        nod: after a pause in the speech.
        shortest_speech: shorter speech gets no nod, s.
        pause: silence that counts as a pause, s.
        nod_interval: least time between two nods, s.
        attention: how long to go on listening after the last word, s.
    """

    pose: Pose = Pose()
    nod: Nod = Nod()
    shortest_speech: Seconds
    pause: Seconds
    nod_interval: Seconds
    attention: Seconds


class Breathing(Section):
    """The slow movement that never stops.

    Attributes:
        depth_deg: half of the way from lowest to highest.
        period: s.
    """

    depth_deg: Annotated[float, Field(ge=0.0, le=5.0)]
    period: Annotated[float, Field(ge=2.0, le=20.0)]


class Glances(Section):
    """Short looks around.

    Attributes:
        pan_deg: widest, to either side.
        tilt_deg: widest, up or down.
        interval: one glance in each interval of this length, s.
        duration: of a glance, s; at most the interval.
    """

    pan_deg: Annotated[float, Field(ge=0.0, le=60.0)]
    tilt_deg: Annotated[float, Field(ge=0.0, le=20.0)]
    interval: Annotated[float, Field(ge=2.0, le=120.0)]
    duration: Annotated[float, Field(ge=0.2, le=20.0)]


class Times(Section):
    """When states begin and end, s.

    Attributes:
        notice: a face in view for this long has arrived.
        greeting: duration of a greeting.
        greet_again: somebody who was away for longer is greeted again.
        lost: a face unseen for this long is gone.
        rest: after being alone for this long the robot rests.
    """

    notice: Seconds
    greeting: Annotated[float, Field(ge=0.2, le=20.0)]
    greet_again: Seconds
    lost: Annotated[float, Field(ge=0.2, le=20.0)]
    rest: Seconds


class ExpressionGate(Section):
    """When an expression is believed, so that flickering labels do not move the head.

    Attributes:
        time_constant: of the low-pass over the probabilities, s.
        enter: smoothed probability that a new expression needs.
        lead: by which it must exceed the smoothed probability of the present one.
        leave: below this the present expression ends and neutral takes its place.
        hold: least time between two changes, s.
    """

    time_constant: Annotated[float, Field(ge=0.05, le=5.0)]
    enter: Share
    lead: Share
    leave: Share
    hold: Annotated[float, Field(ge=0.0, le=30.0)]


class Speech(Section):
    """How often the robot talks, when talking is switched on.

    Attributes:
        interval: least time between two sentences, s.
        repeat_interval: least time until the same state or expression brings words again, s.
    """

    interval: Seconds
    repeat_interval: Seconds


class Motion(Section):
    """How much of the head's ability the posture may use; the rest is left to the gaze.

    Attributes:
        speed_share: of the head's greatest speed.
        acceleration_share: of the head's greatest acceleration.
        light_fade: time constant of every change of the light, s.
    """

    speed_share: Annotated[float, Field(ge=0.02, le=0.5)]
    acceleration_share: Annotated[float, Field(ge=0.02, le=0.5)]
    light_fade: Annotated[float, Field(ge=0.2, le=10.0)]


class Reactions(Section):
    """The whole file."""

    motion: Motion
    breathing: Breathing
    glances: Glances
    times: Times
    expression: ExpressionGate
    listening: Listening
    speech: Speech
    states: States
    emotions: dict[Annotated[Emotion, Field(strict=False)], Reaction]

    @field_validator("emotions")
    @classmethod
    def _check_complete(cls, value: dict[Emotion, Reaction]) -> dict[Emotion, Reaction]:
        missing = [emotion.value for emotion in EMOTIONS if emotion not in value]
        if missing:
            raise ValueError(f"lacks {', '.join(missing)}")
        return value
