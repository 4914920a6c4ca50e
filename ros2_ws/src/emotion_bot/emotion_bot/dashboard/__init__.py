"""The live page: what the robot sees, infers, senses and keeps, in a browser."""

import os

from emotion_core.resources import cache_directory

# Read while NiceGUI is imported; it would otherwise keep what pages store in the folder that the
# robot was started from.
os.environ.setdefault("NICEGUI_STORAGE_PATH", str(cache_directory() / "nicegui"))
