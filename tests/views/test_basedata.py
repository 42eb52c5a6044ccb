"""The data dictionary, products and stock on the screen."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from app import create_app
from app.actions.basedata import SEEDS, links
from app.actions.imports import KINDS
from app.actions.imports.columns import Entry
from app.extensions import appbuilder
from app.models import Category, Customer, DictionaryEntry, Employee, Model, Product, StockLevel
from app.security.scope import copying
from app.views.choice_fields import RowField
from app.views.presentation import in_digits
from tests.browsing import Browser, text_of
from tests.conftest import settings_for
from tests.walk import everything


def key_of(rows, category, item):
    """The key of an entry."""
    with rows() as session:
        statement = select(DictionaryEntry.id).where(
            DictionaryEntry.category == category.value, DictionaryEntry.item == item
        )
        return session.scalars(statement).one()


def use(rows, key):
    """Two customers and a person have the entry as their region."""
    with rows() as session:
        entry = session.get(DictionaryEntry, key)
        for customer in session.scalars(select(Customer)):
            customer.region = entry
        session.scalars(select(Employee).where(Employee.username == "narrow")).one().regions = [entry]


# ---- the dictionary -----------------------------------------------------------------------------------------


def test_the_list_stands_by_category_and_place(as_):
    browser = as_("admin")
    text = text_of(browser.get("/dictionary/list/?category=地区"))
    places = [text.index(f" {item} ") for item, _ in SEEDS[Category.REGION]]
    assert places == sorted(places)
    english = text_of(as_("admin", locale="en").get("/dictionary/list/?category=Region&page_size=100"))
    assert "East China" in english and "华东" not in english and "Customer level" in english
    assert "华东" in text_of(browser.get("/dictionary/list/?item=east"))
    assert "合作伙伴" not in text_of(browser.get("/dictionary/list/?category=企业客户等级&value=5")).replace(
        "战略合作伙伴", ""
    )


@pytest.mark.parametrize("who", ["supervisor", "manager_a", "executive", "nobody"])
def test_administrators_alone_keep_the_dictionary(as_, app, rows, who):
    before, key = everything(app), key_of(rows, Category.REGION, "华东")
    for path in ("list/", "add", f"show/{key}", f"edit/{key}"):
        assert as_(who).get(f"/dictionary/{path}").status_code == 403
    for path in (f"delete/{key}", f"switch-off/{key}", f"switch-on/{key}"):
        assert as_(who).post(f"/dictionary/{path}").status_code == 403
    assert everything(app) == before


def test_an_entry_is_made_and_changed(as_, rows):
    browser = as_("admin")
    assert 'value="地区"' in browser.get("/dictionary/add").get_data(as_text=True)
    made = browser.submit(
        "/dictionary/add", category="地区", item="港澳", item_en="Hong Kong", value="11", is_active="y"
    )
    assert made.status_code == 302
    with rows() as session:
        entry = session.scalars(select(DictionaryEntry).where(DictionaryEntry.item == "港澳")).one()
        assert (entry.position, entry.is_active, entry.is_editable, entry.version) == (11, True, True, 1)
        key = entry.id
    assert browser.submit(f"/dictionary/edit/{key}", item="港澳台").status_code == 302
    assert "港澳台" in text_of(browser.get(f"/dictionary/show/{key}"))
    assert "港澳台" in text_of(browser.get(f"/dictionary/history/{key}"))


def test_a_new_category_may_be_typed_and_a_known_one_in_either_language(as_, rows):
    browser = as_("admin", locale="en")
    assert browser.submit("/dictionary/add", category="Region", item="港澳", value="11").status_code == 302
    assert browser.submit("/dictionary/add", category="仓库类型", item="冷库", value="1").status_code == 302
    with rows() as session:
        found = {one.item: one for one in session.scalars(select(DictionaryEntry))}
        assert found["港澳"].category == "地区" and found["冷库"].category == "仓库类型"
        assert found["冷库"].position == 1
        key = found["港澳"].id
    assert 'value="Region"' in browser.get(f"/dictionary/edit/{key}").get_data(as_text=True)
    assert browser.submit(f"/dictionary/edit/{key}", value="12").status_code == 302
    assert "冷库" in text_of(browser.get("/dictionary/list/?category=仓库类型"))


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"value": "1"}, "value"),
        ({"item": "华东"}, "item"),
        ({"item": ""}, "item"),
        ({"category": ""}, "category"),
        ({"category": "类" * 51}, "category"),
        ({"position": "-1"}, "position"),
        ({"position": "10000"}, "position"),
    ],
)
def test_what_is_wrong_stands_under_its_field(as_, app, fields, wrong):
    before = everything(app)
    given = {"category": "地区", "item": "港澳", "value": "11", **fields}
    answer = as_("admin").post("/dictionary/add", given)
    assert answer.status_code == 422 and f'id="{wrong}-error"' in answer.get_data(as_text=True)
    assert everything(app) == before


def test_whether_it_is_editable_is_not_on_the_form(as_, app):
    before = everything(app)
    given = {"category": "地区", "item": "港澳", "value": "11", "is_editable": ""}
    assert as_("admin").post("/dictionary/add", given).status_code == 400
    assert everything(app) == before


def test_what_the_product_stands_on_is_neither_changed_nor_deleted(as_, app, rows):
    key, before = key_of(rows, Category.LEVEL, "大客户"), everything(app)
    browser = as_("admin")
    page = browser.get(f"/dictionary/show/{key}").get_data(as_text=True)
    assert f"/dictionary/edit/{key}" not in page and f"/dictionary/delete/{key}" not in page
    assert browser.get(f"/dictionary/edit/{key}").status_code == 409
    fields = {"category": "企业客户等级", "item": "超大客户", "value": "3", "version": "1"}
    assert browser.post(f"/dictionary/edit/{key}", fields).status_code == 409
    for path in ("delete", "switch-off", "switch-on"):
        assert browser.post(f"/dictionary/{path}/{key}").status_code == 409
    assert everything(app) == before


def test_an_entry_in_use_stays_and_says_where(as_, rows):
    key, browser = key_of(rows, Category.REGION, "东北"), as_("admin")
    use(rows, key)
    answer = browser.post(f"/dictionary/delete/{key}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409 and f"/dictionary/switch-off/{key}" in page
    assert "客户（地区）2 条" in text_of(answer) and "）1 条" in text_of(answer)
    shown = browser.get(f"/dictionary/show/{key}").get_data(as_text=True)
    assert "使用情况" in shown and "/customers/list/?region=%E4%B8%9C%E5%8C%97" in shown
    assert "镇江岚砺磨具有限公司" in text_of(browser.get("/customers/list/?region=东北"))
    moved = browser.submit(f"/dictionary/edit/{key}", category="行业", value="99")
    assert moved.status_code == 422 and "category-error" in moved.get_data(as_text=True)


def test_one_that_nobody_uses_is_deleted(as_, rows):
    key, browser = key_of(rows, Category.REGION, "西部"), as_("admin")
    assert "没有记录使用该条目" in text_of(browser.get(f"/dictionary/show/{key}"))
    assert browser.post(f"/dictionary/delete/{key}").status_code == 302
    assert browser.get(f"/dictionary/show/{key}").status_code == 404


def test_one_that_is_switched_off_leaves_the_choices_and_stays_on_old_records(as_, rows):
    key, browser = key_of(rows, Category.REGION, "东北"), as_("admin")
    with rows() as session:
        narrow = session.scalars(select(Employee).where(Employee.username == "narrow")).one()
        narrow.regions = [session.get(DictionaryEntry, key)]
        person = narrow.id
    assert browser.post(f"/dictionary/switch-off/{key}").status_code == 302
    assert "东北" not in text_of(browser.get("/opportunities/add"))
    assert "东北" not in text_of(browser.get("/users/add"))
    form = browser.get(f"/users/edit/{person}")
    assert "东北" in text_of(form) and f'value="{key}"' in form.get_data(as_text=True)
    assert browser.post(f"/dictionary/switch-on/{key}").status_code == 302
    assert "东北" in text_of(browser.get("/opportunities/add"))


def test_a_renamed_entry_is_called_so_everywhere_at_once(home, as_, rows):
    key = key_of(rows, Category.REGION, "华东")
    other = create_app(settings_for(home.url))
    elsewhere = Browser(other, "manager_a")
    try:
        path = "/opportunities/list/?status=&region="
        assert "华东" in text_of(elsewhere.get("/opportunities/add"))
        assert as_("admin").submit(f"/dictionary/edit/{key}", item="江浙沪", is_active="y").status_code == 302
        assert "江浙沪" in text_of(elsewhere.get("/opportunities/add"))
        assert "苏州澄岳精密机械有限公司" in text_of(elsewhere.get(path + "江浙沪"))
        assert "华东" not in text_of(elsewhere.get("/opportunities/list/?status="))
    finally:
        with other.app_context():
            other.extensions["sqlalchemy"].engine.dispose()


def test_the_second_of_two_editors_is_told(as_, rows):
    key, browser = key_of(rows, Category.REGION, "华东"), as_("admin")
    form = {
        "category": "地区",
        "item": "华东",
        "item_en": "East China",
        "value": "4",
        "position": "4",
        "is_active": "y",
    }
    assert browser.post(f"/dictionary/edit/{key}", {**form, "item": "江浙沪", "version": "1"}).status_code == 302
    late = browser.post(f"/dictionary/edit/{key}", {**form, "value": "40", "version": "1"})
    assert late.status_code == 409 and "周以宁" in text_of(late) and "江浙沪" in text_of(late)


# ---- what the choices of the product name ---------------------------------------------------------------------


def test_every_link_to_an_entry_names_a_category_and_is_counted(app):
    relations = [
        one for mapper in Model.registry.mappers for one in mapper.relationships if one.mapper.class_ is DictionaryEntry
    ]
    assert len(relations) >= 8
    for one in relations:
        assert isinstance(one.info.get("category"), Category), one
    with app.app_context():
        counted = [link.column for link in links()]
        assert len(counted) == len(relations) and all(str(link.records) and str(link.field) for link in links())


def test_every_choice_of_a_form_and_every_column_of_an_import_names_a_category(app):
    found = []
    with app.test_request_context():
        for view in appbuilder().baseviews:
            for form in (getattr(view, "add_form", None), getattr(view, "edit_form", None)):
                found += [one.find.keywords["category"] for one in form() if _is_of_entries(one)] if form else []
        columns = [one for kind in KINDS.values() for one in kind.schema.columns().values() if isinstance(one, Entry)]
        found += [one.category for one in columns]
        for mapper in Model.registry.mappers:
            found += [one.info["suggests"] for one in mapper.columns if "suggests" in one.info]
    assert len(found) >= 6 and all(isinstance(one, Category) for one in found)
    assert {Category.SOURCE, Category.POSITION} <= set(found)


def _is_of_entries(field):
    return isinstance(field, RowField) and "category" in getattr(field.find, "keywords", {})


# ---- products and stock -----------------------------------------------------------------------------------------


@pytest.fixture
def goods(rows):
    """A few products in several places; returns the key of the first."""
    with rows() as session, copying(session):
        valve = Product(number="2001", name="调节阀", model="TJ-50", batch="优等", unit="台", price=Decimal("3.265"))
        plain = Product(number="2002", name="50%电源", unit="台", price=None, memo="停产")
        for product in (valve, plain):
            product.source = "test"
        for house, place, number in (("二号仓", "1-1", "1200"), ("二号仓", "1-2", "0.125"), ("一号仓", "9-9", "3")):
            quantity = Decimal(number)
            session.add(
                StockLevel(product=valve, warehouse=house, location=place, quantity=quantity, source="test", memo=None)
            )
        session.add(plain)
        session.flush()
        return valve.id


@pytest.mark.parametrize("who", ["nobody", "manager_a", "executive", "admin"])
def test_everybody_sees_products_and_stock(as_, goods, who):
    browser = as_(who)
    for path in ("/products/list/", f"/products/show/{goods}", "/stock/list/"):
        assert browser.get(path).status_code == 200
    menu = browser.get("/").get_data(as_text=True)
    assert 'href="/products/list/"' in menu and 'href="/stock/list/"' in menu


def test_the_columns_and_filters_of_products(as_, goods):
    browser = as_("nobody")
    text = text_of(browser.get("/products/list/"))
    assert "产品编号 名称 型号 等级/批次 单位 单价（元） 备注" in text
    assert "2001 调节阀 TJ-50 优等 台 3.265 —" in text and "1001 温度传感器 T-2 一级 只 86.50 —" in text
    for asked, shown in (("name=调节", "2001"), ("model=tj", "2001"), ("batch=优", "2001"), ("name=50%25", "2002")):
        text = text_of(browser.get(f"/products/list/?{asked}"))
        assert shown in text and "1001" not in text
    page = text_of(browser.get(f"/products/show/{goods}"))
    assert "一号仓 9-9 3 —" in page and "二号仓 1-2 0.125 —" in page and "合计 1,203.125" in page


def test_the_columns_and_filters_of_stock(as_, goods):
    browser = as_("nobody")
    text = text_of(browser.get("/stock/list/"))
    assert "序号 产品 仓库 货位 件数 备注" in text and "调节阀-TJ-50-优等 二号仓 1-1 1,200 —" in text
    for asked in ("product=调节阀-tj", "product=TJ-50", "product=2001", "product=优等", "warehouse=二号"):
        text = text_of(browser.get(f"/stock/list/?{asked}"))
        assert "调节阀" in text and "温度传感器" not in text
    assert f'href="/products/show/{goods}"' in browser.get("/stock/list/").get_data(as_text=True)


def test_nothing_is_written_on_these_screens(app, as_, goods):
    before, browser = everything(app), as_("admin")
    for screen in ("products", "stock", "orders"):
        for path in ("add", f"edit/{goods}", f"delete/{goods}", "print/" if screen != "orders" else "add"):
            for method in ("GET", "POST"):
                answer = browser.client.open(f"/{screen}/{path}", method=method, data={"name": "x", "price": "1"})
                assert answer.status_code in {404, 405}, (screen, path, method)
        for path in ("list/", "show/1"):
            assert browser.post(f"/{screen}/{path}", {"name": "x"}).status_code in {404, 405}
        for method in ("PUT", "PATCH", "DELETE", "POST"):
            for path in (f"/api/v1/{screen}", f"/api/v1/{screen}/1", f"/api/{screen}/1"):
                assert browser.client.open(path, method=method, json={"name": "x"}).status_code in {404, 405}
    assert everything(app) == before


def test_prices_show_as_many_decimals_as_they_have(app):
    for value, text in (
        ("3.265000", "3.265"),
        ("86.5", "86.50"),
        ("1200", "1,200.00"),
        ("0", "0.00"),
        ("-0.5", "-0.50"),
    ):
        assert in_digits(Decimal(value), 2) == text
    assert in_digits(Decimal("12.000"), 0) == "12" and in_digits(Decimal("0.125"), 0) == "0.125"
