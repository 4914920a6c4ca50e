"""What the camera and the microphone node have in common."""

from __future__ import annotations

import threading
from abc import abstractmethod
from typing import Generic, TypeVar

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.publisher import Publisher

from emotion_bot import capture_health, runner
from emotion_bot.diagnostics import Diagnostics, Health, Level
from emotion_bot.parameters import Parameter
from emotion_core.capture.grabber import Grabber, GrabberState, GrabberStatus

Item = TypeVar("Item")

WAIT_FOR_SUBSCRIBER = Parameter(
    "wait_for_subscriber",
    True,
    "Start only when somebody listens, so that a recording is complete from its beginning.",
)

CONSUMPTION_TIMEOUT_SECONDS = 2.0
"""After this long without an answer the consumer is taken to be gone; the next item follows."""

DISCOVERY_SECONDS = 0.6
"""A subscriber that has been found may not have found its publisher yet; what is sent until then
reaches it late."""

_TAKE_TIMEOUT_SECONDS = 0.2
_SUBSCRIBER_POLL_SECONDS = 0.05


class CaptureNode(runner.DeviceNode, Generic[Item]):
    """Publishes what a source delivers. Active: the source is open. Inactive: it is closed.

    A subclass calls `capture_from` at the end of its constructor.
    """

    def capture_from(
        self,
        grabber: Grabber[Item],
        publisher: Publisher,
        wait_for_subscriber: bool,
        is_recorded: bool = False,
    ) -> None:
        """Say what is captured.

        Args:
            grabber: of the source; it runs while the node is active.
            publisher: whose subscribers are waited for.
            wait_for_subscriber: whether they are.
            is_recorded: whether every item counts; the subscribers then get some more time.
        """
        self._grabber = grabber
        self._publisher = publisher
        self._wait_for_subscriber = wait_for_subscriber
        self._discovery = DISCOVERY_SECONDS if wait_for_subscriber and is_recorded else 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._diagnostics = Diagnostics(self, grabber.name, self._health)

    @abstractmethod
    def _publish(self, item: Item) -> None:
        """Publish what was captured; may wait for its consumer until `_interrupt`."""

    @abstractmethod
    def _health(self) -> Health:
        """Return the state of the device for /diagnostics."""

    def _interrupt(self) -> None:
        """End a wait in `_publish`."""

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open the source; a device that is absent is retried."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._serve, name=self.get_name(), daemon=True)
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
        self._interrupt()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _device_health(self, status: GrabberStatus, values: dict[str, object]) -> Health:
        """Return level and message of a device in this state, with its values."""
        values = {
            capture_health.STATE: status.state.value,
            capture_health.FAILURES: status.failures,
            **values,
        }
        retrying = status.state is GrabberState.RETRYING and status.failures > 0
        broken = status.state is GrabberState.ENDED and status.last_error
        if retrying or broken:
            return Level.ERROR, status.last_error, values
        return Level.OK, f"{self._grabber.name}: {status.state.value}", values

    def _serve(self) -> None:
        try:
            self._publish_all()
        except TimeoutError as error:
            self.get_logger().error(f"the device stays open: {error}")
        except runner.RCLError:
            # A signal invalidates the context at once, also in the middle of a publish.
            if self.context.ok():
                raise

    def _publish_all(self) -> None:
        while self._wait_for_subscriber and self._publisher.get_subscription_count() == 0:
            if self._stop.wait(_SUBSCRIBER_POLL_SECONDS):
                return
        if self._stop.wait(self._discovery):
            return
        with self._grabber:
            while not self._stop.is_set():
                item = self._grabber.take(_TAKE_TIMEOUT_SECONDS)
                if not self.context.ok():
                    return
                if item is not None:
                    self._publish(item)
                elif self._grabber.status.state is GrabberState.ENDED:
                    self._diagnostics.publish()
                    self._stop.wait()
