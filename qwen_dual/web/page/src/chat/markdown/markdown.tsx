/** Markdown as elements, made of marked's tokens: nothing that a text says is ever markup. */

import { lexer, type Token, type Tokens } from "marked";
import type { ComponentChild, ComponentChildren } from "preact";

import { memo } from "../memo";
import { words } from "../shown";
import { Code } from "./code";
import { decoded } from "./entities";
import { misleads, safeTarget } from "./links";

/** Quotations in lists in quotations: what is nested deeper is shown as it was written. */
const DEEPEST = 24;

export interface MarkdownProps {
  source: string;
  /** What is to stand before the source to read it, and is not shown: it goes on what stands above. */
  prefix?: string;
  /** The whole of a code block of which this has only a part. */
  wholeCode?: ((code: string) => string) | undefined;
}

export const Markdown = memo(function Markdown({ source, prefix = "", wholeCode }: MarkdownProps) {
  const tokens = tokensOf(prefix + source);
  if (tokens === null) return <p class="as-written">{words(source)}</p>;
  const levels = levelsOf(tokens);
  const first = tokens.findIndex((token) => token.type !== "space" && token.type !== "def");
  return (
    <div class="markdown">
      {tokens.map((token, index) => {
        const joined = prefix !== "" && index === first;
        if (token.type === "code") {
          const { text, lang } = token as Tokens.Code;
          if (joined && text === "") return null;
          const whole = wholeCode && (() => wholeCode(text));
          return <Code key={index} code={text} info={lang ?? ""} joined={joined} whole={whole} />;
        }
        return block(token, index, 0, { joined, level: levels[index] });
      })}
    </div>
  );
});

function tokensOf(source: string): Token[] | null {
  try {
    return lexer(source);
  } catch {
    return null; // nested so deep that it cannot be read
  }
}

/** What Markdown says in words alone, for who listens and for what is copied. */
export function plain(source: string): string {
  const tokens = tokensOf(source);
  return tokens === null ? source : tokens.map(said).join(" ").replace(/\s+/g, " ").trim();
}

function said(token: Token): string {
  if (token.type === "table") {
    const { header, rows } = token as Tokens.Table;
    return [header, ...rows].map((row) => row.map((cell) => cell.tokens.map(said).join("")).join(", ")).join("; ");
  }
  if (token.type === "list") return (token as Tokens.List).items.map((item) => item.tokens.map(said).join(" ")).join("; ");
  if ("tokens" in token && token.tokens) return token.tokens.map(said).join("");
  if (token.type === "br" || token.type === "space") return " ";
  return "text" in token ? decoded(String(token.text)) : "";
}

interface Place {
  /** It goes on what stands above the text. */
  joined?: boolean;
  /** Of a heading, among those of the page. */
  level?: number | undefined;
}

/** The levels of headings: below the page's own, and none is left out, whatever a text has. */
function levelsOf(tokens: readonly Token[]): number[] {
  let above = 1;
  return tokens.map((token) => {
    if (token.type === "heading") above = Math.min((token as Tokens.Heading).depth + 1, above + 1, 6);
    return above;
  });
}

function block(token: Token, key: number, depth: number, { joined = false, level = 2 }: Place = {}): ComponentChild {
  if (depth > DEEPEST) return <p key={key}>{words(token.raw)}</p>;
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "heading": {
      const { depth: size, tokens } = token as Tokens.Heading;
      return (
        <div key={key} role="heading" aria-level={level} class={`heading heading-${size}`}>
          {inline(tokens, depth)}
        </div>
      );
    }
    case "paragraph":
      return <p key={key}>{inline((token as Tokens.Paragraph).tokens, depth)}</p>;
    case "code": {
      const { text, lang } = token as Tokens.Code;
      return <Code key={key} code={text} info={lang ?? ""} />;
    }
    case "blockquote":
      return <blockquote key={key}>{blocks((token as Tokens.Blockquote).tokens, depth + 1)}</blockquote>;
    case "list":
      return <List key={key} list={token as Tokens.List} depth={depth} />;
    case "table":
      return <Table key={key} table={token as Tokens.Table} depth={depth} joined={joined} />;
    case "hr":
      return <hr key={key} />;
    case "html":
      return (
        <p key={key} class="as-written">
          {words(token.raw.trimEnd())}
        </p>
      );
    case "checkbox":
      return <Box key={key} done={(token as Tokens.Checkbox).checked} />;
    default:
      return "tokens" in token && token.tokens ? (
        <span key={key}>{inline(token.tokens, depth)}</span>
      ) : (
        words(decoded(token.raw))
      );
  }
}

function blocks(tokens: readonly Token[], depth: number): ComponentChildren {
  return tokens.map((token, index) => block(token, index, depth));
}

function List({ list, depth }: { list: Tokens.List; depth: number }) {
  const items = list.items.map((item, index) => (
    <li key={index} class={item.task ? "task" : ""}>
      {blocks(item.tokens, depth + 1)}
    </li>
  ));
  if (!list.ordered) return <ul>{items}</ul>;
  return <ol start={list.start === "" ? 1 : list.start}>{items}</ol>;
}

function Box({ done }: { done: boolean }) {
  return (
    <span class="box" role="img" aria-label={done ? "done" : "to do"}>
      {done ? "☑" : "☐"}
    </span>
  );
}

function Table({ table, depth, joined }: { table: Tokens.Table; depth: number; joined: boolean }) {
  const cell = ({ tokens, align }: Tokens.TableCell, index: number, Kind: "th" | "td") => (
    <Kind key={index} class={align ? `align-${align}` : ""} {...(Kind === "th" ? { scope: "col" } : {})}>
      {inline(tokens, depth)}
    </Kind>
  );
  return (
    <div class="table" tabIndex={0} role="group" aria-label="Table">
      <table>
        <thead class={joined ? "unseen" : ""}>
          <tr>{table.header.map((one, index) => cell(one, index, "th"))}</tr>
        </thead>
        <tbody>
          {table.rows.map((row, index) => (
            <tr key={index}>{row.map((one, at) => cell(one, at, "td"))}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inline(tokens: readonly Token[] | undefined, depth: number): ComponentChildren {
  return tokens?.map((token, index) => piece(token, index, depth + 1));
}

function piece(token: Token, key: number, depth: number): ComponentChild {
  if (depth > DEEPEST) return words(token.raw);
  switch (token.type) {
    case "strong":
      return <strong key={key}>{inline((token as Tokens.Strong).tokens, depth)}</strong>;
    case "em":
      return <em key={key}>{inline((token as Tokens.Em).tokens, depth)}</em>;
    case "del":
      return <del key={key}>{inline((token as Tokens.Del).tokens, depth)}</del>;
    case "codespan":
      return <code key={key}>{words((token as Tokens.Codespan).text)}</code>;
    case "br":
      return <br key={key} />;
    case "escape":
      return words((token as Tokens.Escape).text);
    case "link":
      return <Link key={key} link={token as Tokens.Link} depth={depth} />;
    case "image": {
      const { href, text } = token as Tokens.Image;
      // An image of a text is not fetched: that would tell its server that this was read.
      return <Target key={key} href={href} words={`image: ${text || href}`} />;
    }
    case "html":
      return words(token.raw);
    case "text": {
      const { tokens, text, escaped } = token as Tokens.Text;
      if (tokens) return <span key={key}>{inline(tokens, depth)}</span>;
      return words(escaped === undefined || escaped ? text : decoded(text));
    }
    default:
      return block(token, key, depth);
  }
}

function Link({ link, depth }: { link: Tokens.Link; depth: number }) {
  const url = safeTarget(link.href);
  const shown = inline(link.tokens, depth);
  if (url === null) return link.autolink || link.href === link.text ? <>{shown}</> : <span>{shown} ({words(link.href)})</span>;
  if (!link.autolink && misleads(decoded(link.text), url)) {
    return (
      <span>
        {shown} (<Target href={link.href} words={url.href} />)
      </span>
    );
  }
  return (
    <a href={url.href} title={url.href} target="_blank" rel="noopener noreferrer">
      {shown}
    </a>
  );
}

function Target({ href, words: said }: { href: string; words: string }) {
  const url = safeTarget(href);
  if (url === null) return <span>{words(said)}</span>;
  return (
    <a href={url.href} title={url.href} target="_blank" rel="noopener noreferrer">
      {words(said)}
    </a>
  );
}
