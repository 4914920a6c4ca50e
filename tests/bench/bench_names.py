"""What the benches are called in the scoreboard's JSON."""

from typing import Final

MACHINE: Final = "machine"
STAGES: Final = "stages"
NAIVE: Final = "naive pipeline"
GROWTH: Final = "growth"
OVERLOAD: Final = "overload"
FACES: Final = "faces"
EXPRESSION: Final = "expression network"
VIDEO: Final = "robot on a video"
VIRTUAL_LOOP: Final = "closed loop, virtual head"
SIMULATED_LOOP: Final = "closed loop, simulated firmware"
GAZE: Final = "gaze in simulated time"
HEAD: Final = "head"
MOOD: Final = "mood memory"
LIVE_PAGE: Final = "live page"
TWO_MACHINES: Final = "two machines"
