"""Lists as each person has them: saved filters, columns, page size, and rows that weigh little."""

import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from sqlalchemy import select, update

from app.actions.marketing import PIPELINE
from app.models import Contact, Customer, Employee, Opportunity, OpportunityStatus
from app.models.lists import ListView
from app.security.actor import SYSTEM
from tests.actions.test_lists import share
from tests.browsing import text_of
from tests.cast import MOMENT, key_of, opportunity
from tests.views.test_marketing import key_named
from tests.walk import counted, everything

LIST = "/opportunities/list/"
OWN_COLUMNS = ["id", "customer_name", "summary", "contact_name", "contact_phone", "expected_amount", "status"]


def tabs_of(page):
    """The tabs of a list: text, address and whether it is the one shown."""
    found = re.findall(r'<a class="tab"\s+href="([^"]*)"([^>]*)>(.*?)</a>', page.get_data(as_text=True), re.S)
    return {re.sub(r"<.*", "", text, flags=re.S).strip(): (href, "aria-current" in more) for href, more, text in found}


def shown_tab(page):
    """The text of the tab that is marked."""
    return next((text for text, (_, is_shown) in tabs_of(page).items() if is_shown), None)


def heads_of(page):
    """The heads of the table."""
    head = page.get_data(as_text=True).partition("<thead>")[2].partition("</thead>")[0]
    cells = re.findall(r"<th\b[^>]*>(.*?)</th>", head, re.S)
    texts = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", cell)).strip() for cell in cells]
    return [text for text in texts if text and text not in {"操作", "Actions"}]


def found(pattern, text):
    """What the pattern's group finds."""
    match = re.search(pattern, text)
    assert match, pattern
    return match[1].replace("&amp;", "&")


def save(browser, conditions="status=&region=%E5%8D%8E%E4%B8%9C", name="华东", screen="opportunities", **more):
    """Save the filter of an address."""
    return browser.post(f"/{screen}/filters/add?{conditions}", {"name": name, **more})


def saved_key(rows, name="华东"):
    """The key of the saved filter of that name."""
    with rows() as session:
        return session.scalars(select(ListView.id).where(ListView.name == name)).one()


# ---- saved filters ----------------------------------------------------------------------------------------


def test_the_list_opens_on_the_screens_own_filter_and_all_clears_it(as_):
    browser = as_("manager_a")
    page = browser.get(LIST)
    assert shown_tab(page) == "未指派"
    everything_href, _ = tabs_of(page)["全部"]
    assert shown_tab(browser.get(everything_href)) == "全部"
    assert "绍兴织野" in text_of(browser.get(everything_href))
    assert shown_tab(browser.get(f"{LIST}?status=unassigned&sort=id")) == "未指派"
    assert shown_tab(browser.get(f"{LIST}?status=&customer_name=苏州")) is None
    assert list(tabs_of(browser.get("/customers/list/"))) == ["全部"]
    assert shown_tab(as_("manager_a", locale="en").get(f"{LIST}?status=未指派")) == "Unassigned"


def test_saving_what_is_filtered_and_opening_it_again(as_):
    browser = as_("manager_a")
    answer = browser.submit(f"/opportunities/filters/add?status=&region={quote('华东')}&sort=id", name="  华东  ")
    assert answer.status_code == 302
    page = browser.get(answer.location)
    assert shown_tab(page) == "华东"
    assert "苏州澄岳" in text_of(page)
    assert "金华稷禾" not in text_of(page)
    asked = parse_qs(urlsplit(tabs_of(page)["华东"][0].replace("&amp;", "&")).query)
    assert (asked["region"], asked["sort"]) == (["华东"], ["id"])
    assert "删除已存筛选“华东”" in page.get_data(as_text=True).replace("确认", "")
    assert shown_tab(browser.get(LIST)) == "未指派"
    assert "East China" in text_of(as_("manager_a", locale="en").get(answer.location))


def test_what_is_about_to_be_saved_is_said(as_):
    browser = as_("manager_a")
    text = text_of(browser.get("/opportunities/filters/add?status=&region=%E5%8D%8E%E4%B8%9C&sort=customer_name"))
    assert "地区 华东" in text
    assert "按客户名称升序" in text
    assert "条件 全部" in text_of(browser.get("/customers/filters/add"))


def test_the_default_opens_the_list_and_gives_way_to_an_address(as_, rows):
    browser = as_("manager_a")
    save(browser, is_default="y")
    page = browser.get(LIST)
    assert shown_tab(page) == "华东"
    assert "地区 华东" in text_of(page)
    assert "金华稷禾" not in text_of(page)
    for address in (f"{LIST}?view=all", f"{LIST}?status=", f"{LIST}?region="):
        assert shown_tab(browser.get(address)) == "全部", address
    assert shown_tab(browser.get(f"{LIST}?page=1&sort=-id")) == "华东"
    assert browser.get("/opportunities/count").get_data(as_text=True) == "1"
    key = saved_key(rows)
    assert browser.post("/opportunities/filters/start/0").status_code == 302
    assert shown_tab(browser.get(LIST)) == "未指派"
    answer = browser.post(f"/opportunities/filters/start/{key}?status=")
    assert parse_qs(urlsplit(answer.location).query, keep_blank_values=True)["status"] == [""]
    assert shown_tab(browser.get(LIST)) == "华东"


def test_every_row_can_be_ones_default(as_):
    browser = as_("manager_a")
    save(browser, "view=all", "所有", is_default="y")
    page = browser.get(LIST)
    assert shown_tab(page) == "所有"
    assert "绍兴织野" in text_of(page)
    following = found(r'<a class="sort" href="([^"]*)"', page.get_data(as_text=True))
    assert "绍兴织野" in text_of(browser.get(following))
    assert shown_tab(browser.get(tabs_of(page)["未指派"][0].replace("&amp;", "&"))) == "未指派"


def test_an_emptied_form_does_not_bring_the_default_back(as_):
    browser = as_("manager_a")
    save(browser, f"name={quote('蒋')}", "蒋", screen="contacts", is_default="y")
    page = browser.get("/contacts/list/?view=all&sort=-id&page_size=25")  # as the form sends it without its texts
    assert '<input type="hidden" name="view" value="all">' in page.get_data(as_text=True)
    assert shown_tab(page) == "全部"


def test_a_name_that_is_taken_is_replaced_by_saving_again(as_, rows):
    browser = as_("manager_a")
    save(browser)
    page = save(browser, "status=assigned")
    assert page.status_code == 422
    assert "再次保存将覆盖它" in text_of(page)
    assert 'name="replaces" type="hidden" value="华东"' in page.get_data(as_text=True)
    assert save(browser, "status=assigned", replaces="另一").status_code == 422
    assert save(browser, "status=assigned", replaces="华东").status_code == 302
    with rows() as session:
        assert [one.conditions for one in session.scalars(select(ListView))] == [{"status": "assigned"}]
    key = saved_key(rows)
    opened = browser.get(f"/opportunities/filters/add?status=failed&view={key}")
    assert 'value="华东"' in opened.get_data(as_text=True)  # the filter one came from is offered to be changed


def test_renaming_sharing_and_deleting_ones_own(as_, rows, app):
    browser = as_("manager_a")
    save(browser, is_shared="y")
    key = saved_key(rows)
    assert "华东" in tabs_of(as_("head_a").get(LIST))
    assert "由林知远共享" in as_("head_a").get(LIST).get_data(as_text=True)
    assert "华东" not in tabs_of(as_("manager_b").get(LIST))
    form = browser.get(f"/opportunities/filters/edit/{key}")
    assert re.search(r"<input[^>]*checked[^>]*name=\"is_shared\"", form.get_data(as_text=True))
    assert browser.post(f"/opportunities/filters/edit/{key}", {"name": "华东片区"}).status_code == 302
    assert "华东片区" in tabs_of(browser.get(LIST))
    assert tabs_of(as_("head_a").get(LIST)).keys() == {"全部", "未指派"}
    assert browser.post(f"/opportunities/filters/delete/{key}").status_code == 302
    assert "华东片区" not in tabs_of(browser.get(LIST))


def test_a_shared_filter_can_be_ones_default_until_it_is_taken_back(as_, rows, app):
    key = share(rows, app, "manager_a")
    with rows() as session:
        session.get(ListView, key).conditions = {"status": "assigned"}
    browser = as_("head_a")
    page = browser.get(f"{LIST}?status=assigned&view={key}")
    assert shown_tab(page) == "共享"
    assert f"/opportunities/filters/start/{key}" in page.get_data(as_text=True)
    assert "filters/delete" not in page.get_data(as_text=True)
    assert browser.post(f"/opportunities/filters/start/{key}").status_code == 302
    assert shown_tab(browser.get(LIST)) == "共享"
    as_("manager_a").post(f"/opportunities/filters/edit/{key}", {"name": "共享"})
    assert shown_tab(browser.get(LIST)) == "未指派"


@pytest.mark.parametrize("name", ["", " ", "长" * 51, "a\x00b", "a\tb"])
def test_a_name_that_does_not_fit_comes_back(as_, app, name):
    before = everything(app)
    assert save(as_("manager_a"), name=name).status_code == 422
    assert everything(app) == before


def test_a_name_is_shown_and_never_run(as_):
    browser = as_("manager_a")
    assert save(browser, name="<script>alert(1)</script>").status_code == 422
    save(browser, name='1 < 2 & "3"')
    body = browser.get(LIST).get_data(as_text=True)
    assert "1 &lt; 2 &amp; &#34;3&#34;" in body
    assert "1 < 2" not in body


def test_the_twenty_first_is_refused_and_says_why(as_, rows, app):
    with rows() as session:
        owner = key_of(app, "manager_a")
        session.add_all(ListView(owner_id=owner, screen="opportunities", name=f"筛选 {n}") for n in range(20))
    answer = save(as_("manager_a"))
    assert answer.status_code == 409
    assert "20 个" in text_of(answer)


def test_who_has_no_department_is_not_asked_to_share(as_, rows):
    with rows() as session:
        session.execute(update(Employee).where(Employee.username == "manager_a").values(department_id=None))
    browser = as_("manager_a")
    assert "与本部门共享" not in text_of(browser.get("/opportunities/filters/add"))
    assert save(browser).status_code == 302
    assert save(browser, name="另一", is_shared="y").status_code == 400


# ---- attacks ----------------------------------------------------------------------------------------------


def test_nobody_elses_filter_is_changed(as_, rows, app):
    save(as_("manager_a"))
    key, shared = saved_key(rows), share(rows, app, "manager_a")
    before = everything(app)
    for who, foreign, expected in (("manager_b", key, 404), ("manager_b", shared, 404), ("head_a", shared, 403)):
        browser = as_(who)
        paths = [f"/opportunities/filters/{verb}/{foreign}" for verb in ("edit", "delete")]
        for path in paths:
            assert browser.post(path, {"name": "x"}).status_code == expected, (who, path)
        assert browser.get(paths[0]).status_code == expected
    assert as_("manager_b").post(f"/opportunities/filters/start/{shared}").status_code == 404
    assert as_("head_a").post(f"/opportunities/filters/start/{key}").status_code == 404
    assert everything(app) == before


def test_a_filter_of_another_list_an_unknown_list_and_impossible_keys(as_, rows, app):
    browser = as_("manager_a")
    save(browser)
    before = everything(app)
    for key in (saved_key(rows), 0, 2**31 - 1, 2**31, 10**30):
        assert browser.post(f"/customers/filters/delete/{key}").status_code == 404
        assert browser.post(f"/customers/filters/edit/{key}", {"name": "x"}).status_code == 404
    assert browser.post("/secrets/filters/add", {"name": "x"}).status_code == 404
    assert browser.post("/nothing/page-size", {"page_size": "25"}).status_code == 404
    assert everything(app) == before


def test_the_right_to_see_the_screen_is_needed(as_, app):
    before = everything(app)
    browser = as_("nobody")
    for path in ("columns", "page-size", "filters/add", "filters/edit/1", "filters/delete/1", "filters/start/1"):
        assert browser.post(f"/opportunities/{path}", {"name": "x", "page_size": "25"}).status_code == 403, path
    assert everything(app) == before


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("filters/add", {"name": "x", "owner_id": "1"}),
        ("filters/add", {"name": "x", "department_id": "1"}),
        ("filters/add", {"name": "x", "conditions": "{}"}),
        ("columns", {}),
        ("columns", {"column": "id"}),
        ("columns", {"order": ["password", "version"], "column": ["password"]}),
        ("columns", {"order": "id", "owner_id": "1"}),
        ("page-size", {}),
        ("page-size", {"page_size": "33"}),
        ("page-size", {"page_size": "100000"}),
        ("page-size", {"page_size": "25", "owner_id": "1"}),
        ("page-size?sort=password", {"page_size": "25"}),
        ("filters/add?created_on_from=yesterday&sort=__class__", {"name": "x"}),
    ],
)
def test_what_is_not_on_a_form_changes_nothing(as_, app, path, fields):
    before = everything(app)
    assert as_("manager_a").post(f"/opportunities/{path}", fields).status_code == 400
    assert everything(app) == before


def test_conditions_that_are_no_filter_are_not_kept(as_, rows):
    save(as_("manager_a"), "region=华东&description=x&password=y&assignee=&page=3")
    with rows() as session:
        assert session.scalars(select(ListView.conditions)).one() == {"region": "华东"}


def test_what_was_kept_and_no_longer_fits_is_left_out(as_, rows, app):
    with rows() as session:
        owner = key_of(app, "manager_a")
        wrong = {"status": "nonsense", "gone": "x", "created_on_from": "abc", "region": 5, "customer_name": "苏州"}
        bad = ListView(owner_id=owner, screen="opportunities", name="旧", conditions=wrong, sort="-password")
        session.add_all([bad, ListView(owner_id=owner, screen="opportunities", name="怪", conditions=["x"])])
        session.flush()
        columns = ["password", 5, {"a": 1}, "created_by", "__class__", "created_by"]
        session.add(
            ListView(owner_id=owner, screen="opportunities", columns=columns, page_size=100_000, opens_with_id=bad.id)
        )
    page = as_("manager_a").get(LIST)
    assert page.status_code == 200
    assert heads_of(page) == ["客户名称", "创建人"]
    assert shown_tab(page) == "旧"
    assert "苏州澄岳" in text_of(page)
    assert "金华稷禾" not in text_of(page)
    for href, _ in tabs_of(page).values():
        assert as_("manager_a").get(href.replace("&amp;", "&")).status_code == 200


def test_a_look_is_ones_own(as_, app):
    browser = as_("manager_a")
    browser.post("/opportunities/columns", {"order": ["customer_name", "region"], "column": ["region"]})
    browser.post("/opportunities/page-size", {"page_size": "50"})
    assert heads_of(browser.get(f"{LIST}?status=")) == ["客户名称", "地区"]
    assert heads_of(as_("manager_b").get(f"{LIST}?status="))[0] == "编号"
    assert 'value="50"\naria-pressed="false"' in as_("manager_b").get(LIST).get_data(as_text=True)


# ---- columns and page size --------------------------------------------------------------------------------


def test_columns_are_chosen_ordered_and_put_back(as_):
    browser = as_("manager_a")
    order = ["status", "assignee", "customer_name", "region", "id", "nonsense"]
    answer = browser.post(
        "/opportunities/columns?status=assigned", {"order": order, "column": ["region", "assignee", "nonsense"]}
    )
    assert parse_qs(urlsplit(answer.location).query)["status"] == ["assigned"]
    page = browser.get(answer.location)
    assert heads_of(page) == ["指派给", "客户名称", "地区"]
    assert "林知远" in text_of(page)
    assert browser.post("/opportunities/columns", {"reset": "yes"}).status_code == 302
    assert heads_of(browser.get(LIST))[:3] == ["编号", "客户名称", "概要"]


def test_a_step_up_or_down_saves_nothing_and_keeps_what_is_ticked(as_, app):
    before = everything(app)
    fields = {"order": ["id", "customer_name", "region"], "column": ["region"], "move": "up:region"}
    page = as_("manager_a").post("/opportunities/columns", fields)
    assert page.status_code == 200
    body = page.get_data(as_text=True)
    assert re.findall(r'name="order" value="(\w+)"', body) == ["id", "region", "customer_name"]
    assert re.findall(r'value="(\w+)"\s+checked', body) == ["region"]
    for step in ("up:id", "down:region", "sideways", "up:nothing"):
        assert as_("manager_a").post("/opportunities/columns", {**fields, "move": step}).status_code == 200
    assert everything(app) == before


def test_every_column_a_list_offers_can_be_shown(as_, app, rows):
    for screen in ("opportunities", "plans", "customers", "contacts", "plan-items"):
        browser = as_("manager_a")
        page = browser.get(f"/{screen}/columns").get_data(as_text=True)
        names = re.findall(r'name="order" value="(\w+)"', page)
        assert browser.post(f"/{screen}/columns", {"order": names, "column": names}).status_code == 302
        shown = browser.get(f"/{screen}/list/?view=all")
        assert (shown.status_code, len(heads_of(shown))) == (200, len(names)), screen


def test_hidden_columns_still_mask_phones(as_):
    browser = as_("executive")
    browser.post("/contacts/columns", {"order": ["name", "mobile"], "column": ["mobile"]})
    assert "138****8000" in text_of(browser.get("/contacts/list/"))


def test_the_page_size_is_remembered_and_the_address_still_rules(as_, app):
    browser = as_("manager_a")
    answer = browser.post("/opportunities/page-size?status=&page=3&page_size=10", {"page_size": "50"})
    assert parse_qs(urlsplit(answer.location).query).keys() & {"page", "page_size"} == set()
    assert 'value="50"\naria-pressed="true"' in browser.get(LIST).get_data(as_text=True)
    assert 'value="10"\naria-pressed="true"' in browser.get(f"{LIST}?page_size=10").get_data(as_text=True)


def many(rows, count=150):
    """That many more opportunities, each with all that a list can show."""
    with rows() as session:
        creator = session.scalars(select(Employee).where(Employee.username == "admin")).one()
        manager = session.scalars(select(Employee).where(Employee.username == "manager_a")).one()
        assigned, free = OpportunityStatus.ASSIGNED, OpportunityStatus.UNASSIGNED
        made = []
        for number in range(count):
            name, holder = f"哈尔滨云际智能装备制造股份有限公司{number}", manager if number % 3 else None
            row = opportunity(name, creator, holder, expected_amount=1_250_000 + number)
            made.append((row, assigned if holder else free))
        PIPELINE.enter(session, made, by=SYSTEM, at=MOMENT)


def test_a_hundred_rows_are_light(as_, rows):
    many(rows)
    page = as_("admin").get(f"{LIST}?view=all&page_size=100")
    assert page.get_data(as_text=True).count("/opportunities/delete/") >= 30
    print(f"\n{len(page.data) / 1000:.1f} kB")
    assert len(page.data) <= 120_000


def test_the_number_of_statements_depends_on_neither_rows_nor_columns(as_, rows, app):
    browser = as_("manager_a")
    save(browser, is_shared="y", is_default="y")

    def statements(size):
        with counted(app) as seen:
            assert browser.get(f"{LIST}?view=all&page_size={size}").status_code == 200
        return len(seen)

    few = statements(10)
    many(rows, 60)
    names = ["customer_name", "assignee", "created_by", "region", "industry", "customer", "status"]
    browser.post("/opportunities/columns", {"order": names, "column": names})
    assert statements(50) == statements(10) == few <= 12
    for screen, hidden in (("contacts", "customer"), ("plan-items", "opportunity")):
        left = [name for name in ("name", "todo", "mobile", "planned_on") if name != hidden]
        browser.post(f"/{screen}/columns", {"order": left, "column": left})
        with counted(app) as seen:
            assert browser.get(f"/{screen}/list/").status_code == 200
        assert len(seen) <= 12, seen


def test_contacts_without_their_customers_column_cost_no_statement_each(as_, rows, app):
    browser = as_("manager_a")
    browser.post("/contacts/columns", {"order": ["name", "mobile"], "column": ["mobile"]})
    with counted(app) as few:
        browser.get("/contacts/list/?page_size=100")
    with rows() as session:
        for number in range(30):
            customer = Customer(number=f"KH26030300{number:04d}", name=f"客户 {number}")
            customer.contacts.append(Contact(name=f"联系人 {number}", mobile="13800138000"))
            session.add(customer)
    with counted(app) as more:
        assert browser.get("/contacts/list/?page_size=100").get_data(as_text=True).count("<tr>") > 30
    assert len(few) == len(more)


# ---- row actions and messages -----------------------------------------------------------------------------


def test_row_actions_share_one_form_with_its_token(strict_app, home):
    from tests.browsing import Browser

    browser = Browser(strict_app, "manager_a")
    body = browser.get(LIST).get_data(as_text=True)
    assert body.count('id="act"') == 1
    token = found(r'id="act" method="post">\s*<input[^>]*value="([^"]+)"', body)
    target = found(r'form="act" formaction="([^"]+)" data-question="确认删除', body)
    assert browser.post(target).status_code == 400
    assert browser.post(target, {"csrf_token": token}).status_code == 302


def test_moves_open_as_dialogs_and_links_do_not(as_):
    body = as_("supervisor").get(LIST).get_data(as_text=True)
    assert re.search(r'href="/opportunities/move/assign/\d+" data-dialog>指派', body)
    assert re.search(r'href="/opportunities/edit/\d+">编辑', body)


def test_a_message_names_the_records_left_out_in_a_sentence_of_its_language(as_, rows, app):
    keys = [key_named(rows, start) for start in ("苏州", "绍兴", "温州", "徐州")]
    fields = {"row": [str(key) for key in keys], "assignee": str(key_of(app, "manager_b"))}
    browser = as_("supervisor")
    answer = browser.post("/opportunities/moves/assign", fields)
    text = text_of(browser.get(answer.location))
    assert (
        "指派成功，共 1 条；跳过 3 条：绍兴织野纺织机械有限公司、温州霁川电气有限公司、徐州衡岱工程机械有限公司。"
        in text
    )
    english = as_("supervisor", locale="en")
    with rows() as session:
        more = session.scalars(select(Opportunity.id).where(Opportunity.status != "unassigned")).all()
    many(rows, 9)
    with rows() as session:
        others = session.scalars(select(Opportunity.id).where(Opportunity.customer_name.startswith("哈尔滨"))).all()
    chosen = [str(key) for key in (*more, *others)]
    answer = english.post("/opportunities/moves/assign", {**fields, "row": chosen})
    assert re.search(
        r"Assigned\. 3 records\. \d+ left out: [^.]*, [^.]* and others\.", text_of(english.get(answer.location))
    )
