/** Images that go with a prompt: pasted, dropped or chosen, shown, and sent with it. */

import { signal } from "@preact/signals";
import { requests } from "../net/requests";

/** What models are shown. */
export const IMAGE_TYPES = ["image/png", "image/jpeg", "image/gif", "image/webp"] as const;
const MAX_IMAGES = 20;
const MAX_BYTES = 20 << 20;
/** Of one prompt within its line, which has 16 MiB with base64 and all; more goes as files. */
const MAX_INLINE_BYTES = 11 << 20;

export interface Attachment {
  id: number;
  name: string;
  file: Blob;
  /** For the thumbnail. */
  url: string;
}

export interface ImagePart {
  type: "image";
  name: string;
  source: { type: "base64"; media_type: string; data: string } | { type: "path"; path: string };
}

export class Attachments {
  readonly #list = signal<readonly Attachment[]>([]);
  #last = 0;

  get list(): readonly Attachment[] {
    return this.#list.value;
  }

  /** Takes what can be taken; says of the rest why not. */
  add(files: Iterable<File>): string {
    const refused: string[] = [];
    for (const file of files) {
      const name = file.name || `image.${file.type.split("/")[1] ?? "png"}`;
      if (!(IMAGE_TYPES as readonly string[]).includes(file.type)) {
        refused.push(`${name} is no PNG, JPEG, GIF or WebP image. Files of the folder are named with @.`);
      } else if (file.size > MAX_BYTES) refused.push(`${name} is larger than ${MAX_BYTES >> 20} MiB.`);
      else if (this.#list.peek().length >= MAX_IMAGES) refused.push(`A prompt has ${MAX_IMAGES} images at the most.`);
      else this.#put({ id: ++this.#last, name, file, url: URL.createObjectURL(file) });
    }
    return refused.join(" ");
  }

  /** Puts back what could not be sent. */
  restore(attachments: readonly Attachment[]): void {
    for (const { name, file } of attachments) {
      this.#put({ id: ++this.#last, name, file, url: URL.createObjectURL(file) });
    }
  }

  remove(id: number): void {
    const gone = this.#list.peek().find((attachment) => attachment.id === id);
    if (gone) URL.revokeObjectURL(gone.url);
    this.#list.value = this.#list.peek().filter((attachment) => attachment.id !== id);
  }

  /** Takes all of them out. */
  take(): readonly Attachment[] {
    const taken = this.#list.peek();
    for (const { url } of taken) URL.revokeObjectURL(url);
    this.#list.value = [];
    return taken;
  }

  #put(attachment: Attachment): void {
    this.#list.value = [...this.#list.peek(), attachment];
  }
}

/**
 * Images as parts of a prompt: in it as far as its line has room, else as files at the server.
 *
 * @throws RequestError the server does not take one.
 */
export async function imageParts(key: string, attachments: readonly Attachment[]): Promise<ImagePart[]> {
  let room = MAX_INLINE_BYTES;
  const parts: ImagePart[] = [];
  for (const { name, file } of attachments) {
    if (file.size <= room) {
      room -= file.size;
      const data = await base64(file);
      parts.push({ type: "image", name, source: { type: "base64", media_type: file.type, data } });
    } else {
      const { path } = await requests.sendFile(key, name, file);
      parts.push({ type: "image", name, source: { type: "path", path } });
    }
  }
  return parts;
}

/** The size of a file in words. */
export function sizeOf(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

async function base64(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  // In pieces: a call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
