import type { ReadonlySignal } from "@preact/signals";

import type { Conversation } from "../conversation/types";
import { short } from "./tools";

/** How full the context is, and what the session took and cost so far. */
export function Usage({ conversation }: { conversation: ReadonlySignal<Conversation> }) {
  const { contextTokens, contextWindow, total } = conversation.value.usage;
  const tokens = total.input_tokens + total.output_tokens;
  if (tokens === 0 && contextTokens === null) return null;
  const full = contextTokens !== null && contextWindow ? Math.round((100 * contextTokens) / contextWindow) : null;
  const details = [
    `${total.input_tokens.toLocaleString()} tokens in, ${total.output_tokens.toLocaleString()} out`,
    total.cache_read_input_tokens > 0 ? `${total.cache_read_input_tokens.toLocaleString()} from a cache` : "",
    contextTokens === null ? "" : `${contextTokens.toLocaleString()} in the context`,
    contextWindow ? `of ${contextWindow.toLocaleString()}` : "",
  ].filter(Boolean);
  return (
    <span class="usage quiet" title={details.join(", ")}>
      {full === null ? (
        <span>{short(contextTokens ?? tokens)} tokens</span>
      ) : (
        <>
          <meter
            min={0}
            max={100}
            high={80}
            optimum={0}
            value={Math.min(100, full)}
            aria-label={`Context: ${full} % full`}
          />
          <span>{full} %</span>
        </>
      )}
      {total.cost_usd !== null && <span>${total.cost_usd.toFixed(total.cost_usd < 1 ? 4 : 2)}</span>}
    </span>
  );
}
