"""RoomSessionMember: someone, a screen or a device in a room session [T]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from client_stub.payload import Field, ServerObject

if TYPE_CHECKING:
    from client_stub.video.room import RoomSession


class RoomSessionMember(ServerObject):
    """A member. Its properties follow the events; the commands only ask for a change.

    Commands raise CommandRefused, ServerError, CallTimeout, ConnectionLost.
    """

    name = Field[str]("")
    type = Field[str]("member")
    """"member", "screen" or "device"."""
    parent_id = Field[str | None](None)
    requested_position = Field[str | None](None)
    current_position = Field[str | None](None)
    visible = Field[bool](False)
    audio_muted = Field[bool](False)
    video_muted = Field[bool](False)
    deaf = Field[bool](False)
    input_volume = Field[float](0)
    output_volume = Field[float](0)
    input_sensitivity = Field[float](0)
    handraised = Field[bool](False)
    talking = Field[bool](False)
    meta = Field[dict[str, Any] | None](None)
    updated = Field[list[str] | None](None)
    """The keys that the newest ``video.member.updated`` changed."""

    def __init__(self, room: RoomSession, payload: dict[str, Any]) -> None:
        super().__init__(payload)
        self._room = room

    @property
    def room_session_id(self) -> str:
        """The id of the room session."""
        return self._room.id

    @property
    def room_id(self) -> str:
        """The id of the room."""
        return self._room.room_id

    async def audio_mute(self) -> None:
        """Mute the microphone."""
        await self._room.audio_mute(member_id=self.id)

    async def audio_unmute(self) -> None:
        """Unmute the microphone."""
        await self._room.audio_unmute(member_id=self.id)

    async def video_mute(self) -> None:
        """Switch the camera off."""
        await self._room.video_mute(member_id=self.id)

    async def video_unmute(self) -> None:
        """Switch the camera on."""
        await self._room.video_unmute(member_id=self.id)

    async def set_deaf(self, deaf: bool) -> None:
        """Let the member hear nothing, or hear again; the microphone follows [D]."""
        await (self._room.deaf if deaf else self._room.undeaf)(member_id=self.id)

    async def set_input_volume(self, *, volume: float) -> None:
        """Set the microphone's volume, from -50 to 50 [D]."""
        await self._room.set_input_volume(member_id=self.id, volume=volume)

    async def set_output_volume(self, *, volume: float) -> None:
        """Set the speaker's volume, from -50 to 50 [D]."""
        await self._room.set_output_volume(member_id=self.id, volume=volume)

    async def set_input_sensitivity(self, *, value: float) -> None:
        """Set how loud it must be to count as talking, from 0 to 100 [D]."""
        await self._room.set_input_sensitivity(member_id=self.id, value=value)

    async def set_raised_hand(self, *, raised: bool = True) -> None:
        """Raise the member's hand, or lower it."""
        await self._room.set_raised_hand(member_id=self.id, raised=raised)

    async def remove(self) -> None:
        """Remove the member from the room."""
        await self._room.remove_member(member_id=self.id)

    def _update(self, payload: dict[str, Any]) -> None:
        # video.member.talking reports little more than the id [T], so the rest is kept.
        self._payload = {**self._payload, "updated": None, **payload}
