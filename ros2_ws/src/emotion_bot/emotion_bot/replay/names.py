"""Between message classes and the names of their types."""

from __future__ import annotations

import importlib


def ros_type_name(message_type: type) -> str:
    """Return the ROS name of a message class, such as ``sensor_msgs/msg/Image``."""
    package, kind, *_ = message_type.__module__.split(".")
    return f"{package}/{kind}/{message_type.__name__}"


def message_class(type_name: str) -> type:
    """Return the class of a type such as ``sensor_msgs/msg/Image``.

    Raises:
        LookupError: if its package is not installed or lacks the type.
    """
    package, _, name = type_name.replace("/msg/", "/").partition("/")
    try:
        found: type = getattr(importlib.import_module(f"{package}.msg"), name)
    except (ModuleNotFoundError, AttributeError, ValueError) as error:
        raise LookupError(f"message type {type_name!r} is not installed") from error
    return found
