"""What a tester can see of a space and do to it, whoever asks: the control API or Python handles.

It knows neither sockets nor HTTP: the server serves it, and sends what it causes.
"""
