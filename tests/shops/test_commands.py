import json
from pathlib import Path

from typer.testing import CliRunner

from shops.commands import shop
from tests.shops.reading import feed_of


def test_draw_tells_what_it_made(tmp_path: Path) -> None:
    answer = CliRunner().invoke(
        shop, ["draw", "--out", str(tmp_path), "--offers", "10", "--pictures", "1", "--feed", "google", "--json"]
    )
    told = json.loads(answer.output)

    assert answer.exit_code == 0
    assert told["offers"] == 10 == len(feed_of(tmp_path / "drawn" / "feed.xml"))
    assert told["feed"] == "http://127.0.0.1:8790/drawn/feed.xml"
    assert Path(told["spec"]).is_file()


def test_every_command_explains_itself() -> None:
    for command in ("draw", "photos", "serve"):
        answer = CliRunner().invoke(shop, [command, "--help"])
        assert answer.exit_code == 0
        assert "--help" in answer.output
