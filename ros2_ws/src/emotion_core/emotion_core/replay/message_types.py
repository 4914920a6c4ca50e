"""What a bag must know about message types: definitions, hashes, and whether they show people."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, TypesysError, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

PICTURES: Final = frozenset({"sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"})
"""Types that show people, alone or inside another type."""

_SOUND_WORDS: Final = ("audio", "speech", "voice", "sound")
"""A type with such a word in its name carries what people say or how they sound."""


class MessageTypeError(LookupError):
    """A message type is unknown; the message names it and where it was looked for."""


def share_directories() -> list[Path]:
    """Return the folders in which ROS packages keep their message definitions."""
    prefixes = [
        *filter(None, os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)),
        sys.prefix,
    ]
    return [Path(prefix, "share") for prefix in dict.fromkeys(prefixes)]


class MessageTypes:
    """Knows the types of ROS 2 and of all packages that are installed.

    Args:
        directories: in which packages keep their definitions; by default those of the environment.
    """

    def __init__(self, directories: Sequence[Path] | None = None) -> None:
        self._directories = share_directories() if directories is None else list(directories)
        self._store: Typestore = get_typestore(Stores.ROS2_JAZZY)

    def definition(self, type_name: str) -> str:
        """Return the text of a type and of all types in it.

        Raises:
            MessageTypeError: if it is unknown.
        """
        self.require(type_name)
        return self._store.generate_msgdef(type_name, ros_version=2)[0]

    def hash(self, type_name: str) -> str:
        """Return the type's hash as ROS 2 compares it.

        Raises:
            MessageTypeError: if it is unknown.
        """
        self.require(type_name)
        return self._store.hash_rihs01(type_name)

    def canonical(self, type_name: str, data: bytes) -> bytes:
        """Return serialized data with zeros in the gaps between its fields.

        Serializers leave there what the memory held before, so that equal messages may differ.

        Raises:
            MessageTypeError: if the type is unknown.
        """
        self.require(type_name)
        message = self._store.deserialize_cdr(data, type_name)
        return bytes(self._store.serialize_cdr(message, type_name))

    def deserialize(self, type_name: str, data: bytes) -> Any:
        """Return serialized data as an object with the message's fields.

        Raises:
            MessageTypeError: if the type is unknown.
        """
        self.require(type_name)
        return self._store.deserialize_cdr(data, type_name)

    def shows_people(self, type_name: str) -> bool:
        """Return whether messages of the type carry pictures or sound, however deep inside.

        A type that is not known is taken to do so.
        """
        try:
            self.require(type_name)
        except MessageTypeError:
            return True
        seen: set[str] = set()
        pending = [type_name]
        while pending:
            name = pending.pop()
            if name in PICTURES or _sounds(name):
                return True
            if name not in seen:
                seen.add(name)
                pending += _referenced(self._store.fielddefs[name][1])
        return False

    def require(self, type_name: str) -> None:
        """Make sure that a type and all types in it are known.

        Raises:
            MessageTypeError: if one of them is not.
        """
        if type_name in self._store.fielddefs:
            return
        path = self._find(type_name)
        try:
            types = get_types_from_msg(path.read_text(encoding="utf-8"), type_name)
        except TypesysError as error:
            raise MessageTypeError(f"{path}: {error}") from error
        for fields in types.values():
            for referenced in _referenced(fields[1]):
                if referenced not in types:
                    self.require(referenced)
        new = {name: value for name, value in types.items() if name not in self._store.fielddefs}
        self._store.register(new)

    def _find(self, type_name: str) -> Path:
        package, _, name = type_name.replace("/msg/", "/").partition("/")
        for directory in self._directories:
            path = directory / package / "msg" / f"{name}.msg"
            if path.is_file():
                return path
        raise MessageTypeError(
            f"message type {type_name!r} is unknown; "
            f"looked for its package in {', '.join(map(str, self._directories))}"
        )


def _referenced(fields: Iterable[Any]) -> Iterator[str]:
    """Yield the names of all message types among the fields of a type."""
    for _, (kind, value) in fields:
        if kind in (Nodetype.ARRAY, Nodetype.SEQUENCE):
            kind, value = value[0]
        if kind == Nodetype.NAME:
            yield value


def _sounds(type_name: str) -> bool:
    return any(word in type_name.lower() for word in _SOUND_WORDS)
