// The page at `/`: takes the key, keeps it in this tab, and opens the explorer with it.

import { Asking } from "./asking.js";
import { element, fill, refusal, say } from "./elements.js";
import { Explorer } from "./explorer.js";

const KEPT = "flattap.key";
const main = document.getElementById("main");
const welcome = document.getElementById("welcome");
const place = document.getElementById("explorer");
const account = document.getElementById("account");
const refusedPlace = document.getElementById("refused");
const form = document.getElementById("sign-in");
const input = document.getElementById("key");

const root = new URL(".", location.href.split(/[?#]/)[0]);
// Where others reach this server: what its configuration says, else as this page was reached.
const base = main.dataset.base || root.href;
let explorer = null;

for (const shown of document.querySelectorAll("[data-fill=base]")) shown.textContent = base;
form.hidden = false;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (input.value.trim()) signIn(input.value.trim());
});
document.getElementById("use-offered")?.addEventListener("click", () => signIn(main.dataset.offeredKey));
document.getElementById("use-none")?.addEventListener("click", () => signIn(""));
document.getElementById("sign-out").addEventListener("click", () => {
  signOut();
  say("Signed out");
});
place.addEventListener("signedout", ({ detail }) => signOut(detail));

// An empty key is none: some servers answer without.
async function signIn(key) {
  fill(refusedPlace);
  // A header takes no other characters, and no key has any. Without a key there is no header.
  if (!/^[\x21-\x7e]*$/.test(key)) {
    return showRefused(new Error("A key has letters, digits and signs only, and no spaces. Was something else copied with it?"));
  }
  const asking = new Asking(root, key);
  const buttons = form.querySelectorAll("button");
  buttons.forEach((button) => (button.disabled = true));
  try {
    const index = await asking.json("v1/");
    const tables = await asking.json("v1/tables.json");
    sessionStorage.setItem(KEPT, key);
    input.value = "";
    welcome.hidden = true;
    place.hidden = false;
    account.hidden = false;
    const zones = [...new Set(index.accounts.map((account) => account.timezone))];
    document.getElementById("caller").textContent = zones.length === 1 ? `Days in ${zones[0]}` : "";
    if (tables.length === 0 || index.accounts.length === 0) {
      fill(place, element("div", { class: "empty alone" }, element("p", {}, `This key may read no ${tables.length === 0 ? "table" : "account"}. Whoever runs this server can give it some.`)));
      return;
    }
    explorer = new Explorer(place, asking, base, { accounts: index.accounts, tables });
    await explorer.show();
  } catch (error) {
    sessionStorage.removeItem(KEPT);
    showRefused(error);
  } finally {
    buttons.forEach((button) => (button.disabled = false));
  }
}

function signOut(why) {
  sessionStorage.removeItem(KEPT);
  explorer?.stop();
  explorer = null;
  fill(place);
  place.hidden = true;
  account.hidden = true;
  welcome.hidden = false;
  history.replaceState(null, "", location.pathname + location.search);
  fill(refusedPlace);
  if (why) showRefused(why);
  input.focus();
}

function showRefused(error) {
  fill(refusedPlace, refusal(error));
}

const kept = sessionStorage.getItem(KEPT);
if (kept !== null) signIn(kept);
