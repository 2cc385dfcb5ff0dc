import { signal } from "@preact/signals";
import type { createLowlight } from "lowlight";
import type { ComponentChildren } from "preact";

import { memo } from "../memo";
import { Exact } from "../shown";

type Lowlight = ReturnType<typeof createLowlight>;
type Node = ReturnType<Lowlight["highlight"]>["children"][number];

const loaded = signal<Lowlight | null>(null);
let asked = false;

/** What is longer is shown without colours: they would take longer than a frame. */
const MOST = 20_000;

/** Loads the grammars, once, when the first code is shown. */
function load(): void {
  if (asked) return;
  asked = true;
  void import("./grammars").then(
    ({ common, createLowlight }) => {
      loaded.value = createLowlight(common);
    },
    () => {
      asked = false; // it stays without colours until the next code
    },
  );
}

/** Code with the colours of its language, as elements: nothing of it is ever markup. */
export const Highlighted = memo(function Highlighted({ code, language }: { code: string; language: string }) {
  if (language === "" || code.length > MOST) return <Exact text={code} reading="code" />;
  load();
  const lowlight = loaded.value;
  if (!lowlight?.registered(language)) return <Exact text={code} reading="code" />;
  return <>{lowlight.highlight(language, code).children.map(element)}</>;
});

function element(node: Node, index: number): ComponentChildren {
  if (node.type === "text") return <Exact key={index} text={node.value} reading="code" />;
  if (node.type !== "element") return null;
  const names = node.properties["className"];
  return (
    <span key={index} class={Array.isArray(names) ? names.join(" ") : ""}>
      {node.children.map((child, at) => element(child as Node, at))}
    </span>
  );
}
