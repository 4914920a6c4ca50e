"""Series of runs: searches for settings, and what each part of a recipe is worth."""
