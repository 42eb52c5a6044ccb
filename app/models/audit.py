"""The audit log: who did what, when and from where; and the seals that chain its entries."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.i18n import Choice, Label
from app.models.base import NEVER_REUSED, ChoiceType, Model, UtcDateTime, said
from app.models.org import Employee

#: What was made, changed and removed of customers and their contacts; their histories are the customers'.
OF_CUSTOMERS = text("table_name IN ('customers', 'contacts') AND kind IN ('created', 'changed', 'deleted')")


class AuditKind(Choice):
    """What kind of thing happened."""

    SIGN_IN = "sign_in", Label("Sign-in")
    SIGN_IN_FAILED = "sign_in_failed", Label("Failed sign-in")
    SIGN_OUT = "sign_out", Label("Sign-out")
    REFUSED = "refused", Label("Refused access")
    CREATED = "created", Label("Created")
    CHANGED = "changed", Label("Changed")
    DELETED = "deleted", Label("Removed")
    MOVED = "moved", Label("Status move")
    EXPORTED = "exported", Label("Export")
    IMPORTED = "imported", Label("Import")
    RIGHTS = "rights", Label("Rights and scope")
    SEEN_AS = "seen_as", Label("See as")
    SEEN_AS_ENDED = "seen_as_ended", Label("See as ended")
    JOB = "job", Label("Job")
    CHURN_SCAN = "churn_scan", Label("Churn scan")


class AuditEntry(Model):
    """One thing that happened; only ever added.

    ``table_name`` and ``row_id`` say to which record, whose name is kept as it was then; ``root_table`` and ``root_id``
    in whose history it stands: in that of the record, or of the one it hangs on, as a contact on its customer.
    ``changes`` is a JSON object of fields: ``[old, new]`` as they are stored. ``person_name`` is the user name at that
    moment.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_at", "at", "id"),
        Index("ix_audit_entries_root_table_root_id", "root_table", "root_id", "id"),
        Index("ix_audit_entries_person_id", "person_id", "id"),
        Index("ix_audit_entries_kind", "kind", "id"),
        Index(
            "ix_audit_entries_of_customers",
            *("root_id", "at", "id"),
            sqlite_where=OF_CUSTOMERS,
            postgresql_where=OF_CUSTOMERS,
        ),
        NEVER_REUSED,
    )
    is_audited: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(Integer, primary_key=True, info=said(Label("No.")))
    at: Mapped[datetime] = mapped_column(UtcDateTime, info=said(Label("Time")))
    kind: Mapped[AuditKind] = mapped_column(ChoiceType(AuditKind), info=said(Label("What happened")))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    person_name: Mapped[str] = mapped_column(String(64), default="", info=said(Label("User name")))
    address: Mapped[str] = mapped_column(String(45), default="", info=said(Label("Address")))
    request_id: Mapped[str] = mapped_column(String(20), default="", info=said(Label("Request")))
    table_name: Mapped[str | None] = mapped_column(String(30))
    row_id: Mapped[int | None] = mapped_column(Integer, info=said(Label("Number of the record")))
    row_name: Mapped[str] = mapped_column(String(200), default="", info=said(Label("Record")))
    root_table: Mapped[str | None] = mapped_column(String(30))
    root_id: Mapped[int | None] = mapped_column(Integer)
    changes: Mapped[str] = mapped_column(Text, default="{}", info=said(Label("What changed")))
    reason: Mapped[str] = mapped_column(String(500), default="", info=said(Label("Reason")))

    person: Mapped[Employee | None] = relationship(info=said(Label("Who")))

    def __str__(self) -> str:
        return str(self.kind.label)


class AuditSeal(Model):
    """The place of an entry in the chain; ``hash`` is SHA-256 over the hash before and the entry, in hexadecimal."""

    __tablename__ = "audit_seals"
    is_audited: ClassVar[bool] = False

    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(ForeignKey("audit_entries.id"), unique=True)
    hash: Mapped[str] = mapped_column(String(64))
