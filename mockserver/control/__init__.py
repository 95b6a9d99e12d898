"""What a tester can see of a space and do to it, for the control API and the Python handles.

It knows neither sockets nor HTTP: the server serves it, and sends what it causes.
"""
