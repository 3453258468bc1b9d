"""The most alike name is the one that comparing all of them finds."""

import random
from difflib import get_close_matches

import pytest

from udfs.rules.like_names import LikeNames

WORDS = ("платье", "платья", "юбка", "юбки", "кроссовки", "куртка", "куртки", "ботинки", "shirts", "t-shirts", "帽子")


@pytest.mark.parametrize("cutoff", [0.6, 0.85])
def test_the_closest_of_many_names_is_that_of_all(cutoff: float) -> None:
    dice = random.Random(1)
    names = sorted({f"{dice.choice(WORDS)} {dice.choice(WORDS)} {number % 17}" for number in range(600)})
    alike = LikeNames(names)
    for name in names[::10]:
        at = dice.randrange(len(name))
        asked = name[:at] + dice.choice("абв") + name[at + 1 :]
        every = get_close_matches(asked, names, n=1, cutoff=cutoff)
        assert alike.closest(asked, cutoff) == (every[0] if every else None)


def test_what_is_like_nothing_is_none() -> None:
    assert LikeNames([]).closest("hats", 0.6) is None
    assert LikeNames(["hats", "a", ""]).closest("cups", 0.6) is None
    assert LikeNames(["hats", "a"]).closest("a", 0.6) == "a"
