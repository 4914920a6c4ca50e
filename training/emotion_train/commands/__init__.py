"""The parts of the command ``emotion-train``."""
