import type { ButtonHTMLAttributes, ComponentChildren, Ref } from "preact";

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "icon"> {
  /** `main`: what is meant to be done here; `bad`: what takes something away; `plain`: without an edge. */
  look?: "main" | "bad" | "plain";
  buttonRef?: Ref<HTMLButtonElement>;
  children: ComponentChildren;
}

/** A button with words. */
export function Button({ look, buttonRef, class: more, children, ...rest }: ButtonProps) {
  return (
    <button type="button" ref={buttonRef ?? null} class={`button ${look ?? ""} ${more ?? ""}`} {...rest}>
      {children}
    </button>
  );
}

/** A button with a drawing alone; its name is read, and shown under the pointer. */
export function IconButton({ name, keys, children, class: more, ...rest }: ButtonProps & { name: string; keys?: string }) {
  const title = keys === undefined ? name : `${name} (${keys})`;
  return (
    <Button class={`icon ${more ?? ""}`} aria-label={name} title={title} {...rest}>
      {children}
    </Button>
  );
}
