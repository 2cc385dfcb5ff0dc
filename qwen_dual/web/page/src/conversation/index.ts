export { apply, begin, empty } from "./apply";
export type * from "./types";
