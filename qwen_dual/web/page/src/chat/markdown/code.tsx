import { IconButton } from "../../ui/button";
import { copy } from "../../ui/copy";
import { CopyIcon } from "../../ui/icons";
import { words } from "../shown";
import { Highlighted } from "./highlight";

const ALIASES: Readonly<Record<string, string>> = { console: "shell", sh: "bash", zsh: "bash", jsonl: "json", tsx: "typescript" };

/**
 * A block of code.
 *
 * `whole` is what is copied where this is a part of a longer one; `joined` that it goes on what stands above.
 */
export function Code({
  code,
  info,
  whole,
  joined = false,
}: {
  code: string;
  info: string;
  whole?: (() => string) | undefined;
  joined?: boolean;
}) {
  const name = (/^[\w+#.-]+/.exec(info)?.[0] ?? "").toLowerCase();
  return (
    <div class={`code ${joined ? "is-joined" : ""}`}>
      {!joined && (
        <div class="code-head">
          <span>{words(name) || "text"}</span>
          <IconButton name="Copy this code" look="plain" onClick={() => void copy(whole?.() ?? code, "Code")}>
            <CopyIcon />
          </IconButton>
        </div>
      )}
      <pre tabIndex={0}>
        <code>
          <Highlighted code={code} language={ALIASES[name] ?? name} />
        </code>
      </pre>
    </div>
  );
}
