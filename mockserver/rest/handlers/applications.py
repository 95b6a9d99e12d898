"""Domain applications: kept and shown, no more. Nobody can call them here."""

from __future__ import annotations

from typing import Any

from mockserver.rest import checking
from mockserver.rest.call import Call
from mockserver.rest.errors import MISSING, RestError, invalid

EMPTY = (
    "call_relay_topic", "call_relay_topic_status_callback_url", "call_relay_context",
    "call_relay_context_status_callback_url", "call_request_url", "call_fallback_url",
    "call_status_callback_url", "call_laml_application_id", "call_video_room_id",
    "call_relay_script_url", "calling_handler_resource_id",
)  # fmt: skip
"""Fields that are null until they are set."""

NEEDED = {
    "relay_topic": "call_relay_topic",
    "relay_application": "call_relay_application",
    "laml_webhooks": "call_request_url",
    "laml_application": "call_laml_application_id",
    "video_room": "call_video_room_id",
    "relay_script": "call_relay_script_url",
    "dialogflow": "call_dialogflow_agent_id",
    "ai_agent": "call_ai_agent_id",
    "call_flow": "call_flow_id",
}
"""What takes calls -> the field that a new application then has to have [R]."""


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
    _check_handler(call.body)
    state = call.state
    made: dict[str, Any] = {
        "id": state.identities.uuid(),
        "type": "domain_application",
        **dict.fromkeys(EMPTY),
        "ip_auth_enabled": False,
        "call_handler": None,
        **_shown(call.body),
    }
    state.set_application(_with_domain(call, made))
    return made


def retrieve_domain_application(call: Call) -> Any:
    """A domain application."""
    return _find(call)


def update_domain_application(call: Call) -> Any:
    """Change a domain application. Only what the body names changes."""
    changed = _with_domain(call, {**_find(call), **_shown(call.body)})
    call.state.set_application(changed)
    return changed


def delete_domain_application(call: Call) -> Any:
    """Delete a domain application."""
    del call.state.applications[_find(call)["id"]]


def _find(call: Call) -> dict[str, Any]:
    found = call.state.applications.get(call.path["id"])
    if found is None:
        raise RestError(404)
    return found


def _check_handler(body: dict[str, Any]) -> None:
    """Make sure that a new application which names what takes calls says which one.

    Raises:
        RestError: 422.
    """
    needed = NEEDED.get(body.get("call_handler", ""))
    if needed is not None and needed not in body:
        handler = body["call_handler"]
        message = f'{needed}: expected a value, as call_handler is "{handler}", found nothing'
        raise invalid(needed, message, MISSING)


def _shown(body: dict[str, Any]) -> dict[str, Any]:
    """What an application shows of a body: the specification has no place for some fields [R]."""
    fields = checking.shape("domain_application")["properties"]
    return {name: value for name, value in body.items() if name in fields}


def _with_domain(call: Call, application: dict[str, Any]) -> dict[str, Any]:
    application["domain"] = f"{call.project}-{application['identifier']}.dapp.invalid"
    return application
