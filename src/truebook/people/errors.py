"""What people are told when something isn't done; HTTP and the command line say it their way."""


class PeopleError(Exception):
    """The user's mistake, or the reason why not; nothing was changed."""


class Unacceptable(PeopleError):
    """A field that can't be meant, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class PeopleUnavailable(PeopleError):
    """The people database is away: nobody's mistake, and it may be there again soon."""


class WrongPassword(PeopleError):
    """Name and password don't belong together; whether the name exists is not said."""


class Forbidden(PeopleError):
    """It isn't theirs to do."""


class Missing(PeopleError):
    """What it is about isn't there, or isn't theirs: both look the same."""


class TryLater(PeopleError):
    """Too many attempts; `seconds` from now there may be another."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many attempts; try again in {seconds} s")
        self.seconds = seconds
