"""A child that was forked off the test's process does not keep the mock's sockets open."""

from __future__ import annotations

import os
import socket
import stat
import urllib.parse
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from contract_tests.shared.client import Client
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.sockets import ABNORMAL
from mockserver import MockServer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


@contextmanager
def child(deed: Callable[[], int] = lambda: 0) -> Iterator[Callable[[], int]]:
    """A forked child that does something, and stays until it is left.

    Gives a function that waits for the deed and gives its result, at most 255.
    """
    to_child, from_child = os.pipe(), os.pipe()
    with warnings.catch_warnings():
        # Python warns that other threads do not go on in the child, which is what is tested here.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        try:
            os.close(to_child[1])
            os.write(from_child[1], bytes([deed()]))
            os.read(to_child[0], 1)
        finally:
            os._exit(0)
    os.close(to_child[0])
    os.close(from_child[1])
    try:
        yield lambda: os.read(from_child[0], 1)[0]
    finally:
        os.close(to_child[1])
        os.close(from_child[0])
        os.waitpid(pid, 0)


def listens(url: str) -> bool:
    """Whether a port takes connections."""
    parts = urllib.parse.urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE_S).close()
    except ConnectionRefusedError:
        return False
    return True


def descriptors(port: int) -> list[int]:
    """This process's open sockets of that port: those that listen, and those of connections."""
    found = []
    for number in range(512):
        try:
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as copy:
                name = copy.getsockname()
        except OSError:
            continue
        if isinstance(name, tuple) and name[1] == port:
            found.append(number)
    return found


async def test_clients_are_cut_and_the_port_is_free_while_a_child_runs() -> None:
    async with MockServer() as mock:
        client, other = await Client.open(mock.url), await Client.open(mock.url)
        for each in (client, other):
            await each.connect(mock.project, mock.token)
        with child():
            await mock.drop_connections()
            assert await client.socket.close_code() == ABNORMAL
            assert await other.socket.close_code() == ABNORMAL
            await mock.stop()
            assert not listens(mock.url)
    for each in (client, other):
        each.socket.abort()


async def test_a_child_lets_go_of_the_sockets_at_once() -> None:
    async with MockServer() as mock:
        client = await Client.open(mock.url)
        await client.connect(mock.project, mock.token)
        port = urllib.parse.urlsplit(mock.url).port
        assert port is not None
        assert len(descriptors(port)) == 2
        with child(lambda: len(descriptors(port))) as result:
            left = result()
        assert left == 0
        await client.sync()
        assert listens(mock.url), "the parent's sockets are as they were"
        await client.socket.close()


async def test_copies_that_nobody_could_close_hold_nothing_open() -> None:
    """As those of a child that a library forked, of which Python does not know."""
    async with MockServer() as mock:
        client = await Client.open(mock.url)
        await client.connect(mock.project, mock.token)
        port = urllib.parse.urlsplit(mock.url).port
        assert port is not None
        copies = [os.dup(number) for number in descriptors(port)]
        await mock.drop_connections()
        assert await client.socket.close_code() == ABNORMAL
        await mock.stop()
        assert not listens(mock.url)
    for number in copies:
        os.close(number)
    client.socket.abort()
