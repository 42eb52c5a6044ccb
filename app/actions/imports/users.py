"""Takes people in, with their departments, roles, regions and industries."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar

from marshmallow import ValidationError, validate
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.actions.imports.columns import Column, Entries, OneOf, RowSchema, Text, refuse_no_name, split_list
from app.actions.imports.directory import plain_key
from app.actions.imports.intake import Intake, Values
from app.actions.org import ensure_administrator, has_administrator
from app.errors import Invalid, OutOfSight
from app.i18n import Label, gettext
from app.models.basedata import Category, DictionaryEntry
from app.models.org import Department, Employee, Role
from app.security.granting import KnownRole, known_roles, may_give
from app.security.rights import USERS, Verb

#: No password has this hash; the person cannot sign in before one is set.
NO_PASSWORD = "!"  # noqa: S105  # the mark of no password
NO_MAIL = "localhost.invalid"
LONGEST_USERNAME = 64
DEEPEST = 10
YES_NO = {
    True: ("是", "yes", "启用", "enabled", "true", "1", "y"),
    False: ("否", "no", "停用", "disabled", "禁用", "false", "0", "n"),
}


class Username(Text):
    """A user name: no blanks, so that it can be typed."""

    def read(self, value: str | Decimal) -> str:
        """Raises ValueError."""
        text = super().read(value)
        if any(letter.isspace() for letter in text):
            raise ValueError(gettext("A user name has no spaces."))
        return text


class Email(Text):
    """A mail address."""

    def read(self, value: str | Decimal) -> str:
        """Raises ValueError."""
        text = super().read(value)
        try:
            validate.Email()(text)
        except ValidationError:
            raise ValueError(gettext("This is not a mail address.")) from None
        return text


class DepartmentPath(Column):
    """A department, as ``A/B`` for B below A; given as the names from the top down."""

    def read_text(self, text: str) -> tuple[str, ...]:
        """Raises ValueError."""
        names = tuple(" ".join(name.split()) for name in text.replace("／", "/").split("/"))
        longest = Department.name.type.length
        if not all(names) or len(names) > DEEPEST or max(map(len, names)) > longest:
            raise ValueError(
                gettext(
                    "A department is at most %(deep)d names from the top down, with / between them, of at "
                    "most %(most)d characters each.",
                    deep=DEEPEST,
                    most=longest,
                )
            )
        refuse_no_name(text)
        return names


class Roles(Column):
    """The keys of roles given by name in either language, with ``;`` between them."""

    def read_text(self, text: str) -> list[int]:
        """Raises ValueError."""
        return [self.directory.role(name) for name in split_list(text)]


class UserRow(RowSchema):
    """The columns of people."""

    model = Employee

    username = Username("User name", "用户名", "账号", required=True, longest=LONGEST_USERNAME)
    first_name = Text("First name", "名")
    last_name = Text("Last name", "姓")
    email = Email("Email", "邮箱", "电子邮件")
    department = DepartmentPath("Department", "部门")
    roles = Roles("Roles", "角色")
    regions = Entries("Regions", "负责分区", category=Category.REGION)
    industries = Entries("Industries", "行业特长", category=Category.INDUSTRY)
    enabled = OneOf("Enabled", "启用", "状态", words=YES_NO)


class UserIntake(Intake):
    """Makes people, who cannot sign in until a password is set, and changes those that are there."""

    kind: ClassVar[str] = "users"
    right: ClassVar[str] = USERS.right(Verb.IMPORT)
    schema: ClassVar[type[RowSchema]] = UserRow
    hard_key: ClassVar[str] = "username"

    _fetched: Sequence[Employee] = ()
    _had_administrator: bool | None = None

    def key_of(self, values: Values) -> str | None:
        """Two user names that differ in letter case only are one."""
        return plain_key(values["username"])

    def known(self, keys: Collection[str]) -> Mapping[str, int]:
        """The people of these user names."""
        return {key: self._by_username[key] for key in keys if key in self._by_username}

    def fetch(self, row_ids: Collection[int]) -> None:
        """Keep them in the session for ``change``, with all that it looks at."""
        statement = select(Employee).where(Employee.id.in_(row_ids))
        whole = (selectinload(link) for link in (Employee.roles, Employee.regions, Employee.industries))
        self._fetched = self.session.scalars(statement.options(*whole)).all()

    def admit(self, values: Values) -> None:
        """A mail address is one person's; nobody gives more than he has; the department comes to be."""
        self._refuse_higher(values.get("roles", ()))
        self._claim(values, None)

    def without_key(self, values: Values) -> Values:
        """There cannot be two people of one user name."""
        raise Invalid({"username": Label("This user name is taken.")})

    def enter(self, rows: Sequence[Values]) -> Sequence[int]:
        """People without a usable password."""
        people = [self._employee(values) for values in rows]
        self.session.add_all(people)
        self.session.flush()
        self._by_username.update({plain_key(person.username): person.id for person in people})
        return [person.id for person in people]

    def _employee(self, values: Values) -> Employee:
        username = values["username"]
        person = Employee(
            username=username,
            first_name="",
            last_name="",
            email=f"{username}@{NO_MAIL}",
            password=NO_PASSWORD,
            active=True,
            created_by_fk=self.by.person_id,
            changed_by_fk=self.by.person_id,
        )
        for name, value in self._written(values).items():
            setattr(person, name, value)
        return person

    def change(self, row_id: int, values: Values) -> bool:
        """Change what the row tells; an empty cell leaves what is there."""
        person = self.session.get(Employee, row_id)
        if person is None:
            raise OutOfSight
        self._refuse_higher([*(role.id for role in person.roles), *values.get("roles", ())])
        self._claim(values, row_id)
        written = self._written(values)
        different = {name: value for name, value in written.items() if not _equal(getattr(person, name), value)}
        if different.keys() & {"roles", "active"} and self._had_administrator is None:
            self._had_administrator = has_administrator(self.session)
        for name, value in different.items():
            setattr(person, name, value)
        return bool(different)

    def _written(self, values: Values) -> dict[str, Any]:
        """The attributes that a row fills."""
        written: dict[str, Any] = {
            name: values[name] for name in ("first_name", "last_name", "email") if name in values
        }
        if "enabled" in values:
            written["active"] = values["enabled"]
        if "department" in values:
            written["department"] = self._department_of(values)
        if "roles" in values:
            written["roles"] = [self._roles[key] for key in values["roles"]]
        for name in ("regions", "industries"):
            if name in values:
                written[name] = [self._entries[key] for key in values[name]]
        return written

    def finish(self) -> None:
        """Nobody takes the last administrator away."""
        super().finish()
        if self._had_administrator:
            ensure_administrator(self.session)

    # ---- who is there ----------------------------------------------------------------------------------

    @cached_property
    def _by_username(self) -> dict[str, int]:
        found = self.session.execute(select(Employee.username, Employee.id))
        return {plain_key(username): row_id for username, row_id in found}

    @cached_property
    def _mails(self) -> dict[str, int | None]:
        """Whose each address is; None for somebody new."""
        return {mail.casefold(): key for mail, key in self.session.execute(select(Employee.email, Employee.id))}

    def _claim(self, values: Values, row_id: int | None) -> None:
        """Take the mail address and make the department; a row that is refused leaves neither."""
        mail = values.get("email", "" if row_id else f"{values['username']}@{NO_MAIL}").casefold()
        is_own = row_id is not None and self._mails.get(mail) == row_id
        if mail in self._mails and not is_own:
            raise Invalid({"email": Label("Somebody else has this mail address.")})
        self._department_of(values)
        if mail:
            self._mails[mail] = row_id

    # ---- roles -------------------------------------------------------------------------------------------

    @cached_property
    def _known_roles(self) -> Sequence[KnownRole]:
        return known_roles(self.session, by=self.by)

    @cached_property
    def _roles(self) -> dict[int, Role]:
        return {known.role.id: known.role for known in self._known_roles}

    @cached_property
    def _entries(self) -> dict[int, DictionaryEntry]:
        return {entry.id: entry for entry in self.session.scalars(select(DictionaryEntry))}

    def _refuse_higher(self, role_ids: Iterable[int]) -> None:
        """Nobody gives a right or a reach that he does not have, nor changes somebody who has more."""
        if not may_give((self._roles[key] for key in role_ids), self._known_roles):
            raise Invalid({"roles": Label("These roles go beyond your own rights.")})

    # ---- departments ---------------------------------------------------------------------------------------

    @cached_property
    def _departments(self) -> dict[tuple[str, ...], Department]:
        """By the names from the top down."""
        rows = {row.id: row for row in self.session.scalars(select(Department))}
        return {_names_of(row, rows): row for row in rows.values()}

    def _department_of(self, values: Values) -> Department | None:
        names = values.get("department")
        if not names:
            return None
        same = [row for path, row in self._departments.items() if path[-1:] == names]
        if len(names) == 1 and names not in self._departments and same:
            if len(same) > 1:
                raise Invalid(
                    {"department": Label("Several departments are called so: give the names above it, as A/B.")}
                )
            return same[0]
        return self._department(names)

    def _department(self, names: tuple[str, ...]) -> Department:
        """The department there, made with all above it where it is missing."""
        if names not in self._departments:
            parent = self._department(names[:-1]) if len(names) > 1 else None
            made = Department(name=names[-1], parent=parent)
            self.session.add(made)
            self.session.flush()
            made.path = f"{parent.path if parent else '/'}{made.id}/"
            self._departments[names] = made
        return self._departments[names]


def _names_of(row: Department, rows: Mapping[int, Department]) -> tuple[str, ...]:
    above = _names_of(rows[row.parent_id], rows) if row.parent_id is not None else ()
    return (*above, row.name)


def _equal(left: Any, right: Any) -> bool:
    """Whether two values are the same, whatever the order of a list of rows."""
    if isinstance(right, list):
        return {row.id for row in left} == {row.id for row in right}
    return bool(left == right)
