"""Single keys from a person at a terminal, or characters from a file that stands for one."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import typer


@dataclass(frozen=True, slots=True)
class Keys:
    """What a rater types: `key` waits for one key, `line` for a line after a prompt; both give nothing at the end."""

    key: Callable[[], str]
    line: Callable[[str], str]


@contextmanager
def pressed_keys() -> Iterator[Keys]:
    """Keys without Enter where standard input is a terminal, none of them lost that is pressed before it is asked for.

    Elsewhere one character is one key, and a line is what is left of the line.
    """
    if not sys.stdin.isatty():
        yield Keys(key=_next_character, line=lambda _: sys.stdin.readline().rstrip("\r\n"))
        return
    try:
        import termios
        import tty
    except ImportError:
        yield Keys(key=typer.getchar, line=_asked)
        return
    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)

    def line(prompt: str) -> str:
        termios.tcsetattr(file, termios.TCSANOW, before)
        try:
            return _asked(prompt)
        finally:
            tty.setcbreak(file, termios.TCSANOW)

    try:
        tty.setcbreak(file, termios.TCSANOW)
        yield Keys(key=lambda: _next_key(file), line=line)
    finally:
        termios.tcsetattr(file, termios.TCSANOW, before)


def _asked(prompt: str) -> str:
    answer: Any = typer.prompt(prompt, default="", show_default=False)
    return str(answer)


def _next_key(file: int) -> str:
    key = os.read(file, 1)
    if key == b"\x1b":
        # An arrow or a function key is several bytes: they are one key, which means nothing here.
        while select.select([file], [], [], 0)[0] and os.read(file, 16):
            pass
    return key.decode("utf-8", "replace")


def _next_character() -> str:
    while (pressed := sys.stdin.read(1)) in ("\n", "\r"):
        pass
    return pressed
