"""Searching in the database: what is found the moment it is saved, by whom, by which index, and what is kept of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, event, func, insert, select, text, update
from sqlalchemy.orm import Session

from app.clock import now
from app.database import upgrade
from app.extensions import db
from app.models import Customer, CustomerStatus
from app.models.search import search_table
from app.search import fill_up, found_by, ranked, ranking, reindex, run_count
from app.search.upkeep import faults
from app.security.scope import WallError
from tests.cast import key_of
from tests.conftest import settings_for

TOKENS = search_table(Customer)
ODD = (
    *(
        '"',
        '""',
        "'",
        "*",
        "(",
        "OR",
        "NEAR(",
        "NEAR(华 强)",
        "a AND",
        "-华强",
        "^",
        "^华",
        "华:*",
        "华 & 强",
        "! |",
        "\\",
        "%",
        "_",
    ),
    *("tokens:华", "{tokens}:a", "' OR 1=1 --", ");DROP TABLE customers", "\u200b", "😀", "华" * 10_000, "a" * 10_000),
)


def add(session: Session, name: str, number: str, manager_id: int | None = None, **more: Any) -> Customer:
    """One more customer."""
    row = Customer(name=name, number=number, manager_id=manager_id, **more)
    session.add(row)
    session.flush()
    return row


def found(session: Session, typed: str) -> set[str]:
    """The names that are found."""
    return set(session.scalars(select(Customer.name).where(*found_by(Customer, typed))))


def best(session: Session, typed: str) -> list[Any]:
    """The keys that are found with how well they are."""
    return list(session.execute(ranked(Customer, Customer.number, runs=run_count(typed)), ranking(typed)))


@pytest.fixture
def company(rows: Callable[[], Any]) -> None:
    """Some customers more."""
    with rows() as session:
        add(session, "深圳市华强北电子有限公司", "KH260101000001", external_id="SAP-7", phone_key="+8675526780000")
        add(session, "北京强华科技有限公司", "KH260101000002")
        add(session, "Blondesddsl père et fils", "KH260101000003")


@pytest.mark.parametrize("typed", ["华强", "hq", "huaqiang", "华强 dz", "KH260101000001", "sap-7", "0755-26780000"])
def test_a_customer_is_found(company: None, rows: Any, typed: str) -> None:
    with rows() as session:
        assert found(session, typed) == {"深圳市华强北电子有限公司"}


def test_what_stands_apart_is_not_what_stands_together(rows: Any) -> None:
    with rows() as session:
        add(session, "华强强北", "1")
        assert found(session, "华强北") == set()
        assert found(session, "强强北") == {"华强强北"}


@pytest.mark.parametrize("typed", ODD)
def test_whatever_is_typed_is_no_part_of_a_statement(company: None, rows: Any, as_: Any, typed: str) -> None:
    with rows() as session:
        assert len(found(session, typed)) <= 5
        assert len(best(session, typed)) <= 5
    admin = as_("admin")
    assert admin.get("/choices/customers", query_string={"q": typed}).status_code == 200
    for field in ("name", "number"):
        answer = admin.get("/customers/list/", query_string={field: typed})
        assert answer.status_code == (400 if len(typed) > 200 else 200)


# ---- the moment it is saved -------------------------------------------------------------------------------


def test_found_as_it_is_written(rows: Any) -> None:
    with rows() as session:
        row = add(session, "苏州旧名机电", "KH260101000009")
        assert found(session, "旧名") == {row.name}
        row.name = "苏州新名机电"
        session.flush()
        assert (found(session, "旧名"), found(session, "xinming")) == (set(), {row.name})
        row.number = "KH260101000010"
        session.flush()
        assert (found(session, "KH260101000009"), found(session, "KH260101000010")) == (set(), {row.name})
        row.address = "人民路 1 号"
        session.flush()
        assert found(session, "xinming") == {row.name}
        session.delete(row)
        session.flush()
        assert found(session, "新名") == set()
        assert session.scalar(select(func.count()).select_from(TOKENS)) == 2


def test_what_is_taken_back_is_not_found(rows: Any) -> None:
    with rows() as session:
        add(session, "无锡留下物流", "1")
        session.commit()
        add(session, "无锡撤回物流", "2")
        assert len(found(session, "无锡")) == 2
        session.rollback()
        assert found(session, "无锡") == {"无锡留下物流"}


# ---- the wall ---------------------------------------------------------------------------------------------


def test_nobody_finds_what_he_does_not_see(app: Any, rows: Any, session_of: Any, as_: Any) -> None:
    with rows() as session:
        for name, number, manager in (("甲方华强", "1", "narrow"), ("乙方华强", "2", "manager_b")):
            add(session, name, number, key_of(app, manager))
    for who, seen in (("narrow", {"甲方华强"}), ("head_a", {"甲方华强"}), ("manager_b", {"甲方华强", "乙方华强"})):
        with session_of(who) as (session, _):
            assert found(session, "hq") == seen, who
            counted = select(func.count()).select_from(select(Customer.id).where(*found_by(Customer, "hq")).subquery())
            assert session.scalar(counted) == len(seen)
            assert len(best(session, "方")) == len(seen)
            assert len(best(session, "2")) == (who == "manager_b")
        choices = as_(who).get("/choices/customers?q=hq").json
        assert {one["text"] for one in choices} == seen
        assert (as_(who).get("/choices/customers?q=2").json != []) == (who == "manager_b")
        page = as_(who).get("/customers/list/?name=hq").get_data(as_text=True)
        assert ("乙方华强" in page) == (who == "manager_b")
    with app.app_context(), pytest.raises(WallError):
        found(db.session(), "hq")


# ---- the choice -------------------------------------------------------------------------------------------


def names_of(answer: Any) -> list[str]:
    """The texts that are offered, in their order."""
    assert answer.status_code == 200
    return [one["text"] for one in answer.json]


def test_the_best_come_first(rows: Any, as_: Any) -> None:
    with rows() as session:
        for place, name in enumerate(("深圳市华强北电子", "华强北", "华强（上海）", "北京华强", "KH26强")):
            add(session, name, f"KH26010200000{place}")
    admin = as_("admin")
    assert names_of(admin.get("/choices/customers?q=华强")) == [
        "华强北",
        "华强（上海）",
        "北京华强",
        "深圳市华强北电子",
    ]
    assert names_of(admin.get("/choices/customers?q=hq")) == ["华强北", "华强（上海）", "北京华强", "深圳市华强北电子"]
    assert names_of(admin.get("/choices/customers?q=kh26"))[0] == "KH26强"
    assert names_of(admin.get("/choices/customers?q=kh260102000003 ")) == ["北京华强"]
    with rows() as session:
        add(session, "小写编号", "x-1")
        add(session, "X-1 机械", "K1")
    assert names_of(admin.get("/choices/customers?q=x-1")) == ["小写编号", "X-1 机械"]


def test_a_choice_tells_number_and_manager(app: Any, rows: Any, as_: Any) -> None:
    with rows() as session:
        add(session, "无锡有主", "KH1", key_of(app, "manager_a"))
        add(session, "无锡无主", "KH2")
        add(session, "无锡已删", "KH3", status=CustomerStatus.DELETED)
        add(session, "无锡流失", "KH4", status=CustomerStatus.LOST)
    answer = as_("admin").get("/choices/customers?q=无锡")
    assert sorted((one["value"], one["text"], one["more"]) for one in answer.json) == [
        ("KH1", "无锡有主", "KH1 · 林知远"),
        ("KH2", "无锡无主", "KH2"),
        ("KH4", "无锡流失", "KH4"),
    ]
    assert as_("admin").get("/choices/customers?q=KH3").json == []


def test_at_most_twenty_and_the_newest_before_anything_is_typed(rows: Any, as_: Any) -> None:
    with rows() as session:
        for place in range(30):
            add(session, f"成都批量{place:02}", f"K{place:02}")
    assert len(names_of(as_("admin").get("/choices/customers?q=批量"))) == 20
    assert names_of(as_("admin").get("/choices/customers"))[0] == "成都批量29"
    assert as_("nobody").get("/choices/customers?q=a").status_code == 403
    assert as_().get("/choices/customers?q=a").status_code in {302, 401}


# ---- the list ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("name=华强", 1),
        ("name=hq", 1),
        ("name=科技", 1),
        ("number=KH2601", 3),
        ("number=260101000002", 1),
        ("number=hq", 0),
    ],
)
@pytest.mark.parametrize("sort", ["", "&sort=id", "&sort=-id", "&sort=name", "&sort=-created_on"])
def test_the_list_of_customers(company: None, as_: Any, query: str, number: int, *, sort: str) -> None:
    admin = as_("admin")
    page = admin.get(f"/customers/list/?{query}{sort}").get_data(as_text=True)
    names = ("深圳市华强北电子有限公司", "北京强华科技有限公司", "Blondesddsl")
    assert sum(name in page for name in names) == number
    assert admin.get(f"/customers/count?{query}").get_data(as_text=True) == str(number)


# ---- the index --------------------------------------------------------------------------------------------


@pytest.fixture
def many(app: Any, rows: Any, backend: str) -> None:
    """Four thousand customers more, of two managers, a few of which are looked for."""
    managers = [key_of(app, name) for name in ("narrow", "manager_b")]
    with rows() as session:
        values = {"created_on": now(), "changed_on": now(), "version": 1, "status": CustomerStatus.ACTIVE}
        names = [f"{PLACES[place % 7]}{chr(0x4E00 + place)}{TRADES[place % 5]}有限公司" for place in range(4_000)]
        session.execute(
            insert(Customer),
            [
                {"name": name, "name_key": name, "number": f"K{place}", "manager_id": managers[place % 2], **values}
                for place, name in enumerate(names)
            ],
        )
        reindex(session)
        if backend == "postgresql":
            session.connection().execute(text("ANALYZE customers"))
            session.connection().execute(text("ANALYZE search_customers"))


PLACES, TRADES = ("杭州", "武汉", "成都", "西安", "天津", "青岛", "佛山"), ("机械", "电子", "食品", "物流", "纺织")


def test_the_index_is_used_whoever_looks(many: None, session_of: Any, backend: str) -> None:
    for who in ("supervisor", "manager_a", "head_a", "narrow"):
        for typed in ("一杭", "杭一", "hzyjx", "一 jx", "hangzhouyi"):
            with session_of(who) as (session, _):
                is_there = Customer.status != CustomerStatus.DELETED
                keys = select(Customer.id).where(*found_by(Customer, typed), is_there)
                counted = select(func.count()).select_from(keys.limit(10_001).subquery())
                choice = ranked(Customer, Customer.number, is_there, runs=run_count(typed))
                for statement in (keys.order_by(TOKENS.c.rowid.desc()).limit(26), counted, choice):
                    plan = explained(session, backend, statement, ranking(typed) if statement is choice else {})
                    assert uses_index(plan, backend), (who, typed, plan)


def uses_index(plan: str, backend: str) -> bool:
    """Whether the tokens are asked once, and neither table is read from one end to the other."""
    if backend == "postgresql":
        return "ix_search_customers_tokens" in plan and "Seq Scan on search" not in plan
    # A plan that would ask the tokens once for each customer names their key with "=".
    return "SCAN search_customers VIRTUAL" in plan and "INDEX 0:=" not in plan and "SCAN customers" not in plan


def explained(session: Session, backend: str, statement: Any, values: Any) -> str:
    """The plan of a statement as the wall narrows it."""
    sent: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, words: str, given: Any, *_: Any) -> None:
        sent.append((words, given))

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", keep)
    session.execute(statement, values).all()
    event.remove(engine, "before_cursor_execute", keep)
    words, given = sent[-1]
    begin = "EXPLAIN QUERY PLAN" if backend == "sqlite" else "EXPLAIN"
    return "\n".join(str(row[-1]) for row in session.connection().exec_driver_sql(f"{begin} {words}", given))


# ---- upkeep -----------------------------------------------------------------------------------------------


def test_what_is_missing_is_filled_up_and_what_is_wrong_is_told(company: None, rows: Any, app: Any) -> None:
    def checked() -> Any:
        outcome = app.test_cli_runner().invoke(args=["crm", "verify", "--json"])
        return outcome.exit_code, [one["fault"] for one in json.loads(outcome.output)["faults"]]

    assert checked() == (0, [])
    with rows() as session:
        assert (faults(session, Customer), fill_up(session)) == ((0, 0), 0)
        session.connection().execute(delete(TOKENS))
        session.connection().execute(insert(TOKENS).values(rowid=1, tokens=frozenset({"x"})))
        session.connection().execute(insert(TOKENS).values(rowid=9_999, tokens=frozenset({"y"})))
        assert faults(session, Customer) == (5, 1)
    status, told = checked()
    assert status == 1 and len(told) == 1 and "customers" in told[0] and "6" in told[0]
    outcome = app.test_cli_runner().invoke(args=["crm", "reindex"])
    assert (outcome.exit_code, "5" in outcome.output) == (0, True)
    assert checked() == (0, [])


def test_the_next_start_writes_what_an_older_release_did_not(company: None, rows: Any, home: Any) -> None:
    with rows() as session:
        session.connection().execute(delete(TOKENS))
    upgrade(settings_for(home.url))
    with rows() as session:
        assert faults(session, Customer) == (0, 0)


def test_the_newest_tells_whether_records_have_no_tokens_yet(company: None, rows: Any) -> None:
    with rows() as session:
        session.connection().execute(delete(TOKENS))
        assert fill_up(session) == 5
        assert found(session, "hq") == {"深圳市华强北电子有限公司"}
        assert fill_up(session) == 0
        name = update(Customer).where(Customer.number == "KH260101000002").values(name_key="past the session")
        session.connection().execute(name)
        assert faults(session, Customer) == (1, 0)
        assert reindex(session) == 5
        assert faults(session, Customer) == (0, 0)
