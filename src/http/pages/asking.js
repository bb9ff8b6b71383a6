// Asks the gateway with the visitor's key. The key goes into a header and nowhere else.

// A refusal in the gateway's words.
export class Refused extends Error {
  constructor(status, problem, retryAfter) {
    super(problem?.detail ?? `The server answered ${status}.`);
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

export class Asking {
  // `root` is the address of this page, below which everything is.
  constructor(root, key) {
    this.root = root;
    this.key = key;
  }

  async ask(path, { method = "GET", headers = {}, signal } = {}) {
    let answer;
    try {
      answer = await fetch(new URL(path, this.root), {
        method,
        headers: this.key ? { Authorization: `Bearer ${this.key}`, ...headers } : headers,
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
        referrerPolicy: "no-referrer",
        signal,
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Error("The server cannot be reached. Is it still running, and are you still connected?");
    }
    if (answer.ok) return answer;
    const isProblem = (answer.headers.get("Content-Type") ?? "").startsWith("application/problem+json");
    const problem = isProblem ? await answer.json().catch(() => null) : null;
    if (signal?.aborted) throw new DOMException("Stopped", "AbortError");
    throw new Refused(answer.status, problem, Number(answer.headers.get("Retry-After")) || null);
  }

  async json(path, options) {
    return (await this.ask(path, options)).json();
  }

  // Asks and waits until the data is loaded. Meanwhile `onProgress` hears of the jobs that it waits for: of those that
  // `concerns` takes for such.
  async askUntilLoaded(path, { signal, headers, onProgress, concerns = () => false } = {}) {
    for (let tries = 0; ; ) {
      const watching = new AbortController();
      try {
        const asked = this.ask(path, { signal, headers });
        if (onProgress) this.watch(concerns, onProgress, watching.signal);
        return await asked;
      } catch (error) {
        const code = error.problem?.code;
        // Too many at once, or for this key: that passes.
        const isBusy = ["request_too_many", "request_rate_limited"].includes(code) && tries < 5;
        if (code !== "table_loading" && !isBusy) throw error;
        if (error.problem.progress) onProgress?.({ ...error.problem.progress, seconds_left: null });
        tries += isBusy ? 1 : 0;
        await rest(1000 * Math.min(error.retryAfter ?? 2, 10), signal);
      } finally {
        watching.abort();
      }
    }
  }

  // Looks at what is loading, until it is stopped. Whatever goes wrong here is no matter: the request itself will say.
  async watch(concerns, onProgress, signal) {
    try {
      for (;;) {
        await rest(700, signal);
        const jobs = (await this.json("v1/jobs", { signal })).filter((job) => job.state === "running" && concerns(job));
        if (jobs.length === 0 || signal.aborted) continue;
        const sum = (part) => jobs.reduce((sum, job) => sum + job[part], 0);
        onProgress({
          days_done: sum("days_done"),
          days_total: sum("days_total"),
          rows: sum("rows"),
          seconds_left: Math.max(...jobs.map((job) => job.seconds_left ?? 0)) || null,
        });
      }
    } catch {
      // Stopped, or not to be had.
    }
  }
}

// Tables that are made of another one's rows are loaded as that one.
const MADE_OF = { event_items: "events", profile_devices: "profiles", profile_events: "profiles" };

// Which jobs load what is asked for. A saved query may read anything.
export function concernsOf({ table, account, events }) {
  const tables = [table, MADE_OF[table]];
  return (job) =>
    (!account || job.account === account) &&
    (table.startsWith("views.") || (tables.includes(job.table) && (!job.event || events.length === 0 || events.includes(job.event))));
}

// The lines of an answer of one record a line. A transfer that breaks off throws, so that no part of a table is taken for
// the whole; who stops reading ends the transfer.
export async function* linesOf(answer) {
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop();
      yield* lines.filter((line) => line !== "");
    }
    rest += decoder.decode();
    if (rest !== "") yield rest;
  } finally {
    reader.cancel().catch(() => {});
  }
}

// The first records of such an answer.
export async function firstOf(answer, most) {
  const records = [];
  for await (const line of linesOf(answer)) {
    records.push(JSON.parse(line));
    if (records.length === most) break;
  }
  return records;
}

function rest(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const stopped = () => {
      clearTimeout(timer);
      reject(new DOMException("Stopped", "AbortError"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stopped);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stopped();
    else signal?.addEventListener("abort", stopped, { once: true });
  });
}
