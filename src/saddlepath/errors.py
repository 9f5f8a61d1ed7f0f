"""The library's errors, one small family.

Every message says what was expected, what was received and what to do about it, in an economist's words.
A caller may catch `SaddlepathError`; the command line prints its sentence and no traceback.
"""


class SaddlepathError(Exception):
    """Any mistake the library reports; the message is a sentence meant for the person who wrote the model."""


class ModelError(SaddlepathError):
    """The economics is at fault: shapes, names, ranges, laws of shocks, residuals that are not finite."""


class ConfigError(SaddlepathError):
    """A setting outside the model is at fault: an argument of a verb, solver or rule, or a key of a file."""


class ConvergenceError(SaddlepathError):
    """A numerical method ended without an answer that it can stand behind."""


class FileError(SaddlepathError):
    """A file is missing, damaged, from another model or cannot be written."""
