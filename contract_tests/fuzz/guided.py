"""Fuzzing that looks for inputs which reach new code.

``python -m contract_tests.fuzz.guided WHAT [OPTION ...]``; the options are libFuzzer's, such as
``-max_total_time=60``. It needs atheris (``pip install atheris``), which the tests do not install:
it is not to be had for each Python and system.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

from .mutations import FIXTURES, frames

with atheris.instrument_imports(include=["mockserver"]):
    from mockserver import contract, scenarios
    from mockserver.protocol import codec
    from mockserver.protocol.errors import ProtocolError
    from mockserver.server.sockets.frames import FrameReader, Message, Violation

LONGEST = 1_000
KEY = b"\x01\x02\x03\x04"


def taken_apart(*pieces: bytes) -> tuple[list[Message], int | None]:
    """The messages in what a client sent, and the code with which its socket is closed."""
    reader = FrameReader(LONGEST)
    found: list[Message] = []
    for piece in pieces:
        reader.feed(piece)
        try:
            while (message := reader.next()) is not None:
                found.append(message)
        except Violation as violation:
            return found, violation.code
    return found, None


def wire(data: bytes) -> None:
    """However what a client sends is cut into reads, it is the same messages, or as wrong."""
    whole = taken_apart(data)
    assert taken_apart(*(data[at : at + 1] for at in range(len(data)))) == whole
    for cut in {len(data) // 2, len(data) * 2 // 3}:
        assert taken_apart(data[:cut], data[cut:]) == whole
    for opcode, payload in whole[0]:
        assert len(payload) <= LONGEST
        if opcode == 1:
            payload.decode()


def decode(data: bytes) -> None:
    """A text is a frame, the same when it is written and read again; or it is told why not."""
    try:
        frame = codec.decode(data)
    except ProtocolError as problem:
        codec.encode(problem.as_answer())
    else:
        assert codec.decode(codec.encode(frame)) == frame


def scenario(data: bytes) -> None:
    """A scenario is loaded, or its problem told."""
    try:
        scenarios.loads(data.decode("utf-8", "replace"))
    except scenarios.ScenarioError as problem:
        str(problem).encode()


def trace(data: bytes) -> None:
    """A trace is judged, or its problem told."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(data)
        file.flush()
        try:
            judged = contract.load_trace(file.name)
        except contract.TraceError as problem:
            str(problem).encode()
            return
    contract.render(contract.check(judged), judged)


def files(pattern: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(FIXTURES.glob(pattern))]


def masked(payload: bytes) -> bytes:
    """A frame as a client sends it."""
    size = len(payload)
    head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2)
    return head + KEY + bytes(each ^ KEY[at % 4] for at, each in enumerate(payload))


TARGETS: dict[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]]]] = {
    "wire": (wire, lambda: [masked(each) for each in frames("to_server")]),
    "decode": (decode, frames),
    "scenario": (scenario, lambda: files("scenarios/*.yaml")),
    "trace": (trace, lambda: files("traces/*.jsonl")),
}
"""Name -> what is done with an input, and the inputs from which it begins."""


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(
            f"usage: python -m contract_tests.fuzz.guided {{{','.join(TARGETS)}}} [OPTION ...]"
        )
    attempt, samples = TARGETS[sys.argv.pop(1)]
    with tempfile.TemporaryDirectory() as corpus:
        for number, sample in enumerate(samples()):
            (Path(corpus) / str(number)).write_bytes(sample)
        atheris.Setup([*sys.argv, corpus], attempt)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
