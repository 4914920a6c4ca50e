"""Sentences: cleaning them and cutting them into tokens."""
