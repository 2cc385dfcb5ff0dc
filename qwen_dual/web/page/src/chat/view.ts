import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";

import type { Conversation, Entry, ToolEntry } from "../conversation/types";

/** Where messages and the lines of a terminal find each other (`app/places`). */
export interface Lines {
  readonly inTerminal: ReadonlySignal<ReadonlySet<number>>;
  showLine(seq: number): void;
}

/** What the person may do from within a message; what is missing is not offered. */
export interface Actions {
  /** Submits a slash command. */
  command?(text: string): void;
  clear?(): void;
  chooseModel?(): void;
  /** Stops the sub-agent that works for a call. */
  stopAgent?(tool: ToolEntry): void;
}

/** What the parts of a conversation share. */
export interface View {
  readonly conversation: ReadonlySignal<Conversation>;
  readonly folds: Folds;
  readonly lines: Lines | null;
  readonly actions: Actions;
  /** The name of who looks at this page; empty where there is none. */
  readonly me: string;
  /** Called before something is opened or closed by the reader. */
  hold(): void;
  /** The text of all parts of a block. */
  wholeOf(entry: Entry): string;
}

const Context = createContext<View | null>(null);
export const ViewProvider = Context.Provider;

export function useView(): View {
  const view = useContext(Context);
  if (view === null) throw new Error("there is no view around this");
  return view;
}

/** What is open and what is folded: it stays so while it is out of sight. */
export class Folds {
  private readonly known = new Map<string, Signal<boolean>>();

  of(id: string, open: boolean): Signal<boolean> {
    let fold = this.known.get(id);
    if (!fold) this.known.set(id, (fold = signal(open)));
    return fold;
  }
}

/** Whether something is open, and what opens or closes it. */
export function useFold(id: string, open = false): [boolean, () => void] {
  const view = useView();
  const fold = view.folds.of(id, open);
  return [
    fold.value,
    () => {
      view.hold();
      fold.value = !fold.peek();
    },
  ];
}
