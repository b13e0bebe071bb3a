// The line under the head that tells of a lost connection, a silent server or an ended session, and
// offers what can be done about it.
import { say } from "../shared/strings.js";

const SHORT = 700; // ms: a gap like this (the server restarts, the line blinks) needs no words
const OVER = 4000; // ms: so long it stands there that it is over

export function tellOfConnection(socket) {
  const line = document.getElementById("notice");
  const [words, retry, login, list] = line.children;
  let timer;
  let silence = false; // it was said that the server doesn't answer

  function notice(sentence, { offers = null } = {}) {
    clearTimeout(timer);
    words.textContent = sentence;
    retry.hidden = offers !== retry;
    login.hidden = offers !== login;
    list.hidden = offers !== list;
    line.hidden = !sentence;
  }

  function over() {
    notice(silence ? say("answersAgain") : "");
    if (silence) timer = setTimeout(() => notice(""), OVER);
    silence = false;
  }

  socket.addEventListener("down", ({ detail: { seconds, failures } }) => {
    clearTimeout(timer);
    if (socket.offline && !navigator.onLine) return;
    const sentence = failures > 1 ? say("offline", { seconds }) : say("reconnecting");
    timer = setTimeout(() => notice(sentence, { offers: retry }), failures > 1 ? 0 : SHORT);
  });
  socket.addEventListener("up", over);
  socket.addEventListener("heard", over);
  socket.addEventListener("silent", () => {
    silence = true;
    notice(say("silent"));
  });
  socket.addEventListener("offline", () => notice(say("away")));
  addEventListener("online", () => socket.offline && notice(say("reconnecting"), { offers: retry }));
  socket.addEventListener("out", () => notice(say("loggedOut"), { offers: login }));
  socket.addEventListener("gone", () => notice(say("deleted"), { offers: list }));
  retry.addEventListener("click", () => socket.retry());
}
