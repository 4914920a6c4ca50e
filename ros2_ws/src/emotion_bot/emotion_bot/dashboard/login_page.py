"""The form that asks for the token. It is plain HTML: nothing else is served without one."""

from __future__ import annotations

import html

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>emotion_bot</title>
<style>
:root {{ --ground: #f7f5f1; --card: #fff; --ink: #23262d; --soft: #5d636e; --line: #dedad2;
  --accent: #2f6f67; --on-accent: #fff; --warn: #a3341f; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ground: #14161a; --card: #1c1f25; --ink: #e8e6e1;
  --soft: #a3a8b2; --line: #31353d; --accent: #7cc4b6; --on-accent: #10211e; --warn: #ff9d86; }} }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }}
form {{ width: min(22rem, 90vw); padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 14px; display: grid; gap: .9rem; }}
h1 {{ margin: 0; font-size: 1.25rem; }}
p {{ margin: 0; color: var(--soft); }}
.warn {{ color: var(--warn); }}
input, button {{ font: inherit; padding: .6rem .8rem; border-radius: 9px; }}
input {{ border: 1px solid var(--line); background: var(--ground); color: inherit; }}
button {{ border: 0; background: var(--accent); color: var(--on-accent); cursor: pointer; }}
:focus-visible {{ outline: 3px solid var(--accent); outline-offset: 2px; }}
</style>
</head>
<body>
<form method="post" action="/login">
<h1>emotion_bot</h1>
<p>This robot shows its page to whoever knows its token.</p>
{message}
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button type="submit">Open</button>
</form>
</body>
</html>
"""


def login_page(message: str = "") -> str:
    """Return the page, with a message when the last attempt failed."""
    shown = f'<p class="warn" role="alert">{html.escape(message)}</p>' if message else ""
    return _PAGE.format(message=shown)
