"""Prints how to reach a running sandbox with a softphone, from the JSON that the sandbox keeps."""

import json
import sys
from pathlib import Path

file = Path(sys.argv[1]).resolve()
box = json.loads(file.read_text(encoding="utf-8"))
sip, caller, agent = f"{box['sip']['host']}:{box['sip']['port']}", box["caller"], box["agents"][0]
print(f"""
Everything is still running. With a softphone on this machine:
  as a caller   account {caller["username"]}@{sip}, password {caller["password"]}, then dial {caller["extension"]}
  as an agent   account {agent["username"]}@{sip}, password {agent["password"]}: it rings when a caller needs a human
In a browser    {box["http"]}/
Asterisk's CLI  scripts/sandbox cli --dir {file.parent}
Call after call scripts/demo --keep   (or .venv/bin/ari-app rehearse wedding_dress -t {file})
Stop it with    scripts/sandbox down --dir {file.parent}""")
