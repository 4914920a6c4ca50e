"""Names of topics and services, all relative, so that a namespace moves the whole robot."""

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
FOLLOW: Final = "follow"
"""std_msgs/String, latched: id in Faces of the face to follow; empty: the robot chooses."""
SAY: Final = "say"
SAY_ACTIVE: Final = "say/active"
VOICE_IS_SPEAKING: Final = "voice/is_speaking"
"""std_msgs/Bool as in REP-155: somebody speaks. Repeated at least once a second while true."""

SAY_STOP_SERVICE: Final = "say/stop"
SET_BEHAVIOUR_SERVICE: Final = "set_behaviour"
