"""Analysing recordings with the code that runs on the robot."""
