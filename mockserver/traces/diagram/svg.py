"""A conversation as a picture: SVG with its own style, light or dark by the system."""

from __future__ import annotations

from textwrap import wrap
from xml.etree import ElementTree

from mockserver.contract.report import xml_text

from .conversation import SERVICE, Conversation, Message

MARGIN = 16
TIMES_WIDTH = 120
"""For the number of each frame and its time."""

LANE_WIDTH = 150
"""Between the lanes of two sessions."""

LABEL_WIDTH = 560
"""Between the last session's lane and that of the service: what a frame says stands there."""

HEAD_HEIGHT = 56
ROW_HEIGHT = 44
NOTE_HEIGHT = 26
LONGEST_LABEL = 96
"""Characters of a label; a longer one is cut."""

_STYLE = """\
svg { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --back: #ffffff;
  --call: #0969da; --event: #1a7f37; --wrong: #cf222e; --fault: #9a6700; }
@media (prefers-color-scheme: dark) {
  svg { --ink: #f0f6fc; --soft: #9198a1; --line: #3d444d; --back: #0d1117;
    --call: #4493f8; --event: #3fb950; --wrong: #f85149; --fault: #d29922; } }
.back { fill: var(--back); }
text { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: var(--ink); }
.title { font-weight: 600; } .detail, .time { fill: var(--soft); font-size: 11px; }
.label { paint-order: stroke; stroke: var(--back); stroke-width: 4px; }
.lane { stroke: var(--line); stroke-width: 2; }
.head { fill: var(--back); stroke: var(--soft); }
.arrow { stroke-width: 1.5; fill: none; }
.call { stroke: var(--call); } .tip.call { fill: var(--call); }
.event { stroke: var(--event); stroke-dasharray: 5 3; }
.tip.event { fill: var(--event); stroke-dasharray: none; }
.faint { opacity: 0.5; }
.wrong { fill: var(--wrong); } .fault { fill: var(--fault); } .later { fill: var(--soft); }
"""


def draw(conversation: Conversation) -> str:
    """The picture's text."""
    return _Picture(conversation).text()


class _Picture:
    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._service = self._x(max(0, len(conversation.lanes) - 1)) + LABEL_WIDTH
        self._root = ElementTree.Element(
            "svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img"}
        )
        self._y = HEAD_HEIGHT + MARGIN

    def text(self) -> str:
        count = len(self._conversation.messages)
        self._add("title").text = f"A conversation with {SERVICE}: {count} frames"
        self._add("style").text = _STYLE
        back = self._add("rect", cls="back")
        lanes = [self._add("line", cls="lane") for _ in (*self._conversation.lanes, SERVICE)]
        for place, message in enumerate(self._conversation.messages):
            if pause := self._conversation.pause_before(place):
                self._later(pause)
            self._message(message)
        self._frame(back, lanes)
        ElementTree.indent(self._root)
        return ElementTree.tostring(self._root, encoding="unicode") + "\n"

    def _frame(self, back: ElementTree.Element, lanes: list[ElementTree.Element]) -> None:
        """What depends on the height: the size, the background, the lanes with their heads."""
        width, height = self._service + LANE_WIDTH // 2 + MARGIN, self._y + MARGIN
        self._root.set("width", str(width))
        self._root.set("height", str(height))
        self._root.set("viewBox", f"0 0 {width} {height}")
        back.set("width", "100%")
        back.set("height", "100%")
        places = [*(self._x(place) for place in range(len(lanes) - 1)), self._service]
        names = [*self._conversation.lanes, SERVICE]
        for lane, x, name in zip(lanes, places, names, strict=True):
            for key, value in (("x1", x), ("x2", x), ("y1", MARGIN + 28), ("y2", height - MARGIN)):
                lane.set(key, str(value))
            half = LANE_WIDTH // 2 - 8
            self._add("rect", cls="head", x=x - half, y=MARGIN, width=2 * half, height=28, rx=6)
            shown = name if len(name) <= 17 else f"{name[:16]}…"
            head = self._write(x, MARGIN + 18, shown, "title", anchor="middle")
            self._add("title", head).text = xml_text(name)

    def _x(self, lane: int) -> int:
        return MARGIN + TIMES_WIDTH + LANE_WIDTH // 2 + lane * LANE_WIDTH

    def _message(self, message: Message) -> None:
        y = self._y + 18
        x = self._x(message.lane)
        kind = "call" if message.is_call else "event"
        group = self._add("g", cls="faint") if message.faint else self._root
        left = f"#{message.n}"
        self._write(MARGIN, y, left, "time", group)
        self._write(MARGIN + 52, y, f"{message.offset:+.3f} s", "time", group)
        begin, end = (self._service, x) if message.to_client else (x, self._service)
        self._add("line", group, cls=f"arrow {kind}", x1=begin, x2=end, y1=y, y2=y)
        back = 8 if message.to_client else -8
        points = f"{end},{y} {end + back},{y - 4} {end + back},{y + 4}"
        self._add("polygon", group, cls=f"tip {kind}", points=points)
        self._write(x + 12, y - 6, self._cut(message.title, message), "title label", group)
        if message.detail:
            self._write(x + 12, y + 15, self._cut(message.detail, message), "detail label", group)
        self._y += ROW_HEIGHT
        if message.fault is not None:
            self._note(x, f"fault: {message.fault}", "fault")
        for rule, sentence in message.broken:
            self._note(x, f"✗ {rule}: {sentence}", "wrong")

    def _cut(self, text: str, message: Message) -> str:
        """What fits between the session's lane and that of the service."""
        room = (self._service - self._x(message.lane) - 24) // 7
        most = min(room, LONGEST_LABEL)
        return text if len(text) <= most else f"{text[: most - 1]}…"

    def _note(self, x: int, text: str, kind: str) -> None:
        for line in wrap(text, (self._service - x - 24) // 7):
            self._write(x + 12, self._y + 10, line, f"title label {kind}")
            self._y += NOTE_HEIGHT - 8
        self._y += 8

    def _later(self, pause: float) -> None:
        middle = (self._x(0) + self._service) // 2
        said = f"… {pause:.1f} s later"
        self._write(middle, self._y + 12, said, "title label later", anchor="middle")
        self._y += NOTE_HEIGHT

    def _write(
        self,
        x: int,
        y: int,
        text: str,
        cls: str,
        into: ElementTree.Element | None = None,
        *,
        anchor: str = "start",
    ) -> ElementTree.Element:
        written = self._add("text", into, cls=cls, x=x, y=y)
        if anchor != "start":
            written.set("text-anchor", anchor)
        written.text = xml_text(text)
        return written

    def _add(
        self,
        tag: str,
        into: ElementTree.Element | None = None,
        *,
        cls: str | None = None,
        **attributes: object,
    ) -> ElementTree.Element:
        given = {name: str(value) for name, value in attributes.items()}
        if cls is not None:
            given["class"] = cls
        return ElementTree.SubElement(self._root if into is None else into, tag, given)
