"""Hearing: sources, voice activity, utterances and the features of a voice."""
