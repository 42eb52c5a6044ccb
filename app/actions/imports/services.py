"""Takes service requests in, in any status, with their people and times."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from marshmallow import ValidationError, validates_schema
from sqlalchemy import Select, or_, select

from app.actions.imports.columns import Column, Entry, Moment, OneOf, PersonColumn, RowSchema, Text
from app.actions.imports.customers import STARS
from app.actions.imports.intake import Intake, Values
from app.actions.services.life import ARCHIVED, ASSIGNED, CREATED, DESK, PROCESSED
from app.errors import Forbidden, Invalid, OutOfSight, WrongState
from app.i18n import Label, gettext
from app.models.basedata import Category
from app.models.customers import Customer, CustomerStatus
from app.models.names import name_key
from app.models.services import Priority, ServiceRequest, ServiceRound, ServiceStatus
from app.security.rights import SERVICES, Verb
from app.security.scope import may_hold, may_write, system

STATUS_WORDS = {
    CREATED: ("新创建", "created", "newly created"),
    ASSIGNED: ("已分配", "assigned", "allocated"),
    PROCESSED: ("已处理", "processed"),
    ARCHIVED: ("已归档", "archived"),
}
#: Service desks count from 1, the most urgent, to 4.
PRIORITY_WORDS = {
    Priority.NORMAL: ("普通", "normal", "ordinary", "3", "4", "P3", "P4"),
    Priority.URGENT: ("紧急", "urgent", "2", "P2"),
    Priority.MOST_URGENT: ("特急", "most urgent", "most_urgent", "1", "P1"),
}
#: What was written when the request came in, and may be written again until somebody has it.
ASKED = ("summary", "request", "priority")
#: What a row cannot say before it is archived, processed and assigned.
JUDGED = {"result", "satisfaction", "archived_on"}
HANDLED = JUDGED | {"handling", "handled_by", "handled_on"}
LATER: Mapping[ServiceStatus, set[str]] = {
    CREATED: HANDLED | {"assignee", "assigned_on"},
    ASSIGNED: HANDLED,
    PROCESSED: JUDGED,
    ARCHIVED: set(),
}


class CustomerKey(Column):
    """What tells which customer is meant: its number, its key at the source, or its exact name."""

    def read_text(self, text: str) -> str:
        """The customer is looked up with those of the whole batch."""
        return text


class ServiceRow(RowSchema):
    """The columns of service requests."""

    model = ServiceRequest

    external_id = Text("External id", "外部编号")
    customer_number = CustomerKey("Customer", "Customer name", "客户编号", "客户", "客户名称", required=True)
    kind = Entry("Service kind", "服务类型", category=Category.SERVICE_KIND, required=True)
    summary = Text("Summary", "概要", required=True)
    request = Text("Service request", "服务请求")
    priority = OneOf("Priority", "优先级", words=PRIORITY_WORDS)
    status = OneOf("Status", "状态", words=STATUS_WORDS)
    created_by = PersonColumn("Created by", "创建人")
    created_on = Moment("Created on", "创建时间", "创建日期")
    assignee = PersonColumn("Allocated to", "分配给")
    assigned_on = Moment("Assigned on", "Allocated on", "分配时间")
    handling = Text("Service handling", "服务处理")
    handled_by = PersonColumn("Handled by", "处理人")
    handled_on = Moment("Handled on", "处理时间")
    result = Text("Handling result", "处理结果")
    satisfaction = OneOf("Satisfaction", "满意度", words=STARS)
    archived_on = Moment("Archived on", "归档时间")

    @validates_schema
    def fit_status(self, values: Values, **_more: Any) -> None:
        """The status decides what a row must have and what it cannot."""
        status = values.get("status", CREATED)
        reasons = {
            field: [gettext("This must be empty in this status.")] for field in sorted(values.keys() & LATER[status])
        }
        if status in {ASSIGNED, PROCESSED}:
            reasons |= _reasons_of_open(values)
        if status is PROCESSED and "handling" not in values:
            reasons["handling"] = [gettext("A processed request needs what was done.")]
        if reasons:
            raise ValidationError(reasons)


def _reasons_of_open(values: Values) -> dict[str, list[str]]:
    """Somebody who can go on with it has the request in hand."""
    assignee = values.get("assignee") or values.get("handled_by")
    if assignee is None:
        return {"assignee": [gettext("A request in this status needs whom it is assigned to.")]}
    return {} if assignee.is_enabled else {"assignee": [gettext("This person is disabled.")]}


class ServiceIntake(Intake):
    """Makes service requests through their life cycle; changes what was asked until somebody has the request."""

    kind: ClassVar[str] = "services"
    right: ClassVar[str] = SERVICES.right(Verb.IMPORT)
    schema: ClassVar[type[RowSchema]] = ServiceRow
    hard_key: ClassVar[str] = "external_id"

    _fetched: Sequence[ServiceRequest] = ()
    _customers: Mapping[str, Sequence[Customer]] = {}  # replaced, never changed

    def known(self, keys: Collection[Any]) -> Mapping[Any, int]:
        """The requests of these external keys, whoever sees them."""
        statement = select(ServiceRequest.external_id, ServiceRequest.id).where(ServiceRequest.external_id.in_(keys))
        with system(self.session, "that an external key is taken holds beyond the reader's sight"):
            return {key: row_id for key, row_id in self.session.execute(statement) if key is not None}

    def look_up(self, rows: Sequence[Values]) -> None:
        """The customers in sight; a number counts before a key at the source, and that before a name."""
        keys = {values["customer_number"]: name_key(values["customer_number"]) for values in rows}
        by_number, by_external_id, by_name = (defaultdict[str | None, list[Customer]](list) for _ in range(3))
        for row in self.session.scalars(_customers_called(keys)) if keys else ():
            by_number[row.number].append(row)
            by_external_id[row.external_id].append(row)
            by_name[row.name_key].append(row)
        self._customers = {
            text: by_number.get(text) or by_external_id.get(text) or by_name.get(key, []) for text, key in keys.items()
        }

    def fetch(self, row_ids: Collection[int]) -> None:
        """Lock those in sight and keep them in the session for ``change``."""
        statement = select(ServiceRequest).where(ServiceRequest.id.in_(row_ids)).with_for_update()
        self._fetched = self.session.scalars(statement).all()

    def admit(self, values: Values) -> None:
        """The customer is there, and whoever has the request lies within the write scope."""
        self._customer(values)
        field = next((one for one in ("assignee", "handled_by", "created_by") if one in values), "created_by")
        holder = _id_of(values.get(field)) or self.by.person_id
        if not may_hold(self.session, holder, ServiceRequest.scope_module):
            raise Invalid({field: Label("This person is outside your write scope.")})

    def _customer(self, values: Values) -> Customer:
        """The customer that the row names; raises Invalid where there is none, or more than one."""
        text = values["customer_number"]
        found = self._customers[text]
        if len(found) > 1:
            sentence = gettext("Several customers are called “%(text)s”: give the customer number.", text=text)
            raise Invalid({"customer_number": sentence})
        if not found:
            raise Invalid({"customer_number": gettext("There is no customer %(number)s.", number=text)})
        return found[0]

    def enter(self, rows: Sequence[Values]) -> Sequence[int]:
        """Each row is born in its status, with a first line of history, and where it was judged with its round."""
        entries = [(self._request(values), values.get("status", CREATED)) for values in rows]
        DESK.enter(self.session, entries, by=self.by, at=self.at, reason=gettext("Import"))
        self.session.add_all(_round_of(request) for request, _ in entries if _is_judged(request))
        self.session.flush()
        return [request.id for request, _ in entries]

    def _request(self, values: Values) -> ServiceRequest:
        """A new request; who handled it had it, and an open one that names no moment got there now."""
        customer, status = self._customer(values), values.get("status", CREATED)
        had_by = _id_of(values.get("assignee") or values.get("handled_by"))
        return ServiceRequest(
            **{"request": ""} | {name: values[name] for name in ASKED if name in values},
            **{name: values.get(name) for name in ("external_id", "handling", "result", "satisfaction")},
            kind_id=values["kind"],
            customer_id=customer.id,
            customer_name=customer.name,
            created_by_id=_id_of(values.get("created_by")),
            created_on=values.get("created_on", self.at),
            assignee_id=had_by,
            assigned_on=values.get("assigned_on", self.at if status in {ASSIGNED, PROCESSED} else None),
            handled_by_id=_id_of(values.get("handled_by")) or (None if status is ASSIGNED else had_by),
            handled_on=values.get("handled_on", self.at if status is PROCESSED else None),
            archived_on=values.get("archived_on", values.get("handled_on")) if status is ARCHIVED else None,
        )

    def change(self, row_id: int, values: Values) -> bool:
        """Change what was asked while nobody has the request yet; never status, creator, assignee or customer."""
        request = self.session.get(ServiceRequest, row_id)
        if request is None:
            raise OutOfSight
        if self._customer(values).id != request.customer_id:
            raise Invalid({"customer_number": Label("This request belongs to another customer.")})
        written = {name: values[name] for name in ASKED if name in values} | {"kind_id": values["kind"]}
        different = {name: value for name, value in written.items() if getattr(request, name) != value}
        if different:
            self._check_change(request)
        for name, value in different.items():
            setattr(request, name, value)
        return bool(different)

    def _check_change(self, request: ServiceRequest) -> None:
        if request.status is not CREATED:
            raise WrongState(Label("Only a request that nobody has yet can be changed."))
        if not may_write(self.session, request):
            raise Forbidden(Label("This record belongs to somebody outside your write scope."))


def _customers_called(keys: Mapping[str, str]) -> Select[Customer]:
    """Those of these numbers, external keys or names; ``keys`` holds the key of each text as a name."""
    is_meant = or_(Customer.number.in_(keys), Customer.external_id.in_(keys), Customer.name_key.in_(set(keys.values())))
    return select(Customer).where(is_meant, Customer.status != CustomerStatus.DELETED).order_by(Customer.id)


def _is_judged(request: ServiceRequest) -> bool:
    """Whether the row says all that a judged round keeps; without it, the request was closed without being judged."""
    told = (request.satisfaction, request.archived_on, request.handling, request.result)
    return request.status is ARCHIVED and None not in told


def _round_of(request: ServiceRequest) -> ServiceRound:
    """The only round that a file knows of."""
    same = ("assignee_id", "assigned_on", "handling", "handled_by_id", "handled_on", "result", "satisfaction")
    return ServiceRound(
        request=request,
        number=request.round,
        judged_on=request.archived_on,
        **{name: getattr(request, name) for name in same},
    )


def _id_of(person: Any) -> int | None:
    return None if person is None else int(person.id)
