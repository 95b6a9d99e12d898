"""Domain applications: kept and shown, no more. Nobody can call them here."""

from __future__ import annotations

from typing import Any

from mockserver.rest.call import Call
from mockserver.rest.errors import RestError

EMPTY = (
    "call_relay_topic", "call_relay_topic_status_callback_url", "call_relay_context",
    "call_relay_context_status_callback_url", "call_request_url", "call_fallback_url",
    "call_status_callback_url", "call_laml_application_id", "call_video_room_id",
    "call_relay_script_url", "calling_handler_resource_id",
)  # fmt: skip
"""Fields that are null until they are set."""


def list_domain_applications(call: Call) -> Any:
    """The domain applications, oldest first."""
    domain, name = call.query.get("filter_domain", ""), call.query.get("filter_name", "")
    found = [
        each
        for each in call.state.applications.values()
        if domain in each["domain"] and name in each["name"]
    ]
    return call.page(found, lambda each: str(each["id"]), dict)


def create_domain_application(call: Call) -> Any:
    """Make a domain application."""
    state = call.state
    made: dict[str, Any] = {
        "id": state.identities.uuid(),
        "type": "domain_application",
        **dict.fromkeys(EMPTY),
        "ip_auth_enabled": False,
        "call_handler": "relay_context",
        **call.body,
    }
    state.applications[made["id"]] = made
    return _with_domain(call, made)


def retrieve_domain_application(call: Call) -> Any:
    """A domain application."""
    return _find(call)


def update_domain_application(call: Call) -> Any:
    """Change a domain application. Only what the body names changes."""
    found = _find(call)
    found |= call.body
    return _with_domain(call, found)


def delete_domain_application(call: Call) -> Any:
    """Delete a domain application."""
    del call.state.applications[_find(call)["id"]]


def _find(call: Call) -> dict[str, Any]:
    found = call.state.applications.get(call.path["id"])
    if found is None:
        raise RestError(404)
    return found


def _with_domain(call: Call, application: dict[str, Any]) -> dict[str, Any]:
    application["domain"] = f"{call.project}-{application['identifier']}.dapp.invalid"
    return application
