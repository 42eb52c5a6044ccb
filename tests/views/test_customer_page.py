"""The page of a customer: what each may see of it, its tabs and its timeline, equally quick however much there is."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import delete, select

from app.actions.basedata import find_entry
from app.actions.customers.facts import safe_website
from app.actions.marketing import PIPELINE
from app.actions.records import edit_record
from app.actions.services.life import DESK
from app.models import (
    AuditEntry,
    Category,
    Contact,
    Customer,
    CustomerMonth,
    Employee,
    Interaction,
    OpportunityStatus,
    Order,
    OrderLine,
    Reach,
    Role,
    RoleReach,
    ServiceRequest,
    ServiceRound,
    ServiceStatus,
)
from app.security.actor import SYSTEM
from app.security.rights import CONTACTS, INTERACTIONS, OPPORTUNITIES, ORDERS, SERVICES, Verb
from tests.browsing import text_of
from tests.cast import MOMENT, opportunity
from tests.related_rows import add_rows, new_customer, relate
from tests.views.test_print import take_away
from tests.walk import counted

MANAGER = "Account manager"
NOW = datetime(2026, 3, 18, 1, tzinfo=UTC)
TABS = ("timeline", "contacts", "interactions", "orders", "services", "opportunities", "attachments", "history")


@pytest.fixture(autouse=True)
def _on_a_day_in_march(monkeypatch):
    monkeypatch.setattr("app.views.customers.page.now", lambda zone=None: NOW.astimezone(zone or UTC))


@pytest.fixture
def customer(rows):
    """The key of a customer of manager_a, with five related rows of each kind and an opportunity that succeeded."""
    with rows() as session:
        found = new_customer(session)
        relate(session, found, 5)
        found.last_order_on = date(2026, 3, 2)
        assert found.manager is not None
        won = opportunity(found.name, found.manager, found.manager, customer_id=found.id)
        PIPELINE.enter(session, [(won, OpportunityStatus.SUCCEEDED)], by=SYSTEM, at=MOMENT)
        return found.id


def page(browser, key, tab="", **asked):
    """The page of a customer."""
    parameters = {**({"tab": tab} if tab else {}), **asked}
    answer = browser.get(f"/customers/show/{key}", query_string=parameters)
    assert answer.status_code == 200, text_of(answer)[-300:]
    return answer


def tabs_of(answer):
    """The tabs offered, the chosen one with a star."""
    (nav,) = re.findall(r'<nav class="tabs" id="tabs".*?</nav>', answer.get_data(as_text=True), re.DOTALL)
    found = re.findall(r'href="/customers/show/\d+\?tab=(\w+)#tabs"\s*(aria-current="page")?', nav)
    return [f"{key}*" if here else key for key, here in found]


def lines_of(answer):
    """The bold words that begin the lines of a timeline."""
    return re.findall(r'<div class="what">\s*<b>(.*?)</b>', answer.get_data(as_text=True))


# ---- what stands there ------------------------------------------------------------------------------------


def test_the_head_the_facts_and_the_figures(as_, customer, rows):
    with rows() as session:
        row = session.get(Customer, customer)
        row.website, row.registered_capital, row.credit = "www.example.com", 3000, None
        row.parent = session.scalars(select(Customer).where(Customer.name.startswith("泰州"))).one()
        row.parent.manager_id, parent = row.manager_id, row.parent.id
    answer = page(as_("manager_a"), customer)
    text = text_of(answer)
    for words in ("KH260302000099", "湖州远澜轴承有限公司", "正常", "3,000.00 万元", "上级单位 泰州知微生物有限公司"):
        assert words in text, words
    for words in (
        "上次下单 16 天前 2026-03-02",
        "今年金额 2,000.50 元 2 单",
        "去年金额 0.00 元 0 单",
        "3 星，满分 5 星",
    ):
        assert words in answer.get_data(as_text=True) + text, words
    assert 'href="https://www.example.com" target="_blank" rel="noopener noreferrer"' in answer.get_data(as_text=True)
    assert "下属单位 湖州远澜轴承有限公司" in text_of(page(as_("manager_a"), parent))
    english = text_of(page(as_("manager_a", locale="en"), customer))
    assert "30,000,000 yuan" in english


@pytest.mark.parametrize(
    ("typed", "href"),
    [
        ("www.example.com", "https://www.example.com"),
        ("http://example.com:8080/a?b=c", "http://example.com:8080/a?b=c"),
        (" HTTPS://例子.公司/产品 ", "HTTPS://例子.公司/产品"),
        ("javascript:alert(1)", ""),
        ("JavaScript://www.example.com/%0aalert(1)", ""),
        ("//evil.example.com", ""),
        ("data:text/html,x.y", ""),
        ("https://user@evil.example.com", ""),
        ("example", ""),
        ("见名片", ""),
    ],
)
def test_only_what_leads_to_the_web_is_a_link(typed, href):
    assert safe_website(typed) == href


def test_this_year_is_compared_by_the_months_that_ended(as_, customer, rows):
    with rows() as session:
        amounts = {date(2025, 2, 1): Decimal("4001.00"), date(2025, 3, 1): Decimal("99999.00")}
        bought = [{"customer_id": customer, "month": one, "orders": 3, "amount": amounts[one]} for one in amounts]
        add_rows(session, CustomerMonth, bought)
    text = text_of(page(as_("manager_a"), customer))
    assert "截至2月底同比 −75.0 %" in text
    assert "去年金额 10.40 万元 6 单" in text
    assert "−75.0 % on last year by the end of Feb" in text_of(page(as_("manager_a", locale="en"), customer))


def test_each_figure_leads_to_exactly_its_orders(as_, customer):
    browser = as_("manager_a")
    body = page(browser, customer).get_data(as_text=True)
    hrefs = dict(re.findall(r'<a class="h-([\w-]+)" href="([^"]+)"', body))
    counts = {"last-order": "共 1 条", "this-year": "共 5 条", "last-year": "没有符合条件的记录", "course": "共 5 条"}
    assert hrefs.keys() == counts.keys()
    for figure, words in counts.items():
        assert words in text_of(browser.get(hrefs[figure].replace("&amp;", "&"))), figure


def test_the_small_chart_follows_the_page(as_, customer):
    assert f'hx-get="/customers/health/{customer}"' in page(as_("manager_a"), customer).get_data(as_text=True)
    part = as_("manager_a").get(f"/customers/health/{customer}").get_data(as_text=True)
    assert 'id="health-course"' in part
    assert "近 24 个月订单金额（元）" in part


def test_a_customer_without_anything_says_what_belongs_here(as_, rows):
    with rows() as session:
        key = new_customer(session).id
    browser = as_("manager_a")
    assert "暂无订单" in text_of(page(browser, key))
    assert "会自动显示在这里" in text_of(page(browser, key, "timeline", kind="order"))
    assert "该客户暂无销售机会" in text_of(page(browser, key, "opportunities"))
    assert as_("manager_a").get(f"/customers/health/{key}").status_code == 200


def test_the_page_for_paper_has_every_field(as_, customer):
    text = text_of(as_("manager_a").get(f"/customers/print/{customer}"))
    for words in ("客户编号", "开户银行", "国税登记号", "年营业额", "骆经理"):
        assert words in text, words


# ---- tabs -------------------------------------------------------------------------------------------------


def test_each_tab_has_an_address_and_only_the_chosen_one_is_read(as_, customer):
    browser = as_("manager_a")
    first = page(browser, customer)
    assert tabs_of(first)[0] == "timeline*"
    assert [tab for tab in tabs_of(first) if tab in {"contacts", "opportunities", "history"}] == [
        "contacts",
        "opportunities",
        "history",
    ]
    contacts = page(browser, customer, "contacts")
    assert "contacts*" in tabs_of(contacts)
    assert "联系人4" in text_of(contacts)
    assert "联系人4" not in text_of(first)
    assert "主轴产线视觉检测改造" in text_of(page(browser, customer, "opportunities"))
    assert "<table" in page(browser, customer, "history").get_data(as_text=True)


@pytest.mark.parametrize(
    "asked", ["tab=nothing", "kind=nothing", "before=x", "before=1.order", "before=1.order.0", "before=9e9.order.1"]
)
def test_what_cannot_be_read_in_an_address_is_told(as_, customer, asked):
    assert as_("manager_a").get(f"/customers/show/{customer}?{asked}").status_code == 400


def test_who_may_not_see_orders_gets_neither_tab_nor_figure_nor_line(as_, customer, rows):
    text = text_of(page(as_("manager_a"), customer))
    assert f"SO{customer}-2026-03-02" in text
    take_away(rows, MANAGER, ORDERS.right(Verb.SEE))
    browser = as_("manager_a")
    answer = page(browser, customer)
    assert f"SO{customer}" not in text_of(answer)
    for words in ("上次下单", "今年金额", "近 24 个月", "health-course"):
        assert words not in answer.get_data(as_text=True), words
    assert "orders" not in tabs_of(answer)
    for asked in ("tab=orders", "kind=order"):
        assert browser.get(f"/customers/show/{customer}?{asked}").status_code == 400
    assert "zk-chart" not in browser.get(f"/customers/health/{customer}").get_data(as_text=True)


def test_each_other_kind_has_its_right_too(as_, customer, rows):
    known = text_of(page(as_("manager_a"), customer))
    assert "交往2026-03-02" in known
    assert "联系人 骆经理" in known
    assert "主轴产线视觉检测改造" in known
    for screen in (INTERACTIONS, CONTACTS, OPPORTUNITIES):
        take_away(rows, MANAGER, screen.right(Verb.SEE))
    answer = page(as_("manager_a"), customer)
    text = text_of(answer)
    for words in ("交往2026", "骆经理", "主轴产线"):
        assert words not in text, words
    assert not {"contacts", "interactions", "opportunities"} & set(tabs_of(answer))


def test_the_wall_stands_before_the_page_and_its_parts(as_, customer):
    for path in (
        f"/customers/show/{customer}",
        f"/customers/health/{customer}",
        f"/customers/show/{customer}?tab=contacts",
    ):
        assert as_("narrow").get(path).status_code == 404


def test_phones_are_masked_in_the_timeline_as_everywhere(as_, customer, rows, session_of):
    with session_of("manager_a") as (session, actor):
        contact = session.scalars(
            select(Contact).where(Contact.name == "骆经理", Contact.customer_id == customer)
        ).one()
        edit_record(session, contact, {"mobile": "13900139000"}, by=actor, screen=CONTACTS, version=contact.version)
        session.commit()
    assert "13800138000 → 13900139000" in text_of(page(as_("manager_a"), customer))
    masked = text_of(page(as_("executive"), customer))
    assert "138****8000 → 139****9000" in masked
    assert "13900139000" not in masked


# ---- timeline ---------------------------------------------------------------------------------------------


def test_the_stream_is_one_and_can_be_narrowed_to_a_kind(as_, customer):
    browser = as_("manager_a")
    assert {"订单", "交往记录", "销售机会", "修改"} <= set(lines_of(page(browser, customer)))
    orders = page(browser, customer, "timeline", kind="order")
    assert lines_of(orders) == ["订单"] * 5
    text = text_of(orders)
    assert "12.50 元 伺服电机 等 2 项" in text
    assert "2026 年 3 月" in text
    assert "03-02 </time>" not in text
    assert text.index(f"SO{customer}-2026-03-02") < text.index(f"SO{customer}-2026-03-01")
    moves = text_of(page(browser, customer, "timeline", kind="move"))
    assert "主轴产线视觉检测改造 开发成功" in moves


def test_the_way_to_what_is_earlier_loses_nothing(as_, customer, rows):
    with rows() as session:
        relate_more(session, session.get(Customer, customer))
        told = (AuditEntry.root_table == "customers", AuditEntry.root_id == customer)
        of_customers = AuditEntry.table_name.in_(("customers", "contacts"))
        changes = session.scalars(select(AuditEntry.id).where(*told, of_customers)).all()
        # Interactions, orders, the opportunity that succeeded, and three steps of each service request.
        wanted = 65 + 5 + 1 + 3 * 5 + len(changes)
    browser, address, seen, turns = as_("manager_a"), f"/customers/show/{customer}", 0, 0
    while address:
        answer = browser.get(address)
        assert answer.status_code == 200
        seen, turns = seen + len(lines_of(answer)), turns + 1
        found = re.search(r'id="timeline-more">\s*<a class="btn btn-s"\s*href="([^"#]+)', answer.get_data(as_text=True))
        address = found[1].replace("&amp;", "&") if found else ""
    assert turns > 3
    assert seen == wanted


def relate_more(session, customer):
    """Sixty more interactions on two days."""
    for number in range(60):
        day = date(2026, 2, 1 + number % 2)
        session.add(Interaction(customer=customer, happened_on=day, place="北京", summary=f"回访{number}"))
    session.flush()


def test_what_a_script_adds_below_goes_on_in_its_month(as_, customer, rows):
    with rows() as session:
        relate_more(session, session.get(Customer, customer))
    browser = as_("manager_a")
    body = page(browser, customer, "timeline", kind="interaction").get_data(as_text=True)
    (href,) = re.findall(r'hx-get="([^"]+before[^"]+)"', body)
    href = href.replace("&amp;", "&")
    assert "2026 年 2 月" in text_of(browser.get(href))
    part = browser.get(href, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "2026 年 2 月" not in part
    assert len(re.findall("回访", part)) == 20


# ---- services ---------------------------------------------------------------------------------------------


@pytest.fixture
def served(rows, customer):
    """The key of the customer with a complaint that came back, and one that nobody has yet."""
    with rows() as session:
        manager = session.scalars(select(Employee).where(Employee.username == "manager_a")).one()
        common = {"customer_id": customer, "customer_name": "湖州远澜轴承有限公司", "request": "请处理"}
        common |= {"kind": find_entry(session, Category.SERVICE_KIND, "投诉"), "created_by_id": manager.id}
        again = ServiceRequest(**common, summary="轴承异响", assignee=manager, round=2, created_on=hour(1))
        fresh = ServiceRequest(**common, summary="<b>包装</b>破损", created_on=hour(5))
        states = (ServiceStatus.ASSIGNED, ServiceStatus.CREATED)
        DESK.enter(session, list(zip((again, fresh), states, strict=True)), by=SYSTEM, at=hour(1))
        values = {"handling": "更换油脂", "handled_by": manager, "handled_on": hour(2)}
        judged = {"result": "噪声仍在", "satisfaction": 2, "judged_on": hour(4)}
        session.add(ServiceRound(request=again, number=1, **values, **judged))
        return customer


def hour(hours):
    """A moment of the day after everything else."""
    return datetime(2026, 3, 10, hours, tzinfo=UTC)


def test_the_steps_of_services_stand_in_the_stream(as_, served):
    answer = page(as_("manager_a"), served, "timeline", kind="service")
    assert lines_of(answer)[:3] == ["服务请求", "服务评价", "服务请求"]
    assert lines_of(answer)[3:6] == ["服务评价", "服务处理", "服务请求"]
    text = text_of(answer)
    assert re.search(r"服务评价 轴承异响 满意度 2/5 噪声仍在 林知远 03-10 12:00", text), text[:900]
    assert "&lt;b&gt;包装&lt;/b&gt;破损" in answer.get_data(as_text=True)


def test_open_services_are_counted_and_stand_in_their_tab(as_, served):
    answer = page(as_("manager_a"), served, "services")
    body = answer.get_data(as_text=True)
    figure = re.search(r'class="h-services"\s+href="([^"]+)">(.*?)</a>', body, re.DOTALL)
    assert figure and figure[1].endswith("?tab=services#tabs")
    assert re.sub(r"<[^>]+>|\s+", "", figure[2]) == "未结服务2"
    assert "/services/archive?customer=KH260302000099" in body
    assert f'href="/services/create?customer={served}"' in body
    text = text_of(answer)
    assert text.index("破损") < text.index("轴承异响") < text.index("请求2026-03-02")
    assert "服务创建" not in text_of(page(as_("executive"), served, "services"))


def test_services_are_only_for_who_may_see_them(as_, served, app, rows):
    take_away(rows, MANAGER, SERVICES.right(Verb.SEE))
    browser = as_("manager_a")
    assert "services*" not in tabs_of(page(browser, served))
    assert "services" not in tabs_of(page(browser, served))
    assert browser.get(f"/customers/show/{served}?tab=services").status_code == 400
    assert browser.get(f"/customers/show/{served}?tab=timeline&kind=service").status_code == 400
    assert "轴承异响" not in text_of(page(browser, served))
    assert "h-services" not in page(browser, served).get_data(as_text=True)


def test_services_of_others_stay_out_of_the_page_of_ones_own_customer(as_, served, rows):
    with rows() as session:
        other = session.scalars(select(Employee).where(Employee.username == "manager_b")).one()
        for row in session.scalars(
            select(ServiceRequest).where(ServiceRequest.summary.in_(("轴承异响", "<b>包装</b>破损")))
        ):
            row.assignee_id = row.created_by_id = other.id
        role = session.scalars(select(Role).where(Role.name == MANAGER)).one()
        session.get(RoleReach, (role.id, "services")).reads = Reach.OWN
    browser = as_("manager_a")
    for tab in ("timeline", "services"):
        text = text_of(page(browser, served, tab))
        assert "轴承异响" not in text and "破损" not in text and "未结服务 0" in text


def test_an_open_service_is_told_before_the_customer_is_deleted(as_, served):
    assert "该客户有 2 项未结服务。" in page(as_("manager_a"), served).get_data(as_text=True)
    assert "该客户有 2 项未结服务。" in as_("manager_a").get("/customers/list/").get_data(as_text=True)


# ---- size -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["manager_a", "head_a", "admin"])
def test_a_page_costs_as_many_statements_with_2000_rows_as_with_5(as_, rows, customer, who):
    browser = as_(who)
    few = {tab: spent(browser, customer, tab) for tab in TABS}
    with rows() as session:
        empty(session, customer)
        relate(session, session.get(Customer, customer), 2_000)
    many = {tab: spent(browser, customer, tab) for tab in TABS}
    print(few, many)
    assert max(*few.values(), *many.values()) <= 15
    assert all(many[tab] <= few[tab] for tab in TABS)
    body = page(browser, customer).get_data(as_text=True)
    assert len(lines_of(page(browser, customer))) == 20
    assert len(body) < 60_000


def empty(session, key):
    """Takes the interactions, orders and totals of a customer away."""
    lines = delete(OrderLine.__table__).where(OrderLine.order_id.in_(select(Order.id).where(Order.customer_id == key)))
    session.connection().execute(lines)
    for model in (Interaction, Order, CustomerMonth):
        session.connection().execute(delete(model.__table__).where(model.customer_id == key))


def spent(browser, key, tab):
    """The statements of a page, each bounded."""
    with counted(browser.app) as seen:
        page(browser, key, tab)
    rows_of_customer = (
        r"SELECT (?!count).*(interactions|orders|contacts|audit_entries|service_requests|service_rounds)\.\w+_id = "
    )
    of_customer = [one for one in seen if re.match(rows_of_customer, one, re.DOTALL)]
    assert of_customer == [one for one in of_customer if "LIMIT" in one]
    return len(seen)
