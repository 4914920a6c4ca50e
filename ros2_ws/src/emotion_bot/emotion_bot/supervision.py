"""What the program that starts a node and the node's process have agreed on."""

from typing import Final

SUPERVISOR_VARIABLE: Final = "EMOTION_BOT_SUPERVISOR_PID"
"""Process id of the program that started this node and without which it must not go on."""

EXIT_BAD_CONFIGURATION: Final = 78
"""EX_CONFIG of sysexits.h: starting again with the same settings will not help."""
