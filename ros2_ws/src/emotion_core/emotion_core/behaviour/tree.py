"""The decision what to do: a behaviour tree that reads a scene and writes an activity.

Both lie on a blackboard of the tree's own. The tree knows no clock: the time is part of the scene.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import py_trees
from py_trees.behaviour import Behaviour
from py_trees.blackboard import Client
from py_trees.common import Access, Status
from py_trees.composites import Selector, Sequence

from emotion_core.affect import Emotion

_tree_numbers = itertools.count()


class State(enum.Enum):
    """What the robot is doing; the values are those of ``Posture.state``."""

    RESTING = "resting"
    IDLE = "idle"
    GREETING = "greeting"
    FOLLOWING = "following"
    LISTENING = "listening"
    MIRRORING = "mirroring"
    SLEEPING = "sleeping"
    PARKED = "parked"


class Request(enum.Enum):
    """What a person has asked for; the values are those of the ``SetBehaviour`` service."""

    WAKE = "wake"
    SLEEP = "sleep"
    PARK = "park"


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known at one moment.

    Attributes:
        time: s.
        request: newest request.
        faces: ids in view.
        attended: id of the face that the robot looks at; empty when nobody is in view.
        newcomer: id of somebody who was not greeted yet; empty for nobody.
        emotion: expression of the attended person.
        voice: somebody speaks, or has just spoken.
        alone_for: time since the last face was in view, s.
    """

    time: float
    request: Request = Request.WAKE
    faces: frozenset[str] = frozenset()
    attended: str = ""
    newcomer: str = ""
    emotion: Emotion = Emotion.NEUTRAL
    voice: bool = False
    alone_for: float = 0.0


@dataclass(frozen=True, slots=True)
class Activity:
    """What the tree has decided.

    Attributes:
        state: what to do.
        since: when it began, s.
        face_id: the attended person at that time, or the one who is greeted.
    """

    state: State
    since: float
    face_id: str


_IDLE: Final = Activity(State.IDLE, 0.0, "")


class BehaviourTree:
    """Chooses among greeting, listening, mirroring, following, being alone, sleep and park.

    Args:
        greeting: duration of a greeting, s.
        rest: after being alone for this long the robot rests, s.
    """

    def __init__(self, greeting: float, rest: float) -> None:
        self._board = Client(name="behaviour", namespace=f"behaviour_{next(_tree_numbers)}")
        self._board.register_key("scene", Access.WRITE)
        self._board.register_key("activity", Access.WRITE)
        self._board.activity = _IDLE
        self.root = self._grow(greeting, rest)

    def tick(self, scene: Scene) -> Activity:
        """Return what to do in a scene."""
        self._board.scene = scene
        self.root.tick_once()
        activity: Activity = self._board.activity
        return activity

    def interrupt(self) -> None:
        """Forget what was going on, as at the beginning."""
        self.root.stop(Status.INVALID)
        self._board.activity = _IDLE

    def close(self) -> None:
        """Take the tree's data off the blackboard, which is the process's."""
        self._board.unregister()

    def draw(self) -> str:
        """Return the tree as text."""
        return str(py_trees.display.ascii_tree(self.root))

    def _grow(self, greeting: float, rest: float) -> Behaviour:
        board = self._board
        answer = _choice(
            "answer",
            _when(board, "a voice", lambda scene: scene.voice, _Do(board, State.LISTENING)),
            _when(
                board,
                "an expression",
                lambda scene: scene.emotion is not Emotion.NEUTRAL,
                _Do(board, State.MIRRORING),
            ),
            _Do(board, State.FOLLOWING),
        )
        # With memory, a greeting that has begun is not asked again whether the person is new.
        greet = Sequence(
            "greet",
            memory=True,
            children=[
                _Check(board, "somebody new", _may_greet),
                _Greet(board, greeting),
            ],
        )
        return _choice(
            "behaviour",
            _when(
                board,
                "park requested",
                lambda scene: scene.request is Request.PARK,
                _Do(board, State.PARKED),
            ),
            _when(
                board,
                "sleep requested",
                lambda scene: scene.request is Request.SLEEP,
                _Do(board, State.SLEEPING),
            ),
            greet,
            _when(board, "somebody there", lambda scene: scene.attended != "", answer),
            _when(
                board,
                "alone for long",
                lambda scene: scene.alone_for >= rest,
                _Do(board, State.RESTING),
            ),
            _Do(board, State.IDLE),
        )


def _may_greet(scene: Scene) -> bool:
    """Tell whether somebody is new and would not take the place of a speaker."""
    return scene.newcomer != "" and (not scene.voice or scene.newcomer == scene.attended)


def _choice(name: str, *children: Behaviour) -> Selector:
    return Selector(name, memory=False, children=list(children))


def _when(
    board: Client, name: str, condition: Callable[[Scene], bool], then: Behaviour
) -> Sequence:
    return Sequence(f"when {name}", memory=False, children=[_Check(board, name, condition), then])


class _Check(Behaviour):
    """Succeeds while a condition holds in the scene."""

    def __init__(self, board: Client, name: str, condition: Callable[[Scene], bool]) -> None:
        super().__init__(f"{name}?")
        self._board = board
        self._condition = condition

    def update(self) -> Status:
        return Status.SUCCESS if self._condition(self._board.scene) else Status.FAILURE


class _Do(Behaviour):
    """Is busy with a state until something more important takes its turn."""

    def __init__(self, board: Client, state: State) -> None:
        super().__init__(state.value)
        self._board = board
        self._state = state

    def initialise(self) -> None:
        scene: Scene = self._board.scene
        self._board.activity = Activity(self._state, scene.time, scene.attended)

    def update(self) -> Status:
        scene: Scene = self._board.scene
        face_id = self._board.activity.face_id
        if face_id != scene.attended and face_id not in scene.faces:
            self.initialise()
        return Status.RUNNING


class _Greet(Behaviour):
    """Greets the newcomer for a while, or until the newcomer is gone."""

    def __init__(self, board: Client, duration: float) -> None:
        super().__init__(State.GREETING.value)
        self._board = board
        self._duration = duration

    def initialise(self) -> None:
        scene: Scene = self._board.scene
        self._board.activity = Activity(State.GREETING, scene.time, scene.newcomer)

    def update(self) -> Status:
        scene: Scene = self._board.scene
        activity: Activity = self._board.activity
        if activity.face_id not in scene.faces:
            return Status.FAILURE
        over = scene.time - activity.since >= self._duration
        return Status.SUCCESS if over else Status.RUNNING
