"""Old names of arguments, which go on working for a while."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def formerly(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Take arguments by their old names too, with a DeprecationWarning.

    Args:
        names: old name -> new name.
    """

    def decorate(method: Callable[P, R]) -> Callable[P, R]:
        @wraps(method)
        def call(*arguments: P.args, **named: P.kwargs) -> R:
            __tracebackhide__ = True
            for old, new in names.items():
                if old in named:
                    text = f"{method.__name__}({old}=…) is now {method.__name__}({new}=…)"
                    warnings.warn(text, DeprecationWarning, stacklevel=2)
                    named[new] = named.pop(old)
            return method(*arguments, **named)

        return call

    return decorate
