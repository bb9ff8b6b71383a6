/**
 * The gateway's address and the viewer's key, kept for this viewer and this script alone.
 *
 * @typedef {{base: string, key: string}} Access
 */

const ADDRESS = 'flattap.address';
const KEY = 'flattap.key';

/**
 * The address with a slash at the end; empty when it is none. Plain HTTP would show the key to everybody on the way.
 *
 * @param {string} path
 */
function baseOf(path) {
  const address = String(path || '').trim().replace(/\/+$/, '').replace(/\/v1$/, '');
  return /^https:\/\/[^\s?#@]+$/i.test(address) ? address + '/' : '';
}

/** @returns {Access | null} */
function keptAccess() {
  const kept = PropertiesService.getUserProperties();
  const base = kept.getProperty(ADDRESS);
  const key = kept.getProperty(KEY);
  return base && key ? { base, key } : null;
}

/** @returns {Access} */
function access() {
  const kept = keptAccess();
  if (kept === null) throw new Refusal('Your key is not known here. Connect to flattap again.', '');
  return kept;
}

/** @param {Access} access */
function keepAccess(access) {
  PropertiesService.getUserProperties().setProperties({ [ADDRESS]: access.base, [KEY]: access.key });
}

function forgetAccess() {
  const kept = PropertiesService.getUserProperties();
  kept.deleteProperty(ADDRESS);
  kept.deleteProperty(KEY);
}

/**
 * Whether the gateway takes the key. A gateway that is down for a moment says nothing about it: then the key is taken
 * for good, or Looker Studio would ask everybody to connect again.
 *
 * @param {Access} access
 */
function isAccepted(access) {
  let answer;
  try {
    answer = fetchOnce(access, 'v1/', []);
  } catch (error) {
    return keptAccess() !== null;
  }
  const status = answer.getResponseCode();
  return status === 200 || (status >= 500 && keptAccess() !== null);
}
