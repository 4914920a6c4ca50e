"""Mood memory: what people's expressions showed, kept on this machine for as long as agreed.

The path of a sample: :mod:`.recorder` gives it to :mod:`.aggregation`, which forms one row per
person and interval; :mod:`.store` keeps the rows in SQLite; :mod:`.summary`, :mod:`.trend` and
:mod:`.report` turn rows into answers. No picture, sound, word or embedding reaches this package.
"""
