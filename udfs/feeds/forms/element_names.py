"""How elements are called: a prefix counts only where two vocabularies share a name, and letters' case never does."""

import re

GOOGLE, SHOPIFY = "g:", "s:"
PREFIX = re.compile(r"[A-Za-z_][\w.-]{0,40}")
CLOSING = b"</feed>"
"""Ends what `Names.opening` begins."""


def vocabulary(prefix: str, address: str) -> str:
    """`g:` for Google Merchant, `s:` for Shopify, and nothing for any other namespace.

    Shops give wrong and changing addresses for these two, so the prefix alone is enough.
    """
    if "base.google.com" in address or prefix.lower() == "g":
        return GOOGLE
    if "jadedpixel.com" in address or "shopify.com" in address or prefix.lower() == "s":
        return SHOPIFY
    return ""


class Names:
    """Canonical names of one feed's tags, by the prefixes that it declares."""

    def __init__(self) -> None:
        self.addresses: dict[str, str] = {}

    def declare(self, prefix: str, address: str) -> None:
        """Note `xmlns:prefix="address"`; the first one counts."""
        self.addresses.setdefault(prefix, address)

    def __contains__(self, prefix: str) -> bool:
        """Whether `opening` declares a prefix."""
        return prefix in self.addresses and PREFIX.fullmatch(prefix) is not None and prefix.lower() != "xml"

    def address(self, prefix: str) -> str:
        """A namespace that tells Google's and Shopify's vocabularies apart, whatever addresses the shop gives."""
        return vocabulary(prefix, self.addresses.get(prefix, ""))[:-1] or f"x-{prefix}"

    def opening(self) -> bytes:
        """A start tag `<feed>` that declares every prefix, and no default namespace: stretches of a feed go in."""
        prefixes = [prefix for prefix in self.addresses if prefix in self]
        return b"<feed" + "".join(f' xmlns:{prefix}="{self.address(prefix)}"' for prefix in prefixes).encode() + b">"

    def of(self, written: str) -> str:
        """The canonical name of a tag as it is written: `g:id`, `price`."""
        prefix, _, name = written.rpartition(":")
        if not prefix:
            return name.lower()
        return vocabulary(prefix, self.addresses.get(prefix, "")) + name.lower()


def of_tag(tag: str) -> str:
    """The canonical name of an lxml tag, `{address}name`."""
    address, _, name = tag.rpartition("}")
    address = address[1:]
    return (vocabulary(address, address) if address else "") + name.lower()
