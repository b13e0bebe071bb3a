// The line under the head that tells of a lost connection, and offers to try at once.
import { say } from "./strings.js";

const SHORT = 700; // ms: a gap like this (the server restarts, the line blinks) needs no words

export function tellOfConnection(socket) {
  const line = document.getElementById("notice");
  const [words, retry] = line.children;
  let timer;

  function notice(sentence) {
    words.textContent = sentence;
    retry.hidden = socket.ended;
    line.hidden = !sentence;
  }

  socket.addEventListener("down", ({ detail: { seconds, failures } }) => {
    clearTimeout(timer);
    const sentence = failures > 1 ? say("offline", { seconds }) : say("reconnecting");
    timer = setTimeout(() => notice(sentence), failures > 1 ? 0 : SHORT);
  });
  socket.addEventListener("up", () => {
    clearTimeout(timer);
    notice("");
  });
  socket.addEventListener("gone", () => {
    clearTimeout(timer);
    notice(say("gone"));
  });
  retry.addEventListener("click", () => socket.retry());
}
