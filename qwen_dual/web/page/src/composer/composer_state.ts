/** What the composer of one session holds, and what it does: its draft, its images, what it has sent. */

import { computed, signal } from "@preact/signals";
import type { ChatItem, Receipt, Session } from "../app/session";
import type { WaitingPrompt } from "../conversation/types";
import { uuid } from "../net/outbox";
import { note } from "../ui/notes";
import { type Attachment, Attachments, imageParts } from "./attachments";
import { Completion } from "./completion";
import { DraftLink } from "./draft_link";
import { PromptHistory, promptsIn } from "./prompt_history";
import { unitsIn } from "./units";

/** The receipts of what comes back come one after the other. */
const TOGETHER_MS = 100;
const MAX_SENT = 100;

interface Sent {
  text: string;
  images: readonly Attachment[];
}

/** A prompt that waits while its text is changed: what it was, and what it is to be. */
interface Editing {
  id: string;
  before: string;
  text: string;
}

export class ComposerState {
  readonly draft: DraftLink;
  readonly completion: Completion;
  readonly attachments = new Attachments();
  readonly history = new PromptHistory();
  /** How many prompts are on their way to the program. */
  readonly sending = signal(0);
  /** The prompt that waits and is being edited here, and what has been made of its text. */
  readonly editing = signal<Editing | null>(null);
  readonly busy = computed(() => this.session.conversation.value.state !== "idle");
  /** What the program calls this page, as its receipts tell. */
  #host = "";
  #sent = new Map<string, Sent>();
  /** What waited when it was asked to come back, and which of it has by now. */
  #returning: readonly WaitingPrompt[] = [];
  #returned = new Map<string, Sent>();

  constructor(readonly session: Session) {
    this.draft = new DraftLink(session);
    this.completion = new Completion(session, uuid);
    session.listen((items) => items.forEach(this.#heard));
  }

  /** Whether a prompt may join the turn that runs: programs that let the queue be edited know of that. */
  get steers(): boolean {
    return this.busy.value && this.session.supports("edit_queued");
  }

  /** Whether Enter queues while a turn runs, as the person has set it (`ui.enterWhileBusy`): the other keys steer then. */
  get enterQueues(): boolean {
    return this.session.conversation.value.greeting.enter_while_busy === "queue";
  }

  /** Whether a prompt that waits is one that this page may change. */
  isOwn(id: string, origin: string): boolean {
    return this.#sent.has(id) || (this.#host !== "" && origin === this.#host);
  }

  /**
   * Sends the draft with its images; while a turn runs it joins that or waits for its end, as Enter does, or with
   * `other` the other way.
   */
  async send(other = false): Promise<void> {
    const text = this.draft.text.trim();
    if (!text && this.attachments.list.length === 0) return;
    const steer = other === this.enterQueues && this.steers && !text.startsWith("/");
    const how = steer ? { when_busy: "steer" } : {};
    this.completion.close();
    this.session.places.sent.value += 1;
    // What is folded away only the program knows: it sends its draft itself.
    if (this.draft.shared.peek() && unitsIn(text).length > 0 && this.session.supports("submit_draft")) {
      await this.#sendShared(how);
      return;
    }
    const sent = { text, images: this.attachments.take() };
    this.sending.value++;
    const id = uuid();
    this.#remember(id, sent);
    this.draft.write("");
    try {
      const content = sent.images.length ? { content: await imageParts(this.session.key, sent.images) } : {};
      this.#sentWith(await this.session.send({ type: "submit", id, text, ...content, ...how }), sent);
    } catch (error) {
      this.#giveBack(sent);
      note(error instanceof Error ? error.message : String(error), "bad");
    } finally {
      this.sending.value--;
    }
  }

  async #sendShared(how: object): Promise<void> {
    if (this.attachments.list.length > 0) {
      note("Send what the terminal has folded away and the images from here one after the other.", "bad");
      return;
    }
    this.sending.value++;
    const version = await this.draft.version();
    if (version === null) note("The terminal has another draft at this moment; try again.", "bad");
    else tellRefusal(await this.session.send({ type: "submit_draft", if_version: version, ...how }));
    this.sending.value--;
  }

  /** Stops what runs, and as in the terminal gives back what waits: else the next of it would begin at once. */
  interrupt(): void {
    if (!this.session.supports("interrupt") || !this.busy.peek()) return;
    const returns = this.session.may("control");
    if (returns) this.#awaitReturn(this.session.conversation.peek().queue);
    const queue = returns ? "return" : "keep";
    void this.session.send({ type: "interrupt", queue }).then(tellRefusal);
  }

  /** What waits comes back, and what has been asked for before and is still on its way. */
  #awaitReturn(queue: readonly WaitingPrompt[]): void {
    const onTheirWay = this.#returning.filter(
      ({ id }) => (this.#sent.has(id) || this.#returned.has(id)) && !queue.some((prompt) => prompt.id === id),
    );
    this.#returning = [...onTheirWay, ...queue];
  }

  /** The text of an earlier prompt in the draft; false where the arrow is the text field's own. */
  walk(step: -1 | 1): boolean {
    const text = this.history.walk(step, this.draft.text, promptsIn(this.session.conversation.peek().entries));
    if (text === null) return false;
    this.draft.write(text);
    return true;
  }

  /** The arrow up in an empty draft: the last prompt that waits is edited; false where none can be. */
  onUp(): boolean {
    const last = this.session.conversation.peek().queue.findLast(
      (prompt) =>
        !prompt.editing &&
        !prompt.cut &&
        (this.session.may("control") || this.isOwn(prompt.id, prompt.submitted_by ?? prompt.origin)),
    );
    if (last === undefined || !this.session.supports("edit_queued")) return false;
    this.edit(last);
    return true;
  }

  /** Begins to edit a prompt that waits. */
  edit({ id, text }: WaitingPrompt): void {
    this.editing.value = { id, before: text, text };
  }

  /** What was being edited waits no more: what was made of it is not lost. True where something was edited. */
  giveUpEditing(): boolean {
    const editing = this.editing.peek();
    if (editing === null) return false;
    this.editing.value = null;
    const text = editing.text.trim();
    if (text === editing.before.trim()) return true;
    if (text) this.putBefore(text);
    note("The prompt that you were editing waits no more. What you had written is in the draft.");
    return true;
  }

  /** Puts a text before the draft. */
  putBefore(text: string): void {
    const rest = this.draft.text;
    this.draft.write(rest ? `${text}\n${rest}` : text);
  }

  #sentWith(receipt: Receipt, sent: Sent): void {
    if (typeof receipt["host"] === "string") this.#host = receipt["host"];
    if (receipt.status === "held") note("The prompt waits until somebody at the terminal has looked at it.");
    if (receipt.status !== "rejected" || receipt.code === "interrupted") return;
    this.#giveBack(sent);
    tellRefusal(receipt);
  }

  #giveBack({ text, images }: Sent): void {
    if (text) this.putBefore(text);
    this.attachments.restore(images);
  }

  #remember(id: string, sent: Sent): void {
    this.#sent.set(id, sent);
    for (const oldest of this.#sent.keys()) {
      if (this.#sent.size <= MAX_SENT) break;
      this.#sent.delete(oldest);
    }
  }

  readonly #heard = (item: ChatItem): void => {
    if (item.type === "user" && typeof item["command_id"] === "string") this.#sent.delete(item["command_id"]);
    if (item.type !== "system" || item.subtype !== "command_receipt") return;
    const { id, status, code } = (item as unknown as { data: Receipt }).data;
    const sent = this.#sent.get(id);
    if (sent === undefined || status !== "rejected" || code !== "interrupted") return;
    this.#sent.delete(id);
    // The terminal gives a person back what they submitted there; what was submitted here the page does.
    if (!this.#returning.some((prompt) => prompt.id === id)) return;
    if (this.#returned.size === 0) setTimeout(this.#giveAllBack, TOGETHER_MS);
    this.#returned.set(id, sent);
  };

  /** Gives back what was taken out of the queue, in its order and with its words of then. */
  readonly #giveAllBack = (): void => {
    const prompts = this.#returning.filter((prompt) => this.#returned.has(prompt.id));
    const text = prompts.map((prompt) => (prompt.cut ? (this.#returned.get(prompt.id)?.text ?? "") : prompt.text));
    this.#giveBack({ text: text.join("\n"), images: [...this.#returned.values()].flatMap((sent) => sent.images) });
    this.#returned.clear();
  };
}

/** Tells the person why a command was not carried out. */
export function tellRefusal(receipt: Receipt): void {
  if (receipt.status === "rejected") note(receipt.message ?? receipt.code ?? "It was refused.", "bad");
}

const states = new WeakMap<Session, ComposerState>();

/** The composer of a session: the same as long as the session is open, whatever is shown meanwhile. */
export function composerOf(session: Session): ComposerState {
  let state = states.get(session);
  if (state === undefined) states.set(session, (state = new ComposerState(session)));
  return state;
}
