import os
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion_core.behaviour.reactions import LONGEST_SENTENCE
from emotion_core.behaviour.speaker import Speaker, espeak_command, speakable

pytestmark = pytest.mark.unit

# Appends what it is told to a file, as espeak-ng would say it.
WRITER = "import sys; open(sys.argv[1], 'ab').write(sys.stdin.buffer.read())"
# Says that it is ready, and then ignores the polite request to end.
STUBBORN = (
    "import pathlib, signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "pathlib.Path(sys.argv[1]).touch(); signal.pause()"
)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def speak(tmp_path, clock):
    speakers = []

    def make(script, **options):
        command = [sys.executable, "-c", script, str(tmp_path / "said")]
        speakers.append(Speaker(command, clock, **options))
        return speakers[-1]

    yield make
    for speaker in speakers:
        speaker.close()


def finish(speaker):
    """Wait for each process in turn, without a clock."""
    while speaker.is_speaking:
        speaker._process.wait()
        speaker.poll()


def wait_for(path):
    """Wait until a child has made a file; the test's timeout bounds it."""
    while not path.exists():
        os.sched_yield()


def test_texts_are_spoken_one_after_the_other(speak, tmp_path):
    speaker = speak(WRITER)
    for text in ("one", "two", "three"):
        speaker.say(text)
    finish(speaker)
    assert (tmp_path / "said").read_text() == "one\ntwo\nthree\n"
    assert (speaker.spoken, speaker.dropped, speaker.failure) == (3, 0, "")


def test_of_too_many_texts_the_oldest_waiting_are_dropped(speak, tmp_path):
    speaker = speak(WRITER, queue_length=2)
    for text in ("one", "two", "three", "four"):
        speaker.say(text)
    finish(speaker)
    assert (tmp_path / "said").read_text() == "one\nthree\nfour\n"
    assert speaker.dropped == 1


@pytest.mark.parametrize("text", ["$(touch owned); `id`", "-w owned", "'; rm x #", "--help"])
def test_a_text_is_never_a_command(speak, tmp_path, text):
    speaker = speak(WRITER)
    speaker.say(text)
    finish(speaker)
    assert (tmp_path / "said").read_text() == text + "\n"


def test_an_empty_text_interrupts_and_empties_the_queue(speak):
    speaker = speak("import signal; signal.pause()")
    speaker.say("long")
    speaker.say("waiting")
    process = speaker._process
    speaker.say("")
    finish(speaker)
    assert process.returncode == -signal.SIGTERM
    assert not speaker.is_speaking
    assert speaker.spoken == 0
    assert speaker.failure == ""


def test_what_is_said_after_an_interruption_is_spoken(speak, tmp_path):
    speaker = speak(WRITER)
    speaker.say("before")
    speaker.interrupt()
    speaker.say("after")
    finish(speaker)
    assert (tmp_path / "said").read_text().endswith("after\n")


def test_a_process_that_ignores_the_interruption_is_killed(speak, clock, tmp_path):
    speaker = speak(STUBBORN)
    speaker.say("anything")
    wait_for(tmp_path / "said")
    process = speaker._process
    speaker.interrupt()
    speaker.poll()
    assert process.poll() is None
    clock.now = 1.0
    speaker.poll()
    finish(speaker)
    assert process.returncode == -signal.SIGKILL


def test_a_hung_process_is_killed_and_named(speak, clock, tmp_path):
    speaker = speak(STUBBORN)
    speaker.say("anything")
    wait_for(tmp_path / "said")
    clock.now = 29.0
    speaker.poll()
    assert speaker.is_speaking
    clock.now = 31.0
    speaker.poll()
    finish(speaker)
    assert "after 30 s" in speaker.failure


def test_closing_ends_even_a_stubborn_process(speak, tmp_path):
    speaker = speak(STUBBORN)
    speaker.say("anything")
    wait_for(tmp_path / "said")
    process = speaker._process
    speaker.close()
    assert process.returncode is not None


def test_a_failing_process_is_told_and_does_not_stop_the_next(speak):
    speaker = speak("raise SystemExit(3)")
    speaker.say("one")
    speaker.say("two")
    finish(speaker)
    assert speaker.failure.endswith("ended with status 3")
    assert speaker.spoken == 0


def test_a_program_that_cannot_start_is_told(tmp_path, clock):
    speaker = Speaker([str(tmp_path / "absent")], clock)
    speaker.say("hello")
    assert not speaker.is_speaking
    assert "absent" in speaker.failure


def test_a_text_without_anything_to_say_changes_nothing(speak, tmp_path):
    speaker = speak(WRITER)
    speaker.say("one")
    speaker.say("\x00 [[ ]]")
    finish(speaker)
    assert (tmp_path / "said").read_text() == "one\n"


@given(st.text(max_size=2000))
def test_a_text_becomes_one_short_printable_line(text):
    line = speakable(text)
    assert len(line) <= LONGEST_SENTENCE
    assert line == "" or line.isprintable()
    assert "[[" not in line
    assert line == line.strip()


def test_a_long_text_is_cut_between_words():
    line = speakable("word " * 100)
    assert len(line) == LONGEST_SENTENCE - 1
    assert line.endswith("word")


class TestEspeakCommand:
    @pytest.fixture
    def program(self, tmp_path):
        path = tmp_path / "espeak-ng"
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        return str(path)

    def test_the_text_is_read_from_standard_input(self, program):
        assert espeak_command(program, "de+f2", 150) == [
            program,
            "-v",
            "de+f2",
            "-s",
            "150",
            "--stdin",
        ]

    @pytest.mark.parametrize("voice", ["", "-w", "../../etc/passwd", "en us", "e" * 50, "en\n"])
    def test_a_voice_is_a_plain_name(self, program, voice):
        with pytest.raises(ValueError, match="voice"):
            espeak_command(program, voice, 150)

    def test_a_missing_program_is_named(self):
        with pytest.raises(FileNotFoundError, match="no-such-espeak is not installed"):
            espeak_command("no-such-espeak", "en", 150)


def test_the_real_program_speaks_into_a_file(tmp_path, clock):
    try:
        command = espeak_command("espeak-ng", "en", 160)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    speaker = Speaker([*command, "-w", str(tmp_path / "speech.wav")], clock)
    speaker.say("Hello.")
    finish(speaker)
    assert speaker.failure == ""
    assert (tmp_path / "speech.wav").stat().st_size > 10_000


def test_no_shell_is_involved(speak, monkeypatch):
    calls = []
    original = subprocess.Popen

    def record(command, **options):
        calls.append((command, options))
        return original(command, **options)

    monkeypatch.setattr(subprocess, "Popen", record)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/somewhere/lib")
    speaker = speak(WRITER)
    speaker.say("hello")
    finish(speaker)
    [(command, options)] = calls
    assert isinstance(command, list)
    assert not options.get("shell")
    assert "LD_LIBRARY_PATH" not in options["env"]
