"""Takes customers in, in any state, with their groups; they are met by number, external key or credit code."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from marshmallow import ValidationError, validates_schema
from sqlalchemy import select

from app.actions.customers.facts import LENGTH_OF_CREDIT_CODE, check_postcode, read_licence, read_website
from app.actions.customers.groups import check_parent
from app.actions.customers.life import ACTIVE, DELETED, LIFE, LOST
from app.actions.customers.numbers import next_numbers, pass_over
from app.actions.customers.record import check_edit
from app.actions.imports.columns import Column, Entry, Money, OneOf, PersonColumn, PhoneNumber, RowSchema, Text
from app.actions.imports.intake import Intake, Key, Values
from app.actions.orders import match_orders_of
from app.errors import Forbidden, Invalid, OutOfSight, WrongState
from app.i18n import Label, gettext
from app.models.basedata import Category
from app.models.customers import Customer
from app.security.rights import CUSTOMERS, Verb
from app.security.scope import may_hold, may_write, system

STATUS_WORDS = {
    ACTIVE: ("正常", "normal", "active"),
    LOST: ("流失", "lost"),
    DELETED: ("已删除", "deleted"),
}
STARS = {number: (str(number), "★" * number, f"{number}星") for number in range(1, 6)}
#: Where they stand in the row as in the file; people, status, parent and keys of the dictionary are set apart.
PLAIN_FIELDS = (
    *("number", "name", "satisfaction", "credit", "address", "postcode", "website", "licence_no", "external_id"),
    *("legal_representative", "registered_capital", "annual_turnover", "bank", "bank_account", "local_tax_no"),
    "national_tax_no",
)
ENTRIES = ("region", "level", "industry")
KEYS = ("number", "external_id", "licence_no")


class Website(Text):
    """A web address."""

    def read(self, value: str | Decimal) -> str:
        """Raises Invalid or ValueError."""
        return super().read(read_website(super().read(value)))


class Licence(Text):
    """A licence number; one of 18 letters is a credit code."""

    def read(self, value: str | Decimal) -> str:
        """Raises Invalid or ValueError."""
        return read_licence(super().read(value))


class Number(Column):
    """The number of a customer, as it stands."""

    def read_text(self, text: str) -> str:
        """Raises ValueError."""
        longest = Customer.number.type.length
        if len(text) > longest:
            raise ValueError(
                gettext("This is %(num)d characters long; at most %(most)d fit.", num=len(text), most=longest)
            )
        return text


class CustomerRow(RowSchema):
    """The columns of customers."""

    model = Customer

    external_id = Text("External id", "外部编号")
    number = Number("Customer number", "客户编号", "编号")
    name = Text("Name", "Customer name", "名称", "客户名称", required=True)
    region = Entry("Region", "地区", category=Category.REGION)
    manager = PersonColumn("Account manager", "客户经理")
    level = Entry("Customer level", "客户等级", "企业客户等级", category=Category.LEVEL)
    industry = Entry("Industry", "行业", category=Category.INDUSTRY)
    satisfaction = OneOf("Satisfaction", "客户满意度", "满意度", words=STARS)
    credit = OneOf("Credit", "客户信用度", "信用度", words=STARS)
    address = Text("Address", "地址")
    postcode = Text("Postcode", "邮政编码", "邮编")
    phone = PhoneNumber("Phone", "电话")
    fax = PhoneNumber("Fax", "传真")
    website = Website("Website", "网址")
    licence_no = Licence("Business licence number", "营业执照注册号", "统一社会信用代码")
    legal_representative = Text("Legal representative", "法人", "法定代表人")
    registered_capital = Money("Registered capital (10,000 yuan)", "注册资金(万元)", "注册资金")
    annual_turnover = Money("Annual turnover (10,000 yuan)", "年营业额(万元)", "年营业额")
    bank = Text("Bank", "开户银行")
    bank_account = Text("Bank account", "银行账号", "银行帐号")
    local_tax_no = Text("Local tax number", "地税登记号")
    national_tax_no = Text("National tax number", "国税登记号")
    parent = Number("Parent company", "上级公司", "上级企业")
    status = OneOf("Status", "状态", "客户状态", words=STATUS_WORDS)

    @validates_schema
    def fit_together(self, values: Values, **_more: Any) -> None:
        """What only several columns together can be wrong in."""
        manager = values.get("manager")
        if manager is not None and not manager.is_enabled and values.get("status", ACTIVE) is ACTIVE:
            raise ValidationError({"manager": [gettext("This person is disabled.")]})
        try:
            check_postcode(values.get("address"), values.get("postcode"))
        except Invalid as refusal:
            raise ValidationError({field: [str(reason)] for field, reason in refusal.fields.items()}) from None


class CustomerIntake(Intake):
    """Makes customers through their life cycle; changes what their account manager could edit."""

    kind: ClassVar[str] = "customers"
    right: ClassVar[str] = CUSTOMERS.right(Verb.IMPORT)
    schema: ClassVar[type[RowSchema]] = CustomerRow
    hard_key: ClassVar[str] = "number"

    _fetched: Sequence[Customer] = ()
    _parents: Mapping[str, int] = {}  # replaced, never changed

    def keys_of(self, values: Values) -> Sequence[Key]:
        """Number, external key and credit code; an old licence number may be several customers'."""
        keys = [(field, values[field]) for field in KEYS if field in values]
        return [(field, value) for field, value in keys if field != "licence_no" or is_credit_code(value)]

    def known(self, keys: Collection[Any]) -> Mapping[Any, int]:
        """The customers of these keys, whoever sees them."""
        found: dict[Key, int] = {}
        with system(self.session, "that a number is taken holds beyond the reader's sight"):
            for field in KEYS:
                column, wanted = getattr(Customer, field), [value for name, value in keys if name == field]
                statement = select(column, Customer.id).where(column.in_(wanted)).order_by(Customer.id.desc())
                found |= {(field, value): row_id for value, row_id in self.session.execute(statement)} if wanted else {}
        return found

    def look_up(self, rows: Sequence[Values]) -> None:
        """The parents in sight, by number."""
        numbers = {values["parent"] for values in rows if "parent" in values}
        statement = select(Customer.number, Customer.id).where(Customer.number.in_(numbers), Customer.status != DELETED)
        self._parents = dict(self.session.execute(statement).all()) if numbers else {}

    def is_ready(self, values: Values) -> bool:
        """A parent may stand further down in the file."""
        return "parent" not in values or values["parent"] in self._parents

    def fetch(self, row_ids: Collection[int]) -> None:
        """Lock those in sight and keep them in the session for ``change``."""
        statement = select(Customer).where(Customer.id.in_(row_ids)).with_for_update()
        self._fetched = self.session.scalars(statement).all()

    def admit(self, values: Values) -> None:
        """The account manager lies within the write scope, and the company above is there."""
        manager_id = self._manager_id(values)
        if not self.by.is_system and not may_hold(self.session, manager_id, Customer.scope_module):
            raise Invalid({"manager": Label("This person is outside your write scope.")})
        self._refuse_lost_parent(values)

    def _refuse_lost_parent(self, values: Values) -> None:
        if not self.is_ready(values):
            sentence = gettext(
                "There is no customer %(number)s, or the companies above it lead back to this one.",
                number=values["parent"],
            )
            raise Invalid({"parent": sentence})

    def without_key(self, values: Values) -> Values:
        """Another customer gets another number; the credit code stays that of the company."""
        return {field: value for field, value in values.items() if field not in {"number", "external_id"}}

    def enter(self, rows: Sequence[Values]) -> Sequence[int]:
        """Each row is born in its status, with a first line of history; who has no number gets the next."""
        pass_over(self.session, (values["number"] for values in rows if "number" in values))
        missing = sum("number" not in values for values in rows)
        day = self.at.astimezone(self.directory.zone).date()
        drawn = iter(next_numbers(self.session, day, missing) if missing else ())
        entries = [
            (self._customer({"number": values.get("number") or next(drawn), **values}), values.get("status", ACTIVE))
            for values in rows
        ]
        LIFE.enter(self.session, entries, by=self.by, at=self.at, reason=gettext("Import"))
        self._match_orders([customer for customer, _ in entries])
        return [customer.id for customer, _ in entries]

    def _match_orders(self, customers: Sequence[Customer]) -> None:
        match_orders_of(self.session, customers, at=self.at.astimezone(self.directory.zone))

    def _customer(self, values: Values) -> Customer:
        customer = Customer(manager_id=self._manager_id(values), created_on=self.at)
        for name, value in self._written(values).items():
            setattr(customer, name, value)
        return customer

    def _manager_id(self, values: Values) -> int | None:
        """Who imports, where the file names nobody."""
        return values["manager"].id if "manager" in values else self.by.person_id

    def change(self, row_id: int, values: Values) -> bool:
        """Change what an edit could change; never number, status, creator or account manager."""
        customer = self.session.get(Customer, row_id)
        if customer is None:
            raise OutOfSight
        self._check_change(customer, values)
        written = {name: value for name, value in self._written(values).items() if name != "number"}
        if "parent_id" in written:
            check_parent(self.session, customer, self.session.get(Customer, written["parent_id"]))
        check_postcode(written.get("address", customer.address), written.get("postcode", customer.postcode))
        different = {name: value for name, value in written.items() if getattr(customer, name) != value}
        for name, value in different.items():
            setattr(customer, name, value)
        if different.keys() & {"name", "external_id"}:
            self._match_orders([customer])
        return bool(different)

    def _check_change(self, customer: Customer, values: Values) -> None:
        """Whoever may start commands owns the records; anybody else changes what he could edit himself."""
        if not self.by.is_system:
            check_edit(customer, by=self.by)
        elif customer.status is DELETED:
            raise WrongState(Label("This customer is deleted: what belongs to it cannot be changed any more."))
        if not may_write(self.session, customer):
            raise Forbidden(Label("This record belongs to somebody outside your write scope."))
        self._refuse_lost_parent(values)

    def _written(self, values: Values) -> dict[str, Any]:
        """The attributes that a row fills; an empty cell fills none."""
        written = {name: values[name] for name in PLAIN_FIELDS if name in values}
        written |= {f"{name}_id": values[name] for name in ENTRIES if name in values}
        if "parent" in values:
            written["parent_id"] = self._parents[values["parent"]]
        if "phone" in values:
            written |= {"phone": values["phone"].text, "phone_key": values["phone"].key}
        if "fax" in values:
            written["fax"] = values["fax"].text
        return written


def is_credit_code(licence: str) -> bool:
    """Whether a licence number is a 统一社会信用代码, which only one company has."""
    return len(licence) == LENGTH_OF_CREDIT_CODE
