"""`plan`: what a night would do now."""

from cli.context import Date, Json, open_night, print_json
from cli.terminal import say
from jobs.answers.plan import plan as make_plan


def plan(date: Date = None, json: Json = False) -> None:
    """Show what is due and how long it will take."""
    today = open_night(None, date, quiet=True)
    rows = make_plan(today)
    if json:
        print_json(rows)
        return
    for row in rows:
        due = "?" if row["due"] is None else row["due"]
        say(f"{row['stage']:<12} {due:>9} due   {row['about']}".rstrip())
