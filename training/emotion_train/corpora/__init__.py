"""Readers of published corpora in their official layouts."""
