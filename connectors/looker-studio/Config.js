/**
 * The form of a data source, step by step: which table, which event, then what else this table takes. Every step is
 * made of what the gateway offers to this key.
 *
 * @typedef {{table: string, description: string, required: string, optional: string}} Table
 */

/** Words that every table takes, or that the connector sets itself. */
const SHARED = [
  'account', 'from', 'to', 'until', 'range', 'select', 'filter', 'orderby', 'top', 'skip', 'fresh', 'wait', 'partial',
  'headers', 'datetime', 'newlines', 'escape', 'bom', 'download', 'shape', 'where', 'event',
];

/** The words of `by`, where a table takes it; the first is what a report needs most. */
const BY = { event_trends: ['day', 'week', 'month'], other: ['day', 'total'] };

/**
 * The tables that a form can ask for. Looking up one person is no report.
 *
 * @param {Patience} patience
 * @returns {Table[]}
 */
function tablesOf(patience) {
  /** @type {Table[]} */
  const tables = fetchJson('v1/tables.json', [], patience);
  return tables.filter((table) => !table.required.includes(' or '));
}

/**
 * @param {string} list
 * @returns {string[]}
 */
function wordsIn(list) {
  return list.split(',').map((word) => word.trim()).filter(Boolean);
}

/** @param {Table} table */
function takes(table) {
  return wordsIn(table.required).concat(wordsIn(table.optional));
}

/** @param {Object<string, string>} chosen */
function configOf(chosen) {
  const connector = DataStudioApp.createCommunityConnector();
  const config = connector.getConfig();
  const patience = new Patience();
  const tables = tablesOf(patience);

  const select = config.newSelectSingle().setId('table').setName('Table').setIsDynamic(true);
  tables.forEach((table) => {
    const label = table.table.replace(/^views\./, 'View: ');
    select.addOption(config.newOptionBuilder().setLabel(label).setValue(table.table));
  });
  const table = tables.find((table) => table.table === chosen.table);
  if (table === undefined) {
    config.setIsSteppedConfig(true);
    return config.build();
  }

  config.newInfo().setId('about').setText(table.description);
  if (takes(table).includes('account') && !addAccounts(config, chosen, patience)) {
    config.setIsSteppedConfig(true);
    return config.build();
  }
  if (takes(table).includes('event')) addEvents(config, table, chosen, patience);
  addOwn(config, table);
  if (takes(table).includes('filter')) {
    config
      .newTextInput()
      .setId('filter')
      .setName('Only rows where')
      .setPlaceholder("prop_amount gt 100 and platform eq 'iOS'")
      .setHelpText('Optional: a condition in the grammar of OData.');
  }
  if (takes(table).includes('range')) config.setDateRangeRequired(true);
  config.setIsSteppedConfig(false);
  return config.build();
}

/**
 * The accounts, where the key sees several: each has events of its own. Whether one is chosen, or none is needed.
 *
 * @param {GoogleAppsScript.Data_Studio.Config} config
 * @param {Object<string, string>} chosen
 * @param {Patience} patience
 */
function addAccounts(config, chosen, patience) {
  /** @type {Array<{name: string}>} */
  const accounts = fetchJson('v1/', [], patience).accounts;
  if (accounts.length < 2) return true;
  const select = config.newSelectSingle().setId('account').setName('Account').setIsDynamic(true);
  accounts.forEach(({ name }) => {
    select.addOption(config.newOptionBuilder().setLabel(name).setValue(name));
  });
  return accounts.some(({ name }) => name === chosen.account);
}

/**
 * The events of the catalogue; a text field when the key may not read it.
 *
 * @param {GoogleAppsScript.Data_Studio.Config} config
 * @param {Table} table
 * @param {Object<string, string>} chosen
 * @param {Patience} patience
 */
function addEvents(config, table, chosen, patience) {
  const isNeeded = wordsIn(table.required).includes('event');
  /** @type {Array<{event_name: string}>} */
  let events;
  try {
    /** @type {Words} */
    const words = [['select', 'event_name'], ['orderby', 'event_name']];
    events = fetchJson('v1/event_catalog.json', words.concat(accountOf(chosen)), patience);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    config.newTextInput().setId('event').setName('Event').setHelpText('Exactly as CleverTap shows it.');
    return;
  }
  const select = config.newSelectSingle().setId('event').setName('Event');
  if (!isNeeded) select.setHelpText('Optional.');
  events.forEach(({ event_name }) => {
    select.addOption(config.newOptionBuilder().setLabel(event_name).setValue(event_name));
  });
}

/**
 * What only this table takes. Words without a value keep the gateway's default.
 *
 * @param {GoogleAppsScript.Data_Studio.Config} config
 * @param {Table} table
 */
function addOwn(config, table) {
  const required = wordsIn(table.required);
  ownWords(table).forEach((word) => {
    if (word === 'by') {
      const select = config.newSelectSingle().setId('by').setName('One row for each');
      const words = table.table === 'event_trends' ? BY.event_trends : BY.other;
      words.forEach((value) => select.addOption(config.newOptionBuilder().setLabel(value).setValue(value)));
      select.setHelpText(words[0] + ' when nothing is chosen.');
      return;
    }
    config
      .newTextInput()
      .setId(word)
      .setName(word.replace(/_/g, ' '))
      .setHelpText(required.includes(word) ? 'Needed.' : 'Optional.');
  });
}

/**
 * @param {Object<string, string>} chosen
 * @returns {Words}
 */
function accountOf(chosen) {
  return chosen.account ? [['account', chosen.account]] : [];
}

/** @param {Table} table */
function ownWords(table) {
  return takes(table).filter((word) => !SHARED.includes(word));
}
