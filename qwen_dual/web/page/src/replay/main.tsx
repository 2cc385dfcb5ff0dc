/** The page of `qwen-dual replay --html`: a recording's terminal and its chat, which move together. */

import "../ui/effects";
import "asciinema-player/dist/bundle/asciinema-player.css";
import "../styles/tokens.css";
import "../styles/base.css";
import "../ui/ui.css";
import "./replay.css";

import { signal } from "@preact/signals";
import { create, type Recording } from "asciinema-player";
import { render } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";

import { ConversationView } from "../chat/conversation";
import { line } from "../chat/shown";
import { Usage } from "../chat/usage";
import type { Entry } from "../conversation/types";
import { Notes } from "../ui/notes";
import { Clock, ClockBar, clockText, type Showing } from "./clock";
import { type Recorded, read } from "./recording";
import { Timeline } from "./timeline";

function Replay({ recorded }: { recorded: Recorded }) {
  const timeline = useMemo(() => new Timeline(recorded), [recorded]);
  const conversation = useMemo(() => signal(timeline.at(0)), [timeline]);
  const moment = useMemo(() => signal(0), []);
  const showing = useRef<Showing | null>(null);
  useEffect(() => {
    let frame = 0;
    let before = -1;
    const follow = () => {
      const now = showing.current?.now() ?? 0;
      if (now !== before) {
        before = now;
        conversation.value = timeline.at(now);
        moment.value = Math.floor(now);
      }
      frame = requestAnimationFrame(follow);
    };
    follow();
    return () => cancelAnimationFrame(frame);
  }, []);
  const chosen = (entry: Entry) => {
    const began = timeline.momentOf(entry);
    // What was painted at that very moment is to be seen.
    if (began !== null && document.getSelection()?.isCollapsed !== false) showing.current?.seek(began + 0.001);
  };
  return (
    <div class={`replay ${recorded.terminal ? "" : "is-chat-alone"}`}>
      <header class="replay-head">
        <h1>{line(recorded.title, 120) || "Recording"}</h1>
        <span class="quiet" role="timer" aria-live="off">
          {clockText(moment.value)} / {clockText(recorded.duration)}
        </span>
        <Usage conversation={conversation} />
      </header>
      {recorded.terminal ? (
        <Terminal recording={recorded.terminal} into={showing} />
      ) : (
        <Alone duration={recorded.duration} into={showing} />
      )}
      {recorded.events.length > 0 && (
        <section class="replay-chat" aria-label="Chat">
          <ConversationView conversation={conversation} onChosen={chosen} speaks={false} />
        </section>
      )}
      <Notes />
    </div>
  );
}

function Terminal({ recording, into }: { recording: Recording; into: { current: Showing | null } }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current) return;
    const player = create({ data: {}, parser: () => recording }, place.current, {
      preload: true,
      controls: true,
      fit: "both",
      poster: "npt:0",
      terminalFontFamily: "var(--mono)",
    });
    into.current = {
      now: () => player.getCurrentTime() || 0,
      seek: (seconds) => void player.seek(seconds),
    };
    return () => player.dispose();
  }, []);
  return <section class="replay-terminal" aria-label="Terminal" ref={place} />;
}

function Alone({ duration, into }: { duration: number; into: { current: Showing | null } }) {
  const clock = useMemo(() => new Clock(duration), [duration]);
  useEffect(() => {
    into.current = clock;
  }, [clock]);
  return <ClockBar clock={clock} />;
}

async function textOf(name: string): Promise<string> {
  const packed = document.getElementById(`recording-${name}`)?.textContent?.trim() ?? "";
  if (packed === "") return "";
  const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

async function start(): Promise<void> {
  const place = document.getElementById("page");
  if (!place) return;
  const names = ["meta", "cast", "events"];
  const texts = new Map(await Promise.all(names.map(async (name) => [name, await textOf(name)] as const)));
  const recorded = read((name) => texts.get(name) ?? "");
  document.title = line(recorded.title, 80) || document.title;
  render(<Replay recorded={recorded} />, place);
}

void start();
