import { expect, test } from "vitest";

import { ShownRows } from "../src/chat/shown_rows";
import { isShown } from "../src/chat/entry";
import { apply, begin } from "../src/conversation/apply";
import { recorded } from "./recordings";

test.each(["answers", "tools", "session", "agents"])("the rows of %s are those of all entries, event by event", (name) => {
  const shown = new ShownRows();
  let conversation = begin();
  for (const event of recorded(`web/streams/${name}.jsonl`)) {
    const before = [...shown.rows];
    conversation = apply(conversation, [event]);
    shown.update(conversation.entries);
    expect(shown.rows).toEqual(conversation.entries.filter(isShown));
    expect(shown.rows.slice(0, shown.same)).toEqual(before.slice(0, shown.same));
  }
});
