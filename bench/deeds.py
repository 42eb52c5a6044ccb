"""What people do on a screen, the same way in both applications."""

from collections.abc import Callable
from itertools import count

from bench.browser import Answer, Person

Deed = Callable[[Person], Answer]

_numbers = count(1)


def look(path: str) -> Deed:
    """Open an address; ``{opportunity}`` and ``{customer}`` in it are the keys of rows to look at."""
    return lambda person: person.get(path.format(**vars(person.subjects)))


def create(person: Person) -> Answer:
    """Save a new opportunity."""
    return person.submit("/opportunities/add", _typed(person))


def edit(person: Person) -> Answer:
    """Change an unassigned opportunity, another one each time."""
    return person.submit(f"/opportunities/edit/{person.next_unassigned()}", _typed(person))


def assign(person: Person) -> Answer:
    """Move an unassigned opportunity on, another one each time."""
    assert person.subjects is not None
    path = f"/opportunities/move/assign/{person.next_unassigned()}"
    return person.submit(path, {"assignee": str(person.subjects.manager)})


def _typed(person: Person) -> dict[str, str]:
    """What is typed into the form of an opportunity; the name is another one each time."""
    assert person.subjects is not None
    number = next(_numbers)
    return {
        "source": "展会",
        "customer_name": f"无锡澄岳精密机械有限公司{number}",
        "probability": str(number % 101),
        "summary": f"主轴产线视觉检测改造 {number}",
        "contact_name": "顾工",
        "contact_phone": "13912345678",
        "description": "三条产线改为在线视觉检测，六月前投产。",
        "region": str(person.subjects.region),
        "industry": "",
        "expected_amount": "128000.00",
        "expected_close_on": "2027-03-31",
    }
