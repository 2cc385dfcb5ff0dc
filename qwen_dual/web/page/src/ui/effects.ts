/**
 * Has effects run as soon as what they belong to is in the page, and not a frame later, as Preact has them by default:
 * a key, a click or a message that came between found a page that was not ready for it, or was undone by it.
 */

import { options } from "preact";

options.requestAnimationFrame = (run) => queueMicrotask(run);
