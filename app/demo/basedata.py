"""The keys of the dictionary's entries by their Chinese text, and the products with their stock."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, select

from app.demo.bulk import Bulk, Keys
from app.demo.dice import Dice
from app.demo.vocabulary import Goods, goods, warehouses
from app.models.basedata import Category, DictionaryEntry, Product, StockLevel

STOCK = 10
#: The source of every row that would come from a sales system.
SOURCE = "demo"
#: Services lie nowhere.
OF_SERVICES = "6"
SHARE_WITH_MEMO = 0.15
#: How many usual orders lie at a place.
LEAST_ORDERS, MOST_ORDERS = 1, 12


@dataclass(frozen=True, slots=True)
class Entries:
    """Regions, industries, kinds of interactions, of churn and of services by their text, levels from the lowest up."""

    regions: dict[str, int]
    industries: dict[str, int]
    interaction_kinds: dict[str, int]
    churn_reasons: dict[str, int]
    service_kinds: dict[str, int]
    levels: tuple[int, ...]


def read_entries(connection: Connection) -> Entries:
    """The entries as the database has them."""
    return Entries(
        regions=_entries(connection, Category.REGION),
        industries=_entries(connection, Category.INDUSTRY),
        interaction_kinds=_entries(connection, Category.INTERACTION_KIND),
        churn_reasons=_entries(connection, Category.CHURN_REASON),
        service_kinds=_entries(connection, Category.SERVICE_KIND),
        levels=tuple(_entries(connection, Category.LEVEL).values()),
    )


def _entries(connection: Connection, category: Category) -> dict[str, int]:
    statement = (
        select(DictionaryEntry.item, DictionaryEntry.id)
        .where(DictionaryEntry.category == category.value)
        .order_by(DictionaryEntry.position, DictionaryEntry.id)
    )
    return dict(connection.execute(statement).all())


def write_goods(bulk: Bulk, keys: dict[type, Keys], seed: int) -> dict[Goods, int]:
    """The products and where they lie; returns the key of each."""
    found = {}
    for row, one in enumerate(goods()):
        key = found[one] = keys[Product].next()
        called = {"number": one.number, "name": one.name, "model": one.model, "batch": one.batch}
        rest = {"unit": one.unit, "price": one.price, "memo": None, "source": SOURCE}
        bulk.add(Product, {"id": key, **called, **rest})
        if not one.number.startswith(OF_SERVICES):
            _write_stock(bulk, keys[StockLevel], Dice(seed, STOCK, row), product=(key, one))
    return found


def _write_stock(bulk: Bulk, keys: Keys, dice: Dice, *, product: tuple[int, Goods]) -> None:
    key, one = product
    where = warehouses()
    for name, letter in dice.sample(where.names, dice.whole(1, len(where.names))):
        row = {"product_id": key, "warehouse": name, "location": f"{letter}-{dice.digits(2)}-{dice.whole(1, 4)}"}
        quantity = Decimal(one.usual[1] * dice.whole(LEAST_ORDERS, MOST_ORDERS))
        memo = dice.pick(where.memos) if dice.chance(SHARE_WITH_MEMO) else None
        bulk.add(StockLevel, {"id": keys.next(), **row, "quantity": quantity, "memo": memo, "source": SOURCE})
