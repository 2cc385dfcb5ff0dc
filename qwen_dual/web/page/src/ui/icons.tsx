import type { ComponentChildren } from "preact";

/** A drawing of 16 by 16 beside a word, or in a control that has a name: it says nothing by itself. */
function Drawing({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon-drawing" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

const drawn = (path: string) => () => (
  <Drawing>
    <path d={path} />
  </Drawing>
);

export const CloseIcon = drawn("M4 4l8 8M12 4l-8 8");
export const PlusIcon = drawn("M8 3v10M3 8h10");
export const CheckIcon = drawn("M3 8.5l3.5 3.5L13 4.5");
export const CopyIcon = drawn("M6 6h7v7H6zM10 6V3H3v7h3");
export const DownIcon = drawn("M4 6l4 4 4-4");
export const UpIcon = drawn("M4 10l4-4 4 4");
export const RightIcon = drawn("M6 4l4 4-4 4");
export const SidebarIcon = drawn("M2.5 3h11v10h-11zM6.5 3v10");
export const SplitIcon = drawn("M2.5 3h11v10h-11zM8 3v10");
export const TerminalIcon = drawn("M2.5 3h11v10h-11zM5 6l2 2-2 2M8.5 10.5H11");
export const ChatIcon = drawn("M2.5 3h11v8H7l-3 2.5V11H2.5z");
export const SearchIcon = drawn("M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3L14 14");
export const LinkIcon = drawn("M6.5 9.5l3-3M7 5l1.5-1.5a2.8 2.8 0 0 1 4 4L11 9M9 11l-1.5 1.5a2.8 2.8 0 0 1-4-4L5 7");
export const SunIcon = drawn(
  "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M12.6 3.4l-.7.7M4.1 11.9l-.7.7",
);
export const MoonIcon = drawn("M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z");
export const MoreIcon = drawn("M3.5 8h.01M8 8h.01M12.5 8h.01");
export const BellIcon = drawn("M4 11V7.5a4 4 0 0 1 8 0V11l1 1.5H3zM6.8 14h2.4");
export const KeysIcon = drawn("M1.5 4.5h13v7h-13zM4 7h.01M6.5 7h.01M9 7h.01M11.5 7h.01M5 9.5h6");
export const LeaveIcon = drawn("M9 3H3.5v10H9M7 8h6.5M11 5.5L13.5 8 11 10.5");
export const FolderIcon = drawn("M2 4h4l1.5 1.5H14V12.5H2z");
export const StopIcon = drawn("M4.5 4.5h7v7h-7z");
export const SendIcon = drawn("M8 13V3.5M4 7.5l4-4 4 4");
export const EditIcon = drawn("M3 13l.7-2.8L10.8 3 13 5.2 5.8 12.3z");
export const TrashIcon = drawn("M3 4.5h10M6 4.5V3h4v1.5M4.5 4.5l.5 8.5h6l.5-8.5");
export const WarningIcon = drawn("M8 2.5L14 13H2zM8 6.5V9.5M8 11.5h.01");
export const ImageIcon = drawn("M2.5 3h11v10h-11zM2.5 11l3.5-3.5 3 3 1.5-1.5 3 3M10.5 6h.01");
export const BackIcon = drawn("M6 3L2.5 6.5 6 10M2.5 6.5H10a3.5 3.5 0 0 1 0 7H7");
export const GearIcon = drawn("M2.5 5h6M11.5 5h2M2.5 11h2M7.5 11h6M10 3.5v3M6 9.5v3");
