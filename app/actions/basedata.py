"""The data dictionary: its seeds, and finding an entry by its text."""

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.models.basedata import Category, DictionaryEntry

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
