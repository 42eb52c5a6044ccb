"""What all who write the demo share."""

from dataclasses import dataclass

from app.demo.basedata import Entries
from app.demo.bulk import Bulk, Keys
from app.demo.companies import Directory
from app.demo.org import Team
from app.demo.workdays import Workdays


@dataclass(frozen=True, slots=True)
class World:
    """The demo company and its surroundings, and the way into the database."""

    seed: int
    workdays: Workdays
    directory: Directory
    team: Team
    entries: Entries
    bulk: Bulk
    keys: dict[type, Keys]
