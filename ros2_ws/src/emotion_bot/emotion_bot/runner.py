"""Starting and stopping a node's process."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.node import Node

from emotion_bot.parameters import Parameter, ParameterError, declare
from emotion_bot.shared_memory import PortWatch, remove_abandoned
from emotion_bot.supervision import EXIT_BAD_CONFIGURATION, SUPERVISOR_VARIABLE
from emotion_bot.transport import fresh_ports

RCLError = rclpy_implementation.RCLError

EXIT_UNREACHABLE: Final = 75
"""EX_TEMPFAIL of sysexits.h: whoever starts the node again gives it a new port."""

_PR_SET_PDEATHSIG = 1
_PORT_CHECK_SECONDS = 0.25


class UnreachableError(RuntimeError):
    """Messages do not reach this process any more, see `emotion_bot.shared_memory`."""


class ConfigurationError(RuntimeError):
    """A node cannot work as it is configured; the message says what to change."""


AUTOSTART = Parameter(
    "autostart", True, "Configure and activate without a lifecycle manager when the process starts."
)


class DeviceNode(LifecycleNode):  # type: ignore[misc]
    """A lifecycle node for a device: inactive means that the device is closed."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._autostart = bool(declare(self, [AUTOSTART])[AUTOSTART.name])

    def autostart(self) -> None:
        """Bring the node to active when its parameter asks for it.

        Raises:
            ConfigurationError: if a transition fails.
        """
        if not self._autostart:
            return
        for transition in (self.trigger_configure, self.trigger_activate):
            if transition() is not TransitionCallbackReturn.SUCCESS:
                raise ConfigurationError(f"{self.get_name()} could not be started, see its log")

    def _now(self) -> float:
        """Return the node's time, s."""
        return float(self.get_clock().now().nanoseconds) * 1e-9


def run(factory: Callable[[], Node], arguments: list[str] | None = None) -> int:
    """Create a node and spin it until a signal or shutdown; return the exit status.

    A bad parameter, missing model or other configuration error is logged and gives
    ``EXIT_BAD_CONFIGURATION``, a process that messages do not reach any more ``EXIT_UNREACHABLE``.
    """
    _stop_with_supervisor()
    remove_abandoned(time.time())
    with ExitStack() as until_there_is_a_node:
        until_there_is_a_node.enter_context(fresh_ports())
        rclpy.init(args=arguments)
        return _run(factory, until_there_is_a_node.close)


def _run(factory: Callable[[], Node], on_node: Callable[[], None]) -> int:
    node: Node | None = None
    status = 0
    try:
        node = factory()
        on_node()
        if isinstance(node, DeviceNode):
            node.autostart()
        _watch_ports(node)
        # What is loaded by now stays: looking through it again and again would cost pauses.
        gc.freeze()
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except RCLError:
        # A signal invalidates the context at once, also in the middle of a publish.
        if rclpy.ok():
            raise
    except (ConfigurationError, ParameterError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        status = EXIT_BAD_CONFIGURATION
    except UnreachableError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)  # noqa: T201
        status = EXIT_UNREACHABLE
    finally:
        # Ctrl-C reaches a node twice, from the terminal and from launch; it is ending already.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if node is not None:
            _close(node)
            if status == EXIT_UNREACHABLE:
                # Fast DDS would wait for the lost port.
                os._exit(status)
            node.destroy_node()
        rclpy.try_shutdown()
    return status


def _close(node: Node) -> None:
    close = getattr(node, "close", None)
    if close is not None:
        close()


def _watch_ports(node: Node) -> None:
    if not sys.platform.startswith("linux"):
        return
    watch = PortWatch()

    def check() -> None:
        if lost := watch.lost(time.monotonic()):
            raise UnreachableError(f"nobody can reach {', '.join(lost)} any more")

    # In a replay, too, this is no matter of the bag's time.
    clock = Clock(clock_type=ClockType.STEADY_TIME)
    node.create_timer(_PORT_CHECK_SECONDS, check, clock=clock)


def _stop_with_supervisor() -> None:
    """Ask Linux for SIGTERM when the starting program dies, so that no node is left behind."""
    supervisor = os.environ.get(SUPERVISOR_VARIABLE)
    if supervisor is None or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(supervisor):
        sys.exit(f"the supervising process {supervisor} is gone")
