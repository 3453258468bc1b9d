import json
from pathlib import Path

import schemas.manifest

WRITTEN = Path(schemas.manifest.__file__).with_name("manifest.schema.json")


def test_the_schema_file_is_current():
    """Made by `python -m schemas.manifest > schemas/manifest.schema.json`."""
    assert json.loads(WRITTEN.read_text()) == schemas.manifest.json_schema()
