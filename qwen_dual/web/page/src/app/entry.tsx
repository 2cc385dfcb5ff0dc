import { useState } from "preact/hooks";

import { Button } from "../ui/button";
import { type Access, enter, enterWith, tokenOf } from "./access";

const TITLES = {
  none: "This page needs a link",
  refused: "This link does not open the page",
  ended: "You are not let in any more",
  offline: "The server cannot be reached",
} as const;

/** What is shown to who is not let in: why, and what they can do. */
export function Entry({ access }: { access: Exclude<Access, { state: "in" }> }) {
  if (access.state === "entering") {
    return (
      <main class="entry" aria-busy="true">
        <p role="status">Opening…</p>
      </main>
    );
  }
  const { why, message } = access;
  return (
    <main class="entry">
      <div role="alert">
        <h1>{TITLES[why]}</h1>
        {message !== "" && <p>{message}</p>}
      </div>
      {why === "offline" ? <Offline /> : <NeedsLink />}
    </main>
  );
}

function Offline() {
  return (
    <>
      <p>
        Is <code>qwen-dual web</code> still running, and this device in the same network?
      </p>
      <Button look="main" onClick={() => void enter()}>
        Try again
      </Button>
    </>
  );
}

function NeedsLink() {
  const [link, setLink] = useState("");
  const token = tokenOf(link);
  return (
    <>
      <p>
        Open the link that <code>qwen-dual web</code> has printed in its terminal, or ask whoever runs it for one. Links
        can be revoked, and the first one is another one after each start.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (token !== null) void enterWith(token);
        }}
      >
        <label class="field">
          <span class="label">Or paste the link here</span>
          <input
            class="input"
            type="text"
            autocomplete="off"
            spellcheck={false}
            value={link}
            onInput={(event) => setLink(event.currentTarget.value)}
          />
        </label>
        <Button type="submit" look="main" disabled={token === null}>
          Open
        </Button>
      </form>
    </>
  );
}
