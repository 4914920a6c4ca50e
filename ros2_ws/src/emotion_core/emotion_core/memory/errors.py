"""What can go wrong in the mood memory.

No message holds a person's name, so that any of them may be logged.
"""


class MoodMemoryError(Exception):
    """Base of all errors of the mood memory."""


class InvalidNameError(MoodMemoryError, ValueError):
    """A name cannot be given to a person."""


class ConsentMissingError(MoodMemoryError):
    """Somebody would be kept under a name without having agreed."""


class UnknownPersonError(MoodMemoryError, LookupError):
    """Nothing is kept of the person asked for."""


class DatabaseUnavailableError(MoodMemoryError):
    """The database cannot be read or written now: locked, full, or not permitted."""


class DatabaseCorruptError(MoodMemoryError):
    """The database file is damaged."""


class DatabaseVersionError(MoodMemoryError):
    """The database was written by a newer version of the program."""


class ForeignDatabaseError(MoodMemoryError):
    """The file is a database of another program."""


class ErasureIncompleteError(MoodMemoryError):
    """Rows are deleted, but their bytes may remain in the files until erasure is tried again."""
