"""Fusing face, voice and words over time."""
