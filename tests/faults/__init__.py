"""The whole robot under faults: what happens to it, and what must hold all the while."""
