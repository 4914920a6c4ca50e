"""Joining face, voice and words into one expression per person."""
