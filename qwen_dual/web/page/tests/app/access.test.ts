import { beforeAll, beforeEach, expect, test, vi } from "vitest";

type Access = typeof import("../../src/app/access");

const TOKEN = "8df516dcbc78531388e16f3a52bb12be";
const ME = { name: "owner", rights: ["observe"], session: null, folder: "/", version: "1" };
let access: Access;
let answers: Response[] = [];
const asked: { path: string; method: string; proof: string; body: unknown }[] = [];
const replaced: string[] = [];
const place = { hash: "", pathname: "/qwen/", search: "?a=1" };

beforeAll(async () => {
  vi.stubGlobal("location", place);
  vi.stubGlobal("navigator", { userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" });
  vi.stubGlobal("document", { baseURI: "https://host.example/qwen/" });
  vi.stubGlobal("history", { replaceState: (_: unknown, __: string, path: string) => replaced.push(path) });
  vi.stubGlobal("fetch", (url: URL, init: RequestInit) => {
    const headers = init.headers as Record<string, string>;
    asked.push({
      path: url.pathname,
      method: init.method!,
      proof: headers["X-Qwen-Dual"]!,
      body: init.body === undefined ? undefined : JSON.parse(init.body as string),
    });
    const answer = answers.shift();
    return answer === undefined ? Promise.reject(new TypeError("network")) : Promise.resolve(answer);
  });
  access = await import("../../src/app/access");
  return () => vi.unstubAllGlobals();
});
beforeEach(() => {
  place.hash = "";
  asked.length = replaced.length = 0;
  answers = [];
});

const json = (status: number, body: object) => new Response(JSON.stringify(body), { status });
const refused = () => json(401, { error: { code: "not_let_in", message: "Ask for a link." } });

test("a token is found in an address and in a link that is pasted, and nowhere else", () => {
  const { tokenOf } = access;
  expect([`#token=${TOKEN}`, `http://h:1/#token=${TOKEN}`, ` ${TOKEN} `].map(tokenOf)).toEqual([TOKEN, TOKEN, TOKEN]);
  expect(["", "#session=a", "http://host/", `?token=${"x"}`.replace("token", "other")].map(tokenOf)).toEqual([null, null, null, null]);
});

test("who never had a link is told so, and nobody is asked", async () => {
  await access.enter();
  expect(access.access.value).toEqual({ state: "out", why: "none", message: "" });
  expect(asked).toEqual([]);
});

test("the token leaves the address before it is sent, and becomes a proof that later requests carry", async () => {
  place.hash = `#token=${TOKEN}`;
  answers = [json(200, { ...ME, proof: "p1" }), json(200, ME)];
  const entering = access.enter();
  expect(replaced).toEqual(["/qwen/?a=1"]);
  await entering;
  expect(access.access.value).toEqual({ state: "in", me: ME });
  expect(asked[0]).toMatchObject({ path: "/qwen/api/enter", method: "POST", proof: "1", body: { token: TOKEN, name: "Firefox on Linux" } });
  place.hash = "";
  await access.enter();
  expect(asked[1]).toEqual({ path: "/qwen/api/me", method: "GET", proof: "p1", body: undefined });
});

test("who has no link, one that is not taken, or none any more is told which, in the server's words", async () => {
  answers = [refused(), refused(), json(200, { ...ME, proof: "p" }), refused()];
  await access.enter();
  expect(access.access.value).toMatchObject({ state: "out", why: "none", message: "Ask for a link." });
  await access.enterWith(TOKEN);
  expect(access.access.value).toMatchObject({ state: "out", why: "refused", message: "Ask for a link." });
  await access.enterWith(TOKEN);
  expect(await access.stillIn()).toBe(false);
  expect(access.access.value).toMatchObject({ state: "out", why: "ended" });
});

test("that one is let in no more is said once, by the page", async () => {
  answers = [json(200, { ...ME, proof: "p" }), json(401, { error: { code: "left", message: "you are not let in (any more)" } })];
  await access.enterWith(TOKEN);
  expect(await access.stillIn()).toBe(false);
  expect(access.access.value).toEqual({ state: "out", why: "ended", message: "" });
});

test("a server that cannot be reached lets nobody out", async () => {
  answers = [json(200, { ...ME, proof: "p" })];
  await access.enterWith(TOKEN);
  expect(await access.stillIn()).toBe(true);
  expect(access.access.value).toEqual({ state: "in", me: ME });
  await access.enter();
  expect(access.access.value).toMatchObject({ state: "out", why: "offline" });
});
