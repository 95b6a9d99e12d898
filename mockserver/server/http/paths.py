"""Where the control API is, and how much it reads."""

PREFIX = "/__mock__"
"""What all paths of the control API begin with, so that none is in the way of the service's own."""

LARGEST_BODY = 1_048_576
"""Bytes of a body; a longer one is answered with 413."""
