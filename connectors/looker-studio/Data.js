/**
 * The rows of one chart: only its columns, only its days, in pages that Apps Script can hold.
 */

/** Cells of one page: some ten to twenty megabytes. Apps Script takes fifty. */
const CELLS = 400000;
/** Rows of a page that is cut no further. */
const LEAST = 500;
/** Rows that Looker Studio takes for one chart. */
const MOST = 1000000;

/** @param {GoogleAppsScript.Data_Studio.Request<Object<string, string>>} request */
function dataOf(request) {
  const chosen = request.configParams;
  const patience = new Patience();
  const table = tableOf(chosen, patience);
  const names = request.fields.map((field) => nameOf(field.name));
  const words = wordsOf(table, chosen).concat(
    isOfDays(table, chosen) ? periodOf(request.dateRange) : [],
    freshnessOf(request.scriptParams),
    [['wait', WAIT + 's']]
  );
  const { columns, rows } = table.table.startsWith('views.')
    ? viewOf(table, words, patience)
    : pagesOf(table, words, names, request.scriptParams, patience);
  const fields = names.map((name) => {
    const column = columns.find((column) => column.name === name);
    if (column === undefined) throw new Refusal('There is no column `' + name + '` any more. Refresh the fields.', '');
    return fieldOf(column, table, chosen);
  });
  return {
    schema: fields.map((field) => field.shown),
    rows: rows.map((row) => ({ values: fields.map((field) => field.cell(row[field.column.name])) })),
    filtersApplied: false,
  };
}

/**
 * @param {GoogleAppsScript.Data_Studio.DateRange | undefined} range
 * @returns {Words}
 */
function periodOf(range) {
  return range && range.startDate && range.endDate ? [['from', range.startDate], ['to', range.endDate]] : [];
}

/**
 * When somebody presses Refresh, what was read before that moment is too old. Minutes later the gateway's own rule is
 * the stricter one.
 *
 * @param {GoogleAppsScript.Data_Studio.ScriptParams | undefined} parameters
 * @returns {Words}
 */
function freshnessOf(parameters) {
  const written = parameters && parameters.lastRefresh;
  const moment = /^\d+$/.test(String(written)) ? Number(written) : Date.parse(String(written));
  const age = Math.round((Date.now() - moment) / 1000);
  return age >= 0 && age < 300 ? [['fresh', age + 's']] : [];
}

/**
 * A view's rows, which are those of a report already: they come in one piece.
 *
 * @param {Table} table
 * @param {Words} words
 * @param {Patience} patience
 * @returns {{columns: Column[], rows: Array<Object<string, any>>}}
 */
function viewOf(table, words, patience) {
  const answer = fetchJson(pathOf(table) + '.json', words.concat([['shape', 'envelope']]), patience);
  return { columns: answer.schema, rows: answer.rows };
}

/**
 * A table's rows, page by page, all of one state: when days are loaded anew in between, the pages would not fit
 * together, and the reading begins again.
 *
 * @param {Table} table
 * @param {Words} words
 * @param {string[]} names
 * @param {GoogleAppsScript.Data_Studio.ScriptParams | undefined} parameters
 * @param {Patience} patience
 * @returns {{columns: Column[], rows: Array<Object<string, any>>}}
 */
function pagesOf(table, words, names, parameters, patience) {
  const wanted = names.filter((name, index) => names.indexOf(name) === index);
  const isSample = Boolean(parameters && parameters.sampleExtraction);
  let size = isSample ? 100 : Math.max(LEAST, Math.floor(CELLS / Math.max(1, wanted.length)));
  for (let tries = 0; tries < 3; tries++) {
    const read = readPages(table, words.concat([['select', wanted.join(',')]]), size, isSample, patience);
    if (read.isWhole) return read;
    size = read.size;
  }
  throw new Refusal('The data changed while it was being read. Refresh in a minute.', '');
}

/**
 * @param {Table} table
 * @param {Words} words
 * @param {number} size
 * @param {boolean} isSample
 * @param {Patience} patience
 * @returns {{columns: Column[], rows: Array<Object<string, any>>, isWhole: boolean, size: number}}
 */
function readPages(table, words, size, isSample, patience) {
  /** @type {Column[]} */
  let columns = [];
  /** @type {Array<Object<string, any>>} */
  let rows = [];
  let state = '';
  for (;;) {
    const page = words.concat([['top', String(size)], ['skip', String(rows.length)], ['shape', 'envelope']]);
    const answer = fetchPatiently(pathOf(table) + '.json', page, patience);
    let read;
    try {
      read = JSON.parse(answer.getContentText('UTF-8'));
    } catch (error) {
      // Cut off by the limit of Apps Script: smaller pages.
      if (size <= LEAST) throw new Refusal('The rows of this table are too large. Choose fewer fields.', String(error));
      size = Math.max(LEAST, Math.floor(size / 4));
      continue;
    }
    const seen = header(answer, 'Last-Modified');
    if (rows.length > 0 && seen !== state) return { columns, rows, isWhole: false, size };
    state = seen;
    columns = read.schema;
    rows = rows.concat(read.rows);
    if (isSample || read.rows.length < size) return { columns, rows, isWhole: true, size };
    if (rows.length >= MOST) {
      throw new Refusal('More than a million rows: choose fewer days, or a table of counts.', '');
    }
  }
}
