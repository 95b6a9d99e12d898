"""What clients are shown by a server that speaks TLS: a made certificate, or one of files."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

TRUST = (
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "SIGNALWIRE_RELAY_CA_FILE",
)
"""The variables by which programs are told whom to trust: Node's, Python's and OpenSSL's, those of
requests, and of the vendor's Python client for calls [W]."""

LOCAL = ("localhost", "127.0.0.1", "::1")
ANY_ADDRESS = ("", "0.0.0.0", "::")


class TlsError(Exception):
    """There is no certificate to be had; says which and why."""


@dataclass(frozen=True, slots=True)
class Tls:
    """How a server speaks TLS. Without any file, by a certificate that is made for this run.

    Attributes:
        certificate: a PEM file: the certificate, and those that lead from it to its authority.
        key: a PEM file with its private key; None when the certificate's file has that as well.
        authority: a PEM file with what clients have to trust; None when they do already.
    """

    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None


class Identity:
    """A certificate that is ready to be shown, and what clients need to trust it.

    Args:
        tls: which certificate.
        host: what the server is bound to. A certificate that is made is valid for it, and for the
            names of this machine.

    Raises TlsError when a file cannot be read, or what makes certificates is not installed.

    Attributes:
        context: for connections of clients.
        ca_file: the authority's certificate (PEM); None when clients trust it already.
    """

    def __init__(self, tls: Tls, host: str) -> None:
        self._folder: Path | None = None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if tls.certificate is None:
            self.ca_file: Path | None = self._made(host)
        else:
            self.ca_file = tls.authority and tls.authority.absolute()
            self._read(tls.certificate, tls.key)

    def bundle(self) -> Path | None:
        """A file of every authority that a program of this machine trusts, and this server's.

        It is for `TRUST`. Most of those variables replace what a program trusts otherwise, and the
        program may talk to other servers, too. None when clients trust the server already.
        """
        if self.ca_file is None:
            return None
        own = self.ca_file.read_text("ascii")
        others = ssl.create_default_context()
        for file in {os.environ.get(name) for name in TRUST}:
            if file:
                with contextlib.suppress(OSError):
                    others.load_verify_locations(file)
        trusted = map(ssl.DER_cert_to_PEM_cert, others.get_ca_certs(binary_form=True))
        path = self._own_folder() / "trusted.pem"
        path.write_text("".join([own.rstrip("\n") + "\n", *trusted]), "ascii")
        return path

    def close(self) -> None:
        """Remove the files that were made."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _made(self, host: str) -> Path:
        try:
            import trustme
        except ImportError:
            raise TlsError(
                "a certificate of this run's own needs trustme: python -m pip install "
                '"signalwire-mockserver[tls]"; or give --tls-cert and --tls-key'
            ) from None
        names = [*LOCAL, socket.gethostname(), *([] if host in ANY_ADDRESS else [host])]
        authority = trustme.CA(organization_name="mock SignalWire server, for tests only")
        authority.issue_cert(*dict.fromkeys(names)).configure_cert(self.context)
        path = self._own_folder() / "ca.pem"
        authority.cert_pem.write_to_path(str(path))
        return path

    def _read(self, certificate: Path, key: Path | None) -> None:
        for each in filter(None, (certificate, key, self.ca_file)):
            try:
                each.read_bytes()
            except OSError as error:
                raise TlsError(f"cannot read {each}: {error.strerror}") from None
        try:
            self.context.load_cert_chain(certificate, key)
        except ssl.SSLError as error:
            files = f"{certificate}" if key is None else f"{certificate} and {key}"
            expected = "a certificate and its private key, both PEM"
            why = "they do not belong together" if error.reason == "KEY_VALUES_MISMATCH" else ""
            raise TlsError(f"{files}: expected {expected}; {why or error.reason}") from None

    def _own_folder(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="mock-signalwire-"))
        return self._folder
