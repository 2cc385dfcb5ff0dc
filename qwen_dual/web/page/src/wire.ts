/**
 * What goes between the page and `qwen-dual web`: three WebSockets and a few requests.
 *
 * A session's events and commands are those of the dual-output protocol (docs/dual-output.md), as they are:
 * the server adds messages of its own, whose type is "web", and none of them has a `seq`.
 *
 * A link is ORIGIN/#token=TOKEN. `POST /api/enter` gives for its token a cookie, which the browser keeps, and a
 * proof, which the page keeps in localStorage. Every request and WebSocket is let in by both together: browsers
 * send a cookie to all ports of a host, so that whatever else listens there gets to see it, but no proof.
 * Requests have the proof in the header `X-Qwen-Dual`, WebSockets in their protocols:
 * `new WebSocket(url, [PROTOCOL, proof])`.
 */

export const PROTOCOL = "qwen-dual";

/** Why the server closed a WebSocket, besides the codes of RFC 6455 (1001 and 1012: it ends or starts anew, 1009: a
 * message was too long). `left`: nobody is let in by this cookie and proof (any more): ask for a link.
 * `flood`: too many messages or bytes in too short a time. `unknown`: there is no such session for this link.
 * `crowded`: as many are there as may be. */
export const CLOSED = { left: 4401, unknown: 4404, flood: 4408, crowded: 4429 } as const;

export type Right = "observe" | "approve" | "submit" | "control";

/** An event of a session, verbatim. */
export interface ProgramEvent {
  type: string;
  subtype?: string;
  seq?: number;
  session_id?: string;
  parent_tool_use_id?: string | null;
  [field: string]: unknown;
}

/** A command of the protocol, verbatim; `id` is a UUID of the page's wherever a receipt is to be known by it. */
export interface Command {
  type: string;
  id?: string;
  [field: string]: unknown;
}

// -- /ws/chat/{key}?from=SEQ&epoch=EPOCH ----------------------------------------------------------------
// Server: text frames, each a JSON array of ProgramEvent | ChatMessage, in order.
// Page: text frames, each one Command.
// An event of a program that does not count (Qwen Code) has a `seq` all the same, which the server gives. What was
// replayed may leave numbers out: deltas and progress of what has ended, `state`, `queue` … that others followed.
// What is for this page alone (`draft`, `completions`, `models`, `export` … with their receipts), and what a server
// before this one had kept (`--resume`), has no `seq`: it always counts.
// The server closes with 4404 where there is no such session (or not for this page): nothing to come again for.

export type ChatMessage =
  /** The first of all, and again once a program says who it is that had not by then, and where a page has fallen
   * behind what is kept. `epoch` changes when events begin to count anew; `whole` says that what follows is the
   * conversation from its beginning (deltas of what is finished left out) in place of what comes after `from`;
   * `lost` that events are missing that nobody has any more, and how many (0: none). `replayed` follows. */
  | {
      type: "web";
      subtype: "hello";
      key: string;
      epoch: string;
      whole: boolean;
      lost: number;
      name: string;
      rights: Right[];
      terminal: boolean;
      supported_commands: string[];
      program: string;
    }
  /** What was missed, or the whole, is told; what comes now happens now. */
  | { type: "web"; subtype: "replayed" }
  /** The program has ended, or its server has lost it. */
  | { type: "web"; subtype: "ended"; status: number | null; signal: number | null; message: string }
  /** The turn has ended (`interrupted`, `denied`), which its program does not say: Qwen Code, where nothing was said. */
  | { type: "web"; subtype: "turn_ended"; reason: string }
  /** Who in a browser gave the command with this id, or answered the request with it. */
  | { type: "web"; subtype: "by"; id: string; name: string }
  /** A command of this page that the server does not pass on: no_right, flood, too_long, invalid, ended. */
  | { type: "web"; subtype: "refused"; id: string; code: string; message: string }
  /** Something that the person should know. */
  | { type: "web"; subtype: "notice"; code: string; message: string };

// -- /ws/terminal/{key}?from=OFFSET&epoch=EPOCH -----------------------------------------------------------
// Server: binary frames are bytes of the PTY; text frames are TerminalMessage. Both in one order.
// Page: binary frames are bytes that were typed (right `control`); text frames are TerminalCommand.

export type TerminalMessage =
  /** The first of all, and again whenever the page has fallen behind: bytes begin at `offset` of the whole
   * output. With `fresh` the terminal is to be reset first: what follows, up to `shown`, is what is kept,
   * from a place at which it can begin; `lost` says that earlier output is not there any more. */
  | { type: "web"; subtype: "screen"; epoch: string; offset: number; fresh: boolean; lost: boolean }
  /** What was kept has been sent. */
  | { type: "web"; subtype: "shown" }
  /** From here on the bytes are for a terminal of this size; `mine` says whether this page gave it. */
  | { type: "web"; subtype: "size"; columns: number; rows: number; mine: boolean }
  | { type: "web"; subtype: "ended"; status: number | null; signal: number | null; message: string };

export type TerminalCommand =
  /** All bytes up to this offset of the whole output have been taken by xterm (its write callback). */
  | { type: "ack"; offset: number }
  /** What fits in this page; counts when the page is the one that was used last. */
  | { type: "resize"; columns: number; rows: number }
  /** A person uses this page now. */
  | { type: "active" };

// -- /ws/sessions -----------------------------------------------------------------------------------------
// Server: text frames, each one SessionsMessage. The page says nothing.

export interface SessionRow {
  key: string;
  session_id: string;
  title: string;
  cwd: string;
  program: string;
  model: string;
  mode: string;
  /** As `state` events have it; "starting" before the first, "ended" after the last. */
  state: string;
  /** Requests and proposals that wait for a person. */
  waiting: number;
  /** Whether the server runs it in a terminal of its own, or only follows one that runs elsewhere. */
  terminal: boolean;
  started_at: number;
  clients: number;
}

export type SessionsMessage =
  | { type: "web"; subtype: "sessions"; sessions: SessionRow[] }
  | { type: "web"; subtype: "notice"; code: string; message: string };

// -- requests: JSON, same origin, header `X-Qwen-Dual`: the proof; errors are {error: {code, message}} -----
// POST   /api/enter {token, name?} → Entered        the cookie and the proof; its header is `X-Qwen-Dual: 1`
// POST   /api/leave                                 forgets both
// GET    /api/me → Me
// POST   /api/sessions NewSession → {key}           control
// DELETE /api/sessions/{key}                        ends it; control
// GET    /api/saved?all=1&before=T → {sessions: SavedSession[], more}   control
// GET    /api/running → {sessions: RunningSession[]}                    control; POST /api/attach {id} → {key}
// GET    /api/links → {links: Link[]}  POST /api/links NewLink → Link with `url`  DELETE /api/links/{id}   control
// POST   /api/files/{key}?name=N, body = bytes → {path}   an image to be attached by its path; submit

export interface Me {
  name: string;
  rights: Right[];
  /** The one session that this link leads to; null for all. */
  session: string | null;
  folder: string;
  version: string;
}

export interface Entered extends Me {
  proof: string;
}

export interface NewSession {
  cwd?: string;
  model?: string;
  mode?: string;
  /** A saved session to go on with. */
  resume?: string;
}

export interface SavedSession {
  session_id: string;
  title: string;
  cwd: string;
  updated_at: number;
  prompts: number;
  bytes: number;
  running: boolean;
}

export interface RunningSession {
  id: string;
  title: string;
  cwd: string;
  state: string;
  pid: number;
}

export interface NewLink {
  rights: Right[];
  name?: string;
  session?: string;
}

export interface Link {
  id: string;
  name: string;
  rights: Right[];
  session: string | null;
  created_at: number;
  used_at: number | null;
  clients: number;
  /** The link of who started the server others cannot revoke. */
  revocable: boolean;
  /** With its token in the fragment; only where it was just made. */
  url?: string;
  /** The same as a QR code, row by row, `1` for a dark module; where `url` is. */
  qr?: string[];
}
