"""Text that was decoded wrongly and encoded again: found in a sample, turned back run by run."""

import re
from dataclasses import dataclass

CP1252_SPECIALS = {bytes([byte]).decode("cp1252", "ignore"): byte for byte in range(0x80, 0xA0)}
AS_LATIN1 = {ord(char): byte for char, byte in CP1252_SPECIALS.items() if char}
LATIN_RUN = re.compile(f"[\u0080-\u00ff{''.join(char for char in CP1252_SPECIALS if char)}]+")
CYRILLIC_RUN = re.compile("[\u0080-\u00bf\u0400-\u0491\u2010-\u2040\u20ac\u2116\u2122]+")
SHORTEST = {"cp1252": 2, "cp1251": 4}
"""Characters of a run that can prove anything: one letter where no language writes such a pair, two in Cyrillic."""
SURE_RUNS = 3
LATIN_LETTER = re.compile("[À-ÿ]")
LETTERS_SIDE_BY_SIDE = re.compile("[À-ÿ]{3,}")


@dataclass(frozen=True)
class Undo:
    """Turns text back: characters as bytes of `wrong`, those bytes read as `right`."""

    wrong: str
    right: str

    def __call__(self, text: str) -> tuple[str, int]:
        """The text with every run that can be turned back turned back, and how many there were."""
        count = 0

        def turned(match: re.Match[str]) -> str:
            nonlocal count
            back = self.run(match[0])
            if back is None:
                return match[0]
            count += 1
            return back

        pattern = CYRILLIC_RUN if self.wrong == "cp1251" else LATIN_RUN
        return pattern.sub(turned, text), count

    def run(self, text: str) -> str | None:
        """One run turned back, or None where it cannot have come about this way."""
        try:
            encoded = text.encode("cp1251") if self.wrong == "cp1251" else text.translate(AS_LATIN1).encode("latin-1")
            return encoded.decode(self.right)
        except UnicodeError:
            return None


UNDOS = (Undo("cp1252", "utf-8"), Undo("cp1251", "utf-8"))
CYRILLIC = Undo("cp1252", "cp1251")


def find_undo(sample: str) -> Undo | None:
    """How to turn the feed's text back, or None where it is as it should be."""
    for undo in UNDOS:
        pattern = CYRILLIC_RUN if undo.wrong == "cp1251" else LATIN_RUN
        runs = [run for run in pattern.findall(sample) if len(run) >= SHORTEST[undo.wrong]]
        if len(set(runs)) >= SURE_RUNS and sum(undo.run(run) is not None for run in runs) >= 0.8 * len(runs):
            return undo
    return CYRILLIC if looks_like_cyrillic(sample) else None


def looks_like_cyrillic(text: str) -> bool:
    """Whether accented Latin letters stand side by side as no language writes them: Cyrillic read as Latin-1."""
    letters = len(LATIN_LETTER.findall(text))
    return letters >= 12 and sum(map(len, LETTERS_SIDE_BY_SIDE.findall(text))) > 0.6 * letters
