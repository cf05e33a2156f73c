"""What the objects in Snowflake are called; every name follows from the database's."""

import re
from dataclasses import dataclass

from spotify_platform.contracts.errors import InputError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def quoted(name: str) -> str:
    """A name as a statement has it: as it is, or in quotes where it has to be, an e-mail address for instance."""
    return name if _NAME.fullmatch(name) else '"' + name.upper().replace('"', '""') + '"'


@dataclass(frozen=True)
class Names:
    """The names in one database. Raises `InputError` for a database's name that would have to be quoted."""

    database: str

    def __post_init__(self) -> None:
        """Refuse what is no plain name: it becomes a part of statements."""
        if not _NAME.fullmatch(self.database):
            raise InputError(
                f"{self.database!r}: no name for a database. Give letters, digits and underscores "
                "(SPOTIFY_PLATFORM_SNOWFLAKE_DATABASE)."
            )

    @property
    def compute(self) -> str:
        """The virtual warehouse that runs the statements."""
        return f"{self.database}_XS"

    @property
    def monitor(self) -> str:
        """The resource monitor over it."""
        return f"{self.database}_MONITOR"

    @property
    def integration(self) -> str:
        """The storage integration through which Snowflake reads the lake."""
        return f"{self.database}_LAKE"

    @property
    def loader(self) -> str:
        """The role that loads."""
        return f"{self.database}_LOADER"

    @property
    def transformer(self) -> str:
        """The role that builds the marts."""
        return f"{self.database}_TRANSFORMER"

    @property
    def reader(self) -> str:
        """The role that reads tables and marts."""
        return f"{self.database}_READER"
