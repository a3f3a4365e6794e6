"""What programs in containers print: the engine's framing undone."""

HEADER = 8


def unframe(data: bytes) -> bytes:
    """Join the frames of both streams in the order they were written; a torn last one is cut off.

    Each frame is one byte for the stream, three zeros, the length as four bytes, and the text.
    """
    out = bytearray()
    at = 0
    while at + HEADER <= len(data):
        length = int.from_bytes(data[at + 4 : at + HEADER])
        out += data[at + HEADER : at + HEADER + length]
        at += HEADER + length
    return bytes(out)


def text(data: bytes) -> str:
    """Read output as text, whatever it is."""
    return data.decode(errors="replace")
