"""Payloads of the video namespace as the service words them."""

from __future__ import annotations

from typing import Any

from contract_tests.stub.service import connected

Frame = dict[str, Any]


class Made:
    """Makes payloads."""

    connected = staticmethod(connected)

    @staticmethod
    def room(id: str = "room-1", **more: Any) -> Frame:
        payload = {
            "id": id,
            "room_id": "r",
            "name": "lobby",
            "display_name": "Lobby",
            "event_channel": f"channel-{id}",
            "recording": False,
        }
        return {**payload, **more}

    @staticmethod
    def room_params(id: str = "room-1", **more: Any) -> Frame:
        return {"room_id": "r", "room_session_id": id, "room_session": Made.room(id, **more)}

    @staticmethod
    def recording(id: str = "rec-1", state: str = "recording", **more: Any) -> Frame:
        return {"id": id, "state": state, **more}

    @staticmethod
    def recording_params(id: str = "rec-1", state: str = "recording", **more: Any) -> Frame:
        recording = Made.recording(id, state, **more)
        return {"room_id": "r", "room_session_id": "room-1", "recording": recording}

    @staticmethod
    def member_params(id: str, **more: Any) -> Frame:
        return {"room_id": "r", "room_session_id": "room-1", "member": {"id": id, **more}}
