"""Dataclasses of libraries that become some with their first instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.net.imported import IMPORTS, run

if TYPE_CHECKING:
    from pathlib import Path

DATACLASSES = (
    IMPORTS
    + """
with DataclassesLater():
    from dataclasses import dataclass, field, fields, is_dataclass, FrozenInstanceError

    @dataclass(frozen=True)
    class Point:
        x: int
        y: int = 0

    @dataclass
    class Own:
        names: list = field(default_factory=list)

        def __init__(self, name):
            self.names = [name]

    @dataclass
    class Base:
        a: int

    @dataclass
    class Derived(Base):
        b: int = 2

    @dataclass(slots=True)
    class Slim:
        a: int
"""
)


def test_a_dataclass_becomes_one_with_its_first_instance(library: Path) -> None:
    code = DATACLASSES + (
        "print(is_dataclass(Point), is_dataclass(Slim))\n"
        "print(Point(1) == Point(1, 0), Point(1), is_dataclass(Point), hash(Point(1)) == hash(Point(1)))\n"
        "try: Point(1).x = 2\n"
        "except FrozenInstanceError: print('frozen')\n"
        "print(Own('a').names, Own('a') == Own('a'), repr(Own('b')).split('.')[-1])\n"
    )
    expected = "False True True Point(x=1, y=0) True True frozen ['a'] True Own(names=['b'])"
    assert run(code, library) == expected.split()


def test_a_dataclass_becomes_one_once_for_however_many_threads(library: Path) -> None:
    code = """import dataclasses, sys, threading
from qwen_dual.net.imports import DataclassesLater
sys.setswitchinterval(1e-6)
for number in range(100):
    with DataclassesLater():
        @dataclasses.dataclass(frozen=True)
        class Point:
            x: int
            y: int = 2
            z: list = dataclasses.field(default_factory=list, kw_only=True)
    made, start = [], threading.Barrier(4)
    def make():
        start.wait()
        made.append(Point(1))
    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert made == [Point(1, 2, z=[])] * 4, made
print("all")"""
    assert run(code, library) == ["all"]


def test_a_dataclass_has_the_fields_of_those_it_derives_from(library: Path) -> None:
    code = DATACLASSES + ("print(Derived(1), [f.name for f in fields(Derived)], Base(3))\n")
    assert run(code, library) == ["Derived(a=1,", "b=2)", "['a',", "'b']", "Base(a=3)"]


def test_a_dataclass_that_derives_from_one_later_has_its_fields_too(library: Path) -> None:
    code = DATACLASSES + (
        "import dataclasses\n"
        "@dataclasses.dataclass\nclass Outer(Own):\n z: int = 9\n"
        "print(dataclasses.dataclass is dataclass, [f.name for f in fields(Outer)])\n"
    )
    assert run(code, library) == ["False", "['names',", "'z']"]
