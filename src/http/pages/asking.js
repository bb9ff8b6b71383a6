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
