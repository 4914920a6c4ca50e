"""The bridge between the web server's event loop and the robot's topics and services."""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import Callable
from typing import Any

from emotion_bot_msgs.msg import (
    Expression,
    Faces,
    GazeTarget,
    HeadCommand,
    HeadState,
    Posture,
    Speech,
)
from emotion_bot_msgs.srv import EnrolPerson, ForgetPerson, QueryMood, SetBehaviour
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import String

from emotion_bot import qos, stamps, topics
from emotion_bot.dashboard.calls import ServiceError, call
from emotion_bot.dashboard.devices import ACTIVE, Device
from emotion_bot.dashboard.live_state import LiveState
from emotion_bot.dashboard.mood import WEEK_SECONDS, mood_values, newest_person
from emotion_bot.dashboard.names import HEAD
from emotion_bot.dashboard.pictures import PictureMaker
from emotion_bot.dashboard.privacy_monitor import PrivacyMonitor
from emotion_bot.dashboard.recording import RecordingProcess
from emotion_bot.dashboard.sampler import Polled, PolledGroup

_CALL_SECONDS = 3.0
_SWITCH_SECONDS = 8.0
"""Opening a camera can take seconds."""

_RECORDER_SECONDS = 1.5
"""A recorder that cannot work says so within this time."""

_FRAME_QUALITY = QoSProfile(
    history=qos.IMAGE_SUBSCRIBER.history, depth=1, reliability=qos.IMAGE_SUBSCRIBER.reliability
)

_SWITCH_ON = {
    "unconfigured": (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE),
    "inactive": (Transition.TRANSITION_ACTIVATE,),
}


class Robot:
    """What the page can ask of the robot. Made in the ROS thread, used in the event loop.

    Args:
        node: subscribes and calls; an executor in another thread spins it.
        monitor: knows the lifecycle nodes.
        pictures: makes the page's pictures.
        recording: the recorder that viewers start.
    """

    def __init__(
        self,
        node: Node,
        monitor: PrivacyMonitor,
        pictures: PictureMaker,
        recording: RecordingProcess,
    ) -> None:
        self._node = node
        self.recording = recording
        self._monitor = monitor
        self._pictures = pictures
        self._group = PolledGroup()
        self._frames: Polled | None = None
        self.live = LiveState()
        self._chosen = ""
        self._speaker = ""
        live = self.live
        subscriptions: tuple[tuple[type, str, QoSProfile, Callable[[Any, int, float], None]], ...]
        subscriptions = (
            (CameraInfo, topics.CAMERA_INFO, qos.STREAM, live.on_camera_info),
            (Faces, topics.FACES, qos.STREAM, self._on_faces),
            (Expression, topics.EXPRESSION, qos.STREAM, live.on_expression),
            (GazeTarget, topics.GAZE_TARGET, qos.SET_POINT, live.on_gaze_target),
            (HeadCommand, topics.HEAD_COMMAND, qos.STREAM, live.on_head_command),
            (HeadState, topics.HEAD_STATE, qos.STREAM, live.on_head_state),
            (JointState, topics.JOINT_STATES, qos.SET_POINT, live.on_joint_states),
            (Posture, topics.POSTURE, qos.SET_POINT, live.on_posture),
            (Speech, topics.SPEECH, qos.STREAM, self._on_speech),
            (String, topics.SPEAKER, qos.STATUS, self._on_speaker),
        )
        self._polled = [
            (Polled(node, self._group, kind, topic, quality), callback)
            for kind, topic, quality, callback in subscriptions
        ]
        self._follow = node.create_publisher(String, topics.FOLLOW, qos.STATUS)
        self._set_behaviour = node.create_client(SetBehaviour, topics.SET_BEHAVIOUR_SERVICE)
        self._query_mood = node.create_client(QueryMood, topics.QUERY_MOOD_SERVICE)
        self._enrol = node.create_client(EnrolPerson, topics.ENROL_PERSON_SERVICE)
        self._forget = node.create_client(ForgetPerson, topics.FORGET_PERSON_SERVICE)

    @property
    def chosen(self) -> str:
        """Id of the face that a viewer chose to follow; empty when the robot chooses."""
        return self._chosen

    @property
    def has_behaviour(self) -> bool:
        """Whether the behaviour node takes requests."""
        return bool(self._set_behaviour.service_is_ready())

    def watch(self, watching: bool) -> None:
        """Subscribe to the camera's frames, or stop it."""
        if watching and self._frames is None:
            self._frames = Polled(
                self._node, self._group, Image, topics.IMAGE, _FRAME_QUALITY, raw=True
            )
        elif not watching and self._frames is not None:
            self._frames.destroy()
            self._frames = None
            self._pictures.clear()

    def poll(self) -> None:
        """Take what has come since the last call."""
        now = time.monotonic()
        if self._frames is not None:
            for serialized, _ in self._frames.take():
                self._pictures.add_frame(serialized)
        for polled, callback in self._polled:
            for message, received in polled.take():
                callback(message, received, now)

    async def switch(self, name: str, on: bool) -> None:
        """Open or close a device by its node's lifecycle.

        Raises:
            ServiceError: if there is no such node, or it does not answer or refuses.
        """
        device = self._monitor.devices[name]
        device.keep_off(not on)
        if not device.is_present:
            raise ServiceError(f"no {name} node runs")
        if on:
            transitions = _SWITCH_ON.get(device.label or "", ())
        else:
            transitions = () if device.label in _SWITCH_ON else (Transition.TRANSITION_DEACTIVATE,)
        asked = time.monotonic()
        for transition in transitions:
            request = ChangeState.Request()
            request.transition.id = transition
            answer = await call(device.change_state, request, _SWITCH_SECONDS)
            if not answer.success:
                device.ask()
                raise ServiceError(f"the {name} could not be switched; see its log")
        await self._confirmed(device, on, asked)

    async def park(self) -> None:
        """Bring the head home and keep it there.

        Raises:
            ServiceError: if neither the behaviour nor the head answers.
        """
        if self.has_behaviour:
            await self._request_behaviour(SetBehaviour.Request.PARK)
        else:
            await self.switch(HEAD, False)

    async def wake(self) -> None:
        """End :meth:`park`.

        Raises:
            ServiceError: if neither the behaviour nor the head answers.
        """
        if self._monitor.devices[HEAD].label == "inactive":
            await self.switch(HEAD, True)
        if self.has_behaviour:
            await self._request_behaviour(SetBehaviour.Request.WAKE)

    async def record(self, on: bool) -> str:
        """Start a recording to which everybody in view has agreed, or stop it.

        Returns:
            Where it is stored; empty when it was stopped.

        Raises:
            ServiceError: if the recorder cannot be started.
        """
        if not on:
            await self.recording.stop()
            return ""
        bag = await self.recording.start(datetime.datetime.now().astimezone())
        await asyncio.sleep(_RECORDER_SECONDS)
        if failure := await self.recording.failure():
            raise ServiceError(f"cannot record: {failure}")
        return f"Recording to {bag}"

    async def follow(self, face_id: str) -> None:
        """Look at one face while it is in view; an empty id lets the robot choose.

        Raises:
            ServiceError: if the behaviour refuses.
        """
        self._chosen = face_id
        self._follow.publish(String(data=face_id))
        if self.has_behaviour:
            await self._request_behaviour(SetBehaviour.Request.FOLLOW, face_id)

    async def mood(self) -> dict[str, Any] | None:
        """Return the last week of the person who is looked at, or else of the one seen last.

        Returns:
            None when no mood memory runs or nobody is kept.
        """
        if not self._query_mood.service_is_ready():
            return None
        for face_id in dict.fromkeys((self.live.followed, *self.live.people_in_view)):
            if face_id and (answer := await self._week(face_id=face_id)) is not None:
                return answer
        everyone = await call(self._query_mood, QueryMood.Request(), _CALL_SECONDS)
        person = newest_person(everyone)
        return await self._week(person=person) if person else None

    @property
    def has_mood(self) -> bool:
        """Whether the mood memory takes questions."""
        return bool(self._query_mood.service_is_ready())

    async def enrol(self, person: str, name: str, *, consent: bool) -> None:
        """Give a person a name.

        Raises:
            ServiceError: if the mood memory does not answer or refuses.
        """
        request = EnrolPerson.Request(person=person, name=name, consent=consent)
        _require(await call(self._enrol, request, _CALL_SECONDS))

    async def forget(self, person: str) -> str:
        """Erase what is kept of a person; return what was erased.

        Raises:
            ServiceError: if the mood memory does not answer or refuses.
        """
        answer = await call(self._forget, ForgetPerson.Request(person=person), _SWITCH_SECONDS)
        _require(answer)
        return str(answer.message)

    async def _week(self, **who: str) -> dict[str, Any] | None:
        now = self._node.get_clock().now().nanoseconds * 1e-9
        request = QueryMood.Request(period=QueryMood.Request.DAY, **who)
        request.since = stamps.stamp_from_seconds(now - WEEK_SECONDS)
        answer = await call(self._query_mood, request, _CALL_SECONDS)
        return mood_values(answer) if answer.success else None

    async def _request_behaviour(self, request: str, face_id: str = "") -> None:
        _require(
            await call(
                self._set_behaviour,
                SetBehaviour.Request(request=request, face_id=face_id),
                _CALL_SECONDS,
            )
        )

    async def _confirmed(self, device: Device, on: bool, asked: float) -> None:
        """Wait until the node itself says, after it was asked, that it has done it."""
        deadline = time.monotonic() + _CALL_SECONDS
        while True:
            device.ask()
            label, answered = device.answer
            if answered > asked and (label == ACTIVE) is on:
                return
            if time.monotonic() > deadline:
                said = f"says that it is {label}" if answered > asked else "does not answer"
                raise ServiceError(f"the {device.name} {said}")
            await asyncio.sleep(0.05)

    def _on_speaker(self, message: String, _received: int, _now: float) -> None:
        # Words become final after their speaker has finished.
        self._speaker = message.data or self._speaker

    def _on_speech(self, message: Speech, _received: int, now: float) -> None:
        text = message.final or message.incremental
        self.live.on_words(text, self._speaker, final=bool(message.final), now=now)

    def _on_faces(self, message: Faces, received: int, now: float) -> None:
        self.live.on_faces(message, received, now)
        self._pictures.add_faces(message)


def _require(answer: Any) -> None:
    if not answer.success:
        raise ServiceError(answer.message or "refused without a reason")
