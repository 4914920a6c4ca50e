"""Expression of recorded people from face, voice and words, trained end to end."""
