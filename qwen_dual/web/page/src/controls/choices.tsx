/** The approval mode and the model in force, as menus of what may be chosen. */

import { type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { Session } from "../app/session";
import { tellRefusal } from "../composer/composer_state";
import { DownIcon } from "../ui/icons";
import { Menu, type MenuItem } from "../ui/menu";
import { plain } from "../ui/plain_text";
import { ask } from "./ask";

interface Mode {
  name: string;
  meaning?: string;
  available?: boolean;
  why?: string;
}

interface Model {
  name: string;
  label?: string;
  description?: string;
  usable?: boolean;
  why?: string;
}

const MODES: readonly Mode[] = ["plan", "default", "auto-edit", "auto", "yolo"].map((name) => ({ name }));

/** What a program says may be chosen, asked for anew when `again` is another one; null before it has. */
function useOffered<T>(session: Session, command: string, subtype: string, again: string): T | null {
  const offered = useMemo(() => signal<T | null>(null), [session]);
  const asks = session.connected.value && session.supports(command) && session.may("control");
  useEffect(() => {
    if (!asks) return;
    ask<T>(session, { type: command }, subtype).then(
      (data) => (offered.value = data),
      () => {},
    );
  }, [asks, again]);
  return offered.value;
}

export function ModeChoice({ session }: { session: Session }) {
  const { mode } = session.conversation.value;
  const modes = useOffered<{ modes: Mode[] }>(session, "list_modes", "modes", mode)?.modes ?? MODES;
  if (!mode) return null;
  if (!session.supports("set_approval_mode") || !session.may("control")) return <Held name="Mode" value={mode} />;
  const items = modes.map(({ name, meaning, available, why }): MenuItem => {
    const label = available === false && why ? `${name}: ${why}` : meaning ? `${name}: ${meaning}` : name;
    return {
      label: plain(label, 200),
      checked: name === mode,
      disabled: available === false,
      run: () => void session.send({ type: "set_approval_mode", mode: name }).then(tellRefusal),
    };
  });
  return <Choice name={`Mode: ${mode}`} value={mode} items={items} />;
}

export function ModelChoice({ session, choosing }: { session: Session; choosing: Signal<boolean> }) {
  const { model } = session.conversation.value;
  const models = useOffered<{ models: Model[] }>(session, "list_models", "models", model)?.models ?? [];
  if (!model) return null;
  const shown = plain(model, 40);
  const may = session.supports("set_model") && session.may("control") && models.length > 0;
  if (!may) return <Held name="Model" value={shown} />;
  const items = models.map(({ name, label, description, usable, why }): MenuItem => {
    const said = usable === false ? why : description;
    return {
      label: plain(`${label || name}${said ? `: ${said}` : ""}`, 200),
      checked: name === model,
      disabled: usable === false,
      run: () => void session.send({ type: "set_model", model: name }).then(tellRefusal),
    };
  });
  return <Choice name={`Model: ${shown}`} value={shown} items={items} open={choosing} />;
}

interface ChoiceProps {
  name: string;
  value: string;
  items: MenuItem[];
  open?: Signal<boolean>;
}

function Choice({ name, value, items, open }: ChoiceProps) {
  return (
    <Menu name={name} items={items} look="plain" {...(open ? { opened: open } : {})}>
      <bdi class="choice">{value}</bdi>
      <DownIcon />
    </Menu>
  );
}

function Held({ name, value }: { name: string; value: string }) {
  return (
    <span class="held" title={name}>
      <span class="unseen">{name}: </span>
      <bdi>{value}</bdi>
    </span>
  );
}
