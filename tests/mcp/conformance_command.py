"""The command that the conformance tests start as a client: it has the test's own process play it.

Usage: conformance_command.py SOCKET URL. Standard library alone, so that it starts in 20 ms.
"""

import json
import os
import socket
import sys

path, url = sys.argv[1:]
with socket.socket(socket.AF_UNIX) as link:
    link.connect(path)
    given = {
        "url": url,
        "scenario": os.environ["MCP_CONFORMANCE_SCENARIO"],
        "context": json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "{}")),
    }
    link.sendall(json.dumps(given).encode() + b"\n")
    said = b""
    while piece := link.recv(65536):
        said += piece
sys.exit(said.decode() or None)
