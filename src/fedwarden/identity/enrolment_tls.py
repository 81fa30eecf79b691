"""TLS of the enrolment listener: its client has no certificate before it has joined."""

from __future__ import annotations

import ssl

from fedwarden.identity.contexts import Credentials, server_context


def enrolment_context(credentials: Credentials) -> ssl.SSLContext:
    """For the listener: a client certificate of ours is looked at where one is shown, and none is needed.

    Raises IdentityError FW-ID-001, -002 or -004.
    """
    context = server_context(*credentials)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def anonymous_context(authority: str | None) -> ssl.SSLContext:
    """For the client that has no certificate: it believes ``authority`` (PEM), or for None nobody at all: what it then
    hears has to be proved otherwise, and nothing secret may be said."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION
    if authority is None:
        context.verify_mode = ssl.CERT_NONE
    else:
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
        context.load_verify_locations(cadata=authority)
    return context
