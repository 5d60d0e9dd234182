#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
TLS in front of a fake engine, for test_tls: makes a CA with the certificates of a server and a client
in FOLDER, listens on a free port of 127.0.0.1, prints it, and passes bytes on to the engine's PORT, or its
unix socket. Clients must show a certificate of the CA. Ends with its standard input.

Usage: tls_front.py FOLDER PORT|SOCKET
"""

import contextlib
import pathlib
import socket
import ssl
import subprocess
import sys
import threading

EXTENSIONS = """
basicConstraints=critical,CA:FALSE
subjectAltName=IP:127.0.0.1
"""


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def new_key(*arguments):
    openssl(
        "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", *arguments
    )


def make_certificates(folder):
    (folder / "extensions").write_text(EXTENSIONS)
    for name in ("ca", "other"):
        new_key(
            "-x509",
            "-days",
            "2",
            "-subj",
            f"/CN={name}",
            "-keyout",
            f"{folder}/{name}-key.pem",
            "-out",
            f"{folder}/{name}.pem",
        )
    for name in ("server", "client"):
        new_key(
            "-subj",
            f"/CN={name}",
            "-keyout",
            f"{folder}/{name}-key.pem",
            "-out",
            f"{folder}/{name}.csr",
        )
        openssl(
            "x509",
            "-req",
            "-days",
            "2",
            "-in",
            f"{folder}/{name}.csr",
            "-CA",
            f"{folder}/ca.pem",
            "-CAkey",
            f"{folder}/ca-key.pem",
            "-CAcreateserial",
            "-extfile",
            f"{folder}/extensions",
            "-out",
            f"{folder}/{name}.pem",
        )


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def connect(place):
    if place.isdigit():
        return socket.create_connection(("127.0.0.1", int(place)))
    engine = socket.socket(socket.AF_UNIX)
    engine.connect(place)
    return engine


def serve(context, client, place):
    try:
        client = context.wrap_socket(client, server_side=True)
        engine = connect(place)
    except OSError:
        client.close()
        return
    threading.Thread(target=pump, args=(engine, client), daemon=True).start()
    pump(client, engine)


def accept(listener, context, place):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(context, client, place), daemon=True).start()


def main():
    folder, place = pathlib.Path(sys.argv[1]), sys.argv[2]
    make_certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server-key.pem")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, args=(listener, context, place), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
