"""What MCP servers ask while they work, put to whoever answers the session's requests.

A form is a request with questions, a page to open and a prompt for the model each one for leave: they are
pending like any other, answered at the keyboard or over a channel, and taken back when the server is gone.
Nothing is answered unasked, in no mode; where nobody can be asked the answer is no.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.actor import POLICY
from qwen_dual.core.failures import describe
from qwen_dual.core.models.model import ModelError, ModelRequest, TokenUsage
from qwen_dual.core.models.single_answer import SingleAnswer
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.mcp.bounds import bounded, line
from qwen_dual.mcp.elicitation import MAX_MESSAGE, CannotAsk, form_of, url_of
from qwen_dual.mcp.sampling import CannotSample, sampling_of
from qwen_dual.protocol import events
from qwen_dual.protocol.answers import WrongAnswer
from qwen_dual.runtime.browser import open_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.core.session.session import Session
    from qwen_dual.mcp.sampling import Sampling
    from qwen_dual.protocol.shapes import Preview

    Told = dict[str, Any]

log = logging.getLogger(__name__)

TRIES = 3
"""How often a form is asked whose answers cannot be used."""

MOST_REFUSED = 5
"""Questions of one server that may be refused in a row; further ones are not put to anybody."""

SAMPLE_SECONDS = 300.0

MAX_SAID = 4_000
"""Characters of what the person wants instead."""

_NO_LONGER = Decision(allowed=False, by=POLICY, message="The server does not ask any more.")


class McpAnswers:
    """Answers for the servers of one session; one question of each server at a time.

    Args:
        session: whose requests they become.
        part: what stands for a server in the names of tools.
        env: the session's environment, for a browser.
        say: takes a server's name, and what the person said for the model when they refused it.
    """

    def __init__(
        self,
        session: Session,
        part: Callable[[str], str],
        env: Callable[[], Mapping[str, str]],
        say: Callable[[str, str], object],
    ) -> None:
        self._session = session
        self._part = part
        self._env = env
        self._say = say
        self._turns: dict[str, anyio.Lock] = defaultdict(anyio.Lock)
        self._refused: Counter[str] = Counter()

    def forgive(self, server: str) -> None:
        """Lets a server ask again that was refused too often: the person connected it anew."""
        self._refused.pop(server, None)

    async def elicit(self, server: str, params: Told) -> Told:
        """Answers ``elicitation/create``."""
        async with self._turns[server]:
            if self._is_silenced(server):
                return {"action": "decline"}
            try:
                if params.get("mode") == "url":
                    return await self._open(server, params)
                return await self._fill_in(server, params)
            except CannotAsk as error:
                self._session.notice(
                    f"{line(server)} asks for what is not shown: {error}.", "warning"
                )
                return {"action": "decline"}

    async def sample(self, server: str, params: Told) -> Told:
        """Answers ``sampling/createMessage``.

        Raises:
            CannotSample: nobody allows it, or no model answers.
        """
        async with self._turns[server]:
            wanted = sampling_of(params)
            if self._is_silenced(server):
                raise CannotSample("the person has refused too often")
            name = line(server)
            decision = await self._ask(
                server,
                "sampling",
                {"server": name, **{key: params[key] for key in _SHOWN if key in params}},
                {
                    "kind": "text",
                    "title": f"{name} gets the answer, and nothing of this conversation",
                    "text": wanted.text,
                    "question": f"Let {name} ask the model?",
                },
                ("Ask the model", "Decline"),
            )
            if not decision.allowed:
                raise CannotSample("the person does not want the model to be asked")
            return await self._answer(name, wanted)

    # -- each of them ----------------------------------------------------------------------

    async def _fill_in(self, server: str, params: Told) -> Told:
        form = form_of(server, params)
        name = line(server)
        preview: Preview = {
            "kind": "questions",
            "title": f"{name} asks",
            "text": form.text,
            "question": f"{name} asks",
        }
        for _ in range(TRIES):
            decision = await self._ask(
                server, "elicitation", form.input, preview, ("Answer", "Decline")
            )
            if not decision.allowed:
                return self._no(decision)
            try:
                content = form.content(decision.updated_input)
            except WrongAnswer as error:
                self._session.notice(f"The answer for {name} cannot be used: {error}", "warning")
                continue
            return {"action": "accept", "content": content}
        return {"action": "cancel"}

    async def _open(self, server: str, params: Told) -> Told:
        url, name = url_of(params), line(server)
        message = bounded(params.get("message"), MAX_MESSAGE)
        decision = await self._ask(
            server,
            "elicitation",
            {"server": name, "message": message, "url": url},
            {
                "kind": "text",
                "title": message,
                "text": url,
                "question": f"Open this page for {name}?",
            },
            ("Open it", "Decline"),
        )
        if not decision.allowed:
            return self._no(decision)
        if decision.by.at_keyboard and not await open_page(url, self._env()):
            self._session.notice(f"No browser could be started here; open it yourself: {url}")
        return {"action": "accept"}

    async def _answer(self, server: str, wanted: Sampling) -> Told:
        model, answer = self._session.model, SingleAnswer()
        self._session.notice(f"The model answers {server}.")
        try:
            with anyio.fail_after(SAMPLE_SECONDS):
                request = ModelRequest(wanted.system, wanted.messages)
                await answer.read(model, request, lambda _: None, wanted.max_chars)
        except (ModelError, TimeoutError) as error:
            raise CannotSample(f"the model did not answer: {describe(error)}") from error
        finally:
            if answer.usage != TokenUsage():
                told = events.side_call("mcp", model.name, answer.usage.fields(), server=server)
                self._session.publish(told)
                meter = self._session.services.meter
                self._session.publish(meter.count(model.name, answer.usage))
        return wanted.result(answer.text, model.name)

    # -- asking ----------------------------------------------------------------------------

    async def _ask(
        self,
        server: str,
        what: str,
        arguments: Mapping[str, Any],
        preview: Preview,
        ways: tuple[str, str],
    ) -> Decision:
        from qwen_dual.protocol.previews import warnings_of

        yes, no = ways
        pending = self._session.approvals.ask(
            {
                "subtype": "can_use_tool",
                "tool_name": f"mcp__{self._part(server)}__{what}",
                "tool_use_id": f"mcp_{events.new_uuid()}",
                "input": dict(arguments),
                "permission_suggestions": [
                    {"type": "allow", "label": yes, "description": ""},
                    {"type": "deny", "label": no, "description": ""},
                ],
                "blocked_path": None,
                "preview": {**preview, "warnings": warnings_of(preview)},
                "rule": None,
                "rules": None,
            }
        )
        try:
            decision = await pending.wait()
        finally:
            if pending.decision is None:
                self._session.approvals.resolve(pending.request_id, _NO_LONGER)
        refused = not decision.allowed and decision.by.kind not in ("interrupt", "shutdown")
        self._refused[server] = self._refused[server] + 1 if refused else 0
        if refused and decision.by != POLICY and decision.message:
            said = bounded(decision.message, MAX_SAID)
            self._say(server, f"The person said no to what {line(server)} asked: {said}")
        return decision

    def _no(self, decision: Decision) -> Told:
        stopped = decision.by.kind in ("interrupt", "shutdown")
        return {"action": "cancel" if stopped else "decline"}

    def _is_silenced(self, server: str) -> bool:
        count = self._refused[server]
        if count == MOST_REFUSED:
            self._session.notice(
                f"{line(server)} was refused {count} times in a row and asks nobody any more; "
                "/mcp reconnect lets it."
            )
            self._refused[server] += 1
        return count >= MOST_REFUSED


_SHOWN = ("messages", "systemPrompt", "maxTokens", "temperature", "stopSequences")
"""What a host is shown of a prompt for the model; the rest is wishes that are not followed."""
