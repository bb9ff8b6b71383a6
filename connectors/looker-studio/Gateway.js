/**
 * Asking the gateway: addresses, patience while data is still loading, and refusals as texts for people.
 *
 * @typedef {Array<[string, string]>} Words of a query string, in their order
 */

/** Seconds that one request may wait on the gateway. A fetch of Apps Script ends after about sixty. */
const WAIT = 40;
/** Seconds for one call of Looker Studio, loading included. Apps Script ends a call after six minutes. */
const BUDGET = 240;

/** What a person is told instead of a table. */
class Refusal extends Error {
  /**
   * @param {string} text
   * @param {string} debug
   */
  constructor(text, debug) {
    super(text);
    this.debug = debug;
  }
}

/** How much time is left for a call. */
class Patience {
  constructor() {
    this.end = Date.now() + BUDGET * 1000;
  }

  /**
   * Sleeps so long if that leaves time to ask again.
   *
   * @param {number} seconds
   */
  sleep(seconds) {
    if (Date.now() + (seconds + WAIT) * 1000 > this.end) return false;
    Utilities.sleep(seconds * 1000);
    return true;
  }
}

/**
 * One request. Credentials are in a header, never in the address.
 *
 * @param {Access} access
 * @param {string} path
 * @param {Words} words
 */
function fetchOnce(access, path, words) {
  const query = words.map(([name, value]) => encodeURIComponent(name) + '=' + encodeURIComponent(value)).join('&');
  return UrlFetchApp.fetch(access.base + path + (query ? '?' + query : ''), {
    method: 'get',
    headers: { 'X-API-Key': access.key },
    muteHttpExceptions: true,
    followRedirects: false,
  });
}

/**
 * The answer, when there is one in time. While the gateway is loading or overloaded it says when to come back.
 *
 * @param {string} path
 * @param {Words} words
 * @param {Patience} patience
 */
function fetchPatiently(path, words, patience) {
  for (;;) {
    let answer;
    try {
      answer = fetchOnce(access(), path, words);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw new Refusal('flattap cannot be reached at the moment. Try again in a minute.', String(error));
    }
    const status = answer.getResponseCode();
    if (status === 200) return answer;
    if (status === 429 || status === 503) {
      const after = Number(header(answer, 'Retry-After'));
      if (patience.sleep(after >= 1 && after <= 120 ? after : 5)) continue;
    }
    throw refusalOf(answer);
  }
}

/**
 * The answer's JSON.
 *
 * @param {string} path
 * @param {Words} words
 * @param {Patience} patience
 */
function fetchJson(path, words, patience) {
  const text = fetchPatiently(path, words, patience).getContentText('UTF-8');
  try {
    return JSON.parse(text);
  } catch (error) {
    // Apps Script cuts an answer off at fifty megabytes.
    throw new Refusal('This is more than Looker Studio can read at once. Choose fewer days.', String(error));
  }
}

/**
 * A header, however it is written.
 *
 * @param {GoogleAppsScript.URL_Fetch.HTTPResponse} answer
 * @param {string} name
 */
function header(answer, name) {
  /** @type {Object<string, any>} */
  const headers = answer.getAllHeaders();
  const found = Object.keys(headers).find((known) => known.toLowerCase() === name.toLowerCase());
  return found === undefined ? '' : String(headers[found]);
}

/**
 * What the gateway says of itself, for people: what is wrong, then what to do.
 *
 * @param {GoogleAppsScript.URL_Fetch.HTTPResponse} answer
 */
function refusalOf(answer) {
  const status = answer.getResponseCode();
  const text = answer.getContentText('UTF-8');
  let problem;
  try {
    problem = JSON.parse(text);
  } catch (error) {
    return new Refusal('flattap gave no readable answer (' + status + ').', text.slice(0, 300));
  }
  const debug = [status, problem.code, problem.request_id].filter(Boolean).join(' ');
  if (problem.code === 'table_loading') {
    const { days_done, days_total } = problem.progress || {};
    const progress = days_total ? ' ' + days_done + ' of ' + days_total + ' days are there.' : '';
    return new Refusal('This data is still being loaded from CleverTap.' + progress + ' Refresh in a few minutes.', debug);
  }
  return new Refusal([problem.detail || problem.title, problem.hint].filter(Boolean).join(' '), debug);
}

/**
 * Runs a call, and shows what goes wrong to the person at the report.
 *
 * @template T
 * @param {() => T} call
 * @returns {T}
 */
function forPeople(call) {
  try {
    return call();
  } catch (error) {
    const shown = error instanceof Refusal ? error : new Refusal('The connector failed. Tell whoever runs it.', String(error));
    DataStudioApp.createCommunityConnector()
      .newUserError()
      .setText(shown.message)
      .setDebugText(shown.debug)
      .throwException();
    throw shown; // `throwException` does not come back.
  }
}
