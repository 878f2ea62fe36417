// The connection: one WebSocket carries the table once, then values, status and pictures as they change.
import { Controls } from "./controls.js";
import { showPicture } from "./previews.js";
import { showState, showStatus } from "./status.js";

const RETRY_MS = 1000;
const REFUSAL_MS = 5000;
let socket = null;
let refusalTimer = 0;
const controls = new Controls((address, value) => {
  if (socket?.readyState !== WebSocket.OPEN) return refuse("not sent: the program is not connected");
  socket.send(JSON.stringify({ kind: "set", address, value }));
});

function connect() {
  socket = new WebSocket(`ws://${location.host}/live`);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => (typeof data === "string" ? told(JSON.parse(data)) : showPicture(data));
  socket.onopen = () => document.body.classList.remove("lost");
  socket.onclose = () => {
    document.body.classList.add("lost");
    showState("no connection");
    setTimeout(connect, RETRY_MS);
  };
}

function told(message) {
  if (message.kind === "table") controls.build(message.controls);
  else if (message.kind === "values") controls.show(message.values);
  else if (message.kind === "status") showStatus(message.status);
  else if (message.kind === "report") refuse(message.reason);
  else if (message.kind === "elsewhere") showElsewhere(message.url);
}

function showElsewhere(url) {
  const shown = document.getElementById("elsewhere");
  shown.querySelector("img").src = "elsewhere.svg";
  shown.querySelector("code").textContent = url;
  shown.hidden = false;
}

function refuse(reason) {
  const line = document.getElementById("refusal");
  line.textContent = reason;
  line.hidden = false;
  clearTimeout(refusalTimer);
  refusalTimer = setTimeout(() => (line.hidden = true), REFUSAL_MS);
}

// The browser keeps what lets it in as a cookie; nobody needs to read it over a shoulder.
if (new URLSearchParams(location.search).has("token")) history.replaceState(null, "", location.pathname);
connect();
