"""Names that the live page shares with nodes it does not import.

Importing those nodes would load what they compute with; a test compares the names.
"""

from typing import Final

CAMERA: Final = "camera"
MICROPHONE: Final = "microphone"
HEAD: Final = "head"
RECORDER: Final = "recorder"
MOOD: Final = "mood"
REPUBLISH: Final = "republish"
"""Makes raw images of another machine's compressed ones."""


RETENTION_PARAMETERS: Final = ("anonymous_retention_days", "enrolled_retention_days")
"""Of the mood node."""

# Files in the folder of an opened video.
UPLOAD: Final = "upload"
TABLE: Final = "timeline.csv"
TIMELINE: Final = "timeline.json"
FRAMES: Final = "frames.bin"
FRAME_INDEX: Final = "frames.idx"
