// The line under the head that reports a lost connection, a silent server or an ended session, and
// offers a remedy.
import { say } from "../shared/strings.js";

const SHORT = 700; // ms: a gap this short (the server restarts) is not reported
const OVER = 4000; // ms that the end of an outage is shown

export function tellOfConnection(socket) {
  const line = document.getElementById("notice");
  const [words, retry, login, list] = line.children;
  let timer;
  let silence = false; // it was reported that the server doesn't answer

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
