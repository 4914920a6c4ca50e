"""What goes wrong with corpora."""


class CorpusError(RuntimeError):
    """A corpus is not laid out as its publisher lays it out; the message names file and fault."""
