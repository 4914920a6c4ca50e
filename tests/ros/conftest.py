"""A private DDS domain and an executor for tests that send messages through rclpy."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator

import pytest

# Before rclpy is imported: every test run, and every worker of one, has its own domain.
os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile

TIMEOUT_SECONDS = 30.0


class Inbox:
    """Receives messages of one topic; a test waits on it instead of sleeping."""

    def __init__(self) -> None:
        self.messages: list = []
        self._condition = threading.Condition()

    def __call__(self, message: object) -> None:
        with self._condition:
            self.messages.append(message)
            self._condition.notify_all()

    def wait_for(self, predicate: Callable[[list], object], timeout: float = TIMEOUT_SECONDS):
        """Return the predicate's first true value over all messages so far."""
        with self._condition:
            result = self._condition.wait_for(lambda: predicate(self.messages), timeout)
            assert result, f"not within {timeout} s; {len(self.messages)} messages arrived"
            return result

    def wait_for_count(self, count: int, timeout: float = TIMEOUT_SECONDS) -> list:
        """Return the messages once there are so many."""
        self.wait_for(lambda messages: len(messages) >= count, timeout)
        return list(self.messages)


class Bench:
    """Nodes under test in one executor, and a node of the test's own to talk to them."""

    def __init__(self) -> None:
        self._executor = SingleThreadedExecutor()
        self.node = self.add(Node("test_bench"))
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()

    def add(self, node: Node) -> Node:
        """Spin a node along."""
        self._executor.add_node(node)
        return node

    def listen(self, message_type: type, topic: str, qos: QoSProfile | int = 1000) -> Inbox:
        """Return an inbox for a topic."""
        inbox = Inbox()
        self.node.create_subscription(message_type, topic, inbox, qos)
        return inbox

    def publisher(self, message_type: type, topic: str, qos: QoSProfile | int = 10):
        """Return a publisher that has found its first subscriber."""
        publisher = self.node.create_publisher(message_type, topic, qos)
        self.wait_until(lambda: publisher.get_subscription_count() > 0, f"a reader of {topic}")
        return publisher

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for something that ROS does not announce."""
        tick = threading.Event()
        for _ in range(int(TIMEOUT_SECONDS / 0.02)):
            if condition():
                return
            tick.wait(0.02)
        raise AssertionError(f"{what} did not come within {TIMEOUT_SECONDS} s")

    def close(self) -> None:
        """Stop spinning and destroy every node."""
        nodes = self._executor.get_nodes()
        self._executor.shutdown()
        self._thread.join()
        for node in nodes:
            close = getattr(node, "close", None)
            if close is not None:
                close()
            node.destroy_node()


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """An initialised rclpy with an executor in a thread; make nodes after asking for it.

    ``@pytest.mark.parametrize("bench", [{"fps": 5.0}], indirect=True)`` overrides parameters of the
    nodes that the test makes.
    """
    arguments = ["--ros-args"]
    for name, value in getattr(request, "param", {}).items():
        text = str(value).lower() if isinstance(value, bool) else repr(value)
        arguments += ["-p", f"{name}:={text}"]
    rclpy.init(args=arguments if len(arguments) > 1 else [])
    bench = Bench()
    yield bench
    bench.close()
    rclpy.try_shutdown()
    # A node whose constructor refused a parameter belongs to nobody, and its services stay visible
    # to the next test until it is collected.
    gc.collect()
