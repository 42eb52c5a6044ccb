"""Reminders: what one person is told, once, and which kinds of them he wants."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Dialect, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from app.i18n import Choice, Label, LazyString, gettext
from app.models.base import NEVER_REUSED, ChoiceType, Model, UtcDateTime


class Channel(Choice):
    """Where a person is reminded. A way to tell that comes later is one more member; the column takes any word."""

    HERE = "here", Label("Remind me here")
    NONE = "none", Label("Do not remind me")


@dataclass(frozen=True)
class ReminderKind:
    """One reason to remind somebody.

    ``sentence`` is filled with the values of a reminder when it is read, so that it shows in the reader's
    language; ``address`` leads to the record, whose key it takes as ``{key}``. Where something happens to many records
    at once, ``many`` is the sentence with their ``count`` and ``many_address`` leads to them.
    """

    key: str
    label: LazyString
    sentence: LazyString
    address: str
    icon: str
    channel: Channel = Channel.HERE
    many: LazyString | None = None
    many_address: str = ""


OPPORTUNITY_ASSIGNED = ReminderKind(
    "opportunity_assigned",
    Label("An opportunity is assigned to me"),
    Label("%(by)s assigned the opportunity “%(name)s” to you"),
    "/opportunities/show/{key}",
    "user-check",
)
OPPORTUNITY_REASSIGNED = ReminderKind(
    "opportunity_reassigned",
    Label("An opportunity of somebody else is reassigned to me"),
    Label("%(by)s reassigned the opportunity “%(name)s” from %(before)s to you"),
    "/opportunities/show/{key}",
    "arrows-exchange",
)
OPPORTUNITY_TAKEN_OVER = ReminderKind(
    "opportunity_taken_over",
    Label("Somebody else takes over an opportunity of mine"),
    Label("%(by)s reassigned your opportunity “%(name)s”: %(after)s takes it over"),
    "/opportunities/show/{key}",
    "arrows-exchange",
)
PLAN_ITEM_DUE = ReminderKind(
    "plan_item_due",
    Label("A plan item of mine is due"),
    Label("Plan item due %(day)s: %(todo)s (%(name)s)"),
    "/plans/show/{key}#plan-items",
    "calendar-due",
)
CUSTOMER_TRANSFERRED = ReminderKind(
    "customer_transferred",
    Label("A customer is transferred to me"),
    Label("%(by)s transferred the customer “%(name)s” to you"),
    "/customers/show/{key}",
    "arrows-exchange",
    many=Label("%(by)s transferred customers to you: %(count)s"),
    many_address="/customers/list/",
)
CUSTOMER_TAKEN_OVER = ReminderKind(
    "customer_taken_over",
    Label("A customer of mine is transferred to somebody else"),
    Label("%(by)s transferred your customer “%(name)s” to %(after)s"),
    "/customers/show/{key}",
    "arrows-exchange",
    many=Label("%(by)s transferred customers of yours to %(after)s: %(count)s"),
    many_address="/customers/list/",
)
CUSTOMER_WON_BACK = ReminderKind(
    "customer_won_back",
    Label("A lost customer of mine is won back"),
    Label("%(by)s won back your lost customer “%(name)s”"),
    "/customers/show/{key}",
    "arrow-back-up",
)
BULK_UNDONE = ReminderKind(
    "bulk_undone",
    Label("A bulk change of records of mine is undone"),
    Label("%(by)s undid a bulk change; records concerned that are or were yours: %(count)s"),
    "/",
    "arrow-back-up",
)

CHURN_WARNED = ReminderKind(
    "churn_warned",
    Label("A customer of mine is about to be lost"),
    Label("About to be lost: “%(name)s” has not ordered for long"),
    "/customers/show/{key}",
    "alert-triangle",
    many=Label("Customers of yours about to be lost: %(count)s"),
    many_address="/churn/list/?status=warned",
)
CUSTOMER_BACK = ReminderKind(
    "customer_back",
    Label("A lost customer of mine orders again"),
    Label("“%(name)s” ordered again and is back to normal"),
    "/customers/show/{key}",
    "arrow-back-up",
    many=Label("Lost customers of yours that ordered again: %(count)s"),
    many_address="/customers/list/",
)

NEXT_CONTACT_DUE = ReminderKind(
    "next_contact_due",
    Label("A next contact with a customer of mine is due"),
    Label("Next contact due %(day)s: %(name)s (after “%(summary)s”)"),
    "/interactions/show/{key}",
    "phone-call",
)
SERVICE_OVERDUE = ReminderKind(
    "service_overdue",
    Label("A service request of my people is overdue"),
    Label("Overdue since %(moment)s: service request “%(summary)s” of %(name)s"),
    "/services/show/{key}",
    "hourglass",
)

SERVICE_ALLOCATED = ReminderKind(
    "service_allocated",
    Label("A service request is assigned to me"),
    Label("%(by)s assigned the service request “%(summary)s” of %(name)s to you"),
    "/services/show/{key}",
    "user-check",
)
SERVICE_ESCALATED = ReminderKind(
    "service_escalated",
    Label("A complaint is escalated to me"),
    Label("%(by)s escalated the complaint “%(summary)s” of %(name)s to level %(level)s"),
    "/services/show/{key}",
    "trending-up",
)

SERVICE_HANDED_ON = ReminderKind(
    "service_handed_on",
    Label("Service requests of somebody else are given to me"),
    Label("%(by)s gave you the service request “%(summary)s” of %(name)s"),
    "/services/show/{key}",
    "headset",
    many=Label("%(by)s gave you service requests of somebody else: %(count)s"),
    many_address="/services/process",
)

MANAGEMENT_REPORT_DUE = ReminderKind(
    "management_report_due",
    Label("A management report of mine is due"),
    Label("The management report of %(period)s is due"),
    "/management-reports/list/",
    "calendar-due",
)
MANAGEMENT_REPORT_SUBMITTED = ReminderKind(
    "management_report_submitted",
    Label("A management report is submitted for me to review"),
    Label("%(by)s submitted the management report of %(period)s"),
    "/management-reports/show/{key}",
    "clipboard-list",
)
MANAGEMENT_REPORT_SENT_BACK = ReminderKind(
    "management_report_sent_back",
    Label("A management report of mine is sent back"),
    Label("%(by)s sent your management report of %(period)s back: %(reason)s"),
    "/management-reports/show/{key}",
    "arrow-back-up",
)
MANAGEMENT_REPORT_COMMENTED = ReminderKind(
    "management_report_commented",
    Label("Somebody comments on a management report of mine"),
    Label("%(by)s commented on the management report of %(period)s by %(name)s"),
    "/management-reports/show/{key}",
    "message-circle",
)

#: Every kind, in the order in which the settings show them.
KINDS = {
    kind.key: kind
    for kind in (
        *(OPPORTUNITY_ASSIGNED, OPPORTUNITY_REASSIGNED, OPPORTUNITY_TAKEN_OVER, PLAN_ITEM_DUE, NEXT_CONTACT_DUE),
        *(CUSTOMER_TRANSFERRED, CUSTOMER_TAKEN_OVER, CHURN_WARNED, CUSTOMER_WON_BACK, CUSTOMER_BACK, BULK_UNDONE),
        *(SERVICE_ALLOCATED, SERVICE_ESCALATED, SERVICE_OVERDUE, SERVICE_HANDED_ON),
        *(MANAGEMENT_REPORT_DUE, MANAGEMENT_REPORT_SUBMITTED),
        *(MANAGEMENT_REPORT_SENT_BACK, MANAGEMENT_REPORT_COMMENTED),
    )
}


class Values(TypeDecorator[dict[str, str]]):
    """The values of a sentence, kept as JSON in a text, which every database can sort and compare."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, str] | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)

    def process_result_value(self, value: Any, dialect: Dialect) -> dict[str, str] | None:
        return None if value is None else dict(json.loads(value))


class Reminder(Model):
    """One thing one person is told. ``key`` says what happened; a person is never told one key twice.

    ``about`` and ``row_id`` name the record. The values are of the moment it was told: they say nothing newer about
    a record that the person may not see any more.
    """

    __tablename__ = "reminders"
    __table_args__ = (
        UniqueConstraint("person_id", "key"),
        Index("ix_reminders_person_id_read_on_id", "person_id", "read_on", "id"),
        Index("ix_reminders_person_id_id", "person_id", "id"),
        NEVER_REUSED,
    )
    is_personal: ClassVar[bool] = True
    is_audited: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(30))
    key: Mapped[str] = mapped_column(String(100))
    about: Mapped[str] = mapped_column(String(30))
    row_id: Mapped[int] = mapped_column(Integer)
    values: Mapped[dict[str, str]] = mapped_column(Values)
    created_on: Mapped[datetime] = mapped_column(UtcDateTime)
    read_on: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def text(self) -> str:
        """The sentence in the reader's language."""
        known = KINDS.get(self.kind)
        values = {**self.values, "by": self.values.get("by") or gettext("the system")}
        sentence = known.many if known and self.is_of_many else known and known.sentence
        return str(sentence) % values if sentence else values.get("name", "")

    @property
    def address(self) -> str:
        """Where the record is; the list of reminders for a kind this version does not know."""
        known = KINDS.get(self.kind)
        address = known.many_address if known and self.is_of_many else known and known.address
        return address.format(key=self.row_id) if address else "/reminders/list/"

    @property
    def is_of_many(self) -> bool:
        """Whether it tells of many records, whose kind has words for that."""
        known = KINDS.get(self.kind)
        return known is not None and known.many is not None and "count" in self.values

    def __str__(self) -> str:
        return self.text


class ReminderSetting(Model):
    """Where one person wants reminders of one kind; without a row the kind's own default holds."""

    __tablename__ = "reminder_settings"
    is_personal: ClassVar[bool] = True
    is_audited: ClassVar[bool] = False

    person_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    channel: Mapped[Channel] = mapped_column(ChoiceType(Channel))
