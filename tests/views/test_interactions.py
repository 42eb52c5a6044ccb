"""Interactions at the door: writing them, reading them in full, and the next contact until it is done."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from app.actions.interactions import create_interaction
from app.actions.reminders import STILL_TOLD, remind_of_next_contacts, remind_of_what_is_due
from app.clock import now
from app.errors import Invalid
from app.models import Attachment, Contact, Customer, CustomerStatus, DictionaryEntry, Employee, Interaction, Reminder
from app.models.reminders import NEXT_CONTACT_DUE
from tests.browsing import fields_of, text_of
from tests.cast import FILES
from tests.walk import counted, everything

MINE, OTHERS = "镇江岚砺磨具有限公司", "泰州知微生物有限公司"
GOOD = {"happened_on": "2026-03-01", "place": "客户会议室", "summary": "谈二期价格"}
DUE = date(2026, 3, 20)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def met(rows):
    """The interaction of manager_a's customer: its key."""
    with rows() as session:
        return session.scalars(select(Interaction.id).join(Interaction.customer).where(Customer.name == MINE)).one()


@pytest.fixture
def keys(key, met):
    """Both."""
    return key, met


@pytest.fixture
def key(rows):
    """The customer of manager_a."""
    with rows() as session:
        return session.scalars(select(Customer.id).where(Customer.name == MINE)).one()


def newest(rows):
    with rows() as session:
        row = session.scalars(select(Interaction).order_by(Interaction.id.desc())).first()
        session.expunge(row)
        return row


def change(rows, met, **values):
    """Change an interaction past every rule."""
    with rows() as session:
        one = session.get_one(Interaction, met)
        for name, value in values.items():
            setattr(one, name, value)


def set_status(rows, status):
    with rows() as session:
        session.connection().execute(update(Customer).where(Customer.name == MINE).values(status=status))


def test_the_manager_writes_one_down_and_comes_back_to_the_tab(as_, rows, key):
    browser = as_("manager_a")
    page = browser.get(f"/interactions/add?customer={key}")
    assert fields_of(page)["happened_on"] == now(SHANGHAI).date().isoformat()
    with rows() as session:
        kind = session.scalars(select(DictionaryEntry.id).where(DictionaryEntry.item == "拜访")).one()
        contact = session.scalars(select(Contact.id).where(Contact.customer_id == key)).one()
    more = {"kind": str(kind), "contact": str(contact), "detail": "第一行\n第二行", "next_contact_on": "2026-03-01"}
    answer = browser.post(f"/interactions/add?customer={key}", {**GOOD, **more, "memo": "带样品"})
    assert (answer.status_code, answer.location) == (302, f"/customers/show/{key}?tab=interactions")
    row = newest(rows)
    assert (row.customer_id, row.kind_id, row.contact_id, row.summary) == (key, kind, contact, "谈二期价格")
    assert (row.happened_on, row.next_contact_on, row.is_followed_up) == (date(2026, 3, 1), date(2026, 3, 1), False)
    said = text_of(browser.get(answer.location))
    assert said.index("谈二期价格") < said.index("核对二期改造范围")  # the newest first


@pytest.mark.parametrize(
    "case",
    [
        ("happened_on", "", "必填"),
        ("place", "", "必填"),
        ("summary", " ", "必填"),
        ("happened_on", (now(SHANGHAI).date() + timedelta(days=2)).isoformat(), "时间不能晚于今天"),
        ("next_contact_on", "2026-02-28", "不能早于本次交往时间"),
        ("kind", "999999", "选项"),
        ("summary", "长" * 501, "500"),
    ],
)
def test_what_does_not_fit_comes_back_with_the_reason(as_, app, key, case):
    name, value, said = case
    before = everything(app)
    answer = as_("manager_a").post(f"/interactions/add?customer={key}", {**GOOD, "detail": "留着", name: value})
    assert answer.status_code == 422
    assert said in text_of(answer), text_of(answer)[-900:]
    assert fields_of(answer, "/interactions/add")["detail"] == "留着"
    assert everything(app) == before


def test_a_contact_is_one_of_this_customer(as_, rows, key, session_of):
    with rows() as session:
        stranger = session.scalars(select(Contact.id).where(Contact.customer_id != key)).one()
    answer = as_("manager_a").post(f"/interactions/add?customer={key}", {**GOOD, "contact": str(stranger)})
    assert answer.status_code == 422 and "选项" in text_of(answer)
    with session_of("manager_a") as (session, actor):
        customer, contact = session.get_one(Customer, key), session.get_one(Contact, stranger)
        values = {"happened_on": DUE, "place": "厂区", "summary": "谈", "contact": contact}
        with pytest.raises(Invalid):
            create_interaction(session, customer, values, by=actor, today=DUE)


def test_the_manager_edits_and_deletes_with_the_files(as_, rows, keys):
    (key, met), browser = keys, as_("manager_a")
    answer = browser.submit(f"/interactions/edit/{met}", **GOOD)
    assert (answer.status_code, answer.location) == (302, f"/customers/show/{key}?tab=interactions")
    with rows() as session:
        name = session.scalars(select(Attachment.stored_as).where(Attachment.interaction_id == met)).one()
    assert "及其附件" in browser.get(f"/interactions/show/{met}").get_data(as_text=True)
    assert (FILES / name[:2] / name).exists()
    answer = browser.post(f"/interactions/delete/{met}")
    assert (answer.status_code, answer.location) == (302, f"/customers/show/{key}?tab=interactions")
    assert not (FILES / name[:2] / name).exists()
    with rows() as session:
        assert not session.scalars(select(Attachment).where(Attachment.interaction_id == met)).all()


@pytest.mark.parametrize("who", ["admin", "supervisor", "manager_b", "executive", "nobody"])
def test_nobody_else_writes_them(as_, rows, keys, who):
    (key, met), browser = keys, as_(who)
    change(rows, met, next_contact_on=DUE)
    before = everything(browser.app)
    for path in (f"add?customer={key}", f"edit/{met}", f"delete/{met}", f"done/{met}"):
        assert browser.post(f"/interactions/{path}", GOOD).status_code == 403, path
    page = browser.get(f"/customers/show/{key}?tab=interactions").get_data(as_text=True)
    assert "/interactions/add" not in page and "/interactions/done" not in page
    assert everything(browser.app) == before


def test_one_out_of_sight_is_not_there(as_, app, rows):
    with rows() as session:
        one = session.scalars(select(Interaction).join(Interaction.customer).where(Customer.name == OTHERS)).one()
        hidden, customer_id = one.id, one.customer_id
    before, browser = everything(app), as_("narrow")
    for path in (f"add?customer={customer_id}", f"edit/{hidden}", f"delete/{hidden}", f"done/{hidden}"):
        assert browser.post(f"/interactions/{path}", GOOD).status_code == 404, path
    assert OTHERS not in text_of(browser.get("/interactions/list/?customer=泰州"))
    assert everything(app) == before


def test_a_lost_customer_is_kept_and_a_deleted_one_not(as_, app, rows, keys):
    key, met = keys
    change(rows, met, next_contact_on=DUE)
    set_status(rows, CustomerStatus.LOST)
    assert as_("manager_a").post(f"/interactions/add?customer={key}", GOOD).status_code == 302
    set_status(rows, CustomerStatus.DELETED)
    before = everything(app)
    for path in (f"add?customer={key}", f"edit/{met}", f"delete/{met}", f"done/{met}"):
        assert as_("manager_a").post(f"/interactions/{path}", GOOD).status_code == 404, path
    assert everything(app) == before


def test_a_long_detail_is_shortened_and_read_in_full_in_place(as_, rows, key, met):
    detail = "对方要求三条产线一起改造。\n" * 20 + "最后一句"
    change(rows, met, detail=detail)
    body = as_("manager_a").get(f"/customers/show/{key}?tab=interactions").get_data(as_text=True)
    assert '<details class="detail">' in body and "展开全文" in body and "最后一句" in body
    change(rows, met, detail="很短")
    body = as_("manager_a").get(f"/customers/show/{key}?tab=interactions").get_data(as_text=True)
    assert '<details class="detail">' not in body and "很短" in body


def test_five_thousand_open_as_fast_as_five(as_, rows, app, key):
    with rows() as session:
        session.add_all(
            Interaction(customer_id=key, happened_on=DUE, place="现场", summary=f"第{number}次")
            for number in range(300)
        )
    browser = as_("manager_a")
    with counted(app) as seen:
        page = browser.get(f"/customers/show/{key}?tab=interactions&page=2").get_data(as_text=True)
    assert len(seen) <= 18 and "共 301 条" in page and page.count("met-name") == 20


# ---- the next contact ---------------------------------------------------------------------------------------


def test_the_list_knows_what_is_open(as_, rows, met):
    change(rows, met, next_contact_on=DUE)
    browser = as_("manager_a")
    asked = "/interactions/list/?next_contact=open&manager=manager_a&next_contact_on_to="
    assert MINE in text_of(browser.get(f"{asked}2026-03-20"))
    assert MINE not in text_of(browser.get(f"{asked}2026-03-19"))
    assert MINE not in text_of(browser.get("/interactions/list/?next_contact=done"))
    change(rows, met, is_followed_up=True)
    assert MINE not in text_of(browser.get(f"{asked}2026-03-20"))
    assert MINE in text_of(browser.get("/interactions/list/?next_contact=已联系"))
    assert MINE not in text_of(browser.get("/interactions/list/?next_contact=none"))
    assert browser.get("/interactions/list/?next_contact=perhaps").status_code == 400


def test_filters_of_the_list(as_, rows, met):
    with rows() as session:
        kind = session.scalars(select(DictionaryEntry).where(DictionaryEntry.item == "拜访")).one()
        session.get_one(Interaction, met).kind_id = kind.id
    browser = as_("manager_a")
    for asked in ("kind=拜访", "kind=Visit", "happened_on_from=2026-02-10&happened_on_to=2026-02-10", "customer=镇江"):
        assert MINE in text_of(browser.get(f"/interactions/list/?{asked}")), asked
    for asked in ("kind=电话", "happened_on_from=2026-02-11", "customer=泰州", "manager=manager_b", "summary=没有"):
        assert MINE not in text_of(browser.get(f"/interactions/list/?{asked}")).split("共")[-1], asked


@pytest.mark.parametrize("case", [(0, "今天"), (-3, "逾期")])
def test_a_due_one_stands_on_the_workbench_until_it_is_done(as_, rows, met, case):
    days, word = case
    change(rows, met, next_contact_on=now(SHANGHAI).date() + timedelta(days=days))
    browser = as_("manager_a")
    page = browser.get("/")
    assert "核对二期改造范围" in text_of(page) and word in text_of(page)
    assert f"/interactions/done/{met}?next=%2F%3Fdue%3Dweek" in page.get_data(as_text=True)
    assert "核对二期改造范围" not in text_of(as_("manager_b").get("/"))
    answer = browser.post(f"/interactions/done/{met}?next=%2F%3Fdue%3Dweek")
    assert (answer.status_code, answer.location) == (302, "/?due=week")
    assert "核对二期改造范围" not in text_of(browser.get("/"))
    assert browser.post(f"/interactions/done/{met}").status_code == 302  # twice changes nothing
    assert browser.post(f"/interactions/done/{met}?next=//evil.com").location == "/"


def test_the_figures_of_the_workbench_are_its_rows(as_, rows, key, met):
    today = now(SHANGHAI).date()
    with rows() as session:
        for days in (-40, -1, 0, 400):
            day = today + timedelta(days=days)
            row = Interaction(customer_id=key, happened_on=DUE, place="现场", summary=f"隔{days}", next_contact_on=day)
            session.add(row)
    browser = as_("manager_a")
    assert "隔400" in text_of(browser.get("/?due=all")) and "隔400" not in text_of(browser.get("/?due=today"))
    asked = f"/interactions/count?next_contact=open&manager=manager_a&next_contact_on_to={today}"
    assert browser.get(asked).get_data(as_text=True) == "3"


def test_it_is_not_done_where_none_was_planned(as_, app, met):
    before = everything(app)
    assert as_("manager_a").post(f"/interactions/done/{met}").status_code == 409
    assert as_("manager_a").get(f"/interactions/done/{met}").status_code == 405
    assert everything(app) == before


def test_another_day_is_to_be_kept_anew(as_, rows, met):
    change(rows, met, next_contact_on=DUE, is_followed_up=True)
    assert as_("manager_a").submit(f"/interactions/edit/{met}", summary="改了").status_code == 302
    assert newest_of(rows, met).is_followed_up
    assert as_("manager_a").submit(f"/interactions/edit/{met}", next_contact_on="2026-04-01").status_code == 302
    assert not newest_of(rows, met).is_followed_up


def newest_of(rows, met):
    with rows() as session:
        row = session.get_one(Interaction, met)
        session.expunge(row)
        return row


def told(rows):
    """Whom the next contacts were told to, with the day."""
    with rows() as session:
        statement = select(Employee.username, Reminder.values).join(Employee, Employee.id == Reminder.person_id)
        found = session.execute(statement.where(Reminder.kind == NEXT_CONTACT_DUE.key).order_by(Reminder.id))
        return [(username, values["day"]) for username, values in found]


def remind(rows, day=DUE, **more):
    with rows() as session:
        return remind_of_next_contacts(session, today=day, at=now(), **more)


def test_a_next_contact_is_told_once_on_its_day(rows, met, session_of):
    change(rows, met, next_contact_on=DUE)
    assert remind(rows, DUE - timedelta(days=1)) == 0
    assert [remind(rows, DUE + timedelta(days=days)) for days in (0, 0, 5)] == [1, 0, 0]
    assert told(rows) == [("manager_a", "2026-03-20")]
    with session_of("manager_a") as (session, _):
        reminder = session.scalars(select(Reminder).where(Reminder.kind == NEXT_CONTACT_DUE.key)).one()
        assert reminder.address == f"/interactions/show/{met}" and MINE in reminder.text
    change(rows, met, next_contact_on=DUE + timedelta(days=7))
    assert remind(rows, DUE + timedelta(days=7)) == 1  # put off, so told anew


def test_what_is_done_missed_or_of_a_deleted_customer_is_not_told(rows, met, as_):
    change(rows, met, next_contact_on=DUE)
    assert remind(rows, DUE + STILL_TOLD + timedelta(days=1)) == 0
    change(rows, met, is_followed_up=True)
    assert remind(rows) == 0
    change(rows, met, is_followed_up=False)
    set_status(rows, CustomerStatus.DELETED)
    assert remind(rows) == 0
    assert "核对二期改造范围" not in text_of(as_("manager_a").get("/"))
    set_status(rows, CustomerStatus.LOST)
    assert remind(rows) == 1


def test_it_belongs_to_who_manages_the_customer_now(rows, met, key, as_):
    change(rows, met, next_contact_on=DUE)
    assert remind(rows) == 1
    with rows() as session:
        other = session.scalars(select(Employee).where(Employee.username == "manager_b")).one()
        session.get_one(Customer, key).manager = other
    assert remind(rows, DUE + timedelta(days=1)) == 1
    assert [who for who, _ in told(rows)] == ["manager_a", "manager_b"]
    assert "核对二期改造范围" in text_of(as_("manager_b").get("/?due=all"))
    assert "核对二期改造范围" not in text_of(as_("manager_a").get("/?due=all"))
    assert as_("manager_a").post(f"/interactions/done/{met}").status_code == 403
    assert as_("manager_b").post(f"/interactions/done/{met}").status_code == 302


def test_thousands_are_told_by_few_statements(rows, app, key):
    with rows() as session:
        session.add_all(
            Interaction(customer_id=key, happened_on=DUE, place="现场", summary="谈", next_contact_on=DUE)
            for _ in range(6_000)
        )
    with rows() as session, counted(app) as seen:
        assert remind_of_what_is_due(session, today=DUE, at=now()) >= 6_000
    assert len(seen) <= 20
    assert remind(rows) == 0


def test_the_open_ones_are_found_by_their_index(rows, app, backend):
    """SQLite takes a partial index only for a condition in its very words."""
    if backend != "sqlite":
        pytest.skip("PostgreSQL chooses by numbers")
    from app.models.interactions import AWAITING

    statement = select(Interaction.id).where(*AWAITING, Interaction.next_contact_on <= DUE)
    with rows() as session:
        text = str(statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
    assert any("ix_interactions_next_contact_on" in str(step) for step in plan), plan
