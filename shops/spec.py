"""The retailer spec of a sample shop, as it would lie in `mappings/<retailer>/`."""

from pathlib import Path

import yaml

from schemas.errors import WrongInput
from schemas.retailer import NAME

LOOPBACK = "127.0.0.0/8"


def checked_name(retailer: str) -> str:
    """The name, where it is one that a retailer may have."""
    if not NAME.fullmatch(retailer):
        raise WrongInput("--retailer", None, f"{retailer!r} must be 1 to 40 characters out of a-z, 0-9 and -")
    return retailer


def write_spec(path: Path, feed_url: str, language: str, dialect: str) -> None:
    """Writes a spec that lets the night fetch from this machine, as fast as it likes."""
    spec = {
        "enabled": True,
        "language": language,
        "feed": {"url": feed_url, "dialect": dialect},
        "images": {"rate": 100, "connections": 16, "max_per_product": 8, "allow_private_hosts": [LOOPBACK]},
        "category_order": ["mapping", "text", "image"],
    }
    path.write_text("# A sample shop on this machine.\n" + yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
