"""Capturing from devices and recordings, pictures and sound alike."""
