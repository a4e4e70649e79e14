#!/usr/bin/python3
"""Takes a file and says how long it was."""
import os
import sys

length = len(sys.stdin.buffer.read(int(os.environ.get("CONTENT_LENGTH") or 0)))
print(f"Status: 201 Created\nContent-Type: text/plain\n\n{length} bytes received.")
