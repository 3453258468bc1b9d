"""Only the page that the command opened may ask, and only itself may change anything."""

import http.client
from dataclasses import replace
from urllib.parse import quote, urlsplit

import pytest

from desk.leaves import Leaves
from desk.shop import Shop
from desk.state import Desk
from tests.desk.served import TOKEN, served

FORM = {"content-type": "application/x-www-form-urlencoded"}


def asked(address: str, path: str, method: str = "GET", body: str = "", **headers: str) -> tuple[int, str, str]:
    """Status, body and content security policy."""
    at = urlsplit(address)
    connection = http.client.HTTPConnection(str(at.hostname), at.port, timeout=20)
    connection.request(method, path, body, {"Host": at.netloc} | {k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    return answer.status, answer.read().decode(), answer.getheader("content-security-policy") or ""


def test_token_host_and_origin_are_checked(desk: Desk, leaves: Leaves) -> None:
    with served(desk, leaves) as address:
        own = address.removesuffix(f"/{TOKEN}/")
        act = f"/{TOKEN}/shop/drawn/act"
        key = desk.work("drawn").left()[0]
        status, body, policy = asked(address, f"/{TOKEN}/shop/drawn")
        assert status == 200
        assert "default-src 'none'" in policy
        assert "drawn" in body
        for path in ("/", "/shop/drawn", "/t0ken2/shop/drawn", f"/{TOKEN[:-1]}/", "/static/desk.js"):
            assert asked(address, path)[0] == 403, path
        assert asked(address, f"/{TOKEN}/", Host="evil.example")[0] == 403
        body = f"do=skip&category={key}"
        for headers in ({}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": own + ".evil.example"}):
            assert asked(address, act, "POST", body, **FORM, **headers)[0] == 403, headers
        assert not desk.work("drawn").pending.decisions
        assert asked(address, act, "POST", body, **FORM, Origin=own)[0] == 200
        assert len(desk.work("drawn").pending.decisions) == 1
        assert asked(address, act, "POST", "x" * (1 << 21), **FORM, Origin=own)[0] == 403


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("do=leaf&leaf=nosuch&category={key}", "no such category"),
        ("do=leaf&leaf=hat&category=0123", "no such category any more"),
        ("do=accept&place=77&category={key}", "no such proposal"),
        ("do=accept&place=x&category={key}", "no such proposal"),
        ("do=leaf&leaf=hat&word=***&category={key}", "no letters"),
        ("do=dance&category={key}", "no such key"),
        ("%ff%fe", "no such key"),
    ],
)
def test_a_wrong_form_is_a_clear_page_and_changes_nothing(desk: Desk, leaves: Leaves, form: str, said: str) -> None:
    key = desk.work("drawn").left()[0]
    with served(desk, leaves) as address:
        own = address.removesuffix(f"/{TOKEN}/")
        answer = asked(address, f"/{TOKEN}/shop/drawn/act", "POST", form.format(key=key), **FORM, Origin=own)
    assert answer[0] == 400
    assert said in answer[1]
    assert not desk.work("drawn").pending.decisions


def test_pages_of_what_is_not_there(desk: Desk, leaves: Leaves) -> None:
    product = desk.shops["drawn"].products[0].id
    with served(desk, leaves) as address:
        assert asked(address, f"/{TOKEN}/shop/..%2f..%2fetc")[0] in (400, 404)
        assert asked(address, f"/{TOKEN}/shop/nosuch")[0] == 400
        assert asked(address, f"/{TOKEN}/picture/{'0' * 64}/160")[0] == 404
        assert asked(address, f"/{TOKEN}/picture/{'0' * 64}/9999")[0] == 404
        assert asked(address, f"/{TOKEN}/shop/drawn/products?from=-1&category=zz")[0] == 400
        for page in ("", "shop/drawn/rules", "shop/drawn/products?q=" + quote("юбка"), "shop/drawn/whatif",
                     "shop/drawn/save", "shop/drawn/product?id=" + quote(product)):  # fmt: skip
            assert asked(address, f"/{TOKEN}/{page}")[0] == 200, page


def test_read_only_changes_nothing(desk: Desk, leaves: Leaves) -> None:
    desk.read_only = True
    key = desk.work("drawn").left()[0]
    with served(desk, leaves) as address:
        own = address.removesuffix(f"/{TOKEN}/")
        for path, form in (
            ("act", f"do=skip&category={key}"),
            ("wrong", "do=nothing"),
            ("save", "by=AK"),
            ("save", "do=load"),
        ):
            answer = asked(address, f"/{TOKEN}/shop/drawn/{path}", "POST", form, **FORM, Origin=own)
            assert answer[0] == 400
            assert "--read-only" in answer[1]


def test_a_rule_is_deleted_only_as_it_was_shown(desk: Desk, leaves: Leaves) -> None:
    work = desk.work("drawn")
    file, count = work.text.path, len(work.mapping.rules)
    form = f"line=2&do=delete&by=AK&digest={work.text.digest}"
    with served(desk, leaves) as address:
        own = address.removesuffix(f"/{TOKEN}/")
        shown = asked(address, f"/{TOKEN}/shop/drawn/rule?line=2&do=delete")
        assert (shown[0], work.text.digest in shown[1]) == (200, True)
        post = (f"/{TOKEN}/shop/drawn/rule", "POST")
        assert asked(address, *post, "line=2&do=delete&by=AK&digest=0", **FORM, Origin=own)[0] == 400
        file.write_text(file.read_text(encoding="utf-8") + "<!-- a colleague -->", encoding="utf-8")
        assert asked(address, *post, form, **FORM, Origin=own)[0] == 409
        work.load()
        answer = asked(address, *post, form.replace(form[-64:], work.text.digest), **FORM, Origin=own)
    assert (answer[0], len(work.mapping.rules)) == (200, count - 1)


def test_a_broken_file_is_shown_with_its_line(desk: Desk, leaves: Leaves) -> None:
    file = desk.mappings / "drawn" / "categories.xml"
    body = file.read_text(encoding="utf-8").replace("</mapping>", "<rule to=</mapping>")
    file.write_text(body, encoding="utf-8")
    with served(desk, leaves) as address:
        answer = asked(address, f"/{TOKEN}/shop/drawn")
        assert answer[0] == 400
        assert f"categories.xml:{body.count(chr(10))}: " in answer[1]
        assert "&lt;rule to=&lt;/mapping&gt;" in answer[1]
        assert "categories.xml:" in asked(address, f"/{TOKEN}/")[1]
    assert file.read_text(encoding="utf-8") == body


def test_a_shop_without_products_and_a_taxonomy_that_lost_a_node(desk: Desk, leaves: Leaves) -> None:
    desk.shops["empty"] = Shop("empty", "en", [])
    (desk.mappings / "empty").mkdir()
    key = desk.work("drawn").left()[0]
    desk.work("drawn").decide(key, to="hat")
    lost = {code: node for code, node in desk.taxonomy.nodes.items() if code != "hat"}
    with served(desk, leaves) as address:
        own = address.removesuffix(f"/{TOKEN}/")
        assert "Run a night first" in asked(address, f"/{TOKEN}/shop/empty")[1]
        assert "no live products yet" in asked(address, f"/{TOKEN}/")[1]
        desk.work("drawn").taxonomy = replace(desk.taxonomy, nodes=lost)
        assert asked(address, f"/{TOKEN}/shop/drawn")[0] == 200
        status, body, _ = asked(address, f"/{TOKEN}/shop/drawn/save", "POST", "by=AK", **FORM, Origin=own)
        assert (status, "the taxonomy has no node hat" in body) == (400, True)
        assert "Undone" in asked(address, f"/{TOKEN}/shop/drawn/act", "POST", "do=undo", **FORM, Origin=own)[1]
