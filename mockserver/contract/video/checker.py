"""What the rules of video have in common."""

from __future__ import annotations

from collections.abc import Iterable

from mockserver.contract.index import Event, Index
from mockserver.contract.rule import Checker, Found

from .index import VideoEvent, VideoIndex

CLOCK_SLACK = 1.0
"""Seconds by which a trace's clock may differ from the server's, where both are compared. [A]"""


class VideoChecker(Checker):
    """A rule at work on what a trace shows of rooms.

    Attributes:
        video: what is known of rooms.
    """

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self.video = VideoIndex.of(index)

    def on_event(self, event: Event) -> Found:
        """An event of any namespace; those of video are handed on."""
        return self.on_video_event(event) if isinstance(event, VideoEvent) else ()

    def on_video_event(self, event: VideoEvent) -> Found:
        """An event of video, before the index has learned from it."""
        return ()

    def surely_told(self, event: VideoEvent, types: Iterable[str], since: VideoEvent) -> bool:
        """Whether the session was surely sent all events of some types since an earlier one."""
        covers = event.session.subscriptions.covers
        return all(covers(event.channel, type_, since.entry) for type_ in types)
