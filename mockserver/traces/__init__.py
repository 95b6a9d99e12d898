"""What can be done with traces: draw them, keep them, make them anonymous, replay them.

The contract judges traces (``mockserver.contract``); here is what else they are good for. Each part
is a module or folder of its own, behind a command of the same name.
"""
