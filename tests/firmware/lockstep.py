"""The simulated board for tests: ``firmware/sim/harness.h`` by ctypes, with times in seconds."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from emotion_core.head.protocol.framing import Frame, FrameReader

BUILD = Path(__file__).resolve().parents[2] / "firmware" / "build"
LIBRARY = BUILD / "sim" / "libhead_sim.so"
ELF = BUILD / "avr" / "head.ino.elf"

FREQUENCY = 16_000_000
TO_BOARD, TO_HOST = 0, 1
DROP, FLIP, DUPLICATE, DELAY = range(4)
POWER_ON, EXTERNAL = 0, 1
EEPROM_SIZE = 1024
PAN, TILT = 0, 1


class _Pulse(ctypes.Structure):
    _fields_ = (
        ("start", ctypes.c_uint64),
        ("width", ctypes.c_uint32),
        ("channel", ctypes.c_uint32),
    )


@dataclass(frozen=True)
class Pulse:
    """A measured servo pulse: start in s, width in µs."""

    start: float
    width_us: float
    channel: int

    @property
    def end(self) -> float:
        return self.start + self.width_us * 1e-6


def _load() -> ctypes.CDLL:
    library = ctypes.CDLL(str(LIBRARY))
    library.sim_open.restype = ctypes.c_void_p
    library.sim_open.argtypes = [ctypes.c_char_p, ctypes.c_uint64]
    signatures = {
        "sim_close": (None, []),
        "sim_cycle": (ctypes.c_uint64, []),
        "sim_run": (ctypes.c_int, [ctypes.c_uint64]),
        "sim_write": (ctypes.c_size_t, [ctypes.c_char_p, ctypes.c_size_t]),
        "sim_line_free": (ctypes.c_uint64, []),
        "sim_read": (ctypes.c_size_t, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
        "sim_cut_line": (None, []),
        "sim_pulses": (ctypes.c_size_t, [ctypes.c_void_p, ctypes.c_size_t]),
        "sim_set_fault": (None, [ctypes.c_int, ctypes.c_int, ctypes.c_double]),
        "sim_reset": (None, [ctypes.c_int]),
        "sim_hang": (None, []),
        "sim_resets": (ctypes.c_uint32, []),
        "sim_set_touch": (None, [ctypes.c_int]),
        "sim_set_supply_pin": (None, [ctypes.c_uint32]),
        "sim_led": (None, [ctypes.c_void_p]),
        "sim_read_eeprom": (None, [ctypes.c_void_p]),
        "sim_write_eeprom": (None, [ctypes.c_char_p]),
        "sim_untouched_ram": (ctypes.c_uint32, []),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = [ctypes.c_void_p, *arguments]
    return library


class Board:
    """One simulated board with its firmware; use it in a ``with`` statement."""

    def __init__(self, elf: Path = ELF, seed: int = 1, eeprom: bytes | None = None) -> None:
        self._library = _load()
        self._sim = self._library.sim_open(str(elf).encode(), seed)
        if not self._sim:
            raise RuntimeError(f"cannot simulate {elf}")
        if eeprom is not None:
            self._library.sim_write_eeprom(self._sim, eeprom)
        self._reader = FrameReader()
        self._bytes = (ctypes.c_uint8 * 65536)()
        self._cycles = (ctypes.c_uint64 * 65536)()
        self._pulses = (_Pulse * 16384)()

    def __enter__(self) -> Board:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._library.sim_close(self._sim)
        self._sim = None

    @property
    def cycle(self) -> int:
        return int(self._library.sim_cycle(self._sim))

    @property
    def time(self) -> float:
        return self.cycle / FREQUENCY

    @property
    def line_free(self) -> float:
        """When the last byte written so far has left the line."""
        return int(self._library.sim_line_free(self._sim)) / FREQUENCY

    @property
    def rejected(self) -> int:
        """What came from the board and was no frame."""
        return self._reader.rejected

    @property
    def resets(self) -> int:
        return int(self._library.sim_resets(self._sim))

    @property
    def led(self) -> tuple[int, int, int]:
        values = (ctypes.c_uint8 * 3)()
        self._library.sim_led(self._sim, values)
        return values[0], values[1], values[2]

    @property
    def eeprom(self) -> bytes:
        values = (ctypes.c_uint8 * EEPROM_SIZE)()
        self._library.sim_read_eeprom(self._sim, values)
        return bytes(values)

    @property
    def untouched_ram(self) -> int:
        return int(self._library.sim_untouched_ram(self._sim))

    def run_until(self, time: float) -> None:
        if self._library.sim_run(self._sim, round(time * FREQUENCY)) != 0:
            raise RuntimeError(f"the processor stopped at {self.time} s")

    def run(self, duration: float) -> None:
        self.run_until(self.time + duration)

    def write(self, data: bytes) -> None:
        if self._library.sim_write(self._sim, data, len(data)) != len(data):
            raise RuntimeError("the simulated line is full")

    def read(self) -> list[tuple[float, int]]:
        """Bytes from the board with the time of their stop bits."""
        count = self._library.sim_read(self._sim, self._bytes, self._cycles, len(self._bytes))
        return [(self._cycles[i] / FREQUENCY, self._bytes[i]) for i in range(count)]

    def read_bytes(self) -> bytes:
        count = self._library.sim_read(self._sim, self._bytes, None, len(self._bytes))
        return bytes(self._bytes[:count])

    def frames(self) -> list[tuple[float, Frame]]:
        """Frames from the board with the time of their last bit."""
        found = []
        for time, byte in self.read():
            found += [(time, frame) for frame in self._reader.push(bytes((byte,)))]
        return found

    def pulses(self) -> list[Pulse]:
        count = self._library.sim_pulses(self._sim, self._pulses, len(self._pulses))
        return [
            Pulse(pulse.start / FREQUENCY, pulse.width / FREQUENCY * 1e6, pulse.channel)
            for pulse in self._pulses[:count]
        ]

    def cut_line(self) -> None:
        self._library.sim_cut_line(self._sim)

    def set_fault(self, direction: int, fault: int, probability: float) -> None:
        self._library.sim_set_fault(self._sim, direction, fault, probability)

    def reset(self, cause: int = EXTERNAL) -> None:
        self._library.sim_reset(self._sim, cause)

    def hang(self) -> None:
        self._library.sim_hang(self._sim)

    def set_touch(self, high: bool) -> None:
        self._library.sim_set_touch(self._sim, int(high))

    def set_supply_pin(self, volts: float) -> None:
        self._library.sim_set_supply_pin(self._sim, round(volts * 1000))
