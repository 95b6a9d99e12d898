"""The vendor's REST API, as far as it concerns rooms: one state with the realtime side.

``table.OPERATIONS`` is the one place that says what there is; the schemas are in ``schemas/rest/``.
Nothing here knows HTTP's wire: ``serving`` takes a request apart from it, and gives back a status
and a body. The letters behind facts are those of ``docs/FIDELITY.md``: R is the vendor's REST
specification.
"""
