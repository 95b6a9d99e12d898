"""A mock of SignalWire's Realtime server: scripted recording lifecycles over a WebSocket."""

__version__ = "0.1.0"
