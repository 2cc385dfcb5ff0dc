/** Questions of the model, or of a server, as a form. */

import { useId, useRef, useState } from "preact/hooks";
import { Button } from "../ui/button";
import type { AskedProps } from "./approval";
import { answered, type Filled, inputType, preset, problemOf, type Question, questionsIn } from "./questions";
import { respond } from "./responding";
import { unsentOf } from "./unsent";
import { useGuard } from "./use_guard";
import { visible, visibleLine } from "./visible";

export function QuestionForm({ session, request, asker, count }: AskedProps) {
  const { input } = request.request;
  const questions = questionsIn(input);
  const form = useRef<HTMLFormElement>(null);
  const place = useRef<HTMLElement>(null);
  const guard = useGuard(place, request.id, () => undefined);
  const early = !guard.ready.value;
  const unsent = unsentOf(session.key, request.id);
  const filled = unsent.filled.value ?? questions.map(preset);
  const [checked, setChecked] = useState(false);
  const [refused, setRefused] = useState("");
  const [sent, setSent] = useState(false);
  const may = session.may("approve");
  const problems = questions.map((question, index) => problemOf(question, filled[index] ?? preset(question)));

  const give = async (allowed: boolean): Promise<void> => {
    if (sent || early) return;
    if (allowed && problems.some(Boolean)) {
      setChecked(true);
      const first = problems.findIndex(Boolean);
      form.current?.querySelector<HTMLElement>(`[data-question="${first}"] input`)?.focus();
      return;
    }
    setSent(true);
    const more = allowed ? { updated_input: answered(input, questions, filled) } : {};
    const response = { type: "confirmation_response", request_id: request.id, allowed, ...more };
    setRefused(await respond(session, response));
    setSent(false);
  };
  const message = input["message"];
  return (
    <section class="request" ref={place} tabIndex={-1} data-autofocus data-request={request.id} aria-labelledby={`q-${request.id}`}>
      <h2 id={`q-${request.id}`}>
        {asker && <span class="asker">{asker} asks: </span>}
        {questions.length > 1 ? `${questions.length} questions` : "A question"} {count && <span class="count">{count}</span>}
      </h2>
      {typeof message === "string" && message && <p class="said">{visible(message, "prose")}</p>}
      <form
        ref={form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void give(true);
        }}
      >
        <div class="whole">
          {questions.map((question, index) => (
            <Asked
              key={question.text}
              index={index}
              question={question}
              filled={filled[index] ?? preset(question)}
              words={session.may("submit")}
              problem={checked ? (problems[index] ?? null) : null}
              onFill={(one) => (unsent.filled.value = filled.map((each, at) => (at === index ? one : each)))}
            />
          ))}
        </div>
        {refused && (
          <p class="refused" role="alert">
            {refused}
          </p>
        )}
        {may && (
          <div class={`ways row ${early ? "early" : ""}`}>
            <Button look="main" type="submit" disabled={sent} aria-disabled={early}>
              Answer
            </Button>
            <Button disabled={sent} aria-disabled={early} onClick={() => void give(false)}>
              Decline
            </Button>
          </div>
        )}
      </form>
    </section>
  );
}

interface QuestionProps {
  index: number;
  question: Question;
  filled: Filled;
  /** The person may answer in words of their own. */
  words: boolean;
  problem: string | null;
  onFill(filled: Filled): void;
}

function Asked({ index, question, filled, words, problem, onFill }: QuestionProps) {
  const id = useId();
  const several = question.several;
  const pick = (label: string, on: boolean): void => {
    if (several) onFill({ ...filled, picked: on ? [...filled.picked, label] : filled.picked.filter((each) => each !== label) });
    else onFill({ picked: [label], own: "" });
  };
  return (
    <fieldset data-question={index} aria-describedby={problem ? `${id}-problem` : undefined}>
      <legend>
        {question.header && <span class="quiet">{visibleLine(question.header)} · </span>}
        {visible(question.text, "code")}
        {question.optional && <span class="quiet"> (optional)</span>}
        {several && <span class="quiet"> (several may be chosen)</span>}
      </legend>
      {question.description && <p class="quiet">{visible(question.description, "prose")}</p>}
      {question.options.map(({ label, description }) => (
        <label class="option" key={label}>
          <input
            type={several ? "checkbox" : "radio"}
            name={id}
            checked={filled.picked.includes(label)}
            onChange={(event) => pick(label, event.currentTarget.checked)}
          />
          <span>
            {visible(label, "code")}
            {description && <span class="quiet">{visible(description, "prose")}</span>}
          </span>
        </label>
      ))}
      {question.free && words && (
        <input
          class="input"
          {...({ type: inputType(question), step: question.rule?.type === "number" ? "any" : undefined } as object)}
          aria-label={question.options.length ? `In your own words: ${visibleLine(question.text)}` : visibleLine(question.text)}
          placeholder={question.options.length ? "In your own words" : ""}
          value={filled.own}
          onInput={(event) => {
            const own = event.currentTarget.value;
            onFill({ picked: several || !own.trim() ? filled.picked : [], own });
          }}
        />
      )}
      {problem && (
        <p class="refused" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </fieldset>
  );
}
