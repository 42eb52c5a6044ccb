"""The company that is measured: the demo company, its rows spread over 200 departments, with longer lists."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import Connection, Table, func, insert, select, text, update
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from app import demo
from app.clock import now
from app.database import engine_for, upgrade
from app.models import (
    Category,
    Contact,
    Customer,
    Department,
    DictionaryEntry,
    Employee,
    Opportunity,
    OpportunityStatus,
    PlanItem,
    Reach,
    RoleReach,
    ServiceRequest,
)
from app.models.base import mapper_of
from app.security.actor import SYSTEM
from app.security.roles import scope_modules
from bench.two_customers import BUSY, QUIET, add_two_customers
from config import Settings

SEED = 1
PASSWORD = "Bench-only-on-loopback-1"
UNUSABLE_PASSWORD = "!"
DEPARTMENTS = 200
MOST_MOVED = 500
BATCH = 5_000

#: Who sees every row; who heads all the departments; who belongs to one of them. They hold the same rights.
EVERYTHING, WIDE, NARROW = "bench", "bench_wide", "bench_narrow"
#: The role that the plain application gives all its permissions to.
STOCK_ROLE = "Admin"


@dataclass(frozen=True)
class Subjects:
    """The keys of the rows that are looked at and changed."""

    opportunity: int
    customer: int
    region: int
    manager: int
    unassigned: list[int] = field(default_factory=list)
    busy: int = 0
    quiet: int = 0


def settings_for(url: str) -> Settings:
    """Production, with nothing of the machine's environment."""
    return Settings.from_environment(
        {
            "CRM_ENV": "production",
            "CRM_ALLOWED_HOSTS": "127.0.0.1",
            "CRM_SECRET_KEY": "b" * 40,
            "CRM_DEMO_PASSWORD": PASSWORD,
            "CRM_DATABASE_URL": url,
        }
    )


def found_company(url: str, customers: int, opportunities: int) -> None:
    """Fill the empty database at ``url``; the demo's opportunities are copied until there are ``opportunities``."""
    settings = settings_for(url)
    upgrade(settings)
    demo.load(settings, customers=customers, seed=SEED)
    engine = engine_for(url)
    with engine.begin() as connection:
        first_manager = _hire(connection)
        _spread(connection, first_manager)
        _lengthen(connection, first_manager, opportunities)
        add_two_customers(connection, first_manager)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


def subjects_of(url: str) -> Subjects:
    """What there is to look at in the company at ``url``."""
    engine = engine_for(url)
    with Session(engine) as session:
        session.info["actor"] = SYSTEM
        planned = (
            select(func.min(PlanItem.opportunity_id))
            .join(PlanItem.opportunity)
            .where(Opportunity.status == OpportunityStatus.ASSIGNED)
        )
        known = select(Contact.customer_id).group_by(Contact.customer_id).having(func.count() > 1).limit(1)
        found = Subjects(
            session.scalars(planned).one() or 0,
            session.scalars(known).one(),
            session.scalars(
                select(DictionaryEntry.id).where(DictionaryEntry.category == Category.REGION).limit(1)
            ).one(),
            session.scalars(select(Employee.id).where(Employee.username == _manager_name(0))).one(),
            list(session.scalars(_unassigned())),
            *(session.scalars(select(Customer.id).where(Customer.external_id == one)).one() for one in (BUSY, QUIET)),
        )
    engine.dispose()
    return found


def _unassigned() -> Any:
    is_free = Opportunity.status == OpportunityStatus.UNASSIGNED
    return select(Opportunity.id).where(is_free).order_by(Opportunity.id.desc()).limit(MOST_MOVED)


# ---- people -------------------------------------------------------------------------------------------


def _hire(connection: Connection) -> int:
    """Departments, their managers and the three who look. Returns the key of the first manager."""
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        session.info["actor"] = SYSTEM
        root = _department(session, "Bench", None)
        leaves = [_department(session, f"Bench {number}", root) for number in range(DEPARTMENTS)]
        role = session.scalars(select(Role).where(Role.name == "Account manager")).one()
        managers = [_person(_manager_name(place), leaf, [role]) for place, leaf in enumerate(leaves)]
        session.add_all(managers)
        session.flush()
        everything, below = _role(session, Reach.ALL), _role(session, Reach.BELOW)
        head = _person(WIDE, root, [below], can_sign_in=True)
        narrow = _person(NARROW, leaves[0], [below], can_sign_in=True)
        session.add_all([head, narrow])
        session.add(_person(EVERYTHING, root, [everything, Role(name=STOCK_ROLE)], can_sign_in=True))
        session.flush()
        root.head = head
        session.commit()
        return min(manager.id for manager in managers)


def _manager_name(place: int) -> str:
    return f"bench_{place:03}"


def _department(session: Session, name: str, parent: Department | None) -> Department:
    one = Department(name=name, parent=parent, created_on=now(), changed_on=now())
    session.add(one)
    session.flush()
    one.path = f"{parent.path if parent else '/'}{one.id}/"
    return one


def _person(name: str, department: Department, roles: list[Role], *, can_sign_in: bool = False) -> Employee:
    return Employee(
        username=name,
        first_name="以宁",
        last_name="周",
        email=f"{name}@example.com",
        active=True,
        password=generate_password_hash(PASSWORD) if can_sign_in else UNUSABLE_PASSWORD,
        login_count=0,
        fail_login_count=0,
        department=department,
        roles=roles,
    )


def _role(session: Session, reach: Reach) -> Role:
    """A role with every right, that sees as far as ``reach`` and writes everywhere."""
    model = session.scalars(select(Role).where(Role.name == "Administrator")).one()
    role = Role(name=f"Bench {reach.value}", permissions=list(model.permissions))
    session.add(role)
    session.flush()
    session.add_all(
        RoleReach(role_id=role.id, module=module, reads=reach, writes=Reach.ALL) for module in scope_modules()
    )
    return role


# ---- rows ---------------------------------------------------------------------------------------------


def _spread(connection: Connection, first_manager: int) -> None:
    """Give every customer, opportunity and service request to the managers of the 200 departments."""
    customers, opportunities, services = _table(Customer), _table(Opportunity), _table(ServiceRequest)
    connection.execute(update(customers).values(manager_id=first_manager + customers.c.id % DEPARTMENTS))
    owner = first_manager + opportunities.c.id % DEPARTMENTS
    connection.execute(update(opportunities).values(created_by_id=owner))
    is_assigned = opportunities.c.assignee_id.is_not(None)
    connection.execute(update(opportunities).where(is_assigned).values(assignee_id=owner))
    owner = first_manager + services.c.customer_id % DEPARTMENTS
    for column in (services.c.created_by_id, services.c.assignee_id, services.c.handled_by_id):
        connection.execute(update(services).where(column.is_not(None)).values({column: owner}))


def _lengthen(connection: Connection, first_manager: int, wanted: int) -> None:
    """Copy opportunities under other names until there are as many as wanted."""
    table = _table(Opportunity)
    typed = [column for column in table.columns if column.computed is None]
    models = [dict(row) for row in connection.execute(select(*typed).order_by(table.c.id).limit(BATCH)).mappings()]
    there = connection.scalar(select(func.count()).select_from(table)) or 0
    last = connection.scalar(select(func.max(table.c.id))) or 0
    rows = [_copy(models[number % len(models)], last, number, first_manager) for number in range(wanted - there)]
    for start in range(0, len(rows), BATCH):
        connection.execute(insert(table), rows[start : start + BATCH])
    if connection.dialect.name == "postgresql" and rows:
        sequence = "SELECT setval(pg_get_serial_sequence('opportunities', 'id'), :last)"
        connection.execute(text(sequence), {"last": rows[-1]["id"]})


def _copy(model: dict[str, Any], last: int, number: int, first_manager: int) -> dict[str, Any]:
    key = last + number + 1
    owner = first_manager + key % DEPARTMENTS
    return {
        **model,
        "id": key,
        "customer_name": f"{model['customer_name'][:90]}{number}",
        "name_key": f"{model['name_key'][:90]}{number}",
        "external_id": None,
        "created_on": model["created_on"] - timedelta(minutes=13 * number),
        "created_by_id": owner,
        "assignee_id": owner if model["assignee_id"] is not None else None,
    }


def _table(model: type) -> Table:
    return cast(Table, mapper_of(model).local_table)
