"""Preparing corpora of videos once: one file for each, kept as long as it is up to date."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from safetensors import SafetensorError, safe_open
from tqdm.auto import tqdm  # type: ignore[import-untyped]

from emotion_train.corpora.errors import CorpusError


class Source(Protocol):
    """What one file is made from."""

    @property
    def name(self) -> str:
        """Name of its file, without suffix."""

    def fingerprint(self) -> str:
        """Return a digest that changes when the file must be made again."""


SourceKind = TypeVar("SourceKind", bound=Source)


@dataclass(frozen=True)
class Preparation:
    """What preparing has done: the files made or found, and what was left out with reasons."""

    files: tuple[Path, ...]
    broken: tuple[str, ...]


def prepare_each(
    root: Path,
    sources: Sequence[SourceKind],
    cache: Path,
    make: Callable[[SourceKind, Path, str], None],
    broken: Sequence[str] = (),
) -> Preparation:
    """Make the file of every source, but for those that are there and up to date.

    So an interrupted preparation goes on where it was.

    Args:
        root: the corpus, for messages.
        sources: what the files are made from.
        cache: folder of the files; it is created.
        make: writes the file of a source with its fingerprint; a CorpusError passes the source
            over.
        broken: what has been left out before.

    Raises:
        CorpusError: if nothing can be used, or the disk is full.
    """
    cache.mkdir(parents=True, exist_ok=True)
    files, faults = [], list(broken)
    for source in tqdm(sources, desc=str(root), unit="video", disable=None):
        path = cache / f"{source.name}.safetensors"
        fingerprint = source.fingerprint()
        if stored_fingerprint(path) != fingerprint:
            try:
                make(source, path, fingerprint)
            except DiskFullError:
                raise
            except CorpusError as error:
                faults.append(str(error))
                continue
        files.append(path)
    if not files:
        raise CorpusError(f"no video of {root} can be used; the first: {faults[0]}")
    return Preparation(tuple(files), tuple(faults))


class DiskFullError(CorpusError):
    """A file could not be written; the message names it."""


def stored_fingerprint(path: Path) -> str | None:
    """Return the fingerprint in a prepared file; None if it is missing or damaged."""
    try:
        with safe_open(path, framework="numpy") as content:
            return str(content.metadata()["fingerprint"])
    except (OSError, KeyError, TypeError, SafetensorError):
        return None


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a file to write in place of ``path``, which is replaced at once when all is written.

    Raises:
        DiskFullError: if there is no room for it; nothing is left behind then.
    """
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        if _is_full(error):
            raise DiskFullError(f"the disk is full; {path} was not written") from error
        raise
    finally:
        partial.unlink(missing_ok=True)


def _is_full(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOSPC
    # safetensors writes in Rust and passes on the system's words.
    return os.strerror(errno.ENOSPC) in str(error)
