"""Figures of the shipped models, through the code the robot runs."""
