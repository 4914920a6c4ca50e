"""The serial protocol between host and board, as ``firmware/PROTOCOL.md`` describes it."""
