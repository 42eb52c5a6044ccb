"""People and departments: who works here, where, for which regions and industries, and how far each role sees."""

from __future__ import annotations

from typing import ClassVar

from flask_appbuilder.security.sqla.models import Role
from flask_appbuilder.security.sqla.models import User as FabUser
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.i18n import Choice, Label
from app.models.base import ChoiceType, Model, Recorded, said
from app.models.basedata import Category, DictionaryEntry

#: What the columns that the framework gives a person are called here.
FRAMEWORK_LABELS = {
    "id": Label("No."),
    "username": Label("User name"),
    "last_name": Label("Family name"),
    "first_name": Label("Given name"),
    "full_name": Label("Full name"),
    "email": Label("Email"),
    "active": Label("Status"),
    "roles": Label("Roles"),
    "last_login": Label("Last sign-in"),
}

user_regions = Table(
    "user_regions",
    Model.metadata,
    Column("user_id", ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True),
    Column("region_id", ForeignKey("dictionary_entries.id"), primary_key=True),
)
user_industries = Table(
    "user_industries",
    Model.metadata,
    Column("user_id", ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True),
    Column("industry_id", ForeignKey("dictionary_entries.id"), primary_key=True),
)


class Department(Recorded, Model):
    """One node of the department tree. ``path`` lists the keys from the root down, as ``/1/4/``."""

    __tablename__ = "departments"
    __table_args__ = (
        UniqueConstraint("parent_id", "name"),
        # Databases take two missing parents for different ones.
        Index(
            "ix_departments_name_at_the_top",
            "name",
            unique=True,
            sqlite_where=text("parent_id IS NULL"),
            postgresql_where=text("parent_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), info=said(Label("Department")))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    head_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", use_alter=True))
    position: Mapped[int] = mapped_column(Integer, default=0, info=said(Label("Sequence"), least=0, most=9999))
    path: Mapped[str] = mapped_column(String(500), default="", index=True)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", use_alter=True))
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", use_alter=True))

    parent: Mapped[Department | None] = relationship(
        remote_side=[id], back_populates="children", info=said(Label("Parent department"))
    )
    children: Mapped[list[Department]] = relationship(back_populates="parent", order_by="Department.position")
    head: Mapped[Employee | None] = relationship(foreign_keys=[head_id], info=said(Label("Head of department")))
    members: Mapped[list[Employee]] = relationship(back_populates="department", foreign_keys="Employee.department_id")

    def __str__(self) -> str:
        return self.name


def written_name(first_name: str, last_name: str) -> str:
    """Family name first without a space for Chinese names, given name first otherwise."""
    is_latin = (first_name + last_name).isascii()
    return (f"{first_name} {last_name}" if is_latin else f"{last_name}{first_name}").strip()


class Employee(FabUser):
    """A person who signs in; a disabled one stays on old records."""

    __tablename__ = "ab_user"
    # The parent's arguments, so that this class extends the framework's table instead of joining it.
    __table_args__ = (Index("ix_ab_user_department_id", "department_id"), {"extend_existing": True})

    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    phone: Mapped[str | None] = mapped_column(String(50), info=said(Label("Phone")))
    locale: Mapped[str | None] = mapped_column(String(10), info=said(Label("Language"), is_language=True))
    theme: Mapped[str | None] = mapped_column(String(10), info=said(Label("Theme")))
    #: Set with a first password, so that nobody but its owner knows the next one.
    must_change_password: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())

    #: Raised by whoever edits a person, so that nobody saves over what he has not seen; signing in leaves it alone.
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")

    department: Mapped[Department | None] = relationship(
        back_populates="members", foreign_keys=[department_id], info=said(Label("Department"))
    )
    regions: Mapped[list[DictionaryEntry]] = relationship(
        secondary=user_regions, info=said(Label("Regions"), category=Category.REGION)
    )
    industries: Mapped[list[DictionaryEntry]] = relationship(
        secondary=user_industries, info=said(Label("Industries"), category=Category.INDUSTRY)
    )

    @property
    def changed_by_id(self) -> int | None:
        """Who changed the person last, by the name that other records have for it."""
        key: int | None = self.changed_by_fk
        return key

    @hybrid_property
    def full_name(self) -> str:
        """Family name first without a space for Chinese names, given name first otherwise."""
        return written_name(self.first_name or "", self.last_name or "") or self.username

    @full_name.inplace.expression
    @classmethod
    def _full_name(cls) -> ColumnElement[str]:
        """What lists are put in order by."""
        name: ColumnElement[str] = cls.last_name + cls.first_name
        return name

    def __str__(self) -> str:
        return self.full_name


class Reach(Choice):
    """How far a role reaches in one module, from the narrowest to the widest."""

    OWN = "own", Label("Own")
    DEPARTMENT = "department", Label("Own department")
    BELOW = "below", Label("Department and below")
    ALL = "all", Label("All")

    def widest(self, other: Reach) -> Reach:
        """The wider of the two."""
        order = list(Reach)
        return max(self, other, key=order.index)

    def wider(self) -> list[Reach]:
        """All that reach farther."""
        order = list(Reach)
        return order[order.index(self) + 1 :]


class RoleReach(Model):
    """The data scope of one role in one module, for reading and for writing."""

    __tablename__ = "role_reaches"
    #: In whose history its changes stand: the table and the key.
    told_with: ClassVar[tuple[str, str]] = ("ab_role", "role_id")

    role_id: Mapped[int] = mapped_column(ForeignKey("ab_role.id", ondelete="CASCADE"), primary_key=True)
    module: Mapped[str] = mapped_column(String(30), primary_key=True)
    reads: Mapped[Reach] = mapped_column(ChoiceType(Reach), default=Reach.ALL)
    writes: Mapped[Reach] = mapped_column(ChoiceType(Reach), default=Reach.OWN)

    def __str__(self) -> str:
        return self.module


__all__ = ["Department", "Employee", "Reach", "Role", "RoleReach", "user_industries", "user_regions"]
