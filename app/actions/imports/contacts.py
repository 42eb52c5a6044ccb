"""Takes contacts of customers in; an external key tells which are there already."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from marshmallow import ValidationError, validates_schema
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.actions.imports.columns import Day, OneOf, PhoneNumber, RowSchema, Text
from app.actions.imports.customers import Number
from app.actions.imports.intake import Intake, Values
from app.actions.imports.users import Email
from app.actions.phones import phone_key
from app.clock import now
from app.errors import Forbidden, Invalid, OutOfSight
from app.i18n import Label, gettext
from app.models.customers import Contact, Customer, CustomerStatus, Gender
from app.security.rights import CONTACTS, Verb
from app.security.scope import may_write, system

GENDER_WORDS = {
    Gender.MALE: ("男", "male", "先生", "Mr", "m"),
    Gender.FEMALE: ("女", "female", "女士", "小姐", "Ms", "Mrs", "f"),
}
PLAIN_FIELDS = ("name", "gender", "position", "email", "birthday", "memo", "external_id")


class ContactRow(RowSchema):
    """The columns of contacts."""

    model = Contact

    external_id = Text("External id", "外部编号")
    customer_number = Number("Customer number", "客户编号", required=True)
    name = Text("Name", "Full name", "姓名", "名称", "联系人", required=True)
    gender = OneOf("Gender", "性别", words=GENDER_WORDS)
    position = Text("Position", "职位")
    office_phone = PhoneNumber("Office phone", "办公电话")
    mobile = PhoneNumber("Mobile", "手机")
    email = Email("Email", "邮箱", "电子邮件")
    birthday = Day("Birthday", "生日")
    memo = Text("Memo", "备注")

    @validates_schema
    def fit_fields(self, values: Values, **_more: Any) -> None:
        """A mobile is one, and nobody is born tomorrow."""
        reasons = {}
        if "mobile" in values and not values["mobile"].is_mobile:
            reasons["mobile"] = [
                gettext("This is a landline, not a mobile number: please write it as the office phone.")
            ]
        if "birthday" in values and values["birthday"] > now(self.directory.zone).date():
            reasons["birthday"] = [gettext("A birthday cannot lie in the future.")]
        if reasons:
            raise ValidationError(reasons)


class ContactIntake(Intake):
    """Makes contacts at customers in sight; changes what the customer's account manager could edit."""

    kind: ClassVar[str] = "contacts"
    right: ClassVar[str] = CONTACTS.right(Verb.IMPORT)
    schema: ClassVar[type[RowSchema]] = ContactRow
    hard_key: ClassVar[str] = "external_id"

    _fetched: Sequence[Contact] = ()
    _customers: Mapping[str, Customer] = {}  # replaced, never changed

    def known(self, keys: Collection[Any]) -> Mapping[Any, int]:
        """The contacts of these external keys, whoever sees them."""
        statement = select(Contact.external_id, Contact.id).where(Contact.external_id.in_(keys))
        with system(self.session, "that an external key is taken holds beyond the reader's sight"):
            return {key: row_id for key, row_id in self.session.execute(statement) if key is not None}

    def look_up(self, rows: Sequence[Values]) -> None:
        """The customers in sight, by number."""
        statement = select(Customer).where(
            Customer.number.in_({values["customer_number"] for values in rows}),
            Customer.status != CustomerStatus.DELETED,
        )
        self._customers = {row.number: row for row in self.session.scalars(statement)} if rows else {}

    def fetch(self, row_ids: Collection[int]) -> None:
        """Lock those in sight and keep them in the session for ``change``, with their customers."""
        statement = select(Contact).where(Contact.id.in_(row_ids)).options(joinedload(Contact.customer))
        self._fetched = self.session.scalars(statement.with_for_update(of=Contact)).all()

    def admit(self, values: Values) -> None:
        """The customer is there and lies within the write scope."""
        if values["customer_number"] not in self._customers:
            sentence = gettext("There is no customer %(number)s.", number=values["customer_number"])
            raise Invalid({"customer_number": sentence})
        if not may_write(self.session, self._customers[values["customer_number"]]):
            raise Invalid({"customer_number": Label("This record belongs to somebody outside your write scope.")})

    def enter(self, rows: Sequence[Values]) -> Sequence[int]:
        """The first contact that a customer gets is its first contact."""
        customers = [self._customers[values["customer_number"]] for values in rows]
        known = select(Contact.customer_id).where(Contact.customer_id.in_([row.id for row in customers]))
        with system(self.session, "whoever a customer's first contact is"):
            served = set(self.session.scalars(known.where(Contact.is_first)))
        contacts = []
        for customer, values in zip(customers, rows, strict=True):
            contact = Contact(customer=customer, is_first=customer.id not in served, **_written(values))
            contact.phone_key = _key_of(values)
            contacts.append(contact)
            served.add(customer.id)
        self.session.add_all(contacts)
        self.session.flush()
        return [contact.id for contact in contacts]

    def change(self, row_id: int, values: Values) -> bool:
        """Change what an edit could change; a contact stays with its customer."""
        contact = self.session.get(Contact, row_id)
        if contact is None:
            raise OutOfSight
        self._check_change(contact)
        if contact.customer.number != values["customer_number"]:
            raise Invalid({"customer_number": Label("This contact belongs to another customer.")})
        different = {name: value for name, value in _written(values).items() if getattr(contact, name) != value}
        for name, value in different.items():
            setattr(contact, name, value)
        if different.keys() & {"mobile", "office_phone"}:
            contact.phone_key = phone_key(contact.mobile or contact.office_phone)
        return bool(different)

    def _check_change(self, contact: Contact) -> None:
        """Whoever may start commands owns the records; else only the account manager changes a contact."""
        if not self.by.is_system:
            self.by.must(CONTACTS.right(Verb.EDIT))
            if contact.customer.manager_id != self.by.person_id:
                raise Forbidden(Label("Only the account manager of this customer may do this."))
        if not may_write(self.session, contact):
            raise Forbidden(Label("This record belongs to somebody outside your write scope."))


def _written(values: Values) -> dict[str, Any]:
    """The attributes that a row fills; an empty cell fills none."""
    written = {name: values[name] for name in PLAIN_FIELDS if name in values}
    return written | {name: values[name].text for name in ("office_phone", "mobile") if name in values}


def _key_of(values: Values) -> str | None:
    """The number by which the contact is found: the mobile, else the office phone."""
    phone = values.get("mobile") or values.get("office_phone")
    return phone.key if phone else None
