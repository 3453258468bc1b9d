"""The rules by which a failed URL is asked again; `tests.jobs.stages.test_fetch_queue` has them at work."""

from schemas.rejects import Code
from udfs.web.retry import RETRY_RULES


def test_every_class_of_failure_has_a_rule_with_an_end() -> None:
    codes = {code for code in Code if code.startswith(("fetch_", "picture_", "worker_", "internal"))}
    assert set(RETRY_RULES) == codes
    assert all(rule.max_attempts >= 1 for rule in RETRY_RULES.values())
    assert all(rule.nights >= 1 for rule in RETRY_RULES.values() if rule.max_attempts > 1), "never twice in a night"
