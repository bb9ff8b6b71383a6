/**
 * flattap for Looker Studio: the functions that Looker Studio calls. Each is a few lines; the work is in the other
 * files, which share one scope with this one.
 */

/** How the viewer proves who they are: the gateway's address and a key. */
function getAuthType() {
  return { type: 'PATH_KEY', helpUrl: '' };
}

/**
 * @param {{pathKey: {path: string, key: string}}} request
 * @returns {{errorCode: 'NONE' | 'INVALID_CREDENTIALS'}}
 */
function setCredentials(request) {
  const access = { base: baseOf(request.pathKey.path), key: String(request.pathKey.key || '').trim() };
  if (!access.base || !access.key || !isAccepted(access)) return { errorCode: 'INVALID_CREDENTIALS' };
  keepAccess(access);
  return { errorCode: 'NONE' };
}

function isAuthValid() {
  const access = keptAccess();
  return access !== null && isAccepted(access);
}

function resetAuth() {
  forgetAccess();
}

/** Whether the person at the report sees the debug text of errors: nobody does. */
function isAdminUser() {
  return false;
}

/** @param {{configParams?: Object<string, string>}} request */
function getConfig(request) {
  return forPeople(() => configOf(request.configParams || {}));
}

/** @param {{configParams: Object<string, string>}} request */
function getSchema(request) {
  return forPeople(() => ({ schema: fieldsOf(request.configParams).map((field) => field.shown) }));
}

/** @param {GoogleAppsScript.Data_Studio.Request<Object<string, string>>} request */
function getData(request) {
  return forPeople(() => dataOf(request));
}
