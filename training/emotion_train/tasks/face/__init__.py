"""Expression from a face crop."""
