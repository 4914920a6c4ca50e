"""Whether the messages of REP-155 (ROS4HRI) are installed; the robot itself does not need them."""

from __future__ import annotations

import importlib.util
import os

PACKAGE = "hri_msgs"


def missing_messages() -> str:
    """Return what to install before people can be republished; empty when all is there."""
    try:
        found = importlib.util.find_spec(f"{PACKAGE}.msg") is not None
    except ModuleNotFoundError:
        found = False
    return "" if found else installation_advice()


def installation_advice() -> str:
    """Return how to get the messages on this distribution of ROS."""
    distribution = os.environ.get("ROS_DISTRO") or "jazzy"
    return (
        f"republishing people after REP-155 needs {PACKAGE}, which is not installed: "
        f"sudo apt install ros-{distribution}-{PACKAGE.replace('_', '-')}, "
        "then source your ROS 2 again"
    )
