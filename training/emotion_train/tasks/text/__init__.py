"""Expression from the words of a sentence."""
