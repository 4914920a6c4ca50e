"""Names of the topics, all relative, so that a namespace moves the whole robot."""

from typing import Final

IMAGE: Final = "image_raw"
CAMERA_INFO: Final = "camera_info"
FACES: Final = "faces"
EXPRESSION: Final = "expression"
GAZE_TARGET: Final = "gaze_target"
HEAD_COMMAND: Final = "head/command"
HEAD_STATE: Final = "head/state"
JOINT_STATES: Final = "joint_states"
DIAGNOSTICS: Final = "/diagnostics"
POSTURE: Final = "posture"
