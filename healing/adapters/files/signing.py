"""What we wrote ourselves, and nobody changed since: a signature by a key that stays here."""

import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from healing.adapters.files.whole import UNFINISHED, cannot_write, make_directory

KEY_BYTES = 32


def sign(data: bytes, key: bytes) -> str:
    """Give the signature of `data`: HMAC with SHA-256, in hexadecimal digits."""
    return hmac.new(key, data, hashlib.sha256).hexdigest()


def is_signed(data: bytes, key: bytes, signature: str) -> bool:
    """Tell whether `signature` is that of `data`, in a time that does not tell how nearly."""
    return hmac.compare_digest(sign(data, key), signature)


def key_in(path: Path) -> bytes:
    """Give the key kept at `path`, which nobody else can read; it is made when there is none.

    Raises:
        SetupError: It can be neither read nor made.
    """
    make_directory(path.parent)
    try:
        while not (key := _read(path)):
            _make(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except FileNotFoundError:
        return b""


def _make(path: Path) -> None:
    """Make the key, unless somebody else has just done so."""
    file, unfinished = tempfile.mkstemp(dir=path.parent, suffix=UNFINISHED)  # only we can read it
    with os.fdopen(file, "wb") as out:
        out.write(secrets.token_hex(KEY_BYTES).encode())
        out.flush()
        os.fsync(out.fileno())
    try:
        if path.exists() and not path.stat().st_size:
            path.unlink()  # power was lost while it was made
        os.link(unfinished, path)
    except FileExistsError:
        pass
    finally:
        Path(unfinished).unlink(missing_ok=True)
