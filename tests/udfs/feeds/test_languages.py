"""Home-made feeds whose elements are called what the shop's own language calls them."""

import pytest

from tests.udfs.feeds.small_feeds import read

VALUES = {
    "offer_id": "A{n}",
    "title": "Lina {n}",
    "price": "1{n}9,00",
    "old_price": "199,00",
    "brand": "Acme",
    "colour": "blue",
    "sizes": "M",
    "pictures": "http://s.test/{n}.jpg",
    "url": "http://t.test/{n}",
    "category_path": "Women &gt; Dresses",
    "available": "{n}",
    "material": "linen",
}
NAMES = {
    "Arabic": "رقم_المنتج اسم_المنتج السعر السعر_القديم العلامة_التجارية اللون المقاس صورة رابط القسم المخزون",
    "Bulgarian": "код заглавие цена стара_цена марка цвят размер снимка линк категория наличност",
    "Croatian": "šifra naziv cijena stara_cijena brend boja veličina slika poveznica kategorija zaliha",
    "Danish": "produktid produktnavn nypris glpris brand farve størrelse billedurl vareurl kategorinavn lagerantal",
    "Estonian": "tootekood nimetus hind vana_hind tootja värv suurus pilt link kategooria laoseis",
    "French": "reference nom_produit prix_vente prix_barre marque couleur taille image lien catégorie quantité",
    "German": "artikelnr bezeichnung preis streichpreis hersteller farbe größe bildlink produktlink kategorie bestand",
    "Greek": "κωδικός όνομα τιμή παλιά_τιμή μάρκα χρώμα μέγεθος εικόνα σύνδεσμος κατηγορία διαθεσιμότητα",
    "Hebrew": "מקט שם_מוצר מחיר מחיר_מלא מותג צבע מידה תמונה קישור קטגוריה מלאי",
    "Hungarian": "cikkszám megnevezés bruttó_ár eredeti_ár marka szín méret kép link kategória készlet",
    "Indonesian": "kode_produk nama_produk harga harga_normal merek warna ukuran gambar link kategori stok",
    "Korean": "상품코드 상품명 판매가 정가 브랜드 색상 사이즈 이미지 링크 카테고리 재고",
    "Latvian": "kods nosaukums cena veca_cena ražotājs krāsa izmērs attēls saite kategorija atlikums",
    "Lithuanian": "kodas pavadinimas kaina sena_kaina gamintojas spalva dydis nuotrauka nuoroda kategorija likutis",
    "Portuguese": "codigo nome_produto preço_por preço_de marca cor tamanho url_imagem link_produto categoria estoque",
    "Romanian": "cod_produs nume_produs preț_vânzare preț_vechi producător culoare mărime poză link categorie stoc",
    "Spanish": "codigo nombre precio_venta precio_anterior marca color talla imagen enlace categoría existencias",
    "Ukrainian": "код назва ціна стара_ціна виробник колір розмір зображення посилання категорія наявність",
    "Vietnamese": "mã_sản_phẩm tên_sản_phẩm giá giá_cũ thương_hiệu màu_sắc kích_thước hình_ảnh link danh_mục tồn_kho",
}
MATERIAL = {
    "Arabic": "الخامة",
    "Bulgarian": "материя",
    "Croatian": "materijal",
    "Danish": "materiale",
    "Estonian": "materjal",
    "French": "matière",
    "German": "obermaterial",
    "Greek": "υλικό",
    "Hebrew": "חומר",
    "Hungarian": "anyag",
    "Indonesian": "bahan",
    "Korean": "소재",
    "Latvian": "materiāls",
    "Lithuanian": "medžiaga",
    "Portuguese": "composição",
    "Romanian": "compoziție",
    "Spanish": "composición",
    "Ukrainian": "матеріал",
    "Vietnamese": "chất_liệu",
}
"""The last of the names."""


@pytest.mark.parametrize("language", NAMES)
def test_every_field_is_told_by_its_name(language: str) -> None:
    names = [*NAMES[language].split(), MATERIAL[language]]
    offer = "".join(f"<{name}>{value}</{name}>" for name, value in zip(names, VALUES.values(), strict=True))
    feed = "<list>" + "".join(f"<row>{offer}</row>".replace("{n}", str(n)) for n in (1, 2, 3)) + "</list>"
    rows, summary = read(feed.encode())
    assert {name: str(rows[0][name]) for name in VALUES} == {
        "offer_id": "A1",
        "title": "Lina 1",
        "price": "119.00",
        "old_price": "199.00",
        "brand": "Acme",
        "colour": "blue",
        "sizes": "['M']",
        "pictures": "['http://s.test/1.jpg']",
        "url": "http://t.test/1",
        "category_path": "['Women', 'Dresses']",
        "available": "True",
        "material": "linen",
    }, summary.dialect_file
