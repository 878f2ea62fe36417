// Sends a picture to the program, which keeps it as a file.
import { complain } from "./dom.js";

// Its path there; undefined if it was not taken, which is said.
export async function upload(picture, name) {
  let answer;
  try {
    answer = await fetch(`/pictures?name=${encodeURIComponent(name)}`, { method: "POST", body: picture });
    const told = await answer.json();
    if (answer.ok) return told.path;
    complain("", `${name}: ${told.reason}`);
  } catch {
    const why = answer ? `the program answered ${answer.status}; try a smaller one` : "the program is not connected";
    complain("", `${name} was not taken: ${why}`);
  }
  return undefined;
}
