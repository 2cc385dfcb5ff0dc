/** What is loaded when the first code is shown. */
export { common, createLowlight } from "lowlight";
