"""Keys: read from a file that nobody else can read, and from nowhere else.

A key on a command line shows in every list of processes, and one in the environment is passed to every child process.
A secret store gives its key as a file, or as a pipe that looks like one (`--key-file <(store get …)`).
"""

import os
import stat
from pathlib import Path

SHORTEST = 32  # bytes; a key for HMAC-SHA-256 is as long as its digest (RFC 2104, section 3)
LONGEST = 4096
OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyRefused(Exception):
    """A key cannot be used; the message names the file and what is wrong with it, never its content."""


def read_key(path: Path) -> bytes:
    """The key in a file, without the line break at its end.

    Raises:
        KeyRefused: the file is missing, is not its user's alone, or holds fewer than 32 bytes or more than 4,096.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise KeyRefused(f"{path}: the key cannot be read: {error.strerror}") from None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)  # of the file that is open, even if its path now leads to another
        if status.st_mode & OF_OTHERS or status.st_uid not in (0, os.geteuid()):
            raise KeyRefused(f"{path}: the key is not its user's alone: chmod 600, and own it")
        if stat.S_ISDIR(status.st_mode):
            raise KeyRefused(f"{path}: the key is a folder")
        key = file.read(LONGEST + 2).rstrip(b"\r\n")
    if len(key) < SHORTEST:
        raise KeyRefused(f"{path}: the key is too short: {SHORTEST} bytes at least, as from `openssl rand -hex 32`")
    if len(key) > LONGEST:
        raise KeyRefused(f"{path}: longer than {LONGEST} bytes: this is not a key")
    return key
