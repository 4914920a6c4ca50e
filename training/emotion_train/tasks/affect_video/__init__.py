"""Valence or arousal of every frame of a short video."""
