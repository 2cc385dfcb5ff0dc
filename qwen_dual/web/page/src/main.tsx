import { render } from "preact";

render(<main>qwen-dual</main>, document.getElementById("page")!);
