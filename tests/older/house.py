"""A lake of this folder, unpacked: its shops served where they were, and the loader that the search tier had then."""

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shops.serve import serving
from tests.night.house import REPOSITORY, Ended, House, Shops

HERE = Path(__file__).resolve().parent
PATIENCE_S = 400
"""How long another run of these tests may hold the port."""

LOOK = """
import json, pathlib, sys, selvedge_searcher
lake, photo = sys.argv[1:]
snapshot = selvedge_searcher.open(lake)
rows, cosines = snapshot.nearest(snapshot.encode(photo), 1)
nearest = snapshot.garments.take(rows).to_pylist()[0]
print(json.dumps({
    "place": str(pathlib.Path(selvedge_searcher.__file__).parent),
    "version": snapshot.version, "vectors": list(snapshot.vectors.shape),
    "columns": snapshot.products.column_names,
    "product": nearest["product_id"], "url": nearest["image_url"], "cosine": float(cosines[0]),
    "prices": {row["product_id"]: str(row["price"]) for row in snapshot.products.to_pylist()},
}))
"""
"""Opens the live version, encodes a photo and looks for the garment that is closest to it."""


@dataclass(frozen=True)
class OlderHouse(House):
    """A house in which a night of an older program has been, with that night's models."""

    number: int

    @property
    def facts(self) -> dict[str, Any]:
        """What the lake held when it was packed."""
        return dict(json.loads((HERE / f"lake-{self.number}.json").read_text(encoding="utf-8")))

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"SELVEDGE_MODELS": str(self.root / "models")}

    def later_night(self, **settings: str) -> Ended:
        """A night on the day after, in which no picture has its turn to be asked for again."""
        return self.selvedge("night", "--json", "--date", self.facts["later"], **settings)

    def next_program(self, *words: str, **settings: str) -> Ended:
        """A verb of `tests.older.next_program`, in a process of its own."""
        variables = os.environ | self.environment | {f"SELVEDGE_{name}": value for name, value in settings.items()}
        command = [sys.executable, "-m", "tests.older.next_program", *words]
        done = subprocess.run(command, env=variables, cwd=REPOSITORY, capture_output=True)
        return Ended(done.returncode, done.stdout, done.stderr.decode())

    def picture(self, url: str) -> Path:
        """The file of a picture that the shops serve."""
        return self.root / "shops" / url.removeprefix(f"{self.shops.url}/")

    def older_searcher_looks(self, photo: Path) -> dict[str, Any]:
        """What the searcher of that day finds for a photo in the lake as it is now; see LOOK."""
        searcher = self.root / "searcher"
        if not searcher.exists():
            shutil.unpack_archive(HERE / f"searcher-{self.number}.tar.gz", searcher)
        command = [sys.executable, "-P", "-c", LOOK, str(self.lake), str(photo)]
        variables = os.environ | {"PYTHONPATH": str(searcher)}
        done = subprocess.run(command, env=variables, cwd=self.root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found.pop("place") == str(searcher / "selvedge_searcher"), "another searcher was loaded"
        return dict(found)


@contextmanager
def older_house(number: int, root: Path) -> Iterator[OlderHouse]:
    """Unpack lake `number` below `root` and serve its shops."""
    shutil.unpack_archive(HERE / f"lake-{number}.tar.gz", root)
    (root / "selvedge.yaml").touch()
    facts = json.loads((HERE / f"lake-{number}.json").read_text(encoding="utf-8"))
    folder, port, seen = root / "shops", facts["port"], Counter[str]()
    with ExitStack() as stack:
        url = _served(stack, folder, port, seen)
        yield OlderHouse(root, Shops(folder, folder, url, seen, tuple(facts["retailers"])), number)


def _served(stack: ExitStack, folder: Path, port: int, seen: Counter[str]) -> str:
    """Serve at the port that the lake's addresses name; waits where another run of these tests has it."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return stack.enter_context(serving(folder, port=port, seen=seen))
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > until:
                raise
            time.sleep(0.5)
