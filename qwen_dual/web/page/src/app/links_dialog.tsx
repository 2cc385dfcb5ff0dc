import { useState } from "preact/hooks";

import { requests } from "../net/requests";
import type { Link, Me, NewLink, Right } from "../wire";
import { ago } from "../ui/ago";
import { Button } from "../ui/button";
import { copy } from "../ui/copy";
import { Dialog } from "../ui/dialog";
import { CopyIcon } from "../ui/icons";
import { QrCode } from "../ui/qr_code";
import { plain } from "../ui/plain_text";
import { messageOf, useRequest } from "./requested";
import { chosenRow } from "./sessions";

/** What a link lets its holder do; each of these holds those before it. */
const RIGHTS: [Right[], string][] = [
  [["observe"], "Look on"],
  [["observe", "approve"], "Look on and answer requests"],
  [["observe", "approve", "submit"], "The same, and write prompts"],
  [["observe", "approve", "submit", "control"], "Everything, the terminal included"],
];

/** What a set of rights is called. */
export function rightsInWords(rights: readonly Right[]): string {
  const found = RIGHTS.find(([some]) => some.length === rights.length && some.every((right) => rights.includes(right)));
  return found?.[1] ?? rights.join(", ");
}

/** Links by which others come in: made, shown, revoked. */
export function LinksDialog({ me, onClose }: { me: Me; onClose(): void }) {
  const [times, setTimes] = useState(0);
  const [made, setMade] = useState<Link | null>(null);
  const [failure, setFailure] = useState("");
  const found = useRequest(() => requests.links(), [times]);
  const [making, setMaking] = useState(false);
  // Several may be on their way at once.
  const attempt = async (what: () => Promise<void>) => {
    setFailure("");
    try {
      await what();
      setTimes((before) => before + 1);
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  const make = async (wanted: NewLink) => {
    setMaking(true);
    await attempt(async () => setMade(await requests.makeLink(wanted)));
    setMaking(false);
  };
  const revoke = (id: string) =>
    attempt(async () => {
      await requests.revokeLink(id);
      setMade((link) => (link?.id === id ? null : link));
    });
  return (
    <Dialog title="Links for others" onClose={onClose}>
      <p>Whoever has a link comes in by it, on as many devices as they like, until it is revoked.</p>
      {failure !== "" && (
        <p class="remark bad" role="alert">
          {failure}
        </p>
      )}
      {made?.url !== undefined ? (
        <MadeLink link={made} url={made.url} another={() => setMade(null)} />
      ) : (
        <NewLinkForm me={me} busy={making} make={(wanted) => void make(wanted)} />
      )}
      <h3>Links there are</h3>
      {found.state === "running" && <p role="status">Loading…</p>}
      {found.state === "failed" && <p role="alert">{found.message}</p>}
      {found.state === "done" && (
        <ul class="offers">
          {found.value.links.map((link) => (
            <li key={link.id}>
              <KnownLink link={link} revoke={() => void revoke(link.id)} />
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}

interface NewLinkFormProps {
  me: Me;
  busy: boolean;
  make(wanted: NewLink): void;
}

function NewLinkForm({ me, busy, make }: NewLinkFormProps) {
  const row = chosenRow.value;
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        const filled = new FormData(event.currentTarget);
        const name = String(filled.get("name") ?? "").trim();
        const session = String(filled.get("session") ?? "");
        make({
          rights: RIGHTS[Number(filled.get("rights"))]?.[0] ?? ["observe"],
          ...(name === "" ? {} : { name }),
          ...(session === "" ? {} : { session }),
        });
      }}
    >
      <label class="field">
        <span class="label">What its holder may do</span>
        <select class="input" name="rights" data-autofocus>
          {RIGHTS.map(([rights, label], index) => (
            <option key={index} value={index} disabled={!rights.every((right) => me.rights.includes(right))}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span class="label">To what</span>
        <select class="input" name="session" defaultValue={me.session ?? row?.key ?? ""}>
          {row !== null && <option value={row.key}>This session: {plain(row.title, 60) || "New session"}</option>}
          {me.session === null && <option value="">All sessions</option>}
        </select>
      </label>
      <label class="field">
        <span class="label">Name</span>
        <input class="input" name="name" maxLength={40} autocomplete="off" placeholder="Who it is for" />
      </label>
      <div class="actions">
        <Button type="submit" look="main" disabled={busy}>
          Make a link
        </Button>
      </div>
    </form>
  );
}

/** Of a field that is new; the same function at each drawing, or it would be called at each. */
const focus = (field: HTMLElement | null) => field?.focus();

function MadeLink({ link, url, another }: { link: Link; url: string; another(): void }) {
  return (
    <div class="remark made-link">
      <p>
        For <bdi>{plain(link.name, 40) || "anyone"}</bdi>: {rightsInWords(link.rights)}. It is shown this once.
      </p>
      <input
        class="input"
        readOnly
        value={url}
        aria-label="The link"
        ref={focus}
        onFocus={(event) => event.currentTarget.select()}
      />
      {link.qr !== undefined && <QrCode rows={link.qr} name="The link as a QR code" />}
      <div class="actions">
        <Button onClick={another}>Make another</Button>
        <Button look="main" onClick={() => void copy(url, "Link")}>
          <CopyIcon />
          Copy
        </Button>
      </div>
    </div>
  );
}

function KnownLink({ link, revoke }: { link: Link; revoke(): void }) {
  const name = plain(link.name, 40) || "Without a name";
  const used = link.used_at === null ? "never used" : `used ${ago(link.used_at)}`;
  const [sure, setSure] = useState(false);
  const here = link.clients === 0 ? "" : ` · ${link.clients} here now`;
  return (
    <div class="offer">
      <span class="title">
        <bdi>{name}</bdi>
      </span>
      <span class="detail">
        {rightsInWords(link.rights)} · {link.session === null ? "all sessions" : "one session"} · {used}
        {here}
      </span>
      {link.revocable && (
        <Button
          look="bad"
          aria-label={sure ? `Really revoke: ${name}` : `Revoke: ${name}`}
          // The second click of a double one is no second thought.
          onClick={(event) => (sure ? event.detail < 2 && revoke() : setSure(true))}
          onBlur={() => setSure(false)}
        >
          {sure ? "Really?" : "Revoke"}
        </Button>
      )}
    </div>
  );
}
