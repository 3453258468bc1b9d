"""Log lines for machines: one JSON object a line on standard error (`--log-json`)."""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass
class JsonLog:
    """Writes the lines of one run. `stage` is the stage that the run is in, if any."""

    run: str | None
    stage: str | None = None

    def write(self, level: str, message: str, **known: Any) -> None:
        """Write a line: time (UTC), level, run, stage, message, and what else is `known`; None is left out."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"time": now, "level": level, "run": self.run, "stage": self.stage, "message": message} | known
        text = json.dumps({name: value for name, value in line.items() if value is not None})
        sys.stderr.write(text.replace("\x7f", "\\u007f") + "\n")  # JSON escapes every control character but this one
        sys.stderr.flush()
