"""A disk that loses power: what it may hold, from a record of what a process wrote to it.

A write is certain to be on the disk once its file was synced after it. Of the writes since, a power
loss leaves none, all, or any subset of the sectors.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

_HEADER = struct.Struct("=c47sqq")
_SECTOR = 512


@dataclass(frozen=True)
class Operation:
    """One record of record_writes.c."""

    kind: str
    name: str
    offset: int
    data: bytes


@dataclass
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Operation] = field(default_factory=list)
    deleted: bool = False


def read_operations(log: Path) -> list[Operation]:
    """Return what was recorded, in order, without the memory shared between processes."""
    content = log.read_bytes()
    operations = []
    position = 0
    while position < len(content):
        kind, name, offset, length = _HEADER.unpack_from(content, position)
        position += _HEADER.size
        data = content[position : position + length]
        position += length
        text = name.rstrip(b"\0").decode()
        if not text.endswith("-shm"):
            operations.append(Operation(kind.decode(), text, offset, data))
    return operations


def state_after_power_loss(operations: list[Operation], random: Random) -> dict[str, bytes]:
    """Return the files that a disk may hold when the power fails after the operations."""
    files: dict[str, _File] = {}
    unlinked: list[str] = []
    for operation in operations:
        if operation.kind == "S" and operation.name == ".":
            for name in unlinked:
                files.pop(name, None)
            unlinked = []
            continue
        file = files.setdefault(operation.name, _File())
        if operation.kind == "S":
            for pending in file.pending:
                _apply(file.durable, pending)
            file.pending = []
        elif operation.kind == "U":
            file.deleted = True
            unlinked.append(operation.name)
        else:
            if file.deleted:
                file = files[operation.name] = _File()
                unlinked = [name for name in unlinked if name != operation.name]
            file.pending.append(operation)
    return {
        name: _survivor(file, random)
        for name, file in files.items()
        if not (file.deleted and random.random() < 0.5)
    }


def _survivor(file: _File, random: Random) -> bytes:
    content = bytearray(file.durable)
    share = random.choice([0.0, 0.0, 0.5, 1.0])
    for operation in file.pending:
        if operation.kind == "T":
            if random.random() < share:
                _apply(content, operation)
            continue
        for start in range(0, len(operation.data), _SECTOR):
            if random.random() < share:
                sector = operation.data[start : start + _SECTOR]
                _apply(content, Operation("W", operation.name, operation.offset + start, sector))
    return bytes(content)


def _apply(content: bytearray, operation: Operation) -> None:
    if operation.kind == "T":
        del content[operation.offset :]
        content.extend(bytes(operation.offset - len(content)))
        return
    end = operation.offset + len(operation.data)
    content.extend(bytes(max(end - len(content), 0)))
    content[operation.offset : end] = operation.data
