import { Button } from "../ui/button";
import { copy } from "../ui/copy";
import { Dialog } from "../ui/dialog";
import { askedLink, follow } from "./links";

/** Shows where a link of the terminal leads before it is followed. */
export function LinkDialog() {
  const uri = askedLink.value;
  if (uri === null) return null;
  const close = () => (askedLink.value = null);
  return (
    <Dialog title="Open this link?" onClose={close}>
      <p>A program in the terminal has printed it:</p>
      <p class="remark">
        <code>{uri}</code>
      </p>
      <div class="actions">
        <Button onClick={close}>Cancel</Button>
        <Button onClick={() => void copy(uri, "Link")}>Copy</Button>
        <Button
          look="main"
          data-autofocus
          onClick={() => {
            close();
            follow(uri);
          }}
        >
          Open
        </Button>
      </div>
    </Dialog>
  );
}
