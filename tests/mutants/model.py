"""A break on purpose: a text of ours replaced by a worse one, and the tests that must see it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Break:
    """`old` stands in `file` exactly once. `only` narrows the crash points down."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    only: str = field(default="")
