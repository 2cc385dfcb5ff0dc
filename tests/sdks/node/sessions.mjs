// Runs one scenario with Qwen Code's TypeScript SDK and prints what came of it as JSON.
// Usage: sessions.mjs SCENARIO CONFIG, where CONFIG is JSON: {program, cwd, env, options}.
import { createSdkMcpServer, query, tool } from "@qwen-code/sdk";
import { z } from "zod";

const [, , scenario, given] = process.argv;
const config = JSON.parse(given);

function start(prompt, options = {}) {
  return query({
    prompt,
    options: {
      cwd: config.cwd,
      pathToQwenExecutable: config.program,
      env: config.env,
      ...config.options,
      ...options,
    },
  });
}

async function all(session) {
  const messages = [];
  for await (const message of session) messages.push(message);
  return messages;
}

function user(content) {
  return { type: "user", session_id: "", message: { role: "user", content }, parent_tool_use_id: null };
}

async function* said(contents) {
  for (const content of contents) yield user(content);
}

// A session that stays open until `close`, and what a turn of it said.
function open(options) {
  const waiting = [];
  let wake = () => {};
  let closed = false;
  async function* prompts() {
    while (!closed || waiting.length) {
      if (waiting.length) yield user(waiting.shift());
      else await new Promise((resolve) => (wake = resolve));
    }
  }
  const session = start(prompts(), options);
  return {
    session,
    say(content) {
      waiting.push(content);
      wake();
    },
    close() {
      closed = true;
      wake();
    },
    async until(type) {
      const messages = [];
      for (;;) {
        const { value, done } = await session.next();
        if (done) return messages;
        messages.push(value);
        if (value.type === type) return messages;
      }
    },
  };
}

const scenarios = {
  async prompts({ prompts }) {
    const found = [];
    for (const { text, options } of prompts) found.push(await all(start(text, options)));
    return found;
  },

  messages: ({ contents, options }) => all(start(said(contents), options)),

  async permissions({ answers, timeout }) {
    const asked = [];
    const messages = [];
    let answer;
    const canUseTool = async (name, input, { suggestions }) => {
      asked.push({ name, input, suggestions });
      if (answer.throws) throw new Error(answer.throws);
      if (answer.waits) await new Promise(() => setTimeout(() => {}, 60_000).unref());
      if (answer.change) return { behavior: "allow", updatedInput: { ...input, ...answer.change } };
      return answer.plain;
    };
    const one = open({ canUseTool, timeout });
    for (answer of answers) {
      one.say(answer.text);
      messages.push(await one.until("result"));
    }
    one.close();
    await all(one.session);
    return { asked, messages };
  },

  async control() {
    const one = open({ includePartialMessages: true });
    const found = {};
    found.commands = await one.session.supportedCommands();
    found.servers = await one.session.mcpServerStatus();
    found.models = await one.session.getAvailableModels();
    found.usage = await one.session.getContextUsage(true);
    found.effort = await one.session.setEffort("high");
    found.info = await one.session.getUsageInfo().catch((error) => error.message);
    found.mode = await one.session.setPermissionMode("nonsense").catch((error) => error.message);
    await one.session.setModel("second");
    await one.session.setPermissionMode("yolo");
    one.say("SLOW");
    found.streamed = await one.until("stream_event");
    await one.session.interrupt();
    found.interrupted = await one.until("result");
    one.close();
    await all(one.session);
    return found;
  },

  async mcp({ calls, timeout, everything }) {
    const numbers = { a: z.number(), b: z.number() };
    const text = (value) => ({ content: [{ type: "text", text: value }] });
    const tools = [
      tool("add", "adds", numbers, async ({ a, b }) => text(String(a + b))),
      tool("fail", "fails", {}, async () => {
        throw new Error("the numbers are on strike");
      }),
      tool("hang", "never ends", {}, () => new Promise(() => setTimeout(() => {}, 60_000).unref())),
      tool("echo", "repeats", { text: z.string() }, async ({ text: value }) => text(value)),
    ];
    const calc = createSdkMcpServer({ name: "calc", version: "1", tools });
    const asked = [];
    const canUseTool = async (name, input) => {
      asked.push({ name, input });
      return { behavior: "allow" };
    };
    const mcpServers = { calc, ...(everything ? { everything } : {}) };
    const one = open({ canUseTool, timeout, mcpServers });
    const before = await one.session.mcpServerStatus();
    const messages = [];
    for (const call of calls) {
      one.say(call);
      messages.push(await one.until("result"));
    }
    const status = await one.session.mcpServerStatus();
    one.close();
    await all(one.session);
    return { before, status, asked, messages };
  },

  async abort({ when }) {
    const abortController = new AbortController();
    const session = start("SLOW", { abortController, includePartialMessages: true });
    const messages = [];
    try {
      if (when === "at once") abortController.abort();
      for await (const message of session) {
        messages.push(message);
        if (message.type === "stream_event") abortController.abort();
      }
      return { messages };
    } catch (error) {
      return { messages, error: error.name };
    }
  },
};

const answer = await scenarios[scenario](config);
process.stdout.write(JSON.stringify(answer));
