"""What a model is told of calls that were not run, or not to their end."""

DENIED = "The person did not allow this call."
DECLINED = "The person declined to answer."
INTERRUPTED = "Interrupted before it finished."
CUT_OFF = (
    "The answer reached your limit of output tokens in the middle of this call, so its arguments "
    "are not whole and it was not run. Make the same call in smaller pieces: write a long file in "
    "several steps, each well below the limit."
)
SKIPPED = "Not run: an earlier call of the same message was not allowed."

CHANGED_TOO = (
    "Nothing is allowed beyond this once: the answer changed the input, and what was offered to be "
    "remembered is about the call as it was."
)
