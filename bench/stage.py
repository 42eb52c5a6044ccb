"""What a measurement works with: the applications on their databases of one kind, and people signed in to them."""

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from bench.browser import Answer, Person, Worker
from bench.company import EVERYTHING, NARROW, WIDE, Subjects, subjects_of
from bench.stores import Store

FEW_CUSTOMERS = 20
REFERENCE_CUSTOMERS = 10_000
#: From so many customers on, the list of opportunities is made so long that its page 1,000 is full.
LONG_FROM, LONG = 1_000, 30_000
#: Who looks: the application, whose company it works on, and the user name.
PEOPLE = {
    "ours": ("ours", "all", EVERYTHING),
    "stock": ("stock", "all", EVERYTHING),
    "unlogged": ("unlogged", "all", EVERYTHING),
    "floor": ("floor", "all", EVERYTHING),
    "wide": ("ours", "all", WIDE),
    "narrow": ("ours", "all", NARROW),
    "few": ("ours", "few", EVERYTHING),
    "reference": ("ours", "reference", EVERYTHING),
}


class Stage:
    """The databases, processes and people of one run; each is made when it is first asked for."""

    def __init__(self, store: Store, folder: Path, customers: int) -> None:
        self.customers = customers
        self._sizes = {
            "all": (customers, LONG if customers >= LONG_FROM else 0),
            "few": (FEW_CUSTOMERS, 0),
            "reference": (REFERENCE_CUSTOMERS, 0),
        }
        self._store = store
        self._folder = folder
        self._closing = ExitStack()
        self._urls: dict[tuple[str, str], str] = {}
        self._subjects: dict[str, Subjects] = {}
        self._workers: dict[tuple[str, str], Worker] = {}
        self._people: dict[str, Person] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def person(self, name: str) -> Person:
        """One of PEOPLE, signed in."""
        if name not in self._people:
            application, company, username = PEOPLE[name]
            worker = self.worker(application, company)
            person = Person(worker, self._subjects[company])
            self._closing.callback(person.close)
            person.sign_in(username)
            self._people[name] = person
        return self._people[name]

    def worker(self, application: str, company: str = "all") -> Worker:
        """The running application on its own copy of a company."""
        key = (application, company)
        if key not in self._workers:
            worker = self._start(application, company)
            self._closing.callback(worker.stop)
            worker.first_answer()
            self._workers[key] = worker
        return self._workers[key]

    def start(self, application: str) -> Answer:
        """Start one more process, wait for its first answer and end it."""
        worker = self._start(application, "all")
        try:
            return worker.first_answer()
        finally:
            worker.stop()

    def fresh(self, name: str) -> str:
        """The address of one more copy of the company, in place of an earlier one of that name."""
        key = (name, "all")
        if key in self._urls:
            self._store.drop(self._urls[key])
            self._urls[key] = self._store.copy(self._store.company(*self._sizes["all"]), f"{name}_all")
        return self._url(*key)

    def to_read(self) -> str:
        """The address of a copy of the company that nobody changes."""
        return self._url("read", "all")

    def folder(self, name: str) -> Path:
        """A folder to write into."""
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _start(self, application: str, company: str) -> Worker:
        url = self._url(application, company)
        return Worker(application, url, self._folder / f"{application}-{company}.log")

    def _url(self, application: str, company: str) -> str:
        key = (application, company)
        if key not in self._urls:
            kept = self._store.company(*self._sizes[company])
            self._subjects.setdefault(company, subjects_of(kept))
            self._urls[key] = self._store.copy(kept, f"{application}_{company}")
            self._closing.callback(self._store.drop, self._urls[key])
        return self._urls[key]
