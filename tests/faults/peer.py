"""A program that reads every topic of the robot, reliably, until somebody stops it."""

import rclpy

from emotion_bot import qos

from .absurd import TYPES


def main() -> None:
    """Subscribe to everything and say so."""
    rclpy.init()
    node = rclpy.create_node("peer")
    for topic, message_type in TYPES.items():
        node.create_subscription(message_type, topic, lambda _: None, qos.OBSERVER, raw=True)
    for _ in range(50):
        rclpy.spin_once(node, timeout_sec=0.02)
    print("reading", flush=True)  # noqa: T201
    rclpy.spin(node)


if __name__ == "__main__":
    main()
