import { PROTOCOL } from "../wire";
import { proof } from "./proof";

/** What of the browser a connection needs: sockets, time, chance, and news of the network and the tab. */
export interface Surroundings {
  /** A WebSocket to a path below the page's own address. */
  connect(path: string): WebSocket;
  now(): number;
  random(): number;
  /** Calls back after so many milliseconds; what it returns takes that back. */
  after(milliseconds: number, callback: () => void): () => void;
  /** Calls back when the network or the tab comes back; what it returns ends that. */
  onReturn(callback: (network: boolean) => void): () => void;
}

export const browser: Surroundings = {
  connect(path) {
    const url = new URL(path, document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return new WebSocket(url, [PROTOCOL, proof()]);
  },
  now: () => performance.now(),
  random: Math.random,
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
  onReturn(callback) {
    const online = () => callback(true);
    const visible = () => {
      if (document.visibilityState === "visible") callback(false);
    };
    window.addEventListener("online", online);
    window.addEventListener("pageshow", visible);
    document.addEventListener("visibilitychange", visible);
    return () => {
      window.removeEventListener("online", online);
      window.removeEventListener("pageshow", visible);
      document.removeEventListener("visibilitychange", visible);
    };
  },
};
