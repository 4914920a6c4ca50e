"""Serial ports: which may have a board, and opening one."""

from __future__ import annotations

import errno
from typing import Final

import serial
from serial.tools import list_ports

from emotion_core.head.protocol.framing import BAUD_RATE

_READ_TIMEOUT: Final = 0.005
"""A read returns after this even when nothing came, s."""
_WRITE_TIMEOUT: Final = 0.2
"""A write that takes longer raises an error, s."""

USB_IDS: Final = frozenset(
    {
        (0x2341, 0x0043),  # Arduino Uno R3
        (0x2341, 0x0001),  # Arduino Uno
        (0x2341, 0x0243),
        (0x2341, 0x006A),
        (0x2A03, 0x0043),
        (0x1A86, 0x7523),  # CH340, on most compatible boards
        (0x1A86, 0x55D4),  # CH9102
        (0x0403, 0x6001),  # FT232R, on the classic Nano
        (0x10C4, 0xEA60),  # CP210x
    }
)
"""Vendor and product of the USB serial converters found on Uno and Nano boards."""


def find_ports() -> list[str]:
    """Return the device paths of the USB serial ports whose id is one of an Uno's or Nano's."""
    ports = (port for port in list_ports.comports() if (port.vid, port.pid) in USB_IDS)
    return sorted(port.device for port in ports)


def open_port(path: str) -> serial.Serial:
    """Open a port for this program alone.

    Raises:
        serial.SerialException: if it cannot be opened; the message says what to do about it.
    """
    try:
        return serial.Serial(
            path,
            BAUD_RATE,
            timeout=_READ_TIMEOUT,
            write_timeout=_WRITE_TIMEOUT,
            exclusive=True,
        )
    except serial.SerialException as error:
        if error.errno == errno.EACCES:
            raise serial.SerialException(
                errno.EACCES, f"no permission for {path}: add yourself to the group dialout"
            ) from error
        if error.errno in (errno.EAGAIN, errno.EBUSY):
            raise serial.SerialException(
                error.errno, f"{path} is in use by another program"
            ) from error
        raise
