"""Showing what a network looks at."""
