"""Which dialect a feed is taken for, and why."""

import pytest

from tests.udfs.feeds.small_feeds import OFFER, feed, read

RSS = "<rss xmlns:g='http://base.google.com/ns/1.0'><channel>{}</channel></rss>"
FORMS = {
    "yml": feed(OFFER.format(1)).decode(),
    "google": RSS.format(
        "<item><g:id>1</g:id><title>Coat</title><g:image_link>http://s.test/1.jpg</g:image_link></item>"
    ),
    "google-atom": "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:g='http://base.google.com/ns/1.0'><entry><g:id>1</g:id>"
    "<title>Coat</title><g:price>10 EUR</g:price><g:image_link>http://s.test/1.jpg</g:image_link></entry></feed>",
    "heureka": "<SHOP><SHOPITEM><ITEM_ID>1</ITEM_ID><PRODUCTNAME>Coat</PRODUCTNAME><IMGURL>http://s.test/1.jpg</IMGURL>"
    "<PRICE_VAT>10</PRICE_VAT></SHOPITEM></SHOP>",
    "ceneo": "<offers><o id='1' price='10'><name>Coat</name><imgs><main url='http://s.test/1.jpg'/></imgs></o></offers>",
    "skroutz": "<mywebstore><products><product><id>1</id><name>Coat</name><image>http://s.test/1.jpg</image>"
    "<price_with_vat>10</price_with_vat></product></products></mywebstore>",
    "trovaprezzi": "<Products><Offer><Code>1</Code><Name>Coat</Name><Image>http://s.test/1.jpg</Image><Price>10</Price>"
    "<ShippingCost>5</ShippingCost></Offer></Products>",
    "kaspi": "<kaspi_catalog><offers><offer sku='1'><model>Coat</model></offer></offers></kaspi_catalog>",
    "commerceml": "<КоммерческаяИнформация><Каталог><Товары><Товар><Ид>1</Ид><Наименование>Coat</Наименование>"
    "<Картинка>http://s.test/1.jpg</Картинка></Товар></Товары></Каталог></КоммерческаяИнформация>",
}


@pytest.mark.parametrize("name", FORMS)
def test_each_form_is_told_by_what_it_holds(name: str) -> None:
    rows, summary = read(FORMS[name].encode())
    assert summary.dialect == name, summary.dialect_reason
    assert summary.dialect_reason
    assert [(row["offer_id"], row["title"]) for row in rows] == [("1", "Coat 1" if name == "yml" else "Coat")]


def test_a_setting_that_does_not_fit_refuses_the_feed() -> None:
    _, summary = read(FORMS["heureka"].encode(), dialect="yml")
    assert summary.status == "refused"
    assert summary.detail
