"""Timers that go on when somebody sets the computer's clock."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.timer import Timer


def create_timer(node: Node, period: float, callback: Callable[[], object]) -> Timer:
    """Call a function again and again.

    A node's own timers follow its wall clock: set back by an hour, as a computer without a battery
    does when it first reaches the network, they would stand still for an hour. These follow the
    steady clock, except in a replay, where time is what the bag says (use_sim_time).

    Args:
        node: in whose executor the function is called.
        period: s, > 0.
        callback: takes nothing.
    """
    if node.get_parameter("use_sim_time").value:
        return node.create_timer(period, callback)
    return node.create_timer(period, callback, clock=Clock(clock_type=ClockType.STEADY_TIME))
