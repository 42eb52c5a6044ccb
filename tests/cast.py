"""The cast of the tests: a small company with one person of each kind, and their opportunities."""

import json
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from app.actions.attachments import FileStore
from app.actions.basedata import find_entry
from app.actions.churn.life import CASES
from app.actions.marketing import PIPELINE
from app.actions.reminders import mark_read, tell
from app.actions.services.life import DESK
from app.database import engine_for
from app.extensions import db
from app.models import (
    Attachment,
    Category,
    ChurnCase,
    ChurnMeasure,
    ChurnStatus,
    Contact,
    Customer,
    CustomerMonth,
    Department,
    Employee,
    Interaction,
    ManagementReport,
    ManagementReportVersion,
    Opportunity,
    OpportunityStatus,
    Order,
    OrderLine,
    PlanItem,
    Product,
    Reach,
    Reminder,
    ReportStatus,
    RoleReach,
    ServiceRequest,
    ServiceRound,
    ServiceStatus,
    StockLevel,
)
from app.models.reminders import OPPORTUNITY_ASSIGNED
from app.security.actor import SYSTEM, Actor
from app.security.scope import copying

MOMENT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PASSWORD = "Wanjuan-7-shulin"
#: Where the copies of the sales system's rows come from.
SOURCE = "test"
#: The folder of files of every test of this process, and the files of the cast; both go with the process.
_FOLDER = TemporaryDirectory(prefix="crm-files-")
FILES, FILES_OF_CAST = Path(_FOLDER.name, "files"), Path(_FOLDER.name, "cast")

#: username: (family name, given name, department, role)
PEOPLE: dict[str, tuple[str, str, str | None, str | None]] = {
    "admin": ("周", "以宁", "总部", "Administrator"),
    "supervisor": ("许", "安宁", "总部", "Sales supervisor"),
    "manager_a": ("林", "知远", "一部", "Account manager"),
    "manager_b": ("陈", "禾", "二部", "Account manager"),
    "executive": ("沈", "砚秋", "总部", "Executive"),
    "nobody": ("何", "以舟", "一部", None),
    "narrow": ("苏", "若川", "一部", "Narrow"),
    "head_a": ("顾", "明川", "一部", "Head"),
    "disabled": ("钱", "离职", "二部", "Account manager"),
}
#: made-up roles beside the default ones: (rights of, reads, writes)
ROLES = {
    "Narrow": ("Account manager", Reach.OWN, Reach.OWN),
    "Head": ("Sales supervisor", Reach.DEPARTMENT, Reach.DEPARTMENT),
}
CAST = tuple(PEOPLE)


def engage(url: str) -> None:
    """Fill a fresh database with the cast."""
    engine = engine_for(url)
    with Session(engine) as session:
        session.info["actor"] = SYSTEM
        departments = _departments(session)
        _roles(session)
        people = {name: _person(session, name, departments) for name in PEOPLE}
        _work(session, people)
        session.commit()
    engine.dispose()


def _departments(session: Session) -> dict[str, Department]:
    found: dict[str, Department] = {}
    for name, parent in (("总部", None), ("一部", "总部"), ("二部", "总部")):
        one = Department(name=name, parent=found.get(parent or ""))
        session.add(one)
        session.flush()
        one.path = f"{found[parent].path if parent else '/'}{one.id}/"
        found[name] = one
    return found


def _roles(session: Session) -> None:
    for name, (like, reads, writes) in ROLES.items():
        model = session.scalars(select(Role).where(Role.name == like)).one()
        role = Role(name=name, permissions=list(model.permissions))
        session.add(role)
        session.flush()
        for module in ("customers", "marketing", "services"):
            session.add(RoleReach(role_id=role.id, module=module, reads=reads, writes=writes))


def _person(session: Session, username: str, departments: dict[str, Department]) -> Employee:
    last, first, department, role = PEOPLE[username]
    roles = session.scalars(select(Role).where(Role.name == role)).all() if role else []
    person = Employee(
        username=username,
        last_name=last,
        first_name=first,
        email=f"{username}@example.com",
        active=username != "disabled",
        password=hashed(),
        department=departments[department or "总部"],
    )
    person.roles = list(roles)
    session.add(person)
    session.flush()
    return person


@cache
def hashed() -> str:
    """What is stored of the one password of everybody."""
    from werkzeug.security import generate_password_hash

    return generate_password_hash(PASSWORD)


def _work(session: Session, people: dict[str, Employee]) -> None:
    region = find_entry(session, Category.REGION, "华东")
    people["manager_a"].regions = [region] if region else []
    unassigned, assigned = OpportunityStatus.UNASSIGNED, OpportunityStatus.ASSIGNED
    rows = [
        (opportunity("苏州澄岳精密机械有限公司", people["supervisor"], region=region), unassigned),
        (opportunity("金华稷禾农机有限公司", people["manager_a"]), unassigned),
        (opportunity("扬州泊予船舶配件有限公司", people["manager_b"]), unassigned),
        (opportunity("绍兴织野纺织机械有限公司", people["supervisor"], people["manager_a"]), assigned),
        (opportunity("温州霁川电气有限公司", people["supervisor"], people["manager_b"]), assigned),
        (opportunity("盐城风澜风电有限公司", people["manager_a"], people["narrow"]), assigned),
        (
            opportunity("徐州衡岱工程机械有限公司", people["manager_b"], people["manager_b"]),
            OpportunityStatus.FAILED,
        ),
    ]
    PIPELINE.enter(session, rows, by=SYSTEM, at=MOMENT)
    for row, status in rows:
        if status is assigned:
            session.add(PlanItem(opportunity=row, planned_on=date(2026, 3, 9), todo="电话确认改造范围"))
    for row, status in rows:
        if status is assigned:
            _remind(session, row, people["supervisor"])
    for number, (name, manager) in enumerate(
        (("镇江岚砺磨具有限公司", "manager_a"), ("泰州知微生物有限公司", "manager_b"))
    ):
        customer = Customer(number=f"KH26030200000{number + 1}", name=name, manager=people[manager])
        customer.last_order_on = MOMENT.date()
        customer.contacts.append(Contact(name="蒋经理", mobile="13800138000", phone_key="+8613800138000"))
        session.add(customer)
        _meet(session, customer)
        _services(session, customer)
    with copying(session):
        _trade(session)
    _warn(session)
    _report(session, people["supervisor"])


def _report(session: Session, owner: Employee) -> None:
    """The management report of February, submitted and reviewed."""
    row = ManagementReport(
        first_day=date(2026, 2, 1), owner=owner, created_by_id=owner.id, status=ReportStatus.REVIEWED
    )
    row.number, row.submitted_on, row.department, row.created_on = 1, MOMENT, owner.department, MOMENT
    version = ManagementReportVersion(report=row, number=1, submitted_on=MOMENT, submitted_by=owner)
    version.figures = json.dumps(FIGURES, ensure_ascii=False)
    session.add(version)
    session.flush()


#: What was frozen of February, in which a customer ordered that is out of sight of most.
FIGURES: dict[str, Any] = {
    "first": "2026-02-01",
    "end": "2026-03-01",
    "scope": {"reads": {}, "departments": []},
    "remarks": {"overall": "二月平稳", "contribution": "泰州知微生物有限公司贡献突出"},
    "before": None,
    "analyses": {
        "contribution": {
            "name": "contribution",
            "title": {"zh": "客户贡献分析", "en": "Customer contribution"},
            "texts": {"from": "2026-02-01", "to": "2026-02-28"},
            "facts": [],
            "charts": [],
            "tables": [
                {
                    "title": "",
                    "columns": [
                        {"key": "name", "label": {"zh": "客户名称", "en": "Customer name"}, "kind": "text"},
                        {"key": "amount", "label": {"zh": "订单金额（元）", "en": "Amount (yuan)"}, "kind": "money"},
                    ],
                    "rows": [["泰州知微生物有限公司", 120000]],
                    "keys": [2],
                    "totals": {"amount": 120000},
                }
            ],
            "records": [2],
        }
    },
}


def _warn(session: Session) -> None:
    """Each customer once was about to be lost and was kept; that of manager_b is again, and a measure is taken."""
    for customer in session.scalars(select(Customer).order_by(Customer.id)).all():
        before = {"customer": customer, "manager": customer.manager, "last_order_on": date(2025, 3, 3)}
        kept = ChurnCase(as_of=date(2025, 9, 6), recovered_on=MOMENT, **before)
        CASES.enter(session, [(kept, ChurnStatus.RECOVERED)], by=SYSTEM, at=MOMENT)
    again = ChurnCase(as_of=date(2026, 9, 5), **{**before, "last_order_on": MOMENT.date()})
    again.measures.append(ChurnMeasure(text="重新报价，并约下周上门拜访", created_by=again.manager))
    CASES.enter(session, [(again, ChurnStatus.POSTPONED)], by=SYSTEM, at=MOMENT)


def _services(session: Session, customer: Customer) -> None:
    """A request of each state: a new one, and a complaint and two more that the customer's manager handles."""
    created, assigned, processed, archived = ServiceStatus
    manager = customer.manager
    assert manager is not None
    question, advice = (find_entry(session, Category.SERVICE_KIND, kind) for kind in ("咨询", "建议"))
    last = service(customer, "建议增加夜间值班", manager, manager, kind=advice, **HANDLING, **JUDGEMENT)
    rows = [
        (service(customer, "询问保养周期", manager, kind=question), created),
        (service(customer, "主轴异响", manager, manager), assigned),
        (service(customer, "发票抬头有误", manager, manager, **HANDLING), processed),
        (last, archived),
    ]
    DESK.enter(session, rows, by=SYSTEM, at=MOMENT)
    same = ("assignee_id", "assigned_on", "handling", "handled_by_id", "handled_on", "result", "satisfaction")
    values = {name: getattr(last, name) for name in same}
    session.add(ServiceRound(request=last, number=1, judged_on=MOMENT, **values))
    session.flush()


HANDLING: dict[str, Any] = {"handling": "当天回电说明，并安排补发", "handled_on": MOMENT}
JUDGEMENT: dict[str, Any] = {"result": "已纳入排班", "satisfaction": 4, "archived_on": MOMENT}


def service(
    customer: Customer, summary: str, creator: Employee, assignee: Employee | None = None, **more: Any
) -> ServiceRequest:
    """A service request as someone would have typed it; who has it handled what is handled."""
    session = object_session(customer)
    assert session is not None
    values: dict[str, Any] = {
        "customer": customer,
        "customer_name": customer.name,
        "kind": find_entry(session, Category.SERVICE_KIND, "投诉"),
        "summary": summary,
        "request": "请尽快安排人处理，并电话告知结果。",
        "created_by": creator,
        "created_by_id": creator.id,
        "created_on": MOMENT,
        "assignee": assignee,
        "assignee_id": assignee.id if assignee else None,
        "assigned_on": MOMENT if assignee else None,
        "handled_by": assignee if "handling" in more else None,
        "handled_by_id": assignee.id if assignee and "handling" in more else None,
    }
    return ServiceRequest(**{**values, **more})


def _trade(session: Session) -> None:
    """What the sales system would bring: a product at one place, and an order of two lines for each customer."""
    product = Product(number="1001", name="温度传感器", model="T-2", batch="一级", unit="只", price=Decimal("86.5"))
    product.source = SOURCE
    place = StockLevel(product=product, warehouse="一号仓", location="3-2", quantity=Decimal(40), source=SOURCE)
    session.add_all((product, place))
    customers = session.scalars(select(Customer).order_by(Customer.id)).all()
    for number, customer in enumerate(customers, start=1):
        order = Order(number=f"2026030200{number}", customer=customer, customer_number=customer.number)
        order.customer_name, order.ordered_on, order.source = customer.name, MOMENT.date(), SOURCE
        order.address, order.total = "江苏省镇江市学府路1号", Decimal("384.50")
        order.lines = [
            _line(1, product, quantity=Decimal(4), amount=Decimal("346.00")),
            _line(2, product, quantity=Decimal("0.445"), amount=Decimal("38.50")),
        ]
        session.add(order)
        session.flush()
        month = order.ordered_on.replace(day=1)
        session.add(CustomerMonth(customer_id=customer.id, month=month, orders=1, amount=order.total))


def _line(number: int, product: Product, **more: Any) -> OrderLine:
    price = {"unit": product.unit, "unit_price": product.price}
    called = {"product_number": product.number, "product_name": str(product)}
    return OrderLine(line_no=number, product=product, **called, **price, **more)


def _meet(session: Session, customer: Customer) -> None:
    """What was talked about with a customer, with a file."""
    met = Interaction(customer=customer, happened_on=date(2026, 2, 10), place="客户现场", summary="核对二期改造范围")
    with BytesIO(f"{customer.name}会议纪要".encode()) as content:
        kept = FileStore(FILES_OF_CAST).keep(content)
    file = {"name": "会议纪要.txt", "size": kept.size, "sha256": kept.sha256, "stored_as": kept.name}
    session.add_all([met, Attachment(customer=customer, interaction=met, **file)])


def renew_files() -> None:
    """Lay the files of the cast into the folder of files, and nothing else."""
    shutil.rmtree(FILES, ignore_errors=True)
    shutil.copytree(FILES_OF_CAST, FILES)


def _remind(session: Session, row: Opportunity, giver: Employee) -> None:
    """Each has been told of what is his and has read it, so that to open it or to mark all read changes nothing."""
    values = {"name": row.customer_name}
    told = (session, OPPORTUNITY_ASSIGNED, [row.assignee_id])
    tell(*told, key=f"{row.id}:1", about=row, values=values, by=Actor(giver.id), at=MOMENT)
    for reminder in session.scalars(select(Reminder)):
        mark_read(session, reminder, at=MOMENT)


def opportunity(name: str, creator: Employee, assignee: Employee | None = None, **more: Any) -> Opportunity:
    """An opportunity as someone would have typed it."""
    values: dict[str, Any] = {
        "customer_name": name,
        "probability": 50,
        "summary": "主轴产线视觉检测改造",
        "description": "三条产线改为在线视觉检测，六月前投产。",
        "contact_name": "顾工",
        "contact_phone": "13912345678",
        "phone_key": "+8613912345678",
        "created_by": creator,
        "created_by_id": creator.id,
        "assignee": assignee,
        "assignee_id": assignee.id if assignee else None,
        "assigned_on": MOMENT if assignee else None,
        "created_on": MOMENT,
    }
    return Opportunity(**{**values, **more})


def key_of(app: Flask, username: str) -> int:
    """The key of one of the cast."""
    with app.app_context():
        return int(db.session.scalars(select(Employee.id).where(Employee.username == username)).one())
