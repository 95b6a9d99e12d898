"""How long tests wait for what surely comes."""

PATIENCE_S = 300.0
"""Seconds. Only a test that fails waits so long: a machine may have much else to do."""
