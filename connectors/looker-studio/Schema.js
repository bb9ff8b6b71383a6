/**
 * The columns of a table as fields of Looker Studio: types, dates in its form, and which numbers may be added up.
 *
 * @typedef {{name: string, type: string, description?: string, time_zone?: string | null}} Column as the gateway describes it
 * @typedef {{column: Column, shown: Object<string, any>, cell: (value: any) => any}} Field
 */

/** Tables whose numbers count people or what is true of one moment: adding them up counts people twice. */
const NOT_SUMMED = { profile_counts: ['count'], realtime_counts: ['count'] };
/** Names of averages, shares and counts of people or of different things, in metrics and in views of one's own. */
const NOT_ADDITIVE =
  /(^|_)(rate|ratio|ctr|cvr|share|percent|percentage|pct|avg|average|mean|median|unique|uniques|distinct|people|users|persons|customers|visitors|devices)(_|$)/;
/** Numbers that name something. */
const LABEL = /^ts$|(^|_)(id|index|year|month|week|day|hour)$/;

/**
 * @param {Object<string, string>} chosen
 * @returns {Field[]}
 */
function fieldsOf(chosen) {
  const patience = new Patience();
  const table = tableOf(chosen, patience);
  return columnsOf(table, chosen, patience).map((column) => fieldOf(column, table, chosen));
}

/**
 * @param {Object<string, string>} chosen
 * @param {Patience} patience
 * @returns {Table}
 */
function tableOf(chosen, patience) {
  const table = tablesOf(patience).find((table) => table.table === chosen.table);
  if (table === undefined) throw new Refusal('The table `' + chosen.table + '` is no longer offered to your key.', '');
  return table;
}

/**
 * The columns, asked together with rows: those of an event that nobody has read yet are known only when a day of it is
 * loaded. No row of a table is sent for it. A view has no way to leave out its rows, so its period is a short one.
 *
 * @param {Table} table
 * @param {Object<string, string>} chosen
 * @param {Patience} patience
 * @returns {Column[]}
 */
function columnsOf(table, chosen, patience) {
  const words = wordsOf(table, chosen).concat([['shape', 'envelope'], ['wait', WAIT + 's']]);
  const isPeriodic = isOfDays(table, chosen);
  const isView = table.table.startsWith('views.');
  if (isPeriodic) words.push(['range', isView ? 'yesterday' : 'last_7_days']);
  if (!isView) words.push(['top', '0']);
  /** @type {Column[]} */
  const columns = fetchJson(pathOf(table) + '.json', words, patience).schema;
  if (isView) return columns;
  /** @type {Column[]} */
  const described = fetchJson('v1/tables/' + table.table + '/schema.json', wordsOf(table, chosen), patience);
  const description = new Map(described.map((column) => [column.name, descriptionOf(column)]));
  return columns.map((column) => ({ ...column, description: description.get(column.name) }));
}

/**
 * What a column means, and on whose clock its times are: Looker Studio keeps no zone.
 *
 * @param {Column} column
 */
function descriptionOf(column) {
  const clock = column.time_zone === 'UTC' ? 'In UTC.' : column.time_zone ? "In the project's time zone." : '';
  return [column.description, clock].filter(Boolean).join(' ');
}

/**
 * Whether the rows are those of a period. What has an id needs none.
 *
 * @param {Table} table
 * @param {Object<string, string>} chosen
 */
function isOfDays(table, chosen) {
  return takes(table).includes('range') && !(takes(table).includes('id') && chosen.id);
}

/** @param {Table} table */
function pathOf(table) {
  return table.table.startsWith('views.') ? 'v1/views/' + table.table.slice(6) : 'v1/' + table.table;
}

/**
 * What chooses the rows, without their period.
 *
 * @param {Table} table
 * @param {Object<string, string>} chosen
 * @returns {Words}
 */
function wordsOf(table, chosen) {
  /** @type {Words} */
  const words = [];
  const add = (/** @type {string} */ name, /** @type {string | undefined} */ value) => {
    if (value !== undefined && value !== null && String(value).trim() !== '') words.push([name, String(value).trim()]);
  };
  const known = takes(table);
  ['event', 'filter', 'account'].filter((word) => known.includes(word)).forEach((word) => add(word, chosen[word]));
  ownWords(table).forEach((word) => add(word, word === 'by' ? chosen.by || 'day' : chosen[word]));
  return words;
}

/**
 * @param {Column} column
 * @param {Table} table
 * @param {Object<string, string>} chosen
 * @returns {Field}
 */
function fieldOf(column, table, chosen) {
  const shown = { name: idOf(column.name), label: column.name, description: column.description || '' };
  const dimension = (/** @type {string} */ dataType, /** @type {string} */ semanticType) => ({
    ...shown,
    dataType,
    semantics: { conceptType: 'DIMENSION', semanticType },
  });
  switch (column.type) {
    case 'date':
      return { column, shown: dimension('STRING', 'YEAR_MONTH_DAY'), cell: digits(8) };
    case 'timestamp':
      return { column, shown: dimension('STRING', 'YEAR_MONTH_DAY_SECOND'), cell: digits(14) };
    case 'boolean':
      return { column, shown: dimension('BOOLEAN', 'BOOLEAN'), cell: same };
    case 'integer':
    case 'number': {
      if (LABEL.test(column.name)) return { column, shown: dimension('NUMBER', 'NUMBER'), cell: same };
      const isSummed = mayBeSummed(column.name, table, chosen);
      const metric = {
        ...shown,
        dataType: 'NUMBER',
        defaultAggregationType: isSummed ? 'SUM' : 'AUTO',
        semantics: { conceptType: 'METRIC', semanticType: 'NUMBER', isReaggregatable: isSummed },
      };
      return { column, shown: metric, cell: same };
    }
    default:
      return { column, shown: dimension('STRING', 'TEXT'), cell: same };
  }
}

/**
 * @param {string} name
 * @param {Table} table
 * @param {Object<string, string>} chosen
 */
function mayBeSummed(name, table, chosen) {
  /** @type {Object<string, string[]>} */
  const not = NOT_SUMMED;
  if ((not[table.table] || []).includes(name) || NOT_ADDITIVE.test(name)) return false;
  return !(table.table === 'event_trends' && name === 'value' && chosen.unique === '1');
}

/**
 * A name that Looker Studio takes. Column names can hold letters of every language.
 *
 * @param {string} name
 */
function idOf(name) {
  if (/^[a-zA-Z][a-zA-Z0-9_]*$/.test(name) && !/^x[0-9a-f]+$/.test(name)) return name;
  return 'x' + Array.from(name, (letter) => ('00000' + (letter.codePointAt(0) || 0).toString(16)).slice(-6)).join('');
}

/**
 * The column behind such a name.
 *
 * @param {string} id
 */
function nameOf(id) {
  if (!/^x[0-9a-f]+$/.test(id)) return id;
  return (id.slice(1).match(/.{6}/g) || []).map((code) => String.fromCodePoint(parseInt(code, 16))).join('');
}

/** @param {any} value */
function same(value) {
  return value;
}

/**
 * A day or a moment as so many digits: `20261101`, `20261101124711`.
 *
 * @param {number} count
 */
function digits(count) {
  return (/** @type {string | null} */ value) =>
    value === null || value === '' ? null : value.replace(/\D/g, '').slice(0, count);
}
