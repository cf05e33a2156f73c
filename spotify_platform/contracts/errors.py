"""The errors of the platform: a small hierarchy, so that a caller knows whether trying again can help.

A message says what was wrong, where (file, row, key) and what to do. It never holds a secret.
"""

from datetime import datetime


class PlatformError(Exception):
    """Anything the platform refuses or fails at, with a message for a person."""


class PermanentError(PlatformError):
    """Trying again cannot help: somebody has to change something first."""


class TransientError(PlatformError):
    """Trying again later may help: a network, a lock, a service that is busy."""


class InputError(PermanentError):
    """A file, argument or setting that a person gave is not what it should be."""


class LakeError(PermanentError):
    """The lake does not hold what a manifest or a publish record says it holds."""


class CurationError(PermanentError):
    """An engine could not make tables of raw files."""


class OriginError(PermanentError):
    """A writer of one origin (sandbox, Spotify) met a lake of the other."""


class AuthenticationError(PermanentError):
    """Spotify or Snowflake did not accept the credentials."""


class CapabilityError(PermanentError):
    """Spotify does not offer an endpoint to this client id (status 403)."""


class WarehouseError(PermanentError):
    """The warehouse refused a statement or a file, or its rows do not add up to what was published."""


class NotAllowedError(WarehouseError):
    """The warehouse has no such object, or not for this role; it does not tell which."""


class MalformedAnswerError(PermanentError):
    """Spotify answered, time after time, with something that is not what the endpoint is documented to give."""


class SourceError(TransientError):
    """Spotify did not answer, or answered with a fault of its own."""


class QuotaError(TransientError):
    """Spotify, or our own budget, allows no more requests until a moment; what was captured is kept."""

    def __init__(self, message: str, until: datetime, family: str) -> None:
        """`until` (aware): when to come back; `family`: the endpoint family it is about."""
        super().__init__(message)
        self.until, self.family = until, family


class UnfinishedError(TransientError):
    """A capture ran out of time; what was captured is kept, and the next call goes on from there."""


class LockedError(TransientError):
    """Another process holds the warehouse, or a table of it, longer than we wait."""


class OvertakenError(TransientError):
    """Somebody else changed meanwhile what this run was made from; another run makes it right."""


class UnreachableError(TransientError):
    """The warehouse could not be reached, or the connection to it was lost."""


class NotLandedError(TransientError):
    """Files were not in the warehouse by the deadline; the next run copies them itself."""


class JobError(TransientError):
    """A remote job did not come to a good end, or what it told was lost; another run may do better."""


class DeadlineError(PermanentError):
    """A remote job took longer than it may; it was stopped. It needs more time, or less to do."""
