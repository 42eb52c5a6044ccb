"""Takes sales opportunities in, in any status, with their people and times."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from marshmallow import ValidationError, validates_schema
from sqlalchemy import select

from app.actions.imports.columns import (
    Day,
    Entry,
    Moment,
    Money,
    OneOf,
    PersonColumn,
    PhoneNumber,
    RowSchema,
    Text,
    Whole,
)
from app.actions.imports.intake import Intake, Values
from app.actions.marketing import ASSIGNED, FAILED, PIPELINE, SUCCEEDED, UNASSIGNED, check_edit
from app.errors import Forbidden, Invalid, OutOfSight
from app.i18n import Label, gettext
from app.models.basedata import Category
from app.models.customers import Customer, CustomerStatus
from app.models.marketing import Opportunity, OpportunityStatus
from app.models.names import name_key
from app.security.rights import OPPORTUNITIES, Verb
from app.security.scope import may_hold, may_write, system

CLOSED = (SUCCEEDED, FAILED)
STATUS_WORDS = {
    UNASSIGNED: ("未指派", "unassigned"),
    ASSIGNED: ("已指派", "assigned", "开发中", "in development"),
    SUCCEEDED: ("开发成功", "succeeded", "development succeeded"),
    FAILED: ("开发失败", "failed"),
}
#: Where they stand in the row as in the file; people, status and marks of the record are set apart.
PLAIN_FIELDS = (
    "source",
    "customer_name",
    "probability",
    "summary",
    "contact_name",
    "description",
    "expected_amount",
    "expected_close_on",
)


class OpportunityRow(RowSchema):
    """The columns of opportunities."""

    model = Opportunity

    external_id = Text("External id", "外部编号")
    source = Text("Source", "机会来源")
    customer_name = Text("Customer name", "客户名称", required=True)
    probability = Whole("Probability (%)", "Probability", "成功机率(%)", "成功机率")
    summary = Text("Summary", "概要", required=True)
    contact_name = Text("Contact", "联系人")
    contact_phone = PhoneNumber("Contact phone", "联系人电话")
    description = Text("Description", "机会描述")
    region = Entry("Region", "地区", category=Category.REGION)
    industry = Entry("Industry", "行业", category=Category.INDUSTRY)
    expected_amount = Money("Expected amount (yuan)", "Expected amount", "预计金额(元)", "预计金额")
    expected_close_on = Day("Expected close date", "预计成交日期")
    created_by = PersonColumn("Created by", "创建人")
    created_on = Moment("Created on", "创建时间")
    assignee = PersonColumn("Assigned to", "指派给")
    assigned_on = Moment("Assigned on", "指派时间")
    status = OneOf("Status", "状态", words=STATUS_WORDS)
    close_reason = Text("Reason for ending", "终止原因")
    closed_on = Moment("Closed on", "结束时间")

    @validates_schema
    def fit_status(self, values: Values, **_more: Any) -> None:
        """The status decides which people and times a row must have and which it cannot."""
        status = values.get("status", UNASSIGNED)
        reasons: dict[str, list[str]] = {}
        assignee = values.get("assignee")
        if status is not UNASSIGNED and assignee is None:
            reasons["assignee"] = [gettext("An opportunity in this status needs whom it is assigned to.")]
        if status is ASSIGNED and assignee is not None and not assignee.is_enabled:
            reasons["assignee"] = [gettext("This person is disabled.")]
        for field in sorted(values.keys() & _foreign_fields(status)):
            reasons[field] = [gettext("This must be empty in this status.")]
        if reasons:
            raise ValidationError(reasons)


def _foreign_fields(status: OpportunityStatus) -> set[str]:
    """The columns that say nothing in a status."""
    fields = {"close_reason"} if status is not FAILED else set()
    if status not in CLOSED:
        fields.add("closed_on")
    return fields | ({"assignee", "assigned_on"} if status is UNASSIGNED else set())


class OpportunityIntake(Intake):
    """Makes opportunities through their life cycle; changes only what a person could still edit."""

    kind: ClassVar[str] = "opportunities"
    right: ClassVar[str] = OPPORTUNITIES.right(Verb.IMPORT)
    schema: ClassVar[type[RowSchema]] = OpportunityRow
    hard_key: ClassVar[str] = "external_id"

    _fetched: Sequence[Opportunity] = ()

    def known(self, keys: Collection[str]) -> Mapping[str, int]:
        """The opportunities of these external keys, whoever sees them."""
        statement = select(Opportunity.external_id, Opportunity.id).where(Opportunity.external_id.in_(keys))
        with system(self.session, "that an external key is taken holds beyond the reader's sight"):
            return {key: row_id for key, row_id in self.session.execute(statement) if key is not None}

    def fetch(self, row_ids: Collection[int]) -> None:
        """Lock those in sight and keep them in the session for ``change``."""
        statement = select(Opportunity).where(Opportunity.id.in_(row_ids)).with_for_update()
        self._fetched = self.session.scalars(statement).all()

    def admit(self, values: Values) -> None:
        """An opportunity in somebody's hands lies within the write scope."""
        assignee = values.get("assignee")
        if assignee and not may_hold(self.session, assignee.id, Opportunity.scope_module):
            raise Invalid({"assignee": Label("This person is outside your write scope.")})

    def enter(self, rows: Sequence[Values]) -> Sequence[int]:
        """Each row is born in its status, with a first line of history."""
        customers = self._customers([row for row in rows if row.get("status") is SUCCEEDED])
        entries = []
        for values in rows:
            opportunity, status = self._opportunity(values), values.get("status", UNASSIGNED)
            if status is SUCCEEDED:
                opportunity.customer_id = customers.get(opportunity.name_key)
                self.unmatched += opportunity.customer_id is None
            entries.append((opportunity, status))
        PIPELINE.enter(self.session, entries, by=self.by, at=self.at, reason=gettext("Import"))
        return [opportunity.id for opportunity, _ in entries]

    def _opportunity(self, values: Values) -> Opportunity:
        """A new opportunity; a probability or description that the file leaves out is 0 or empty."""
        opportunity = Opportunity(
            external_id=values.get("external_id"),
            created_by_id=_id_of(values.get("created_by")),
            created_on=values.get("created_on", self.at),
            assignee_id=_id_of(values.get("assignee")),
            assigned_on=values.get("assigned_on"),
            close_reason=values.get("close_reason"),
            closed_on=values.get("closed_on"),
        )
        if values.get("status") is ASSIGNED:
            opportunity.assigned_on = opportunity.assigned_on or self.at
        _fill(opportunity, {"probability": 0, "description": ""} | values)
        return opportunity

    def _customers(self, rows: Sequence[Values]) -> dict[str, int]:
        """By name, the one customer that has it, where there is exactly one and it is in sight."""
        keys = {name_key(row["customer_name"]) for row in rows}
        if not keys:
            return {}
        statement = select(Customer.name_key, Customer.id).where(
            Customer.name_key.in_(keys), Customer.status != CustomerStatus.DELETED
        )
        seen = {row_id for _, row_id in self.session.execute(statement)}
        with system(self.session, "a name that two customers have is one customer's for nobody"):
            found = self.session.execute(statement).all()
        count = Counter(key for key, _ in found)
        return {key: row_id for key, row_id in found if count[key] == 1 and row_id in seen}

    def change(self, row_id: int, values: Values) -> bool:
        """Change what may be edited, while that may be; never status, creator or assignee."""
        opportunity = self.session.get(Opportunity, row_id)
        if opportunity is None:
            raise OutOfSight
        check_edit(self.session, opportunity, by=self.by)
        if not may_write(self.session, opportunity):
            raise Forbidden(Label("This record belongs to somebody outside your write scope."))
        return _fill(opportunity, values)


def _id_of(person: Any) -> int | None:
    return None if person is None else int(person.id)


def _fill(opportunity: Opportunity, values: Values) -> bool:
    """Write what the row has, an empty cell leaves what is there; returns whether anything is different."""
    written = {field: values[field] for field in PLAIN_FIELDS if field in values}
    written |= {f"{field}_id": values[field] for field in ("region", "industry") if field in values}
    if "contact_phone" in values:
        phone = values["contact_phone"]
        written |= {"contact_phone": phone.text, "phone_key": phone.key}
    different = {name: value for name, value in written.items() if getattr(opportunity, name) != value}
    for name, value in different.items():
        setattr(opportunity, name, value)
    return bool(different)
