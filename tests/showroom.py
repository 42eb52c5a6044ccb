"""The demo company served to a real browser, and who can open which of its pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import case, func, select

from app import create_app, demo
from app.actions.attachments import FileStore
from app.actions.customers.transfer import transfer
from app.actions.management_reports import begin_report, comment, make_move, write_remarks
from app.clock import now
from app.database import upgrade
from app.extensions import appbuilder, db
from app.i18n import Told, company_zone
from app.jobs.frame import run_due
from app.models import Attachment, Customer, Employee, Interaction, Order, Refresh, RefreshState, SetAside
from app.models.hand_over import HandOver
from app.models.lists import ListView
from app.models.management_reports import Rhythm
from app.reports.periods import month_start
from app.security.actor import SYSTEM, load_actor
from app.security.scope import copying
from app.views.customers.parts import CustomerPart
from app.views.model_view import CrmModelView
from app.views.moves import MovingView
from app.views.reports import ReportPage
from config import Settings
from tests.browser_site import Visitor, chromium, served
from tests.browsing import Browser
from tests.cast import key_of
from tests.databases import sqlite_database
from tests.walk import model_of, routes

PASSWORD = "zhike-demo-2026"
CUSTOMERS = 200
#: Who is asked to open a page, the one with the widest rights first.
PEOPLE = ("admin", "jingli1", "zhuguan", "gaoguan", "jingli2")
MOST_KEYS = 400
#: What the parts of a page must be asked with.
ASKED = {
    "/opportunities/board/cards": "?status=unassigned",
    "/opportunities/board/total": "?status=unassigned",
    "/customers/transfer": "?row=1&row=2",
    "/plans/events": "?start=2026-03-01&end=2026-04-01",
    "/management-reports/analysis/0": "?name=composition",
}
VIEWPORTS = {1366: 900, 683: 900, 390: 844, 360: 780}


@dataclass(frozen=True)
class Place:
    """A page and somebody who may open it."""

    path: str
    who: str

    @property
    def slug(self) -> str:
        """The page's address as a file's name."""
        return self.path.strip("/").replace("/", "-").partition("?")[0] or "workbench"


class Showroom:
    """The demo company at an address, with a browser before it."""

    def __init__(self, app: Flask, address: str, browser: Any) -> None:
        self.app, self.address, self.browser = app, address, browser

    def visit(self, who: str | None, locale: str = "zh", *, width: int = 1366, theme: str = "light") -> Visitor:
        """Somebody at the browser, signed in when ``who`` says as whom."""
        language = "zh-CN" if locale == "zh" else "en-US"
        visitor = Visitor(self.browser, self.address, language, width=width, theme=theme)
        return visitor.sign_in(who, PASSWORD) if who else visitor

    def keys(self, model: Any) -> list[int]:
        """Some rows of a model: the newest of each state and person first, where there are such, then the newest."""
        newest = select(model.id).order_by(model.id.desc()).limit(MOST_KEYS)
        with self.app.app_context():
            db.session.info["actor"] = SYSTEM
            return list(dict.fromkeys([*db.session.scalars(_of_each_state(model)), *db.session.scalars(newest)]))

    @cached_property
    def places(self) -> tuple[list[Place], list[str]]:
        """Every page with somebody who may open it, and the addresses nobody of the company could open."""
        with self.app.app_context():
            browsers = {who: Browser(self.app, who) for who in PEOPLE}
        found, missing = [], []
        for endpoint in sorted({(route.endpoint, route.path) for route in routes(self.app, pk=0) if _is_page(route)}):
            place = self._place(*endpoint, browsers)
            if place is None:
                missing.append(endpoint[1])
            elif place.path:
                found.append(place)
        return found, missing

    def _place(self, endpoint: str, path: str, browsers: dict[str, Browser]) -> Place | None:
        """Who gets a whole page; an empty path for what is no page but a part, a file or a redirect."""
        for one in self._addresses(endpoint, path):
            for who, browser in browsers.items():
                answer = browser.get(one)
                if answer.status_code == 200:
                    is_whole = answer.mimetype == "text/html" and "<html" in answer.text[:2000]
                    return Place(one if is_whole else "", who)
                if 300 <= answer.status_code < 400:
                    return Place("", who)
        return None

    def _addresses(self, endpoint: str, path: str) -> Iterator[str]:
        route = next(one for one in routes(self.app, pk=0) if one.endpoint == endpoint)
        if not route.has_row:
            yield from self._with_rows(route.view, path)
            return
        if "/filters/" in path:
            keys = self._filters_of(route.view)
        else:
            model = model_of(route)
            keys = self.keys(model) if model is not None else []
        for key in keys:
            yield path.replace("/0", f"/{key}", 1) + ASKED.get(path, "")

    def _filters_of(self, view: Any) -> list[int]:
        with self.app.app_context():
            db.session.info["actor"] = SYSTEM
            return list(db.session.scalars(select(ListView.id).where(ListView.screen == view.list_key)))

    def _with_rows(self, view: Any, path: str) -> Iterator[str]:
        """A move of several rows is asked for with a row that allows it."""
        if isinstance(view, CustomerPart) and path == view.path("add"):
            yield from (f"{path}?customer={key}" for key in self.keys(Customer))
        elif isinstance(view, MovingView) and "/moves/" in path:
            yield from (f"{path}?row={key}" for key in self.keys(view.model))
        else:
            yield path + ASKED.get(path, "")


def _of_each_state(model: Any) -> Any:
    """The newest row of each state and person, those of whom we ask first: most moves are open to one of them."""
    owner = getattr(model, "assignee_id", getattr(model, "manager_id", None))
    if owner is None or not hasattr(model, "status"):
        return select(model.id).limit(0)
    is_asked = owner.in_(select(Employee.id).where(Employee.username.in_(PEOPLE)))
    first = (func.max(case((is_asked, 1), else_=0)).desc(), func.max(model.id).desc())
    return select(func.max(model.id)).group_by(model.status, owner).order_by(*first)


def _is_page(route: Any) -> bool:
    if "/chart/" in route.path:  # a picture of what is asked for by the name of a chart
        return False
    if route.method != "GET" or route.endpoint == "SignIn.login" or route.guard is None:
        return False
    _, is_of_many, key = route.path.rpartition("/moves/")
    return not is_of_many or bool(route.view.flow.move(key).on_many)


def _meet(app: Flask) -> None:
    """An interaction of an account manager with a file."""
    with app.app_context():
        db.session.info["actor"] = SYSTEM
        customer = db.session.scalars(select(Customer).where(Customer.manager_id == key_of(app, "jingli1"))).first()
        met = Interaction(customer=customer, happened_on=date(2026, 3, 2), place="客户现场", summary="核对改造范围")
        kept = FileStore(app.config["CRM_SETTINGS"].files_dir).keep(BytesIO("三点开始".encode()))
        file = {"name": "会议纪要.txt", "size": kept.size, "sha256": kept.sha256, "stored_as": kept.name}
        db.session.add_all([met, Attachment(customer=customer, interaction=met, **file)])
        db.session.commit()


def _save_filters(app: Flask) -> None:
    """The widest person keeps one filter of each list."""
    with app.app_context():
        owner_id = key_of(app, PEOPLE[0])
        lists = [one for one in appbuilder().baseviews if isinstance(one, CrmModelView | ReportPage)]
        db.session.info["actor"] = SYSTEM
        for one in lists:
            sort = getattr(one, "default_sort", "")
            db.session.add(ListView(owner_id=owner_id, screen=one.list_key, name="甲", sort=sort))
        db.session.commit()


def _report(app: Flask) -> None:
    """The supervisor submitted a month's report, the executive commented on it, and the next one is begun."""
    with app.test_request_context():
        session, today = db.session(), now(company_zone())
        by = load_actor(session, session.get_one(Employee, key_of(app, "zhuguan")))
        session.info["actor"] = by
        first = month_start(today.date(), -1)
        report = begin_report(session, Rhythm.MONTHLY, first, by=by, at=today)
        write_remarks(
            session, report, {"overall_remark": "老客户稳定，新客户集中在华东。"}, by=by, version=report.version
        )
        make_move(session, report, "submit", by=by, at=today)
        begin_report(session, Rhythm.MONTHLY, month_start(today.date()), by=by, at=today)
        reader = load_actor(session, session.get_one(Employee, key_of(app, "gaoguan")))
        session.info["actor"] = reader
        comment(session, report, "下月请写明流失客户的挽回计划。", by=reader, at=today)
        session.commit()


def _hand_over(app: Flask) -> None:
    """The record of a hand-over in which nothing was held."""
    with app.app_context():
        db.session.info["actor"] = SYSTEM
        person = db.session.get_one(Employee, key_of(app, "jingli2"))
        db.session.add(HandOver(person=person, reason="岗位调整", created_by_id=key_of(app, "admin")))
        db.session.commit()


def _transfer(app: Flask) -> None:
    """Two customers went to somebody else, which can be undone."""
    with app.test_request_context():
        person = db.session.get_one(Employee, key_of(app, PEOPLE[0]))
        actor = load_actor(db.session(), person)
        db.session.info["actor"] = actor
        receiver = db.session.get_one(Employee, key_of(app, "jingli2"))
        own = select(Customer.id).where(Customer.manager_id != receiver.id).limit(2)
        keys = dict.fromkeys(db.session.scalars(own))
        transfer(db.session(), keys, receiver, by=actor, at=now(), reason="片区调整")
        db.session.commit()


def _refresh(app: Flask) -> None:
    """The sales system was read: a row was set aside, and an order has no customer yet."""
    with app.app_context():
        session = db.session()
        session.info["actor"] = SYSTEM
        counts = {"orders": {"rows": 2, "created": 1, "failed": 1, "unmatched": 1}}
        read = Refresh(source="ERP", state=RefreshState.DONE, started_at=now(), milliseconds=830, counts=counts)
        read.stamps = {}
        session.add(read)
        session.flush()
        where = {"source": "ERP", "kind": "orders", "row": 7, "column": "ordered_on"}
        reason = Told("This field is required.")
        session.add(SetAside(refresh_id=read.id, reason=reason, content={"ordered_on": "2026-02-31"}, **where))
        with copying(session):
            order = Order(number="20260007", ordered_on=now().date(), total=Decimal("1234.50"), source="ERP")
            order.customer_name = "无锡朔光机电有限公司"
            session.add(order)
        session.commit()


@contextmanager
def opened(folder: Path) -> Iterator[Showroom]:
    """The showroom inside the block."""
    settings = Settings.from_environment(
        {
            "CRM_DATABASE_URL": sqlite_database(folder, "showroom"),
            "CRM_SECRET_KEY": "s" * 40,
            "CRM_FILES_DIR": str(folder / "files"),
            "CRM_DEMO_PASSWORD": PASSWORD,
        }
    )
    upgrade(settings)
    demo.load(settings, customers=CUSTOMERS, seed=7)
    app = create_app(settings)
    run_due(app)
    _save_filters(app)
    _hand_over(app)
    _transfer(app)
    _meet(app)
    _refresh(app)
    _report(app)
    try:
        with served(app) as address, chromium() as browser:
            yield Showroom(app, address, browser)
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


__all__ = ["PEOPLE", "VIEWPORTS", "Place", "Showroom", "opened"]
