"""Reads what people hand to the desk: text of a bounded size."""

from pathlib import Path

from schemas.errors import WrongInput


def read_lines(file: Path, most_bytes: int) -> list[str]:
    """The lines of a file in UTF-8. Raises WrongInput where it cannot be read, or is larger."""
    try:
        with file.open("rb") as opened:
            body = opened.read(most_bytes + 1)
        if len(body) > most_bytes:
            raise WrongInput(file, None, f"the file is larger than {most_bytes:,} bytes")
        return body.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongInput(file, None, f"cannot be read ({error})") from None
