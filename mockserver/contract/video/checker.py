"""What the rules of video have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable

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

    def hook_for(self, kind: type[Event]) -> Callable[..., Found] | None:
        """``on_video_event`` for events of video, unless the rule looks at those of all kinds."""
        is_own = type(self).on_video_event is not VideoChecker.on_video_event
        return (
            self.on_video_event
            if is_own and issubclass(kind, VideoEvent)
            else super().hook_for(kind)
        )

    def on_video_event(self, event: VideoEvent) -> Found:
        """An event of video, before the index has learned from it."""
        return ()

    def surely_told(self, event: VideoEvent, types: Iterable[str], since: VideoEvent) -> bool:
        """Whether the session was surely sent all events of some types since an earlier one."""
        covers = event.session.subscriptions.covers
        return all(covers(event.channel, type_, since.entry) for type_ in types)
