"""The head's joints on joint_states."""

from typing import Final

from sensor_msgs.msg import JointState

PAN: Final = "pan"
TILT: Final = "tilt"


def position(message: JointState) -> tuple[float, float] | None:
    """Return pan and tilt, rad, or None when the message is about other joints."""
    positions = dict(zip(message.name, message.position, strict=False))
    if PAN not in positions or TILT not in positions:
        return None
    return positions[PAN], positions[TILT]
