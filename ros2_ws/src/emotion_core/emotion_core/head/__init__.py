"""The pan-tilt head: geometry, gaze, motion, protocol and serial link."""
