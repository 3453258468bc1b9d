"""A seeded campaign: `python -m tests.fuzz.damage --seeds 200` flips, cuts or deletes one file of a small lake.

Each case copies the lake, damages one file, runs a night, then `selvedge doctor --repair` and a night. The first night
must end in a line and leave a version live that is whole or refused, the last publish what an undisturbed one does.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import selvedge_searcher
from tests.night.house import Ended
from tests.older.house import OlderHouse, older_house

KINDS = ("flip", "cut", "delete")
SAME, LOST, FAILED = "the same snapshot", "said what cannot be had again", "FAILED"


@dataclass(frozen=True)
class Case:
    """One damage, and how it ended."""

    seed: int
    kind: str
    place: str
    outcome: str
    said: str

    @property
    def line(self) -> str:
        return f"{self.seed:>4}  {self.kind:<6} {self.outcome:<30} {self.place}  {self.said}".rstrip()


class Failure(AssertionError):
    """A case that ended as none may."""


@contextmanager
def base(root: Path) -> Iterator[tuple[OlderHouse, str]]:
    """A lake of today's code with two versions, and a change that the next night publishes -> house, its digest."""
    with older_house(1, root / "base") as house:
        shutil.rmtree(house.lake)
        _succeed(house.later_night())
        _edit(house, 0)
        _succeed(house.later_night())
        _edit(house, 1)
        undisturbed = copied(house, root / "undisturbed")
        _succeed(undisturbed.later_night())
        yield house, undisturbed.manifest().content_digest


def _edit(house: OlderHouse, retailer: int) -> None:
    """Other prices in one shop's feed."""
    feed = house.shops.feed(house.shops.retailers[retailer])
    text = feed.read_text(encoding="utf-8")
    changed = text.replace("<price>", "<price>1").replace("<g:price>", "<g:price>1")
    assert changed != text
    feed.write_text(changed, encoding="utf-8")


def _succeed(ended: Ended) -> None:
    if ended.code:
        raise Failure(f"exit {ended.code}: {ended.err or ended.text}")


def copied(house: OlderHouse, root: Path) -> OlderHouse:
    """The same house with a lake of its own."""
    root.mkdir(parents=True)
    shutil.copytree(house.lake, root / "lake")
    for name in ("mappings", "models", "shops", "selvedge.yaml"):
        (root / name).symlink_to(house.root / name)
    return OlderHouse(root, house.shops, house.number)


def damage(lake: Path, seed: int) -> tuple[str, Path]:
    """Flip a bit of, cut, or delete one file; every folder is as likely as another."""
    chance = random.Random(seed)
    folders: dict[Path, list[Path]] = {}
    for path in sorted(lake.rglob("*")):
        if path.is_file() and path.suffix != ".lock":
            folders.setdefault(path.parent, []).append(path)
    # names are random, so that the choice goes by size and place
    files = sorted(folders[chance.choice(sorted(folders, key=str))], key=lambda path: (path.stat().st_size, path.name))
    path, kind = chance.choice(files), chance.choice(KINDS)
    body = bytearray(path.read_bytes())
    if kind == "delete" or not body:
        path.unlink()
        return "delete", path
    at = chance.randrange(len(body))
    if kind == "flip":
        body[at] ^= 1 << chance.randrange(8)
    path.write_bytes(body if kind == "flip" else body[:at])
    if path.name == "lease.json":  # as after the minutes in which a running night would have written it again
        os.utime(path, (0, 0))
    return kind, path


def one_case(house: OlderHouse, root: Path, seed: int, digest: str) -> Case:
    """One seed from damage to the last night."""
    mine = copied(house, root / f"case-{seed}")
    kind, path = damage(mine.lake, seed)
    place, said = str(path.relative_to(mine.lake)), ""
    try:
        first = _in_a_line(mine.later_night())
        if first.code == 0 and mine.manifest().content_digest != digest:
            raise Failure(f"the night after the damage published {mine.manifest().content_digest[:8]}")
        _whole_or_refused(mine)
        before = _in_a_line(mine.selvedge("doctor"))
        mended = _in_a_line(mine.selvedge("doctor", "--repair"))
        said = next((line for line in mended.text.splitlines() if "cannot be had again" in line), "")
        if mended.code:
            raise Failure(f"doctor --repair ended with {mended.code}: {mended.text}{mended.err}")
        if first.code and not before.code:
            raise Failure(f"the doctor found nothing, the night ended with {first.code}: {first.err}")
        last = _in_a_line(mine.later_night())
        if last.code:
            raise Failure(f"the last night ended with {last.code}: {last.err or last.text}")
        selvedge_searcher.open(str(mine.lake))
        if mine.manifest().content_digest == digest:
            return Case(seed, kind, place, SAME, f"night {first.code}; {said}" if said else f"night {first.code}")
        if said:
            return Case(seed, kind, place, LOST, said)
        raise Failure("another snapshot, and not a word")
    except Exception as error:  # the campaign goes on, and counts it
        return Case(seed, kind, place, FAILED, f"{type(error).__name__}: {error} {said}")
    finally:
        shutil.rmtree(mine.root)


def _in_a_line(ended: Ended) -> Ended:
    """The command as it ended, if it ended as commands do."""
    if "Traceback" in ended.err or "panicked" in ended.err:
        raise Failure(f"a stack trace: {ended.err}")
    if ended.code not in (0, 1):
        raise Failure(f"exit {ended.code}: {ended.err}")
    if ended.code == 1 and "doctor" not in ended.err + ended.text:
        raise Failure(f"the command is not named: {ended.err}")
    return ended


def _whole_or_refused(house: OlderHouse) -> None:
    """The search tier opens the live version, or refuses it in a line; it never takes what is not the version's."""
    try:
        selvedge_searcher.open(str(house.lake))
    except selvedge_searcher.SnapshotError:
        return


def campaign(seeds: range) -> list[Case]:
    """All cases, one line each as they end."""
    cases = []
    with tempfile.TemporaryDirectory(prefix="damage-") as folder, base(Path(folder)) as (house, digest):
        for seed in seeds:
            cases.append(one_case(house, Path(folder), seed, digest))
            print(cases[-1].line, flush=True)
    return cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200, help="how many cases")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    asked = parser.parse_args()
    cases = campaign(range(asked.first, asked.first + asked.seeds))
    counted = Counter(case.outcome for case in cases)
    print(", ".join(f"{outcome}: {count}" for outcome, count in counted.most_common()))
    sys.exit(bool(counted[FAILED]))


if __name__ == "__main__":
    main()
