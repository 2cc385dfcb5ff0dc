/** Questions of a model or a server as a form, and the answers as the program takes them. Pure. */

/** What an answer in words must be. */
export interface Rule {
  type?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  format?: string;
}

export interface Option {
  label: string;
  description: string;
}

export interface Question {
  /** What the answer goes by. */
  text: string;
  header: string;
  description: string;
  options: readonly Option[];
  /** Any number of options may be picked. */
  several: boolean;
  /** A text of one's own will do, beside the options or since there are none. */
  free: boolean;
  optional: boolean;
  default: string;
  rule: Rule | null;
}

/** What a person has filled in. */
export interface Filled {
  picked: readonly string[];
  own: string;
}

const MAX_TEXT = 10_000;
const WANTED: Readonly<Record<string, readonly [string, (text: string) => boolean]>> = {
  email: ["an e-mail address", (text) => /^[^@\s]+@[^@\s]+\.[^@\s.]+$/u.test(text)],
  uri: ["an address such as https://example.org", (text) => /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/u.test(text)],
  date: ["a date such as 2026-11-26", (text) => /^\d{4}-\d\d-\d\d$/.test(text) && isTime(text)],
  "date-time": [
    "a time such as 2026-11-26T09:30:00Z",
    (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/i.test(text) && isTime(text),
  ],
};

/** The questions in a call's input; what is malformed is left out. */
export function questionsIn(input: Readonly<Record<string, unknown>>): Question[] {
  const listed = Array.isArray(input["questions"]) ? input["questions"] : [];
  return listed.filter(isRecord).flatMap((asked) => {
    if (typeof asked["question"] !== "string") return [];
    const options = (Array.isArray(asked["options"]) ? asked["options"] : []).flatMap(optionOf);
    return [
      {
        text: asked["question"],
        header: textIn(asked, "header"),
        description: textIn(asked, "description"),
        options,
        several: Boolean(asked["multiSelect"]) && options.length > 0,
        free: options.length === 0 || asked["free"] !== false,
        optional: asked["optional"] === true,
        default: textIn(asked, "default"),
        rule: isRecord(asked["answer"]) ? (asked["answer"] as Rule) : null,
      },
    ];
  });
}

/** What stands in a form before anybody has filled it in. */
export function preset(question: Question): Filled {
  const labels = question.options.map((option) => option.label);
  if (labels.includes(question.default)) return { picked: [question.default], own: "" };
  const parts = question.several ? question.default.split(", ") : [];
  if (parts.length > 1 && parts.every((part) => labels.includes(part))) return { picked: parts, own: "" };
  return { picked: [], own: question.free ? question.default : "" };
}

/** The answer; empty for none. */
export function answerOf(question: Question, filled: Filled): string {
  const own = filled.own.trim();
  const picked = question.options.map((option) => option.label).filter((label) => filled.picked.includes(label));
  if (question.several) return [...picked, ...(own ? [own] : [])].join(", ");
  return own || (picked[0] ?? "");
}

/** What is wrong with what is filled in, as a sentence; null for nothing. */
export function problemOf(question: Question, filled: Filled): string | null {
  const answer = answerOf(question, filled);
  if (answer === "") return question.optional ? null : "Something is needed here.";
  if (question.options.length > 0 && !filled.own.trim()) return null;
  const { rule } = question;
  if (rule?.type === "number" || rule?.type === "integer") return numberProblem(rule, answer);
  const [least, most] = [rule?.minLength ?? 0, Math.min(rule?.maxLength ?? MAX_TEXT, MAX_TEXT)];
  const length = Array.from(answer).length;
  if (length < least || length > most) {
    return `It is to have ${least ? `${least} to` : "at most"} ${most} characters, and has ${length}.`;
  }
  const wanted = rule?.format ? WANTED[rule.format] : undefined;
  return wanted && !wanted[1](answer) ? `It is to be ${wanted[0]}.` : null;
}

/** What an answer in words is typed into: an `input` of this type. */
export function inputType(question: Question): "text" | "email" | "url" | "number" | "date" {
  const { type, format } = question.rule ?? {};
  if (type === "number" || type === "integer") return "number";
  if (format === "email" || format === "date") return format;
  return format === "uri" ? "url" : "text";
}

/** The call's input with the answers, as `updated_input` takes it. */
export function answered(
  input: Readonly<Record<string, unknown>>,
  questions: readonly Question[],
  filled: readonly Filled[],
): Record<string, unknown> {
  const answers: Record<string, string> = {};
  questions.forEach((question, index) => {
    const answer = answerOf(question, filled[index] ?? preset(question));
    if (answer) answers[question.text] = answer;
  });
  return { ...input, answers };
}

/** The address of a page that a server asks to have opened; null for anything but a page. */
export function pageToOpen(input: Readonly<Record<string, unknown>>): string | null {
  const url = input["url"];
  return typeof url === "string" && /^https?:\/\/[^\s/]/i.test(url) ? url : null;
}

function numberProblem(rule: Rule, text: string): string | null {
  const { minimum: low, maximum: high } = rule;
  let what = rule.type === "integer" ? "a whole number" : "a number";
  if (low !== undefined && high !== undefined) what += ` from ${low} to ${high}`;
  else if (low !== undefined) what += ` of ${low} or more`;
  else if (high !== undefined) what += ` of ${high} or less`;
  const value = Number(text);
  const fits =
    Number.isFinite(value) &&
    (rule.type !== "integer" || Number.isInteger(value)) &&
    value >= (low ?? -Infinity) &&
    value <= (high ?? Infinity);
  return fits ? null : `It is to be ${what}.`;
}

function isTime(text: string): boolean {
  return !Number.isNaN(Date.parse(text));
}

function optionOf(given: unknown): Option[] {
  if (typeof given === "string" && given) return [{ label: given, description: "" }];
  if (!isRecord(given) || typeof given["label"] !== "string" || !given["label"]) return [];
  return [{ label: given["label"], description: textIn(given, "description") }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textIn(record: Record<string, unknown>, key: string): string {
  const value = record[key];
  return typeof value === "string" ? value : "";
}
