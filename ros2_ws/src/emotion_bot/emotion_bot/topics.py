"""Names of topics and services, all relative, so that a namespace moves the whole robot."""

from typing import Final

IMAGE: Final = "image_raw"
COMPRESSED_SUFFIX: Final = "/compressed"
"""Appended by image_transport to the name of an image topic."""
COMPRESSED_IMAGE: Final = IMAGE + COMPRESSED_SUFFIX
"""The same as JPEG, between the machines of a split graph."""
CAMERA_INFO: Final = "camera_info"
RECORDING_ORIGIN: Final = "recording_origin"
"""builtin_interfaces/Time, latched: capture time of the first picture of the file that is played;
the file's sound has its times from it."""

FACES: Final = "faces"
AUDIO: Final = "audio"
VOICE: Final = "voice"
SPEECH: Final = "speech"
SPEAKER: Final = "speaker"
"""std_msgs/String, latched: id in Faces of the face that speaks; empty: none of them."""
PRIVACY: Final = "privacy"
EXPRESSION: Final = "expression"
GAZE_TARGET: Final = "gaze_target"
HEAD_COMMAND: Final = "head/command"
HEAD_STATE: Final = "head/state"
JOINT_STATES: Final = "joint_states"
DIAGNOSTICS: Final = "/diagnostics"
HUMANS: Final = "/humans"
"""REP-155 has one place for people, whichever robot sees them, so this name is absolute."""

POSTURE: Final = "posture"
FOLLOW: Final = "follow"
"""std_msgs/String, latched: id in Faces of the face to follow; empty: the robot chooses."""
SAY: Final = "say"
SAY_ACTIVE: Final = "say/active"
VOICE_IS_SPEAKING: Final = "voice/is_speaking"
"""std_msgs/Bool as in REP-155: somebody speaks. Repeated at least once a second while true."""

SAY_STOP_SERVICE: Final = "say/stop"
SET_BEHAVIOUR_SERVICE: Final = "set_behaviour"
QUERY_MOOD_SERVICE: Final = "mood/query"
FORGET_PERSON_SERVICE: Final = "mood/forget"
ENROL_PERSON_SERVICE: Final = "mood/enrol"
