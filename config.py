"""Settings of the machine: read from the environment, checked, and nothing more."""

import difflib
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from dotenv import dotenv_values
from sqlalchemy.engine import URL, make_url

ROOT = Path(__file__).resolve().parent

ENVIRONMENTS = ("demo", "production")
LOCALES = ("zh", "en")
LOCAL_HOSTS = ("127.0.0.1", "localhost")
SHORTEST_SECRET_KEY = 32
SHORTEST_DEMO_PASSWORD = 10
MOST_PROXIES = 5
HIGHEST_PORT = 65535
LARGEST_REQUEST = 16 * 1024 * 1024
#: All the files of one upload together.
LARGEST_UPLOAD = 128 * 1024 * 1024

NAMES = (
    "CRM_ADMIN_PASSWORD",
    "CRM_ADMIN_USER",
    "CRM_ALLOWED_HOSTS",
    "CRM_DATABASE_URL",
    "CRM_DEFAULT_LOCALE",
    "CRM_DEMO_PASSWORD",
    "CRM_ENV",
    "CRM_FILES_DIR",
    "CRM_MAIL_URL",
    "CRM_MIGRATION_DATABASE_URL",
    "CRM_NEW_PASSWORD",
    "CRM_SALES_CONFIG",
    "CRM_SECRET_KEY",
    "CRM_TIMEZONE",
    "CRM_TRUSTED_PROXIES",
    "PORT",
)

DRIVERS = {
    "sqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}

EXPECTED_DATABASE = "sqlite:///FILE or postgresql://USER@HOST/NAME"
EXPECTED_HOSTS = "names without scheme and port, as in crm.example.com"

HOST_NAME = re.compile(r"\.?(?!-)[\w-]+(\.[\w-]+)*", re.UNICODE)

# Without signs that a reader takes for one another (i, l, o, 0, 1), since people type it from the screen.
READABLE_LETTERS = "abcdefghjkmnpqrstuvwxyz"
READABLE_DIGITS = "23456789"


class SettingsError(Exception):
    """Some settings are wrong. Each of ``faults`` says "NAME: what is wrong, what is expected"."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = list(faults)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the machine tells the application. Values that may hold a password are kept out of ``repr``."""

    environment: str
    database_url: str = field(repr=False)
    migration_database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    allowed_hosts: tuple[str, ...]
    trusted_proxies: int
    files_dir: Path
    timezone: str
    default_locale: str
    port: int
    given_demo_password: str | None = field(repr=False)
    sales_config: str | None
    mail_url: str | None = field(repr=False)
    admin_user: str | None
    admin_password: str | None = field(repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], *, root: Path = ROOT) -> Self:
        """The settings in ``environ``; ``root`` holds ``instance/``. Raises SettingsError with every fault.

        Reads no ``.env``. Its one trace on the disk is the secret key that a demo without one keeps.
        """
        reader = _Reader(environ, root)
        reader.look_for_misspelt()
        environment = reader.choice("CRM_ENV", ENVIRONMENTS)
        in_production = environment == "production"
        database_url = reader.database_url("CRM_DATABASE_URL", _sqlite_url(root / "instance" / "crm.sqlite"))
        values = cls(
            environment=environment,
            database_url=database_url,
            migration_database_url=reader.database_url("CRM_MIGRATION_DATABASE_URL", database_url),
            allowed_hosts=reader.hosts("CRM_ALLOWED_HOSTS", required=in_production),
            trusted_proxies=reader.number("CRM_TRUSTED_PROXIES", 0, lowest=0, highest=MOST_PROXIES),
            files_dir=root / reader.text("CRM_FILES_DIR", "instance/files"),
            timezone=reader.timezone("CRM_TIMEZONE", "Asia/Shanghai"),
            default_locale=reader.choice("CRM_DEFAULT_LOCALE", LOCALES),
            port=reader.number("PORT", 8080, lowest=1, highest=HIGHEST_PORT),
            given_demo_password=reader.secret("CRM_DEMO_PASSWORD", SHORTEST_DEMO_PASSWORD),
            sales_config=reader.file("CRM_SALES_CONFIG"),
            mail_url=reader.optional("CRM_MAIL_URL"),
            admin_user=reader.optional("CRM_ADMIN_USER"),
            admin_password=reader.optional("CRM_ADMIN_PASSWORD"),
            # Last, so that a start refused for another fault leaves no key behind.
            secret_key=reader.secret_key("CRM_SECRET_KEY", required=in_production),
        )
        reader.refuse_faults()
        return values

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def demo_password(self) -> str:
        """The one password of the demo accounts: as given, else made from the secret key and never stored."""
        return self.given_demo_password or _readable_password(self.secret_key)

    def flask_config(self) -> dict[str, object]:
        """The settings under the names that Flask and its extensions look for."""
        return {
            "CRM_SETTINGS": self,
            "SECRET_KEY": self.secret_key,
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            # A browser takes a name that begins so over HTTPS only, for the whole host and for no other.
            "SESSION_COOKIE_NAME": "__Host-session" if self.is_production else "session",
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_SECURE": self.is_production,
            "TRUSTED_HOSTS": list(self.allowed_hosts),
            "MAX_CONTENT_LENGTH": LARGEST_REQUEST,
            "BABEL_DEFAULT_LOCALE": self.default_locale,
            "BABEL_DEFAULT_TIMEZONE": self.timezone,
            "LANGUAGES": {
                "zh": {"flag": "cn", "name": "简体中文"},
                "en": {"flag": "us", "name": "English"},
            },
        }


def load_settings(environ: Mapping[str, str] = os.environ, *, root: Path = ROOT) -> Settings:
    """The settings of this machine: ``environ``, and ``.env`` in the project's root for what it leaves out.

    Makes the folders they name. Raises SettingsError.
    """
    settings = Settings.from_environment(_kept_values(root / ".env") | dict(environ), root=root)
    _make_folder("CRM_FILES_DIR", settings.files_dir)
    database = make_url(settings.database_url)
    if database.drivername == "sqlite" and database.database:
        _make_folder("CRM_DATABASE_URL", Path(database.database).parent)
    return settings


class _Reader:
    """Reads one value after the other and gathers the faults, so that a person mends them all in one go."""

    def __init__(self, environ: Mapping[str, str], root: Path) -> None:
        self._environ = environ
        self._root = root
        self._faults: list[str] = []

    def refuse_faults(self) -> None:
        if self._faults:
            raise SettingsError(self._faults)

    def fault(self, name: str, what: str) -> None:
        self._faults.append(f"{name}: {what}")

    def look_for_misspelt(self) -> None:
        """Only what is nearly one of our names: container platforms add such as CRM_SERVICE_HOST."""
        for name in sorted(set(self._environ) - set(NAMES)):
            meant = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.85)
            if meant and name.startswith("CRM_"):
                self.fault(name, f"is no setting, expected {meant[0]}")

    def text(self, name: str, default: str = "") -> str:
        """An empty value counts as none, since compose files and shells pass on unset variables that way."""
        return self._environ.get(name, "").strip() or default

    def optional(self, name: str) -> str | None:
        return self.text(name) or None

    def file(self, name: str) -> str | None:
        """A file, which lies below the project's folder where the name is relative."""
        given = self.optional(name)
        return str(self._root / given) if given else None

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """One of ``choices``; the first is the default."""
        value = self.text(name, choices[0]).lower()
        if value not in choices:
            self.fault(name, f"{value!r} is not known, expected {' or '.join(choices)}")
        return value

    def number(self, name: str, default: int, *, lowest: int, highest: int) -> int:
        value = self.text(name, str(default))
        if value.isascii() and value.isdigit() and lowest <= int(value) <= highest:
            return int(value)
        self.fault(name, f"{value!r} does not fit, expected a whole number from {lowest} to {highest}")
        return default

    def timezone(self, name: str, default: str) -> str:
        value = self.text(name, default)
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            self.fault(name, f"{value!r} is no time zone, expected a name such as Asia/Shanghai")
        return value

    def hosts(self, name: str, *, required: bool) -> tuple[str, ...]:
        given = [host.strip().lower() for host in self.text(name).split(",") if host.strip()]
        for host in given:
            if not HOST_NAME.fullmatch(host):
                self.fault(name, f"{host!r} is no host name, expected {EXPECTED_HOSTS}")
        if required and not given:
            self.fault(name, f"is missing, expected in production: {EXPECTED_HOSTS}")
        return tuple(given) or LOCAL_HOSTS

    def database_url(self, name: str, default: str) -> str:
        try:
            return _database_url(self.text(name, default), self._root)
        except ValueError as error:
            self.fault(name, str(error))
            return default

    def secret(self, name: str, shortest: int) -> str | None:
        value = self.optional(name)
        if value and len(value) < shortest:
            self.fault(name, f"has {len(value)} characters, expected at least {shortest}")
        return value

    def secret_key(self, name: str, *, required: bool) -> str:
        key = self.secret(name, SHORTEST_SECRET_KEY)
        if key is None and required:
            self.fault(name, f"is missing, expected in production: at least {SHORTEST_SECRET_KEY} characters")
        if key is None and not self._faults:
            return _kept_secret_key(name, self._root / "instance" / "secret_key")
        return key or ""


def _kept_values(path: Path) -> dict[str, str]:
    try:
        # Editors on Windows may begin a file with a byte order mark.
        values = dotenv_values(path, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: cannot be read ({error}), expected a text file in UTF-8"]) from error
    return {name: value for name, value in values.items() if value is not None}


def _sqlite_url(path: Path) -> str:
    return URL.create("sqlite", database=str(path)).render_as_string()


def _database_url(value: str, root: Path) -> str:
    """The address with our driver in it. Raises ValueError with a sentence that never quotes a password."""
    url = _parsed_url(value)
    driver = DRIVERS.get(url.drivername)
    if driver is None:
        raise ValueError(f"{url.drivername!r} is not supported, expected {EXPECTED_DATABASE}")
    if not url.database or url.database == ":memory:":
        raise ValueError(f"names no database, expected {EXPECTED_DATABASE}")
    if driver == "sqlite":
        # Migrations and the server may run in different folders and must open the same file.
        url = url.set(database=str(root / url.database))
    return url.set(drivername=driver).render_as_string(hide_password=False)


def _parsed_url(value: str) -> URL:
    try:
        return make_url(value)
    # Whatever SQLAlchemy says here may quote the address and with it a password.
    except Exception:
        raise ValueError(f"is no database address, expected {EXPECTED_DATABASE}") from None


def _kept_secret_key(name: str, path: Path) -> str:
    """The key kept in ``path``, made first where there is none; all who start at once get the same one."""
    try:
        if not path.exists():
            _keep_new_secret_key(path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise SettingsError([f"{name}: cannot be kept in {path} ({error}), expected in .env"]) from error
    if len(key) < SHORTEST_SECRET_KEY:
        raise SettingsError([f"{name}: {path} is damaged, expected the file whole, or deleted to begin anew"])
    return key


def _keep_new_secret_key(path: Path) -> None:
    _make_private(path.parent)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
    try:
        # A link appears whole and never replaces: the first of several wins, and no reader finds half a key.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _readable_password(secret_key: str) -> str:
    """Four letters, four digits, four letters: 48 bits that only the holder of the key can work out."""
    digest = hmac.new(secret_key.encode(), b"password of the demo accounts", hashlib.sha256).digest()
    number = int.from_bytes(digest, "big")
    groups = []
    for alphabet in (READABLE_LETTERS, READABLE_DIGITS, READABLE_LETTERS):
        signs = ""
        for _ in range(4):
            number, place = divmod(number, len(alphabet))
            signs += alphabet[place]
        groups.append(signs)
    return "-".join(groups)


def _make_folder(name: str, path: Path) -> None:
    try:
        _make_private(path)
    except OSError as error:
        raise SettingsError([f"{name}: {path} cannot be made ({error.strerror}), expected a folder"]) from error


def _make_private(folder: Path) -> None:
    """Closed to other accounts of the machine when it is made here; an existing folder is left as it is."""
    for level in (folder.parent, folder):
        level.mkdir(mode=0o700, parents=True, exist_ok=True)
