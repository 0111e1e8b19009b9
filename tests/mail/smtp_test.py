"""Lets the built programme send mails to SMTP servers of another make: plain, STARTTLS, TLS, with login and without,
refusing, breaking off; proves DKIM signatures with dkimpy.

Prints one line per check and, last, how many passed and failed.
"""

import asyncio
import base64
import email
import email.policy
import json
import logging
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import traceback
import warnings
from pathlib import Path

import dkim
import trustme
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

BIN = str(Path(os.environ["PIXI_PAYD_BIN"]).resolve())
SECONDS = 60
PASSWORD = "s3cret-smtp"

passed = 0
failed = 0


class Handler:
    """Keeps what it takes; refuses and breaks off as told."""

    def __init__(self):
        self.taken = []
        self.refuse = set()
        self.refusal = "550 5.1.1 no such user here"
        self.drop = False

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refuse:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.taken.append(
            {
                "from": envelope.mail_from,
                "to": list(envelope.rcpt_tos),
                "bytes": envelope.content,
                "encrypted": session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
                "login": session.auth_data.decode() if session.authenticated else None,
            }
        )
        if self.drop:
            server.transport.abort()
            return None
        return "250 2.0.0 queued"


def authenticate(server, session, envelope, mechanism, data):
    fine = data.login == b"u" and data.password == PASSWORD.encode()
    return AuthResult(success=fine, handled=False, auth_data=data.login)


class Servers:
    """Servers on loopback, each on a free port, in a thread of their own."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def start(self, implicit=None, port=0, **options):
        handler = Handler()

        async def listen():
            build = lambda: SMTP(handler, hostname="mail.test", timeout=SECONDS, **options)
            server = await self.loop.create_server(build, "127.0.0.1", port, ssl=implicit)
            return server

        server = asyncio.run_coroutine_threadsafe(listen(), self.loop).result(SECONDS)
        handler.port = server.sockets[0].getsockname()[1]
        return handler


def mail_block(port, security="none", login=None, to=("it@example.org", "anna@example.org"), more="", ca=None):
    smtp = f"host: localhost, port: {port}, security: {security}"
    if login:
        smtp += f", username: {login[0]}, password: {login[1]}"
    if ca:
        smtp += f", ca: {ca}"
    return f"mail:\n  from: pixi-payd@example.org\n  to: [{', '.join(to)}]\n  smtp: {{{smtp}}}\n{more}"


class Place:
    """A folder with a configuration."""

    def __init__(self, folder, text):
        self.file = Path(tempfile.mkdtemp(dir=folder)) / "pixi-payd.yaml"
        self.file.write_text("language: de\nschedule: {quiet_hours: none}\n" + text)
        self.file.chmod(0o600)

    def run(self, *arguments):
        return subprocess.run(
            [BIN, "--config", str(self.file), *arguments], capture_output=True, text=True, timeout=2 * SECONDS
        )


def check(name, function, *arguments):
    global passed, failed
    try:
        function(*arguments)
    except Exception:
        failed += 1
        print(f"FAILED  {name}")
        traceback.print_exc()
    else:
        passed += 1
        print(f"ok      {name}")


def equal(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"


def holds(text, *parts):
    for part in parts:
        assert part in text, f"{part!r} is not in:\n{text}"


def sends(place, handler, encrypted, login):
    done = place.run("mail", "test")
    equal(done.returncode, 0)
    holds(done.stdout, "it@example.org", "anna@example.org", "accepted", "queued", "Message-ID")
    assert PASSWORD not in done.stdout + done.stderr
    [taken] = handler.taken
    equal((taken["from"], taken["to"]), ("pixi-payd@example.org", ["it@example.org", "anna@example.org"]))
    equal((taken["encrypted"], taken["login"]), (encrypted, login))
    message = email.message_from_bytes(taken["bytes"], policy=email.policy.default)
    equal(message["Subject"], "Test-Mail von pixi-payd")
    equal(message["Auto-Submitted"], "auto-generated")
    equal([part.get_content_type() for part in message.iter_parts()], ["text/plain", "text/html"])
    holds(message.get_body(("plain",)).get_content(), "Diese Mail wurde zum Testen verschickt")
    holds(message.get_body(("html",)).get_content(), "Diese Mail wurde zum Testen verschickt", "<h1")


def refuses(place, status, *words):
    done = place.run("mail", "test")
    said = done.stdout + done.stderr
    equal(done.returncode, status)
    holds(said, *words)
    assert PASSWORD not in said and "wrong-pass" not in said, said


def one_is_refused(place, handler):
    handler.refuse = {"anna@example.org"}
    refuses(place, 1, "550 5.1.1 no such user here", "it@example.org", "accepted", "refused", "mail.to")
    equal([taken["to"] for taken in handler.taken], [["it@example.org"]])


def nobody_may_relay(place, handler):
    """That is the server's or the login's matter: no address is to mend."""
    handler.refuse = {"it@example.org", "anna@example.org"}
    handler.refusal = "554 5.7.1 Relay access denied"
    done = place.run("mail", "test")
    equal((done.returncode, handler.taken), (1, []))
    holds(done.stderr, "554 5.7.1 Relay access denied", "mail.smtp.username")
    assert "mail.to" not in done.stderr, done.stderr


def a_mandant_has_its_own(folder, general, own):
    text = mail_block(general.port) + (
        "pixi: {live: {active: false, endpoint: 'https://pixi.example/', username: u, password: p}}\n"
        "mandants:\n  LEO:\n    name: 'Große \"Söhne\" GmbH'\n    pixi: live\n    kind: test\n"
        "    process_from: 2026-01-01\n    mail:\n      to: [leo@example.org]\n"
        f"      smtp: {{host: localhost, port: {own.port}, security: none}}\n"
    )
    place = Place(folder, text)
    equal(place.run("mail", "test", "--mandant", "LEO").returncode, 0)
    equal((len(general.taken), [taken["to"] for taken in own.taken]), (0, [["leo@example.org"]]))
    message = email.message_from_bytes(own.taken[0]["bytes"], policy=email.policy.default)
    equal(message["Subject"], "[TEST] LEO: Test-Mail von pixi-payd")
    holds(message.get_body(("plain",)).get_content(), "TEST:", 'Große "Söhne" GmbH (LEO)')
    done = place.run("mail", "test", "--mandant", "NIX")
    equal(done.returncode, 2)
    holds(done.stderr, "LEO")


def signs(folder, handler, key, pem, record):
    file = Path(tempfile.mkdtemp(dir=folder)) / "dkim.pem"
    file.write_bytes(pem)
    file.chmod(0o600)
    more = f"  dkim: {{selector: pp, domain: example.org, key: {{file: {file}}}}}\n"
    place = Place(folder, mail_block(handler.port, more=more))
    done = place.run("mail", "test")
    equal(done.returncode, 0)
    message = handler.taken[-1]["bytes"]
    asked = []

    def dns(name, timeout=5):
        asked.append(name)
        return record

    assert dkim.verify(message, dnsfunc=dns), message.decode()
    equal(asked, [b"pp._domainkey.example.org."])
    signature = email.message_from_bytes(message)["DKIM-Signature"]
    for header in ("from", "to", "subject", "date", "message-id"):
        holds(signature.split("h=")[1].split(";")[0].lower(), header)
    assert not dkim.verify(message.replace(b"Test", b"Fest"), dnsfunc=dns)
    assert not dkim.verify(message.replace(b"it@example.org", b"ut@example.org"), dnsfunc=dns)


def keys():
    """Forms of keys with the record that belongs to each, made here and not by the programme."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    plain = serialization.NoEncryption()
    for name, form in (
        ("RSA in PKCS#1", serialization.PrivateFormat.TraditionalOpenSSL),
        ("RSA in PKCS#8", serialization.PrivateFormat.PKCS8),
    ):
        yield name, private.private_bytes(serialization.Encoding.PEM, form, plain), record
    private = ed25519.Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    yield "Ed25519", pem, b"v=DKIM1; k=ed25519; p=" + base64.b64encode(public)


def a_cycle_sends_its_mails(folder, servers, peers):
    """`run --once` sends the mails it causes; what a server does not take waits, and keeps its Message-ID."""
    handler = servers.start()
    handler.drop = True
    pixi, unzer = peers["pixi"], peers["unzer"]
    text = mail_block(handler.port, to=("it@example.org",), more='  summary: always\n  daily_at: "00:00"\n') + (
        f"pixi:\n  live: {{active: true, endpoint: '{pixi['endpoint']}', username: {pixi['username']}, "
        f"password: {pixi['password']}}}\n"
        "mandants:\n  DEM:\n    name: Demo\n    pixi: live\n    kind: production\n    process_from: 2020-01-01\n"
        "    payment_types:\n      U:\n        active: true\n        event_invoice: UZE\n        event_return: UZR\n"
        f"        public_key: {unzer['public_key']}\n        private_key: {unzer['private_key']}\n"
        f"        unzer_url: {unzer['url']}\n"
    )
    place = Place(folder, text)
    first = place.run("run", "--once")
    holds(first.stderr, "mail not sent: localhost:")
    equal(len(handler.taken), 1)
    handler.drop = False
    place.run("mail", "test")
    equal(len(handler.taken), 2)
    second = place.run("run", "--once")
    assert "mail not sent" not in second.stderr, second.stderr
    place.run("run", "--once")
    taken = [email.message_from_bytes(one["bytes"], policy=email.policy.default) for one in handler.taken]
    equal(len(taken), 3)
    equal(taken[0]["Message-ID"], taken[2]["Message-ID"])
    holds(taken[2]["Subject"], "DEM: Tagesübersicht")
    listed = json.loads(place.run("mail", "list", "--json").stdout)
    [mail] = listed["mails"]
    equal((mail["state"], mail["tries"], mail["recipients"][0]["state"]), ("sent", 2, "accepted"))
    equal((listed["unsent"], listed["servers"][0]["works"]), (0, True))
    holds(place.run("mail", "list").stdout, "Tagesübersicht", "it@example.org: accepted")


def main():
    # What the servers say of broken conversations is expected.
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    servers = Servers()
    authority = trustme.CA()
    other = trustme.CA()
    with tempfile.TemporaryDirectory() as folder:
        ca = Path(folder) / "ca.pem"
        authority.cert_pem.write_to_path(str(ca))

        def tls(name="localhost", by=authority):
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            by.issue_cert(name).configure_cert(context)
            return context

        login = ("u", PASSWORD)
        auth = {"authenticator": authenticate, "auth_required": True}

        plain = servers.start()
        check("plain, no login", sends, Place(folder, mail_block(plain.port)), plain, False, None)
        open_login = servers.start(**auth, auth_require_tls=False)
        place = Place(folder, mail_block(open_login.port, login=login))
        check("plain, login", sends, place, open_login, False, "u")
        start = servers.start(tls_context=tls(), require_starttls=True)
        check("STARTTLS, no login", sends, Place(folder, mail_block(start.port, "starttls", ca=ca)), start, True, None)
        start = servers.start(tls_context=tls(), require_starttls=True, **auth)
        place = Place(folder, mail_block(start.port, "starttls", login, ca=ca))
        check("STARTTLS, login", sends, place, start, True, "u")
        wrapped = servers.start(tls())
        check("TLS, no login", sends, Place(folder, mail_block(wrapped.port, "tls", ca=ca)), wrapped, True, None)
        wrapped = servers.start(tls(), **auth, auth_require_tls=False, auth_exclude_mechanism=["PLAIN"])
        place = Place(folder, mail_block(wrapped.port, "tls", login, ca=ca))
        check("TLS, login by LOGIN alone", sends, place, wrapped, True, "u")

        for security, implicit in (("starttls", False), ("tls", True)):
            context = tls(by=other)
            server = servers.start(context) if implicit else servers.start(tls_context=context)
            place = Place(folder, mail_block(server.port, security, ca=ca))
            check(f"{security}: a certificate of another authority", refuses, place, 1, "certificate", "mail.smtp.ca")
            place = Place(folder, mail_block(server.port, security))
            check(f"{security}: a certificate of no known authority", refuses, place, 1, "certificate", "mail.smtp.ca")
            context = tls("elsewhere.example")
            server = servers.start(context) if implicit else servers.start(tls_context=context)
            place = Place(folder, mail_block(server.port, security, ca=ca))
            check(f"{security}: a certificate of another name", refuses, place, 1, "certificate")

        server = servers.start(tls_context=tls(), **auth)
        place = Place(folder, mail_block(server.port, "starttls", ("u", "wrong-pass"), ca=ca))
        check("a wrong password", refuses, place, 1, "535", "mail.smtp.username and password")
        place = Place(folder, mail_block(server.port, "starttls", ca=ca))
        check("a login that is wanted and not configured", refuses, place, 1, "530", "mail.smtp.username")
        place = Place(folder, mail_block(plain.port, "starttls"))
        check("STARTTLS is not offered", refuses, place, 1, "does not offer STARTTLS", "mail.smtp.security")
        server = servers.start()
        check("one recipient is refused", one_is_refused, Place(folder, mail_block(server.port)), server)
        server = servers.start()
        check("nobody may relay", nobody_may_relay, Place(folder, mail_block(server.port)), server)
        server = servers.start()
        server.drop = True
        check("the line breaks after the mail", refuses, Place(folder, mail_block(server.port)), 1, "try again")
        check("nobody listens", refuses, Place(folder, mail_block(1)), 1, "mail.smtp.host")
        check("no settings", refuses, Place(folder, ""), 2, "mail: is missing")
        check("settings of a mandant", a_mandant_has_its_own, folder, servers.start(), servers.start())
        server = servers.start()
        for name, pem, record in keys():
            check(f"signed with {name}", signs, folder, server, name, pem, record)

        peers = subprocess.Popen(
            [BIN, "sandbox", "--peers-only", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
        )
        try:
            known = json.loads(peers.stdout.readline())
            check("a cycle sends the mails it causes", a_cycle_sends_its_mails, folder, servers, known)
        finally:
            peers.terminate()
            peers.wait(SECONDS)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
