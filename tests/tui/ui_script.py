"""What the model of ``ui_program`` says and calls, by the first word of a prompt."""

from __future__ import annotations

from typing import Any

CODE = """\
Here is **how** it goes, with `inline code`:

```python
def greet(name: str) -> str:
    # a comment
    return f"hello {name}" * 3
```

## Steps

1. First, read the *file*.
2. Then change it.

- one
- two

| name | size |
|------|------|
| a    | 1    |
| bbb  | 22   |

> quoted text

Done.
"""

DIFF = """\
--- a/hello.py
+++ b/hello.py
@@ -1,3 +1,3 @@
 def greet():
-    print("hello")
+    print("hello, world")
     return None"""


CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "todo": (
        "todo_write",
        {
            "todos": [
                {"id": "1", "content": "Read the file", "status": "completed"},
                {"id": "2", "content": "Change it", "status": "in_progress"},
                {"id": "3", "content": "Test it", "status": "pending"},
            ]
        },
    ),
    "ask": (
        "ask_user_question",
        {
            "questions": [
                {
                    "question": "Which colour?",
                    "options": [
                        {"label": "red", "description": "like a rose"},
                        {"label": "blue", "description": "like the sky"},
                    ],
                },
                {
                    "question": "Which sizes?",
                    "options": [{"label": "small"}, {"label": "large"}],
                    "multiSelect": True,
                },
            ]
        },
    ),
}
