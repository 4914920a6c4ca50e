"""What the nodes that capture report on /diagnostics and others read there."""

from typing import Final

from emotion_core.capture.grabber import GrabberState

STATE: Final = "state"
CAPTURED: Final = "frames_captured"
DROPPED: Final = "frames_dropped"
FAILURES: Final = "failures"
ENDED: Final = GrabberState.ENDED.value
