"""The robot's behaviour as one object: what is seen and heard goes in, a posture comes out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from emotion_core.affect import Emotion
from emotion_core.behaviour.layers import breathing, glance, nod, nod_duration, pose_offset
from emotion_core.behaviour.offset import STILL, Offset, within_room
from emotion_core.behaviour.people import People, SeenFace
from emotion_core.behaviour.reactions import Nod, Reaction, Reactions
from emotion_core.behaviour.sentences import Sentences
from emotion_core.behaviour.tree import Activity, BehaviourTree, Request, Scene, State
from emotion_core.behaviour.voice import Voice
from emotion_core.head.limits import AxisLimits, HeadLimits
from emotion_core.head.setpoint import SetPoint

_CLOCK_STEP: Final = 0.5
"""A clock that goes back by more than this was set, or a recording starts over, s."""
_LONGEST_STEP: Final = 0.1
"""After a pause longer than this between two updates the head does not move through it, s."""
_PARKED: Final = Reaction(brightness=0.0, breathing=0.0, speed=0.5)
_WITH_A_PERSON: Final = {State.FOLLOWING, State.LISTENING, State.MIRRORING}
_STAYING: Final = {State.GREETING, State.LISTENING}
_DISENGAGED: Final = {State.SLEEPING, State.PARKED}


@dataclass(frozen=True, slots=True)
class Posture:
    """What the behaviour wants at one moment.

    Attributes:
        time: s.
        state: what the robot does.
        emotion: the expression that is answered; None when the state answers none.
        offset: added to the gaze.
        speed: share of its usual speed at which the gaze should move, in (0, 1].
        rgb: colour of the light, each channel in [0, 1].
        brightness: of the light, in [0, 1].
        engaged: whether the gaze may follow faces; otherwise it goes home.
        face_id: the face to follow; empty when the gaze may choose.
        sentence: to be said now; empty for none.
    """

    time: float
    state: State
    emotion: Emotion | None
    offset: Offset
    speed: float
    rgb: tuple[float, float, float]
    brightness: float
    engaged: bool
    face_id: str
    sentence: str


class Companion:
    """Notices, greets, follows, listens, mirrors, rests and sleeps.

    All times are s on one clock. A clock that is set back makes it forget whom it saw, but not
    where its head is. Not thread-safe.

    Args:
        reactions: of states and expressions.
        limits: of the head.
    """

    def __init__(self, reactions: Reactions, limits: HeadLimits | None = None) -> None:
        self._reactions = reactions
        self._limits = limits or HeadLimits()
        self._tree = BehaviourTree(reactions.times.greeting, reactions.times.rest)
        self._sentences = Sentences(reactions.speech)
        self._request = Request.WAKE
        self._pan = SetPoint(0.0)
        self._tilt = SetPoint(0.0)
        self._light = (0.0, 0.0, 0.0, 0.0)
        self._own_voice = False
        self._forget()

    def _forget(self) -> None:
        self._people = People(self._reactions.times, self._reactions.expression)
        self._voice = Voice(self._reactions.listening)
        self._time = math.nan
        self._alone_since = math.nan
        self._attended = ""
        self._chosen = ""
        self._gaze = STILL
        self._gaze_face = ""
        self._begun = ("", "")
        self._nod = Nod()
        self._nod_start = -math.inf

    def observe_faces(self, time: float, faces: Iterable[SeenFace]) -> None:
        """Take the faces of one camera frame.

        Raises:
            ValueError: if the time is not finite.
        """
        self._people.see(self._not_in_future(time), faces)

    def observe_expression(self, time: float, face_id: str, probabilities: Sequence[float]) -> None:
        """Take what a face shows.

        Args:
            time: capture time, s.
            face_id: of a face seen before; others are ignored.
            probabilities: of the seven expressions in label order.

        Raises:
            ValueError: if the time is not finite or a probability is none.
        """
        self._people.express(self._not_in_future(time), face_id, probabilities)

    def observe_gaze(self, face_id: str, pan: float, tilt: float) -> None:
        """Take where the gaze looks.

        Args:
            face_id: the face it follows; empty for none.
            pan: rad.
            tilt: rad.

        Raises:
            ValueError: if an angle is not finite.
        """
        if not (math.isfinite(pan) and math.isfinite(tilt)):
            raise ValueError(f"gaze must be finite, got {pan} and {tilt}")
        self._gaze = Offset(pan, tilt)
        self._gaze_face = face_id

    def observe_voice(self, time: float, active: bool) -> None:
        """Take one sample of a voice-activity signal; repeat it at least once a second while true.

        Raises:
            ValueError: if the time is not finite.
        """
        self._voice.hear(self._not_in_future(time), active and not self._own_voice)

    def observe_own_voice(self, active: bool) -> None:
        """Say whether the robot itself speaks, so that it does not listen to itself."""
        self._own_voice = active

    def request(self, request: Request) -> None:
        """Wake, sleep or park; the newest request holds."""
        self._request = request
        self._alone_since = math.nan

    def follow(self, face_id: str) -> None:
        """Follow one person while in view; empty to choose freely again.

        Raises:
            ValueError: if no face in view has that id.
        """
        if face_id and not self._people.is_present(face_id, self._time):
            raise ValueError(f"no face {face_id!r} is in view")
        self._chosen = face_id

    def update(self, time: float) -> Posture:
        """Return what to do now. Call it at a fixed rate.

        Args:
            time: s.

        Raises:
            ValueError: if the time is not finite.
        """
        elapsed = self._elapse(time)
        scene = self._scene()
        activity = self._tree.tick(scene)
        focus = activity.face_id if activity.state in _STAYING else scene.attended
        answers = activity.state in _WITH_A_PERSON
        emotion = self._people.emotion(focus, self._time) if answers else None
        reaction, occasion = self._reaction(activity, emotion)
        sentence = self._begin(activity, reaction, occasion, scene.voice)
        if self._voice.take_pause(self._time) and activity.state is State.LISTENING:
            self._start_nod(self._reactions.listening.nod)
        self._move(elapsed, self._target(activity, reaction), reaction.speed)
        self._fade(elapsed, reaction)
        *rgb, brightness = self._light
        return Posture(
            time=self._time,
            state=activity.state,
            emotion=emotion,
            offset=Offset(self._pan.position, self._tilt.position),
            speed=reaction.speed,
            rgb=(rgb[0], rgb[1], rgb[2]),
            brightness=brightness,
            engaged=activity.state not in _DISENGAGED,
            face_id=focus if activity.state in _STAYING else self._present_choice(),
            sentence=sentence,
        )

    def close(self) -> None:
        """Release the tree's place on the process's blackboard."""
        self._tree.close()

    def _not_in_future(self, time: float) -> float:
        if not math.isfinite(time):
            raise ValueError(f"time must be finite, got {time}")
        # A stamp from a wrong clock must not keep somebody present for ever.
        return time if math.isnan(self._time) else min(time, self._time + _CLOCK_STEP)

    def _elapse(self, time: float) -> float:
        """Set the clock and return the time since the last update, s."""
        if not math.isfinite(time):
            raise ValueError(f"time must be finite, got {time}")
        if time < self._time - _CLOCK_STEP:
            self._forget()
            self._tree.interrupt()
        elapsed = 0.0 if math.isnan(self._time) else max(time - self._time, 0.0)
        self._time = time if math.isnan(self._time) else max(time, self._time)
        return elapsed

    def _scene(self) -> Scene:
        time = self._time
        faces = self._people.present(time)
        self._attended = self._choose(faces)
        if self._attended or math.isnan(self._alone_since):
            self._alone_since = time
        return Scene(
            time=time,
            request=self._request,
            faces=faces,
            attended=self._attended,
            newcomer=self._people.newcomer(time),
            emotion=self._people.emotion(self._attended, time),
            voice=self._voice.attended(time),
            alone_for=time - self._alone_since,
        )

    def _choose(self, faces: frozenset[str]) -> str:
        """Return the face to attend to: the gaze's, the chosen one, the last one, the largest."""
        for face_id in (self._gaze_face, self._chosen, self._attended):
            if face_id in faces:
                return face_id
        return self._people.largest(self._time)

    def _present_choice(self) -> str:
        return self._chosen if self._people.is_present(self._chosen, self._time) else ""

    def _reaction(self, activity: Activity, emotion: Emotion | None) -> tuple[Reaction, str]:
        """Return the reaction that counts and its name."""
        if activity.state is State.PARKED:
            return _PARKED, activity.state.value
        if emotion is not None:
            return self._reactions.emotions[emotion], emotion.value
        reaction: Reaction = getattr(self._reactions.states, activity.state.value)
        return reaction, activity.state.value

    def _begin(self, activity: Activity, reaction: Reaction, occasion: str, voice: bool) -> str:
        """Do what belongs to the beginning of a reaction; return the sentence to say, if any."""
        greeted = activity.face_id if activity.state is State.GREETING else ""
        if (occasion, greeted) == self._begun:
            return ""
        self._begun = (occasion, greeted)
        self._people.greet(greeted)
        self._start_nod(reaction.nod)
        if voice:
            return ""
        return self._sentences.choose(occasion, reaction.sentences, self._time)

    def _start_nod(self, settings: Nod) -> None:
        if settings.count and self._time - self._nod_start >= nod_duration(self._nod):
            self._nod = settings
            self._nod_start = self._time

    def _target(self, activity: Activity, reaction: Reaction) -> Offset:
        """Return the sum of all layers, as far as the head has room for it."""
        target = (
            pose_offset(reaction.pose)
            + breathing(self._time, self._reactions.breathing).scaled(reaction.breathing)
            + glance(self._time, self._reactions.glances).scaled(reaction.glances)
            + nod(self._time - self._nod_start, self._nod)
        )
        if activity.state is State.LISTENING:
            target += pose_offset(self._reactions.listening.pose)
        return within_room(target, self._gaze, self._limits)

    def _move(self, elapsed: float, target: Offset, speed: float) -> None:
        duration = min(elapsed, _LONGEST_STEP)
        motion = self._reactions.motion
        axes: tuple[tuple[SetPoint, float, AxisLimits], ...] = (
            (self._pan, target.pan, self._limits.pan),
            (self._tilt, target.tilt, self._limits.tilt),
        )
        for axis, goal, limits in axes:
            axis.advance(
                duration,
                goal,
                0.0,
                limits.max_velocity * motion.speed_share * speed,
                limits.max_acceleration * motion.acceleration_share,
            )

    def _fade(self, elapsed: float, reaction: Reaction) -> None:
        gain = -math.expm1(-elapsed / self._reactions.motion.light_fade)
        wanted = (*reaction.rgb, reaction.brightness)
        red, green, blue, brightness = (
            now + gain * (then - now) for now, then in zip(self._light, wanted, strict=True)
        )
        self._light = (red, green, blue, brightness)
