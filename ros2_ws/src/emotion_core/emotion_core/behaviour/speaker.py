"""Speaking through a child process that reads text from its standard input."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from emotion_core.behaviour.reactions import LONGEST_SENTENCE

_GRACE: Final = 0.5
"""Time that an interrupted process gets to end by itself, s."""
_LONGEST_SPEECH: Final = 30.0
"""A process that speaks for longer is hung, s."""
_VOICE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,31}")


def espeak_command(program: str, voice: str, words_per_minute: int) -> list[str]:
    """Return the command line of espeak-ng.

    Args:
        program: name or path.
        voice: language or voice, such as "en" or "de+f2".
        words_per_minute: speed.

    Raises:
        FileNotFoundError: if the program is not installed.
        ValueError: if the voice is no name of a voice.
    """
    path = shutil.which(program)
    if path is None:
        raise FileNotFoundError(f"{program} is not installed")
    if not _VOICE.fullmatch(voice):
        raise ValueError(f"voice {voice!r} is no name such as en or de+f2")
    return [path, "-v", voice, "-s", str(words_per_minute), "--stdin"]


def speakable(text: str) -> str:
    """Return the text as one line of printable characters, cut between words when too long."""
    # Doubled brackets would switch espeak-ng to its phoneme notation.
    line = text.replace("[[", " ").replace("]]", " ")
    line = " ".join("".join(c if c.isprintable() else " " for c in line).split())
    if len(line) <= LONGEST_SENTENCE:
        return line
    head, _, _ = line[: LONGEST_SENTENCE + 1].rpartition(" ")
    return head or line[:LONGEST_SENTENCE]


class Speaker:
    """Says one text after the other; nothing here blocks.

    Args:
        command: reads a text from its standard input and speaks it; run without a shell.
        clock: returns the present time, s; it must not go back.
        queue_length: so many texts may wait; of more, the oldest are dropped.
    """

    def __init__(
        self, command: Sequence[str], clock: Callable[[], float], queue_length: int = 3
    ) -> None:
        self._command = list(command)
        self._clock = clock
        self._waiting: deque[str] = deque(maxlen=queue_length)
        self._process: subprocess.Popen[bytes] | None = None
        self._deadline = 0.0
        self._interrupted = False
        self.spoken = 0
        self.dropped = 0
        self.failure = ""
        """Why the last text was not spoken; empty when it was."""

    @property
    def is_speaking(self) -> bool:
        """True while a process speaks."""
        return self._process is not None

    def say(self, text: str) -> None:
        """Queue a text; an empty one interrupts what is being said and empties the queue."""
        if not text:
            self.interrupt()
            return
        line = speakable(text)
        if not line:
            return
        self.dropped += len(self._waiting) == self._waiting.maxlen
        self._waiting.append(line)
        self.poll()

    def interrupt(self) -> None:
        """Fall silent and forget what waits."""
        self._waiting.clear()
        if self._process is not None and not self._interrupted:
            self._interrupted = True
            self._deadline = self._clock() + _GRACE
            self._process.terminate()

    def poll(self) -> None:
        """Notice the end of a text and start the next; call it often."""
        if self._process is not None:
            self._watch(self._process)
        if self._process is None and self._waiting:
            self._start(self._waiting.popleft())

    def close(self) -> None:
        """Fall silent and wait for the process to end."""
        self.interrupt()
        if self._process is None:
            return
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        status = process.poll()
        if status is None:
            if self._clock() >= self._deadline:
                process.kill()
                if not self._interrupted:
                    self.failure = f"{self._command[0]} was ended after {_LONGEST_SPEECH:g} s"
                self._interrupted = True
            return
        if not self._interrupted:
            self.spoken += status == 0
            self.failure = f"{self._command[0]} ended with status {status}" if status else ""
        self._process = None

    def _start(self, text: str) -> None:
        # The Python environment's libraries are not those that a system program was built with.
        environment = {key: value for key, value in os.environ.items() if key != "LD_LIBRARY_PATH"}
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
        except OSError as error:
            self.failure = str(error)
            return
        self._process = process
        self._interrupted = False
        self._deadline = self._clock() + _LONGEST_SPEECH
        assert process.stdin is not None  # noqa: S101
        try:
            # A text is far smaller than a pipe's buffer, so this does not wait for the reader.
            process.stdin.write(text.encode() + b"\n")
            process.stdin.close()
        except BrokenPipeError:
            pass
