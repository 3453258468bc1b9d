"""Texts in RTF, as stock systems keep their descriptions, as plain text."""

import codecs
import re

OPENING = "{\\rtf"
TOKEN = re.compile(r"\\'([0-9A-Fa-f]{2})|\\([a-z]+)(-?\d{1,9})? ?|\\([^a-z])|([{}])|([^\\{}]+)", re.DOTALL)
"""A byte, a control word with its number, a sign, a brace, or words."""
HIDDEN = {"fonttbl", "colortbl", "stylesheet", "info", "pict", "header", "footer", "object", "listtable", "themedata"}
"""What groups begin with that hold no text of the document."""
BREAKS = {"par", "line", "tab", "cell", "row", "sect", "page"}
SIGNS = {"\\": "\\", "{": "{", "}": "}", "~": " ", "_": "-"}
LATIN = "cp1252"


def plain_of(text: str) -> str:
    """The words of an RTF text; bytes in its code page and characters by number are resolved, line feeds are breaks."""
    said: list[str] = []
    hidden = [False]
    page, fallback, to_skip = LATIN, 1, 0
    for byte, word, number, sign, brace, words in TOKEN.findall(text):
        if brace == "{":
            hidden.append(hidden[-1])
        elif brace:
            hidden[-1:] = [] if len(hidden) > 1 else [False]
        elif word == "ansicpg":
            page = _codec(number)
        elif word == "uc":
            fallback = int(number or 1)
        elif word in HIDDEN or sign == "*":
            hidden[-1] = True
        elif hidden[-1]:
            continue
        elif word == "u" and number:
            said.append(_character(int(number)))
            to_skip = fallback
        elif word in BREAKS:
            said.append("\n")
        else:
            piece = bytes.fromhex(byte).decode(page, "replace") if byte else SIGNS.get(sign, "") if sign else words
            piece = piece.replace("\r", "").replace("\n", "")
            said.append(piece[to_skip:])
            to_skip = max(0, to_skip - len(piece))
    return "".join(said).strip()


def _codec(number: str) -> str:
    try:
        return codecs.lookup(f"cp{number}").name
    except LookupError:
        return LATIN


def _character(number: int) -> str:
    """The character of a number that RTF writes in 16 bits, from 32,768 on as a negative one."""
    code = number % 65_536
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)
