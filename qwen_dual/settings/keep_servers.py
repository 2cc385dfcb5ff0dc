"""Writes ``mcpServers`` of a settings file: one entry put in or taken out, all else as it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from qwen_dual.fs.foreign import ForeignFileError, inside
from qwen_dual.settings.editing import CannotKeep, edit_settings, section
from qwen_dual.settings.files import read_object
from qwen_dual.settings.keys import MCP_SERVERS
from qwen_dual.settings.secrets import display

if TYPE_CHECKING:
    from collections.abc import Mapping


def keep_server(
    path: str, name: str, entry: Mapping[str, Any], root: str | None, *, private: bool
) -> bool:
    """Puts a server in; whether one of its name was there.

    Args:
        path: the settings file; it is made where there is none.
        name: of the server.
        entry: as it is to stand there.
        root: the folder that the file must not lead out of; None for the person's own.
        private: nobody else may read the file afterwards.

    Raises:
        CannotKeep: the file does not parse, does not have the expected shape, or leads elsewhere.
        OSError: it cannot be read or written.
    """
    shown = json.dumps({name: display(dict(entry))}, ensure_ascii=False)
    instead = f"add to its {MCP_SERVERS.path} yourself: {shown}"
    was: list[bool] = []

    def put(values: dict[str, Any]) -> None:
        servers = section(values, MCP_SERVERS.path)
        if not isinstance(servers, dict):
            raise CannotKeep(path, f"has a {MCP_SERVERS.path} that is no object", instead)
        was.append(name in servers)
        servers[name] = dict(entry)

    edit_settings(_real(path, root, instead), put, instead, private=private)
    return was[0]


def forget_server(path: str, name: str, root: str | None) -> bool:
    """Takes a server out; False where there is none of that name.

    Raises:
        BadFile: the file cannot be read or does not parse.
        CannotKeep: it cannot be changed, or leads elsewhere.
        OSError: it cannot be written.
    """
    servers = read_object(path, root)[0].get(MCP_SERVERS.path)
    if not isinstance(servers, dict) or name not in servers:
        return False
    instead = f"take {name!r} out of its {MCP_SERVERS.path} yourself"
    edit_settings(
        _real(path, root, instead), lambda values: values[MCP_SERVERS.path].pop(name), instead
    )
    return True


def _real(path: str, root: str | None, instead: str) -> str:
    if root is None:
        return path
    try:
        return inside(path, root)[0]
    except ForeignFileError as error:
        raise CannotKeep(path, error.why, instead) from None
