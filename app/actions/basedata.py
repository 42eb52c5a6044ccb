"""The data dictionary: its seeds, finding an entry, and how entries are changed, switched off and deleted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import func, literal, or_, select, union_all
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.actions.records import flush_or_stale
from app.actions.workflow import refuse_stale
from app.errors import Invalid, WrongState
from app.i18n import Label, LazyString, gettext, listed
from app.models.base import Model, mapper_of
from app.models.basedata import Category, DictionaryEntry
from app.security.actor import Actor
from app.security.rights import CHURN, DICTIONARY, SCREENS, SERVICE_LIMITS, SERVICES, USERS, Screen, Verb
from app.security.scope import system
from app.security.scope.fixed import NOT_EDITABLE

#: Per category: (Chinese, English) in order; values are 1, 2, … so that levels run from the lowest up.
SEEDS: dict[Category, tuple[tuple[str, str], ...]] = {
    Category.LEVEL: (
        ("普通客户", "Regular"),
        ("重点开发客户", "Key prospect"),
        ("大客户", "Major"),
        ("合作伙伴", "Partner"),
        ("战略合作伙伴", "Strategic partner"),
    ),
    Category.SERVICE_KIND: (("咨询", "Enquiry"), ("投诉", "Complaint"), ("建议", "Suggestion")),
    Category.REGION: (
        ("北京", "Beijing"),
        ("华北", "North China"),
        ("东北", "Northeast"),
        ("华东", "East China"),
        ("华中", "Central China"),
        ("华南", "South China"),
        ("中南", "Central South"),
        ("西南", "Southwest"),
        ("西北", "Northwest"),
        ("西部", "West"),
    ),
    # The twenty sections of GB/T 4754 in short words.
    Category.INDUSTRY: (
        ("农林牧渔", "Agriculture"),
        ("采矿", "Mining"),
        ("制造", "Manufacturing"),
        ("电力热力燃气水", "Utilities"),
        ("建筑", "Construction"),
        ("批发零售", "Trade"),
        ("交通运输仓储", "Transport and storage"),
        ("住宿餐饮", "Hotels and catering"),
        ("信息技术", "Information technology"),
        ("金融", "Finance"),
        ("房地产", "Real estate"),
        ("租赁商务服务", "Leasing and business services"),
        ("科研技术服务", "Research and technical services"),
        ("水利环境公共设施", "Water, environment and public facilities"),
        ("居民服务修理", "Household services and repair"),
        ("教育", "Education"),
        ("卫生社会工作", "Health and social work"),
        ("文化体育娱乐", "Culture, sport and entertainment"),
        ("公共管理", "Public administration"),
        ("国际组织", "International organisations"),
    ),
    Category.POSITION: (
        ("总经理", "General manager"),
        ("副总经理", "Deputy general manager"),
        ("采购经理", "Purchasing manager"),
        ("技术总监", "Technical director"),
        ("生产总监", "Production director"),
        ("财务经理", "Finance manager"),
        ("工程师", "Engineer"),
    ),
    Category.INTERACTION_KIND: (
        ("拜访", "Visit"),
        ("电话", "Call"),
        ("邮件", "Mail"),
        ("会议", "Meeting"),
        ("其他", "Other"),
    ),
    Category.CHURN_REASON: (
        ("价格", "Price"),
        ("质量", "Quality"),
        ("服务", "Service"),
        ("竞品", "Competitor"),
        ("需求消失", "No more need"),
        ("停业", "Out of business"),
        ("其他", "Other"),
    ),
    Category.SOURCE: (
        ("老客户介绍", "Referral"),
        ("展会", "Trade fair"),
        ("官网咨询", "Website"),
        ("电话营销", "Cold call"),
        ("招标信息", "Tender"),
        ("合作伙伴推荐", "Partner"),
    ),
}
FIXED = {Category.LEVEL}


def write_dictionary(session: Session) -> None:
    """Write the seeds of every category that is still empty; flushes."""
    present = set(session.scalars(select(DictionaryEntry.category).distinct()))
    for category, items in SEEDS.items():
        if category.value in present:
            continue
        session.add_all(
            DictionaryEntry(
                category=category.value,
                item=item,
                item_en=english,
                value=str(place),
                position=place,
                is_editable=category not in FIXED,
            )
            for place, (item, english) in enumerate(items, start=1)
        )
    session.flush()


def entries(session: Session, category: Category) -> list[DictionaryEntry]:
    """The entries of a category that can be chosen, in order."""
    statement = (
        select(DictionaryEntry)
        .where(DictionaryEntry.category == category.value, DictionaryEntry.is_active.is_(True))
        .order_by(DictionaryEntry.position, DictionaryEntry.id)
    )
    return list(session.scalars(statement))


def find_entry(session: Session, category: Category, text: str) -> DictionaryEntry | None:
    """The entry whose item (in either language) or value is ``text``."""
    statement = select(DictionaryEntry).where(
        DictionaryEntry.category == category.value,
        or_(
            DictionaryEntry.item == text,
            func.lower(DictionaryEntry.item_en) == text.lower(),
            DictionaryEntry.value == text,
        ),
    )
    return session.scalars(statement.limit(1)).first()


def categories(session: Session) -> list[str]:
    """Every category there is, the product's own first."""
    own = [category.value for category in Category]
    statement = select(DictionaryEntry.category).distinct().order_by(DictionaryEntry.category)
    return [*own, *(one for one in session.scalars(statement) if one not in own)]


# ---- where an entry is used ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Link:
    """A column that leads to entries: of whose records, in which field, shown on which screen."""

    model: Any
    column: Any
    field: LazyString
    records: LazyString


@dataclass(frozen=True)
class Use:
    """In how many records an entry stands through one link."""

    link: Link
    count: int


@cache
def links() -> Sequence[Link]:
    """Every link to an entry; found from the tables, so that those of a later feature are among them."""
    relations = [one for mapper in Model.registry.mappers for one in mapper.relationships]
    to_entries = [one for one in relations if one.mapper.class_ is DictionaryEntry]
    return [_link(column, to_entries) for column in _columns_to_entries()]


def _columns_to_entries() -> Iterator[Any]:
    table = mapper_of(DictionaryEntry).local_table
    for one in Model.metadata.sorted_tables:
        yield from (key.parent for key in one.foreign_keys if key.column.table is table)


def _link(column: Any, relations: Sequence[Any]) -> Link:
    through = next(one for one in relations if column in one.local_columns or column.table is one.secondary)
    model = through.parent.class_
    screen = CALLED_OTHERWISE.get(model.__tablename__) or SCREENS[model.__tablename__]
    return Link(model, column, through.info["label"], screen.label)


#: The screens that are not called as their table is.
CALLED_OTHERWISE: Mapping[str, Screen] = {
    "ab_user": USERS,
    "churn_cases": CHURN,
    "service_limits": SERVICE_LIMITS,
    "service_requests": SERVICES,
}


def uses_of(session: Session, entry: DictionaryEntry) -> list[Use]:
    """Where an entry stands and how often, in one statement; of everybody's records, in numbers alone."""
    counts = [
        select(literal(place), func.count()).select_from(link.column.table).where(link.column == entry.id)
        for place, link in enumerate(links())
    ]
    with system(session, "an entry that anybody's record has cannot go"), session.no_autoflush:
        found = session.execute(union_all(*counts)).all()
    return [Use(links()[place], count) for place, count in sorted(found) if count]


def _said(uses: Sequence[Use]) -> str:
    return listed(
        gettext("%(records)s (%(field)s): %(count)s", records=use.link.records, field=use.link.field, count=use.count)
        for use in uses
    )


# ---- changing entries ---------------------------------------------------------------------------------

TYPED_FIELDS = ("category", "item", "item_en", "value", "position", "is_active")
HIGHEST_POSITION = 9999


def create_entry(session: Session, values: Mapping[str, Any], *, by: Actor, at: datetime) -> DictionaryEntry:
    """A new entry; flushes. Without a position it comes last in its category."""
    by.must(DICTIONARY.right(Verb.CREATE))
    entry = DictionaryEntry()
    _fill(session, entry, values)
    _mark(entry, by, at)
    session.add(entry)
    _flush(session)
    return entry


def edit_entry(
    session: Session, entry: DictionaryEntry, values: Mapping[str, Any], *, by: Actor, at: datetime, version: int | None
) -> None:
    """Change an entry; flushes. One in use keeps its category, in which its records look for it."""
    by.must(DICTIONARY.right(Verb.EDIT))
    check_editable(entry)
    refuse_stale(session, entry, version)
    category = values.get("category", entry.category)
    uses = uses_of(session, entry) if category != entry.category else []
    if uses:
        sentence = gettext("The category stays, because the entry is in use: %(places)s.", places=_said(uses))
        raise Invalid({"category": sentence})
    _fill(session, entry, values)
    _mark(entry, by, at)
    _flush(session)


def switch_entry(session: Session, entry: DictionaryEntry, *, is_active: bool, by: Actor, at: datetime) -> None:
    """Take an entry from the choice lists, or offer it again; old records keep it either way. Flushes."""
    by.must(DICTIONARY.right(Verb.EDIT))
    check_editable(entry)
    entry.is_active = is_active
    _mark(entry, by, at)
    flush_or_stale(session)


def delete_entry(session: Session, entry: DictionaryEntry, *, by: Actor) -> None:
    """Delete an entry that no record has; flushes."""
    by.must(DICTIONARY.right(Verb.DELETE))
    check_deletable(session, entry)
    session.delete(entry)
    try:
        flush_or_stale(session)
    except IntegrityError:
        session.rollback()
        raise WrongState(Label("Somebody has just used this entry: switch it off instead.")) from None


def check_editable(entry: DictionaryEntry) -> None:
    """Raises WrongState for an entry that the product stands on."""
    if not entry.is_editable:
        raise WrongState(NOT_EDITABLE)


def check_deletable(session: Session, entry: DictionaryEntry) -> None:
    """Raises WrongState for such an entry, and for one in use, saying where and how often."""
    check_editable(entry)
    uses = uses_of(session, entry)
    if uses:
        sentence = gettext(
            "This entry is in use: %(places)s. Switch it off instead: it then leaves the choice lists and stays on"
            " these records.",
            places=_said(uses),
        )
        raise WrongState(sentence)


def _fill(session: Session, entry: DictionaryEntry, values: Mapping[str, Any]) -> None:
    given = {name: values.get(name, getattr(entry, name)) for name in TYPED_FIELDS}
    _refuse_double(session, entry, given)
    if given["position"] is None:
        given["position"] = _next_position(session, given["category"])
    for name, value in given.items():
        setattr(entry, name, value)


def _refuse_double(session: Session, entry: DictionaryEntry, given: Mapping[str, Any]) -> None:
    of_category = select(DictionaryEntry.id).where(
        DictionaryEntry.category == given["category"], DictionaryEntry.id != (entry.id or 0)
    )
    for name, sentence in DOUBLE.items():
        same = of_category.where(getattr(DictionaryEntry, name) == given[name])
        with session.no_autoflush:
            if session.scalar(same.limit(1)) is not None:
                raise Invalid({name: sentence})


#: Records, imports and filters find an entry by its item or its value.
DOUBLE = {
    "value": Label("Another entry of this category has this value."),
    "item": Label("This category has such an entry already."),
}


def _next_position(session: Session, category: str) -> int:
    last = session.scalar(select(func.max(DictionaryEntry.position)).where(DictionaryEntry.category == category))
    return min((last or 0) + 1, HIGHEST_POSITION)


def _mark(entry: DictionaryEntry, by: Actor, at: datetime) -> None:
    entry.changed_on, entry.changed_by_id = at, by.person_id


def _flush(session: Session) -> None:
    """Flush; who gives the same value at the same moment as somebody else is told so."""
    try:
        flush_or_stale(session)
    except IntegrityError:
        session.rollback()
        raise Invalid({"value": DOUBLE["value"]}) from None
