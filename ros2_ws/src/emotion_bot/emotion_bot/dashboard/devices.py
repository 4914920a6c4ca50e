"""Lifecycle nodes seen from outside: asking for their state and keeping switched off what is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from lifecycle_msgs.msg import State, Transition, TransitionEvent
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.node import Node
from rclpy.task import Future

from emotion_core.privacy.parts import Evidence

ACTIVE = "active"

_ANSWER_TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True)
class DeviceReport:
    """What a node's health report says about its device. Time in s of the observer's clock."""

    is_open: bool
    time: float
    detail: str


class Device:
    """One lifecycle node. All methods may be called from any thread.

    Args:
        node: asks the questions.
        name: of the lifecycle node, relative.
        clock: s, never set back.
        on_change: called, in the executor's thread, after the label has changed.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        clock: Callable[[], float],
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self._logger = node.get_logger()
        self._clock = clock
        self._on_change = on_change
        self._lock = threading.Lock()
        self._label: str | None = None
        self._label_time = 0.0
        self._changed_time = 0.0
        self._asked: tuple[Future, float] | None = None
        self._ask_again = False
        self._kept_off = False
        self._report: DeviceReport | None = None
        self._get_state = node.create_client(GetState, f"{name}/get_state")
        self.change_state = node.create_client(ChangeState, f"{name}/change_state")
        node.create_subscription(
            TransitionEvent, f"{name}/transition_event", lambda _event: self.ask(), 10
        )

    @property
    def is_present(self) -> bool:
        """Whether the node offers its services, as far as discovery knows."""
        return bool(self._get_state.service_is_ready())

    @property
    def label(self) -> str | None:
        """The newest answer, however old it is; None before the first."""
        return self.answer[0]

    @property
    def answer(self) -> tuple[str | None, float]:
        """The newest answer and when it came."""
        with self._lock:
            return self._label, self._label_time

    def keep_off(self, off: bool) -> None:
        """Switch the node off again whenever it is found active, such as after its restart."""
        with self._lock:
            self._kept_off = off

    def note_report(self, report: DeviceReport) -> None:
        """Take what the node's health report says about its device."""
        with self._lock:
            self._report = report

    def ask(self) -> None:
        """Ask for the state; the answer comes later. A question left unanswered is dropped."""
        now = self._clock()
        with self._lock:
            if self._asked is not None and now - self._asked[1] < _ANSWER_TIMEOUT_SECONDS:
                self._ask_again = True
                return
            if self._asked is not None:
                self._get_state.remove_pending_request(self._asked[0])
                self._asked = None
            if not self.is_present:
                return
            future = self._get_state.call_async(GetState.Request())
            self._asked = (future, now)
            self._ask_again = False
        future.add_done_callback(self._on_answer)

    def evidence(self, watched_since: float, other_publishers: tuple[str, ...] = ()) -> Evidence:
        """Return what has been observed.

        Args:
            watched_since: when observation began.
            other_publishers: nodes besides this one that publish its data.
        """
        present = self.is_present
        now = self._clock()
        with self._lock:
            report = self._report
            return Evidence(
                watched_for=now - watched_since,
                node_present=present,
                label=self._label,
                label_time=self._label_time,
                changed_time=self._changed_time,
                device_open=report.is_open if report else None,
                device_time=report.time if report else 0.0,
                device_detail=report.detail if report else "",
                other_publishers=other_publishers,
            )

    def _on_answer(self, future: Future) -> None:
        answer = future.result()
        now = self._clock()
        with self._lock:
            self._asked = None
            ask_again = self._ask_again
            if answer is None:
                return
            state: State = answer.current_state
            changed = state.label != self._label
            if changed:
                self._changed_time = now
            self._label = state.label
            self._label_time = now
            switch_off = self._kept_off and state.id == State.PRIMARY_STATE_ACTIVE
        if switch_off:
            self._logger.warning(f"{self.name} was active again and is switched off again")
            request = ChangeState.Request()
            request.transition.id = Transition.TRANSITION_DEACTIVATE
            self.change_state.call_async(request)
        if changed:
            self._on_change()
        if ask_again or switch_off:
            self.ask()
