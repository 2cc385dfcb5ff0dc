import { useEffect } from "preact/hooks";
import type { McpServerData } from "../../../../../docs/schema/qwen-dual";
import type { Session } from "../app/session";
import { tellRefusal } from "../composer/composer_state";
import { visible, visibleLine } from "../requests/visible";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";

const STATES: Readonly<Record<string, string>> = {
  connecting: "connecting",
  connected: "connected",
  failed: "failed",
  needs_auth: "needs somebody to sign in",
  disabled: "left out by the settings",
  disconnected: "ended",
};

/** The MCP servers of the session, as they are now. */
export function McpDialog({ session, onClose }: { session: Session; onClose(): void }) {
  useEffect(() => void session.send({ type: "mcp_status" }).then(tellRefusal), []);
  const servers = Array.from(session.conversation.value.mcp.values());
  const removes = session.supports("mcp_remove") && session.may("control");
  return (
    <Dialog title="MCP servers" wide onClose={onClose}>
      {servers.length === 0 && <p class="quiet">There are none.</p>}
      <ul class="servers">
        {servers.map((server) => (
          <li key={server.name}>
            <Server server={server} />
            {removes && !["disconnected", "disabled"].includes(server.state) && (
              <Button onClick={() => void session.send({ type: "mcp_remove", name: server.name }).then(tellRefusal)}>
                End for this session
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function Server({ server }: { server: McpServerData }) {
  const { name, state, transport, source, error, warnings, tools, retry_in } = server;
  return (
    <div class="server">
      <p>
        <strong>{visibleLine(name)}</strong> <span class={`state ${state}`}>{STATES[state] ?? state}</span>{" "}
        <span class="quiet">
          {transport}, {source}
        </span>
      </p>
      {error && (
        <p class="refused">
          {visible(error, "prose").replace(/[^.!?]$/, "$&.")}
          {retry_in !== null && ` Tried again in ${Math.ceil(retry_in)} s.`}
        </p>
      )}
      {warnings.map((warning) => (
        <p class="quiet" key={warning}>
          {visible(warning, "prose")}
        </p>
      ))}
      {tools.length > 0 && (
        <details>
          <summary>
            {tools.length} {tools.length === 1 ? "tool" : "tools"}
          </summary>
          <ul>
            {tools.map((tool) => (
              <li key={tool}>
                <code>{visibleLine(tool)}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
