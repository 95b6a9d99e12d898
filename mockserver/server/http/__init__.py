"""What the server offers over HTTP: the control API, a table of endpoints, and the guard before it.

``table.ENDPOINTS`` is the one place that says what there is. The server's routes, the OpenAPI
document and ``docs/CONTROL_API.md`` are made of it, and of the schemas in ``schemas/control/`` and
``schemas/actions/``. An endpoint more is a row more, a handler of a few lines, and its schema.

A server at its start loads only the door (``front``); what is behind it is loaded at the first
request.
"""

from .front import application, control_api, hello
from .guard import Guard
from .plain import Plain

__all__ = ["Guard", "Plain", "application", "control_api", "hello"]
