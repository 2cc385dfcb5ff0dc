"""Measures for how long the loop of a program does one thing.

Put on the path of the program as ``sitecustomize``: it times every callback that the loop runs, in
processor time of the loop's own thread, so that a busy machine changes little, and keeps the longest
in the file that ``PAUSES`` names. Those count that run while a file of that name with ``.on`` behind
it is there: what is done before belongs to the start. One with ``.loaded`` appears when the last of
what is loaded late is there.
"""

SPY = """
import asyncio.events, os, sys, time

if "qwen_dual" in sys.orig_argv:
    run, longest = asyncio.events.Handle._run, [0.0]
    path, loaded = os.environ["PAUSES"], []

    def timed(self):
        began = time.thread_time()
        run(self)
        took = time.thread_time() - began
        if not loaded and "pygments.lexers.python" in sys.modules:
            loaded.append(True)
            open(path + ".loaded", "w").close()
        if took > longest[0] and os.path.exists(path + ".on"):
            longest[0] = took
            with open(path + ".new", "w") as file:
                file.write(f"{took} {self._callback!r}")
            os.rename(path + ".new", path)

    asyncio.events.Handle._run = timed
"""
