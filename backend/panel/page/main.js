// The page: what comes from the program goes to the part that shows it.
import { connect } from "./connection.js";
import { byId } from "./dom.js";
import { forgetEvents, showEvents } from "./events.js";
import { buildGroups } from "./groups.js";
import { ON_INSTRUMENT, buildInstrument } from "./instrument.js";
import { listKeys } from "./keys.js";
import { buildPictures } from "./pictures.js";
import { buildPresets, showLists } from "./presets.js";
import { listenForPresses } from "./presses.js";
import { showPicture } from "./previews.js";
import { showState, showStatus, showTrouble } from "./status.js";
import { toast } from "./toasts.js";
import { takeTable, takeValues } from "./values.js";

const HEARD = {
  table: ({ controls }) => takeTable(controls) && build(),
  values: ({ values }) => takeValues(values),
  status: ({ status, trouble }) => (showStatus(status), showTrouble(trouble, status.state)),
  events: ({ events }) => showEvents(events),
  lists: showLists,
  report: ({ address, reason }) => toast(address, reason, true),
  elsewhere: showElsewhere,
};

// Not when the connection comes back to the same program: whoever is typing goes on.
function build() {
  buildInstrument();
  buildPresets();
  buildPictures();
  buildGroups(ON_INSTRUMENT);
}

function connected(whether) {
  document.body.classList.toggle("lost", !whether);
  if (whether) return forgetEvents();
  showState("no connection");
  return showTrouble("the program is not connected; the page tries again every second");
}

function showElsewhere({ url }) {
  const shown = byId("elsewhere");
  shown.querySelector("img").src = "elsewhere.svg";
  shown.querySelector("code").textContent = url;
  shown.hidden = false;
}

// The browser keeps what lets it in as a cookie; nobody needs to read it over a shoulder.
if (new URLSearchParams(location.search).has("token")) history.replaceState(null, "", location.pathname);
document.addEventListener("complaint", ({ detail }) => toast(detail.address, detail.reason, true));
listKeys();
listenForPresses();
connect((message) => HEARD[message.kind]?.(message), showPicture, connected);
