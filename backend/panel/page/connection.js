// One WebSocket carries the table once, then values, status, errors and pictures as they change.
const RETRY_MS = 1000;
let socket = null;

// heard(message) gets what is JSON, pictured(buffer) the previews, connected(whether) each change of that.
export function connect(heard, pictured, connected) {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => (typeof data === "string" ? heard(JSON.parse(data)) : pictured(data));
  socket.onopen = () => connected(true);
  socket.onclose = () => {
    connected(false);
    setTimeout(() => connect(heard, pictured, connected), RETRY_MS);
  };
}

// Whether it could be sent.
export function send(message) {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(message));
  return true;
}
